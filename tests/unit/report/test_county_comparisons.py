"""The counties an adopting county is drawn beside are those of the study, added up by hand here."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.panels import load
from analysis.studies.places import cells_of, county_comparisons
from analysis.studies.staggered_counties.sample import PANELS, county_sample
from analysis.studies.staggered_counties.spec import SPEC


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return county_sample({name: load(name) for name in PANELS}, spec=SPEC).frame


def test_rates_are_those_of_whole_comparison_counties_of_the_cell(frame):
    table = county_comparisons(frame)
    periods = sorted(set(frame["year"]))
    compared = 0
    for (state, kind), rows in table.groupby(["state", "nchs_class_2013"]):
        cell = frame[frame["state"].eq(state) & frame["nchs_class_2013"].eq(kind)]
        assert cell["cohort"].gt(0).any()
        names = [f for f, own in cell[cell["cohort"].eq(0)].groupby("fips") if sorted(own["year"]) == periods]
        assert rows["year"].tolist() == periods and rows["counties"].eq(len(names)).all()
        for row in rows.to_dict("records"):
            own = cell[cell["fips"].isin(names) & cell["year"].eq(row["year"])]
            for name in ("violent_without_rape", "property"):
                assert row[name] == pytest.approx(1e5 * own[name].sum() / own["people"].sum(), rel=1e-13)
                compared += 1
    assert compared > 100


def test_no_adopter_is_compared_with_itself_and_every_adopter_has_a_cell(frame):
    cells = cells_of(frame)
    adopting = set(frame.loc[frame["cohort"].gt(0), "fips"])
    assert set(cells.index) == adopting
    table = county_comparisons(frame)
    with_one = set(table["state"] + "-" + table["nchs_class_2013"].astype(str))
    assert with_one <= set(cells)
