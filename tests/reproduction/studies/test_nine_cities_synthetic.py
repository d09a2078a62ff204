"""The nine cities by synthetic controls: which dates serve, donors, gaps by plain numpy, ranks by recount."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.panels.store import load
from analysis.studies.designs.synthetic_cases import LOG, RATE
from analysis.studies.synthetic import nine_cities as study
from analysis.studies.synthetic.history import PANELS, never_named
from analysis.studies.synthetic.spec import HISTORY, NINE_CITIES


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in PANELS}


@pytest.fixture(scope="module")
def found():
    return study.run()


def test_every_city_and_date_is_studied_or_has_a_reason(found, panels):
    assert list(found.cities["city"]) == list(HISTORY.cities)
    assert (found.cities["reason"].ne("") == found.cities["usable"].eq(0)).all()
    rows = panels["policies"]
    rows = rows[rows["ori"].isin(HISTORY.cities.values()) & rows["definition"].ne("symbolic")]
    assert len(found.dates) == len(rows.drop_duplicates(["ori", "adopted"]))
    studied = found.dates.loc[found.dates["reason"].eq(""), "case"]
    assert set(found.estimates["case"]) == set(studied)


def test_usable_dates_have_their_years(found):
    for date in found.dates[found.dates["reason"].eq("")].itertuples():
        assert NINE_CITIES.first < date.start <= NINE_CITIES.last
        assert date.before >= NINE_CITIES.before and date.after >= NINE_CITIES.after
    early = found.dates[found.dates["start"].le(NINE_CITIES.first)]
    assert len(early) and early["reason"].str.contains("before the figures begin").all()


def test_no_case_crosses_a_new_series_or_a_gap(found):
    chicago = found.fits[("Chicago 2006", "robbery", RATE, "synthetic_did")].result.extra["path"]["time"]
    assert list(chicago) == list(range(1999, 2010))
    orleans = found.fits[("New Orleans 2016", "robbery", RATE, "synthetic_did")].result.extra["path"]["time"]
    assert 2005 not in set(orleans) and max(orleans) == 2017


def test_donors_and_those_left_out_are_the_pool(found, panels):
    pool = never_named(panels)
    assert len(pool) == found.pool
    rows = found.estimates
    assert (rows["donors"] + rows["donors_dropped"] == found.pool).all()
    for one in found.fits.values():
        assert set(one.placebos.index) <= set(pool)


def test_values_are_the_panel(found, panels):
    rows = panels["city_year"].set_index(["ori", "year"])["robbery_per_100k"]
    for case, city in (("Boston 2014", "Boston"), ("Newark 2013", "Newark")):
        path = found.fits[(case, "robbery", RATE, "synthetic_control")].result.extra["path"]
        for year, value in zip(path["time"], path["treated"], strict=True):
            assert value == rows[(HISTORY.cities[city], year)]


@pytest.mark.parametrize("scale", [RATE, LOG])
def test_gap_by_plain_numpy(found, panels, scale):
    """Weights times the donors' printed rates give the gap; weights are a convex combination."""
    rows = panels["city_year"].set_index(["ori", "year"])["violent_without_rape_per_100k"]
    one = found.fits[("Boston 2014", "violent_without_rape", scale, "synthetic_control")]
    path, weights = one.result.extra["path"], one.result.extra["unit_weights"]
    assert weights["weight"].min() > -1e-9 and weights["weight"].sum() == pytest.approx(1)
    table = np.array([[rows[(ori, year)] for year in path["time"]] for ori in weights["unit"]])
    own = np.array([rows[(HISTORY.cities["Boston"], year)] for year in path["time"]])
    table, own = (np.log(table), np.log(own)) if scale == LOG else (table, own)
    gap = own - weights["weight"].to_numpy() @ table
    assert one.row["estimate"] == pytest.approx(gap[path["time"] >= 2014].mean(), abs=1e-9)


def test_did_by_plain_numpy(found):
    """The estimate is the double difference under its own unit and time weights."""
    for case in ("Boston 2014", "Chicago 2006"):
        one = found.fits[(case, "property", RATE, "synthetic_did")]
        path, times = one.result.extra["path"], one.result.extra["time_weights"]
        gap = (path["treated"] - path["synthetic"]).to_numpy()
        post = path["is_post"].to_numpy()
        assert one.row["estimate"] == pytest.approx(
            gap[post].mean() - times["weight"].to_numpy() @ gap[~post], abs=1e-8
        )


def test_ranks_by_recount(found):
    recounted = 0
    for one in found.fits.values():
        exceeding = sum(abs(effect) >= abs(one.row["estimate"]) for effect in one.placebos)
        assert one.row["p_value"] == (1 + exceeding) / (1 + len(one.placebos))
        assert one.row["p_value"] >= 1 / (1 + len(one.placebos))
        assert (one.row["conf_low"] > 0 or one.row["conf_high"] < 0) == (one.row["p_value"] <= 0.05)
        recounted += 1
    assert recounted == len(found.estimates) >= 80
