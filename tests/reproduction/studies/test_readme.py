"""The paper and the README say what the studies say now, and the robustness page leaves no choice out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.cli import readme
from analysis.paths import project_root
from analysis.report import paper
from analysis.report.front import headline_figure, sentences
from analysis.studies.cap2017 import study as cap2017
from analysis.studies.credibility import counties as credibility
from analysis.studies.multiverse import study as multiverse
from analysis.studies.multiverse.spec import SPEC as CURVE
from analysis.studies.multiverse.summary import headline as committed_headline
from analysis.studies.paper import (
    exhibits as answers_tables,
)
from analysis.studies.paper import family, influence, lists, power
from analysis.studies.paper import (
    headline as answers,
)
from analysis.studies.paper import (
    readme as summary,
)
from analysis.studies.paper import (
    robustness as answers_robustness,
)
from analysis.studies.staggered_counties.fits import two_way
from analysis.studies.staggered_counties.sample import with_rates
from analysis.studies.synthetic.spec import STATE_LAWS
from analysis.studies.uar2017 import study as uar2017


@pytest.fixture(scope="module")
def laws():
    """Return the joint design of statewide rules under every variant."""
    return answers.state_variants()


@pytest.fixture(scope="module")
def rows():
    return answers.table().set_index(["key", "outcome"])


@pytest.fixture(scope="module")
def choices():
    return answers.choices()


@pytest.fixture(scope="module")
def headline():
    return summary.headline()


def test_readme_is_current(headline):
    text = (project_root() / "README.md").read_text("utf-8")
    assert readme.readme(text) == text
    figure = (project_root() / "docs" / "figures" / "headline.svg").read_text("utf-8")
    assert figure == headline_figure(summary.forest_rows()).svg


def test_headline_is_the_studies(headline):
    rows = uar2017.run().differences
    change = rows[
        rows["coding"].eq("status inquiry")
        & rows["estimator"].eq("one-to-one")
        & rows["group"].eq("change")
        & rows["outcome"].eq("violent_without_rape")
    ]
    assert len(change) == 1
    assert headline["change"] == change["estimate"].iloc[0]
    main = cap2017.run().main.set_index("design")
    assert (headline["county"], headline["within"]) == (
        main.loc["matched", "estimate"],
        main.loc["within states", "estimate"],
    )
    kinds = ("agrees", "consistent", "not_contradicted", "differs")
    assert headline["results"] == sum(headline[name] for name in kinds)
    counted = headline["results"] + headline["untested"] + headline["not_graded"]
    assert headline["claims"] == counted == len(summary.verdicts())


def test_every_figure_of_a_sentence_is_filled(headline):
    text = " ".join(str(part) for part in sentences(headline))
    assert "{" not in text
    assert f"{headline['claims']} statements" in text


def test_rows_are_the_studies(rows):
    told = summary.headline()
    change = rows.loc[("change", answers.VIOLENT)]
    assert change["estimate"] == pytest.approx(told["change"]) and change["conf_low"] == pytest.approx(
        told["change_low"]
    )
    assert change["detectable"] == pytest.approx(told["change_seen"])
    county = rows.loc[("matched", "crime")]
    assert [county["estimate"], county["conf_high"]] == pytest.approx(
        [10 * told["county"], 10 * told["county_high"]]
    )
    city = rows.loc[("status", answers.VIOLENT)]
    assert [city["percent"], city["percent_low"]] == pytest.approx(
        [100 * told["violent"], 100 * told["violent_low"]]
    )
    assert city["detectable_share"] == pytest.approx(told["violent_seen"])
    state = rows.loc[("states", answers.PROPERTY)]
    main = answers.state_variants().set_index(["variant", "outcome", "scale"])
    main = main.loc[(answers.MAIN, answers.PROPERTY, "rate")]
    assert state["estimate"] == pytest.approx(main["estimate"]) and state["used"] == main["states"]
    assert set(rows.index.get_level_values("key")) == set(answers.SHOWN)


def test_percent_and_crimes_say_the_same(rows):
    for name in ("", "_low", "_high"):
        crimes = rows[f"conf{name}" if name else "estimate"]
        assert np.allclose(rows[f"percent{name}"], 100 * crimes / rows["mean"])
    assert np.allclose(rows["smallest_margin"], rows["margin_share"] * rows["mean"])


def test_county_headline_leaves_out_each_state():
    rows = answers.county_forks()
    head = rows[rows["name"].eq(answers.COUNTY_SPEC.headline.name)].set_index("outcome")
    others = rows[rows["name"].eq("Two-way Poisson, one dummy")].set_index("outcome")
    assert np.allclose(head["estimate"], others["estimate"])
    assert (head["std_error"] > 1.02 * others["std_error"]).all()


def test_what_is_excluded_comes_from_the_distribution_behind_the_interval(rows):
    for (key, _), row in rows.iterrows():
        if key in ("status", "detain"):
            # A margin of a ratio is as wide in logs on either side.
            wide = 100 * np.expm1(
                np.abs(np.log1p(row[["percent_low", "percent_high"]].astype(float) / 100)).max()
            )
        else:
            wide = max(abs(row["percent_low"]), abs(row["percent_high"]))
        assert abs(row["percent"]) < 100 * row["margin_share"] <= wide


def test_the_family_of_tests_is_every_row_of_the_first_figure(rows):
    noise = 4 * np.sqrt(rows["p_value"] * (1 - rows["p_value"]) / family.DRAWS)
    assert (rows["p_family"] >= rows["p_value"] - noise).all()
    assert (rows["p_family"] <= rows["p_holm"] + 0.005).all()
    assert rows.sort_values("p_value")["p_family"].is_monotonic_increasing
    smallest = rows["p_value"].min()
    assert rows["p_holm"].min() == pytest.approx(min(1, len(rows) * smallest))


def test_influence_of_states_adds_up_to_the_errors_printed_beside_it(rows):
    table = influence.influence()
    assert set(table.index) == set(rows.index)
    length = np.sqrt((table**2).sum(axis=1))
    judged = answers.judged().set_index(["study", "design", "outcome"])
    for (key, outcome), row in rows.iterrows():
        _, study, design, _ = answers.SHOWN[key]
        error = judged.loc[(study, design, outcome), "std_error"]
        scale = row["mean"] / (10 if outcome == "crime" else 1) if study not in power.PROPORTIONAL else 1.0
        ratio = length[key, outcome] / (error * scale)
        assert 0.5 < ratio < 1.5, (key, outcome, ratio)


def test_the_influence_of_a_state_is_what_leaving_it_out_moves():
    frame = answers.county_panels()[1].frame
    made = with_rates(frame, answers.VIOLENT)
    effects = credibility.COMPARISONS[credibility.ALL]
    whole = two_way(made, "treated", effects).estimate[0]
    table = influence.influence().loc[("open", answers.VIOLENT)]
    largest = table.abs().sort_values(ascending=False).index[:5]
    left = {
        state: two_way(made[made["state"].ne(state)].reset_index(drop=True), "treated", effects).estimate[0]
        for state in largest
    }
    moved = pd.Series({state: whole - estimate for state, estimate in left.items()})
    # A state left out moves the estimate by its influence over one less its leverage; only California's is large.
    assert (moved / table[largest] > 1).all()
    assert moved.iloc[1:].to_numpy() == pytest.approx(table[largest[1:]].to_numpy(), rel=0.2)


def test_nothing_is_excluded_where_a_test_on_earlier_years_fails(rows):
    failed = rows["leads_p"].le(answers.DOUBT) | rows["fake_p"].le(answers.DOUBT)
    assert (rows["tests"].eq(answers.FAILS) == failed).all()
    table = paper.answers_table(answers.table())
    excluded = [line[table.columns.index("Excluded")] for line in table.rows]
    assert [cell == "—" for cell in excluded] == failed.tolist()


def test_one_outcome_and_one_scale_in_abstract_figure_and_table(rows):
    figures = answers.figures()
    text = str(paper.abstract(figures))
    city = rows.loc[("status", answers.VIOLENT)]
    assert f"{city['percent']:+.1f}%".replace("-", "−") in text
    assert figures["designs"] == len(answers.FIRST_SAID)


def test_every_choice_is_listed_once(choices):
    listed = list(zip(choices["fork"], choices["choice"], strict=True))[1:]
    forks = [(fork.title, title) for fork in CURVE.curve.dimensions for title in fork.levels.values()]
    assert listed == forks + [("List", name) for name in lists.LISTS]
    assert choices["base"].sum() == len(CURVE.curve.dimensions) + 1


def test_recomputed_neighbours_are_the_committed_ones(choices):
    kept = multiverse.admitted(multiverse.results())
    head = committed_headline(kept, answers.BASE)
    assert choices["percent"].iloc[0] == pytest.approx(head["percent"], rel=1e-6)
    assert choices.loc[choices["base"], "percent"].eq(choices["percent"].iloc[0]).all()
    other = dict(answers.BASE) | {"outcome": "homicide"}
    mine = choices[choices["choice"].eq("Homicide")].iloc[0]
    assert mine["percent"] == pytest.approx(committed_headline(kept, other)["percent"], rel=1e-6)
    assert set(answers.BASE) == set(CURVE.curve.names)


def test_forks_of_every_design_are_counted(laws):
    table = answers_robustness.fragile().set_index("design")
    states = table.loc["States: property"]
    logs = laws[laws["scale"].eq("log") & laws["outcome"].eq(answers.PROPERTY)]
    others = logs[~logs["variant"].isin([answers.MAIN, STATE_LAWS.placebo])]
    assert states["forks"] == len(others) and states["above"] == others["conf_low"].gt(0).sum()
    counties = answers.county_forks().query("outcome == 'property' and scale != 'rate'")
    assert table.loc["Counties: property", "forks"] == len(counties) - 1
    assert table.loc["Counties: property", "above"] == counties.iloc[1:]["conf_low"].gt(0).sum()


def test_power_curves_meet_the_detectable_effect(rows):
    for name, line in answers_tables.power_curves().items():
        key = next(key for key, title in answers_tables._LINES.items() if title == name)
        design = rows.loc[key].iloc[0]
        found = np.interp(design["detectable_share"], line.index, line.to_numpy())
        assert found == pytest.approx(0.8, abs=0.03), name
