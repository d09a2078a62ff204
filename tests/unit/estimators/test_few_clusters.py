"""One rule for inference from few clusters, in every estimator that clusters."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators import (
    compare_estimators,
    efficient_timing,
    event_study,
    extended_twfe,
    group_time,
    imputation,
    interaction_weighted,
    local_projection,
    ols,
    poisson,
    stacked,
    switchers,
    two_stage,
)
from analysis.estimators.errors import FewClustersWarning, TooFewClustersError

KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}


def panel(units: int = 80) -> pd.DataFrame:
    random = np.random.default_rng(4)
    g = np.resize([0.0, 0.0, 2004.0, 2006.0], units)
    unit, t = np.repeat(np.arange(units), 8), np.tile(np.arange(2000, 2008), units)
    on = (g[unit] > 0) & (t >= g[unit])
    y = random.normal(size=units)[unit] + random.normal(size=8)[t - 2000] + on + random.normal(size=len(t))
    data = pd.DataFrame({"unit": unit, "t": t, "g": g[unit], "y": y, "d": on.astype(float)})
    return data.assign(count=np.exp(0.2 * y).round(), one=1, two=unit % 2, twenty=unit % 20, forty=unit % 40)


def _switchers(data, outcome, unit, time, cohort, **options):
    return switchers(data, outcome=outcome, unit=unit, time=time, treatment="d", **options)


def _dummy(model, name):
    def run(data, outcome, unit, time, cohort, **options):
        return model(data, outcome=name, treatment="d", effects=[unit, time], **options)

    return run


CASES = {
    "group_time": (group_time, {}),
    "group_time, not yet treated": (group_time, {"control": "not_yet"}),
    "interaction_weighted": (interaction_weighted, {}),
    "interaction_weighted, no factor": (interaction_weighted, {"correction": "none"}),
    "extended_twfe": (extended_twfe, {}),
    "extended_twfe, no factor": (extended_twfe, {"correction": "none"}),
    "imputation": (imputation, {}),
    "imputation overall": (imputation, {"by": "overall"}),
    "two_stage": (two_stage, {}),
    "stacked": (stacked, {"window": (-2, 1)}),
    "local_projection": (local_projection, {"window": (-2, 1)}),
    "switchers": (_switchers, {"window": (-2, 1)}),
    "event_study": (event_study, {}),
    "ols": (_dummy(ols, "y"), {}),
    "poisson": (_dummy(poisson, "count"), {}),
}


def parts(result):
    """Return a result and the averages it carries or makes."""
    yield result
    if hasattr(result, "aggregate"):
        for by in ("simple", "cohort", "calendar", "event"):
            made = result.aggregate(by)
            yield made
            yield from ([made.extra["overall"]] if "overall" in made.extra else [])
    if "overall" in result.extra:
        yield result.extra["overall"]


@pytest.mark.parametrize("name", CASES)
def test_one_cluster_is_refused(name):
    estimator, options = CASES[name]
    with pytest.raises(TooFewClustersError, match="two are needed"):
        estimator(panel(), **KEYS, **options, cluster="one")


@pytest.mark.parametrize("name", [name for name in CASES if name != "poisson"])
def test_degrees_of_freedom_are_clusters_less_one(name):
    """Intervals and p-values are those of t(G-1), at every number of clusters and in every average.

    Not `poisson`, whose maximum likelihood keeps the normal of its convention.
    """
    estimator, options = CASES[name]
    for cluster, number in (("two", 2), ("twenty", 20), ("forty", 40)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewClustersWarning)
            result = estimator(panel(), **KEYS, **options, cluster=cluster)
        for part in parts(result):
            assert np.all(part.design["df"] == number - 1)
            table = part.tidy()
            p_value = 2 * stats.t.sf(np.abs(table["statistic"]), number - 1)
            half = stats.t.ppf(0.975, number - 1) * table["std_error"]
            np.testing.assert_allclose(table["p_value"], p_value, rtol=1e-12)
            np.testing.assert_allclose(table["conf_high"] - table["estimate"], half, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_few_clusters_warn_and_name_what_to_do(name):
    estimator, options = CASES[name]
    with pytest.warns(FewClustersWarning, match=r"20 clusters in 'twenty'.*wild_bootstrap or randomization"):
        estimator(panel(), **KEYS, **options, cluster="twenty")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FewClustersWarning)
        estimator(panel(), **KEYS, **options, cluster="forty")


def test_the_warning_points_at_the_caller():
    with pytest.warns(FewClustersWarning) as caught:
        group_time(panel(), **KEYS, cluster="twenty")
    assert {item.filename for item in caught} == {__file__}


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("ols", "poisson")])
def test_rows_say_on_how_many_treated_they_rest(name):
    """A cohort of one unit in one cluster says so in each of its rows; others count as a group-by does."""
    estimator, options = CASES[name]
    data = panel()
    lone = data[(data["g"] != 2006) | (data["unit"] == 3)]
    result = estimator(lone, **KEYS, **options, cluster="forty")
    treated = lone[lone["g"] > 0].groupby("g")[["unit", "forty"]].nunique()
    assert treated.loc[2006.0].tolist() == [1, 1]
    for part in parts(result):
        table = part.tidy()
        assert (table["treated_units"] >= table["treated_clusters"]).all()
        assert (table["treated_clusters"] >= 1).all()
        if "cohort" in table:
            own = treated.loc[table["cohort"]]
            assert table["treated_units"].tolist() == own["unit"].tolist()
            assert table["treated_clusters"].tolist() == own["forty"].tolist()
        if "term" in table:
            assert table["treated_units"].tolist() == [treated["unit"].sum()]
    if "event_time" in result.keys and name not in ("stacked", "local_projection"):
        last = result.tidy().set_index("event_time")
        # The window of the switchers ends where both cohorts are still observed.
        expected = treated["unit"].sum() if name == "switchers" else treated.loc[2004.0, "unit"]
        assert last.loc[last.index.max(), "treated_units"] == expected


def test_lone_unit_rows_in_an_event_study_by_hand():
    """Event time -6 exists only for the cohort of 2006: one unit, one cluster, and the row says so."""
    data = panel()
    lone = data[(data["g"] != 2006) | (data["unit"] == 3)]
    table = group_time(lone, **KEYS, base="universal").aggregate("event").tidy().set_index("event_time")
    assert table.loc[-6.0, ["treated_units", "treated_clusters"]].tolist() == [1, 1]
    assert table.loc[0.0, "treated_units"] == 1 + data.loc[data["g"] == 2004, "unit"].nunique()


def test_units_are_clusters_where_none_are_named():
    data = panel(40)
    result = efficient_timing(data, outcome="y", unit="unit", time="t", cohort="g")
    assert result.design["df"] == 39
    assert result.tidy()["treated_units"].tolist() == [20]
    with pytest.warns(FewClustersWarning, match="20 clusters in 'unit'"):
        efficient_timing(panel(20), outcome="y", unit="unit", time="t", cohort="g")


def test_comparisons_follow_one_rule():
    """All estimators of a comparison use t with the same degrees of freedom."""
    result = compare_estimators(panel(), **KEYS, cluster="forty", window=(-2, 1))
    for by in ("event", "overall"):
        table = result.table(by)
        assert table["estimator"].nunique() >= 8
        assert (table["df"] == 39).all()
