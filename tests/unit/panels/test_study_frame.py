"""The short right way from the panels to a frame for an estimator."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import LayoutError, UnknownPlaceError
from analysis.estimators import group_time
from analysis.panels import study_frame
from analysis.panels.policies.cohorts import cohorts, exposure
from analysis.panels.policies.given import given_list
from analysis.panels.store import load


@pytest.fixture(scope="module")
def frame():
    return study_frame("detainers", "violent_without_rape", smallest=50_000)


def test_the_ledger_adds_up_to_every_row_of_the_panel(frame):
    ledger = pd.DataFrame(frame.attrs["ledger"])
    assert ledger["rows"].sum() == len(load("city_year"))
    assert ledger.iloc[-1]["rows"] == len(frame) > 0


def test_nobody_exposed_is_a_control(frame):
    """By brute force: no comparison row lies at or after the year in which anything names its city."""
    named = exposure(load("policies"), load("undated_places")).set_index("geoid")
    control = frame[frame["cohort"].eq(0)].join(named, on="geoid")
    for column in ("exposed_from", "symbolic_from"):
        assert not (control[column] <= control["year"]).fillna(False).any()
    policies = load("policies")
    doubtful = policies[
        policies["kind"].eq("city")
        & policies["definition"].eq("any_limit")
        & policies["excluded_because"].isin(["start unknown", "low confidence", "earlier doubtful row"])
    ]
    assert len(doubtful) and not set(doubtful["geoid"]) & set(frame.loc[frame["cohort"].eq(0), "geoid"])


def test_the_short_wrong_way_takes_exposed_cities_for_controls(frame):
    """What users did: everybody whose place has no usable date is a control."""
    own = cohorts(load("policies"), "detainers").set_index("geoid")["cohort"]
    merged = load("city_year").assign(cohort=lambda t: t["place_fips"].map(own))
    wrong = set(merged.loc[merged["cohort"].isna(), "ori"])
    dropped = wrong - set(frame["ori"])
    named = exposure(load("policies"), load("undated_places"))["geoid"]
    cities = load("city_year").drop_duplicates("ori").set_index("ori")["place_fips"]
    assert cities.reindex(sorted(dropped)).isin(named).sum() > 50


def test_treated_cities_are_those_of_the_cohorts(frame):
    own = cohorts(load("policies"), "detainers").set_index("geoid")["cohort"]
    treated = frame[frame["cohort"].gt(0)].drop_duplicates("geoid")
    assert len(treated) and treated["cohort"].tolist() == own.loc[treated["geoid"]].tolist()
    assert (frame["treated"] == ((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"]))).all()


def test_no_row_is_withheld_and_no_unit_spans_a_break(frame):
    cities = load("city_year").set_index(["ori", "year"])
    mine = cities.loc[pd.MultiIndex.from_frame(frame[["ori", "year"]])]
    assert mine["violent_without_rape"].notna().all()
    assert (mine["violent_without_rape"].to_numpy(dtype=float) == frame["count"].to_numpy()).all()
    assert not frame.duplicated(["unit", "year"]).any()
    loose = study_frame("detainers", "violent_without_rape", smallest=50_000, honor_breaks=False)
    assert loose["unit"].nunique() < frame["unit"].nunique() and len(loose) > len(frame)


def test_it_goes_into_an_estimator(frame):
    cells = group_time(frame, outcome="rate", unit="unit", time="year", cohort="cohort", base="universal")
    assert cells.aggregate("simple").tidy()["estimate"].notna().all()


def test_state_laws_treat_their_cities_when_asked():
    without = study_frame("detainers", "homicide", smallest=100_000)
    with_laws = study_frame("detainers", "homicide", smallest=100_000, include_state_laws=True)
    treated = [set(f.loc[f["cohort"].gt(0), "geoid"]) for f in (without, with_laws)]
    assert treated[0] < treated[1]


def test_another_list_takes_the_place_of_ours():
    lines = {"city": ["Tulsa", "Omaha"], "state": ["OK", "NE"], "year": [2007, 2010]}
    given = given_list(pd.DataFrame(lines))
    names = {"city_year": load("city_year"), "series_breaks": load("series_breaks")}
    panels = names | {"policies": given.policies, "undated_places": given.undated_places}
    made = study_frame("status_inquiry", "homicide", smallest=250_000, panels=panels)
    treated = made[made["cohort"].gt(0)].drop_duplicates("geoid").set_index("city")["cohort"]
    assert sorted(treated) == [2007, 2010]


def test_wrong_words_are_refused_with_those_there_are():
    with pytest.raises(UnknownPlaceError, match=r"sanctuary.*status_inquiry"):
        study_frame("sanctuary")
    with pytest.raises(LayoutError, match=r"murder.*homicide"):
        study_frame("detainers", "murder")
