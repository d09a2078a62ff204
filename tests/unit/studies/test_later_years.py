"""States to 2023 and cities through 2024, rule by rule on made figures."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.studies.cities_to_2024 import study as cities
from analysis.studies.cities_to_2024.spec import SPEC as CITIES
from analysis.studies.states_to_2023 import study as states
from analysis.studies.states_to_2023.spec import SPEC as STATES

LONGER, WITHOUT = list(STATES.spans)[1:3]


def test_laws_together_are_judged_by_sets_of_different_donors_each_under_its_own_law():
    names = list("abcde")
    bans = [
        states._Effect(states.BANS, f"ban {k}", 0.0, pd.Series(10.0**k * np.arange(1, 6), index=names))
        for k in range(3)
    ]
    found = states.together(bans, STATES.replace(draws=200)) * 3
    digits = np.array([[round(value) // 10**k % 10 for k in range(3)] for value in found])
    assert ((digits >= 1) & (digits <= 5)).all()
    assert all(len(set(row)) == 3 for row in digits) and len({tuple(row) for row in digits}) > 40
    shuffled = [bans[0], states._Effect(states.BANS, "x", 0.0, bans[1].placebos[::-1]), bans[2]]
    assert np.array_equal(states.together(shuffled, STATES.replace(draws=200)) * 3, found)


def test_inference_is_that_of_the_placebo_distribution():
    draws = np.arange(-50, 51) / 1_000
    row = states._inference(0.2, draws, STATES)
    assert row["p_value"] == pytest.approx(2 / 102) and row["conf_low"] == pytest.approx(0.2 - 0.0475)
    assert row["std_error"] == pytest.approx(draws.std(ddof=1)) and row["placebo_mean"] == pytest.approx(0)
    beyond = np.log(1 + STATES.margin_share) + draws
    low, high = np.quantile(draws, [0.025, 0.975])
    assert row["power_share"] == pytest.approx(((beyond < low) | (beyond > high)).mean(), abs=0.02)


def test_years_of_a_span_and_of_a_false_law(monkeypatch):
    asked = {}

    def build(name, unit, start, table, years, scale):
        asked.update(unit=unit, start=start, years=list(years), scale=scale, units=list(table.index))
        return asked

    fitted = SimpleNamespace(row={"estimate": 0.1}, placebos=pd.Series({"OH": 0.0}))
    monkeypatch.setattr(states, "build_case", build)
    monkeypatch.setattr(states, "fit", lambda case, method: fitted)
    table = pd.DataFrame(1.0, index=["IN", "OH", "TX"], columns=range(1999, 2024))
    law, pool = {"state": "TX", "start": 2017, "is_ban": True}, pd.Series(["OH"])
    states._one(law, pool, table, WITHOUT, STATES)
    assert asked["years"] == [*range(1999, 2021), 2023] and asked["start"] == 2017
    assert asked["units"] == ["TX", "OH"] and asked["scale"] == "log"
    states._one(law, pool, table, LONGER, STATES)
    assert asked["years"] == list(range(1999, 2024))
    states._false(law, pool, table, STATES)
    assert asked["start"] == 2017 - STATES.shift and asked["years"] == list(range(1999, 2017))
    assert states._one(law | {"is_ban": False}, pool, table, LONGER, STATES).law == states.LAW


@pytest.mark.parametrize(("gap", "span"), [(0.9, LONGER), (1.1, WITHOUT), (-1.1, WITHOUT)])
def test_a_standard_error_decides_about_the_thin_years(gap, span):
    rows = [
        {"law": law, "span": name, "outcome": "homicide", "donors": "All donors", "std_error": error}
        | {"estimate": 0.3 + (gap * 0.1 if name == WITHOUT and law == states.BANS else 0.0)}
        for law in (states.BANS, states.LAW)
        for name, error in ((LONGER, 0.1), (WITHOUT, 10.0))
    ]
    other = [row | {"outcome": "property", "estimate": row["estimate"] * 50} for row in rows]
    gaps = [row | {"donors": "Without gap states", "estimate": row["estimate"] * 50} for row in rows]
    found, errors = states.judged_span(pd.DataFrame(rows + other + gaps), STATES)
    assert found == span and errors == pytest.approx(abs(gap))


def test_a_state_leaves_the_donors_for_the_first_reason_that_holds():
    figures = pd.DataFrame({"state": ["DC", "NY", "GA", "ME", "OH", "MN", "TX"], "year": 2005})
    caveat = {"ME": "not comparable with earlier years", "MN": "not comparable with earlier years"}
    figures["caveats"] = figures["state"].map(caveat)
    figures.loc[figures["state"].eq("MN"), "year"] = STATES.first
    policies = pd.DataFrame(
        {"kind": ["state", "city"], "state": ["NY", "OH"], "content": "limit", "adopted_year": 2014}
    )
    panels = {
        "state_year_2023": figures,
        "policies": policies,
        "state_bans": pd.DataFrame({"state": ["TX", "GA"]}),
    }
    found = states.donor_states(panels, pd.DataFrame({"state": ["TX"]}), STATES)
    reasons = found.set_index("state")["reason"]
    assert reasons[["OH", "MN"]].eq("").all() and "TX" not in reasons
    assert reasons["DC"] == "a city" and reasons["GA"] == "a ban of its own"
    assert reasons["NY"].startswith("a row") and reasons["ME"].startswith("a new series")


def test_the_mean_of_bans_leaves_the_other_law_out():
    donors = pd.Series(np.linspace(-0.1, 0.1, 12), index=list("abcdefghijkl"))
    alone = [states._Effect(states.BANS, "x", value, donors) for value in (0.1, 0.3)]
    alone.append(states._Effect(states.LAW, "CA", 0.7, donors))
    bans, law = states._judged(alone, pd.DataFrame(), STATES.replace(draws=50))
    assert bans["estimate"] == pytest.approx(0.2) and law["estimate"] == 0.7
    assert bans["donors_used"] == law["donors_used"] == 12


def test_the_family_of_states_is_corrected_by_holm():
    table = states.with_family(pd.DataFrame({"p_value": [0.04, 0.01, 0.5]}))
    assert table["p_holm"].tolist() == pytest.approx([0.08, 0.03, 0.5])


def made():
    """Return two agencies of the FBI's table, one without 2021, and an index that holds both."""
    table = pd.DataFrame({"ori": ["A", "A", "B", "B"], "year": [2020, 2021, 2019, 2020]})
    table = table.assign(city=table["ori"], place_fips="1", county_fips="2", population=5_000)
    table = table.assign(violent_without_rape=[10, 20, 30, 40], property=[100, 200, 300, 400])
    index = pd.DataFrame({"ori": ["A", "A", "B", "C"], "year": [2020, 2021, 2021, 2021]})
    index = index.assign(is_in_city_year=[True, True, False, False], population=5_000)
    index = index.assign(violent_without_rape=[10, 21.1, 44, 1], property=[104, 206, 404, 1])
    return {"city_year": table, "city_year_rtci": index}


def test_only_a_year_that_the_table_lacks_is_filled_for_an_agency_that_it_knows():
    filled = cities.with_index(made(), CITIES)
    assert len(filled) == 5 and filled.iloc[-1][["ori", "year", "property"]].tolist() == ["B", 2021, 404]
    assert filled.iloc[-1]["place_fips"] == "1"
    earlier = cities.with_index(made(), CITIES.replace(filled=(2020,)))
    assert len(earlier) == 4


def test_agreement_of_index_and_table_is_a_share_within_a_twentieth():
    table = cities.agreement(made(), CITIES).set_index("outcome")
    assert table["rows"].tolist() == [2, 2]
    assert table.loc["violent_without_rape", "median"] == pytest.approx(1.0275)
    assert table["within"].tolist() == [0.5, 1.0]


def test_filled_city_years_are_counted_with_those_of_adopters():
    frame = pd.DataFrame({"ori": ["A", "B", "C", "B"], "year": [2021, 2021, 2021, 2020]})
    frame = frame.assign(cohort=[2017, 2017, 0, 2017])
    assert cities._filled(frame, made(), CITIES) == {"of_the_index": 2, "filled": 2, "adopters": 1}


def test_years_left_out_and_the_years_a_city_needs_go_together(monkeypatch):
    years = pd.DataFrame({"ori": "A", "year": range(2008, 2026)})
    panels = {**made(), "series_breaks": pd.DataFrame()}
    monkeypatch.setattr(
        cities, "with_treatment", lambda panels, rules: years.assign(given=len(panels["city_year"]))
    )
    monkeypatch.setattr(cities, "sample_of", lambda rows, breaks, rules: (rows, rules))
    found = {(c, d, o): made for c, d, o, made in cities._samples(panels, CITIES)}
    assert len(found) == len(CITIES.choices) * len(CITIES.treatments) * len(CITIES.outcomes)
    rows, rules = found["All years, 2021 filled", "detainers", "property"]
    assert rows["year"].tolist() == list(range(2010, 2025)) and rules.fewest_years == 12
    assert (rows["given"] == 5).all()
    assert (found["2021 not filled", "detainers", "property"][0]["given"] == 4).all()
    assert (rules.definition, rules.outcome) == ("detainers", "property")
    rows, rules = found["2020 and 2021 left out", "any_limit", "property"]
    assert rows["year"].tolist() == [*range(2010, 2020), *range(2022, 2025)] and rules.fewest_years == 10


def test_only_the_main_choice_is_a_family_and_both_tests_admit():
    choice = ["All years, 2021 filled"] * 3 + ["2021 not filled"]
    table = pd.DataFrame({"choice": choice, "p_value": [0.04, 0.01, 0.5, 0.0001]})
    table = table.assign(leads_p=[0.5, 0.5, 0.1, np.nan], fake_p=[0.11, 0.1, 0.9, np.nan])
    found = cities._family(table, CITIES)
    assert found["p_holm"].iloc[:3].tolist() == pytest.approx([0.08, 0.03, 0.5])
    assert np.isnan(found["p_holm"].iloc[3]) and found["admitted"].tolist() == [True, False, False, False]


def test_few_adopting_states_are_not_tested():
    fits = SimpleNamespace(df=np.array([CITIES.fewest_states - 2.0]))
    assert cities._tests(SimpleNamespace(fits=fits), CITIES) == {}
    asked = SimpleNamespace(
        fits=SimpleNamespace(df=np.array([CITIES.fewest_states - 1.0])),
        fake_date=lambda shift: {"fake_estimate": shift, "fake_p_value": 0.3},
        events=lambda: [SimpleNamespace(estimates=lambda level: level)],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cities, "leads", lambda found: {"leads_p": found})
        found = cities._tests(asked, CITIES)
    assert found == {"leads_p": CITIES.level, "fake_estimate": CITIES.fake_shift, "fake_p": 0.3}
