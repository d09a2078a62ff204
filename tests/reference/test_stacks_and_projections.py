"""Stacked and local-projection effects: published values, a second package, means by hand, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import local_projection, stacked
from analysis.estimators.errors import EstimationError, NotIdentifiedError

KEYS = {"outcome": "lemp", "unit": "countyreal", "time": "year", "cohort": "g"}


@pytest.fixture(scope="module")
def employment(verification) -> pd.DataFrame:
    return pd.read_csv(verification / "mpdta.csv").rename(columns={"first.treat": "g"})


@pytest.fixture(scope="module")
def castle(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "castle.csv")
    first = data.loc[data["post"] > 0].groupby("state")["year"].min()
    return data[["state", "year", "l_homicide"]].assign(g=data["state"].map(first))


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    pf = pytest.importorskip("pyfixest")
    return pd.read_stata(Path(pf.__file__).parent / "did" / "data" / "lpdidtestdata1.dta")


@pytest.mark.peer
def test_projections_match_the_published_test_values(simulated):
    keys = {"outcome": "Y", "unit": "unit", "time": "time", "cohort": "event_date", "window": (-5, 10)}
    result = local_projection(simulated, **keys)
    assert result.estimate[[0, -1]] == pytest.approx([-0.042566, 72.635834], abs=5.1e-7)
    assert result.extra["rows"].iloc[[0, -1]].tolist() == [40662, 28709]
    assert local_projection(simulated, **keys, pooled=True).estimate == pytest.approx([31.79438], abs=5.1e-6)


def test_projections_match_recomputed_values(employment, castle):
    pooled = local_projection(employment, **KEYS, window=(-3, 3), pooled=True)
    assert (pooled.estimate[0], pooled.std_error[0]) == pytest.approx((-0.079749, 0.026448), abs=5.1e-7)
    keys = {"outcome": "l_homicide", "unit": "state", "time": "year", "cohort": "g"}
    pooled = local_projection(castle, **keys, window=(-3, 5), pooled=True)
    assert (pooled.estimate[0], pooled.std_error[0]) == pytest.approx((0.09307, 0.03342), abs=5.1e-6)


def test_equal_weighting_averages_cohorts_by_size(employment):
    result = local_projection(employment, **KEYS, window=(-1, 1), weighting="equal").row(event_time=1)
    wide = (
        employment.assign(g=employment["g"].replace(0, np.inf))
        .set_index(["countyreal", "year"])["lemp"]
        .unstack()
    )
    cohort = employment.groupby("countyreal")["g"].first().replace(0, np.inf)
    effects, sizes = [], []
    for g in (2004, 2006):
        change = wide[g + 1] - wide[g - 1]
        effects.append(change[cohort == g].mean() - change[cohort > g + 1].mean())
        sizes.append((cohort == g).sum())
    assert result["estimate"] == pytest.approx(np.average(effects, weights=sizes), abs=1e-12)


def test_weighted_stack_averages_cohorts_by_size(employment):
    result = stacked(employment, **KEYS, window=(-1, 1))
    wide = employment.set_index(["countyreal", "year"])["lemp"].unstack()
    cohort = employment.groupby("countyreal")["g"].first().replace(0, np.inf)
    for event in (0, 1):
        effects, sizes = [], []
        for g in (2004, 2006):
            change = wide[g + event] - wide[g - 1]
            effects.append(change[cohort == g].mean() - change[cohort > g + 1].mean())
            sizes.append((cohort == g).sum())
        assert result.row(event_time=event)["estimate"] == pytest.approx(
            np.average(effects, weights=sizes), abs=1e-12
        )


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_stack_error_is_the_clustered_weighted_regression(employment):
    pf = pytest.importorskip("pyfixest")
    own = stacked(employment, **KEYS, window=(-1, 1)).tidy()
    rows = _stack_by_hand(employment)
    peer = pf.feols("lemp ~ d0 + d1 | treated + event", rows, weights="q", vcov={"CRV1": "countyreal"})
    np.testing.assert_allclose(own["estimate"], peer.coef(), rtol=1e-8)
    np.testing.assert_allclose(own["std_error"], peer.se(), rtol=1e-8)
    np.testing.assert_allclose(own["p_value"], peer.pvalue(), rtol=1e-7)


def _stack_by_hand(data):
    cohort = data["g"].replace(0, np.inf)
    parts = []
    for g in (2004, 2006):
        near = data["year"].between(g - 1, g + 1) & ((cohort == g) | (cohort > g + 1))
        parts.append(data[near].assign(sub=g, event=data["year"] - g, treated=(cohort == g).astype(int)))
    rows = pd.concat(parts, ignore_index=True)
    size = rows[rows["event"] == 0].groupby(["sub", "treated"]).size().unstack()
    ratio = (size[1] / size[1].sum()) / (size[0] / size[0].sum())
    q = np.where(rows["treated"] == 1, 1.0, rows["sub"].map(ratio))
    return rows.assign(
        q=q,
        d0=1.0 * ((rows["event"] == 0) & (rows["treated"] == 1)),
        d1=1.0 * ((rows["event"] == 1) & (rows["treated"] == 1)),
    )


def test_stack_ledger_names_cohorts_left_out(employment):
    result = stacked(employment, **KEYS, window=(-1, 1))
    left = result.extra["ledger"].set_index("cohort")["left_out"]
    assert left.to_dict() == {2004: "", 2006: "", 2007: "window reaches outside the panel"}
    assert result.sample.used + sum(result.sample.dropped.values()) == len(employment)


def test_two_groups_two_periods_are_four_means(employment):
    data = employment[employment["year"].isin([2006, 2007]) & employment["g"].isin([0, 2007])]
    means = data.groupby([data["g"] > 0, "year"])["lemp"].mean()
    expected = means[True, 2007] - means[True, 2006] - means[False, 2007] + means[False, 2006]
    for estimator in (stacked, local_projection):
        assert estimator(data, **KEYS, window=(-1, 0)).estimate == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize("estimator", [stacked, local_projection])
def test_bad_input_is_named(employment, estimator):
    with pytest.raises(EstimationError, match="window"):
        estimator(employment, **KEYS, window=(0, 1))
    with pytest.raises(EstimationError, match="control"):
        estimator(employment, **KEYS, window=(-1, 1), control="some")
    with pytest.raises(NotIdentifiedError):
        estimator(employment.assign(g=0), **KEYS, window=(-1, 1))
