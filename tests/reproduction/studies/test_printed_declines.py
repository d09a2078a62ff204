"""Totals of declined detainers that others printed: bounds from the panels, and days from the files."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.panels.store import load
from analysis.sources.ice import detainers as ice
from analysis.studies.first_stage import printed
from analysis.studies.first_stage.printed import EARLY, FLOOR, LATE


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in printed.PANELS}


@pytest.fixture(scope="module")
def whole(panels):
    table = printed.against_printed(panels)
    return table[table["state"].eq("")].set_index("key")


def test_the_printed_figures_are_those_of_the_sources(whole):
    assert whole["printed"].to_dict() == {EARLY: 8_811, FLOOR: 17_000, LATE: 18_646}
    assert whole["is_floor"].to_dict() == {EARLY: False, FLOOR: True, LATE: False}


def test_january_to_august_2014_lies_below_january_to_september(whole):
    row = whole.loc[EARLY]
    assert (row["inside"], row["touching"]) == (0, 10_878) and row["is_within"]
    assert 1.5 < (row["touching"] - row["printed"]) / (row["printed"] / 8) < 2.0


def test_declines_to_july_2015_fall_short_of_what_was_printed_by_june(whole):
    row = whole.loc[FLOOR]
    assert (row["inside"], row["touching"]) == (13_594, 16_379) and not row["is_within"]
    assert 0.95 < row["touching"] / row["printed"] < 1


def test_a_span_beyond_the_last_day_has_no_upper_bound(whole):
    row = whole.loc[LATE]
    assert row["inside"] == 16_379 and np.isinf(row["touching"]) and row["is_within"]


def test_every_state_printed_has_fewer_here_and_nearly_their_order(panels):
    table = printed.against_printed(panels)
    states = table[table["state"].ne("")]
    assert (states["inside"] < states["printed"]).all() and len(states) == 10
    assert states["inside"].corr(states["printed"], method="spearman") > 0.97
    said = printed.figures(panels)
    assert said["largest_share"] < said["rest_share"] < 1
    assert said["nowhere"] < states["printed"].sum() - states["inside"].sum()


def test_spans_and_states_add_up_to_the_declines_of_both_years(panels):
    known = printed.known_spans(panels)
    years = panels["detainer_facility"]
    years = years[years["year"].isin([2014, 2015])]
    assert known.loc[""].sum() == years["declined"].sum()
    nowhere = years.loc[years["facility_state"].eq(""), "declined"].sum()
    assert known.drop(index="").to_numpy().sum() == years["declined"].sum() - nowhere


def test_other_counts_give_other_verdicts(panels):
    facilities = panels["detainer_facility"]
    late = facilities["year"].eq(2015) & facilities["facility"].eq("OTHER-OTHER FACILITY")
    more = facilities.assign(declined=facilities["declined"] + 1_000 * late)
    fiscal = panels["detainer_facilities"]
    here = fiscal["facility"].eq("OTHER-OTHER FACILITY") & fiscal["declined_fiscal_2015"].gt(0)
    both = {
        "detainer_facility": more,
        "detainer_facilities": fiscal.assign(
            declined_fiscal_2015=fiscal["declined_fiscal_2015"] + 1_000 * here
        ),
    }
    assert printed.figures(both)["floor_within"] and printed.figures(both)["early_ours"] == 10_878
    fewer = facilities.assign(declined=facilities["declined"] // 2)
    halved = {"detainer_facility": fewer, "detainer_facilities": fiscal}
    assert not printed.figures(halved)["early_within"]


@pytest.mark.raw
def test_known_spans_are_the_days_of_the_file_of_fiscal_2015(panels):
    rows = ice.read_fiscal_2015()
    declined = rows[rows["outcome"] == ice.DECLINED_OUTCOME]["prepared"]
    spans = printed.known_spans(panels).loc[""]
    for place, (first, last) in enumerate(printed.SPANS[1:], start=1):
        assert declined.between(first, last).sum() == spans[place]
    assert spans[2] - declined.between("2015-07-01", "2015-07-19").sum() == 2_606


@pytest.mark.raw
def test_the_september_that_the_printed_total_implies_is_that_of_the_state_known_by_day(panels):
    """Before October 2014 Pennsylvania alone is known by day: a fifth of nine months' declines there."""
    rows = ice.read_pennsylvania()
    days = rows.loc[rows["outcome"] == ice.DECLINED_OUTCOME, "prepared"]
    september = days.between("2014-09-01", "2014-09-30").sum()
    nine = days.between("2014-01-01", "2014-09-30").sum()
    assert (september, nine) == (26, 129) and nine == printed.known_spans(panels).loc["PA", 0]
    said = printed.figures(panels)
    assert said["early_gap"] / said["early_ours"] == pytest.approx(september / nine, abs=0.02)
