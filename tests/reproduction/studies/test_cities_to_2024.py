"""Cities through 2024: nothing of the FBI's table is replaced, and estimates are found by loops over cities."""

from __future__ import annotations

import numpy as np
import pytest
from city_ratios import by_hand

from analysis.panels.store import load
from analysis.studies.cities_to_2024.exhibits import figures, main_rows
from analysis.studies.cities_to_2024.spec import SPEC
from analysis.studies.cities_to_2024.study import PANELS, _samples, run, with_index

MAIN = next(iter(SPEC.choices))


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in PANELS}


@pytest.fixture(scope="module")
def study():
    return run()


def test_the_index_adds_rows_and_replaces_none(panels):
    cities, made = panels["city_year"], with_index(panels, SPEC)
    added = made.iloc[len(cities) :]
    assert made.iloc[: len(cities)]["property"].equals(cities["property"].reset_index(drop=True))
    assert not made.duplicated(["ori", "year"]).any()
    assert set(added["year"]) == set(SPEC.filled) and added["place_fips"].notna().any()
    index = panels["city_year_rtci"].set_index(["ori", "year"])["property"]
    taken = added.set_index(["ori", "year"])["property"]
    assert taken.dropna().eq(index.reindex(taken.index).dropna()).all()


def test_a_main_estimate_is_that_of_loops_over_cities(panels, study):
    one = SPEC.replace(
        treatments={"detainers": "Detainers"}, outcomes={"property": "Property"}, choices={MAIN: (True, ())}
    )
    sample = next(_samples(panels, one))[3]
    full, error, df = by_hand(sample.frame, "region")
    row = study.effects.set_index(["choice", "definition", "outcome"]).loc[(MAIN, "detainers", "property")]
    assert row["estimate"] == pytest.approx(full, abs=1e-8)
    assert row["std_error"] == pytest.approx(error, rel=1e-6) and row["df"] == df


def test_a_row_is_admitted_by_both_tests_alone(study):
    rows = main_rows(study)
    passed = rows["leads_p"].gt(SPEC.admit) & rows["fake_p"].gt(SPEC.admit)
    assert rows["admitted"].equals(passed)
    order = rows["p_value"].sort_values()
    holm = np.maximum.accumulate(np.minimum(order.to_numpy() * np.arange(len(order), 0, -1), 1))
    assert rows.loc[order.index, "p_holm"].to_numpy() == pytest.approx(holm)


def test_what_stands_is_admitted_and_corrected(study):
    rows, found = main_rows(study), figures(study)
    stands = rows[rows["admitted"] & rows["p_holm"].le(0.05)]
    assert len(found["later_standing"]) == len(stands)
    assert set(found["later_standing_blocks"]) <= set(found["later_standing"])
