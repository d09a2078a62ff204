"""The wild bootstrap against published and fully enumerated values, and against wildboottest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.resampling.wild_bootstrap import wild_bootstrap


@pytest.fixture(scope="module")
def southern(verification) -> pd.DataFrame:
    castle = pd.read_csv(verification / "castle.csv")
    return castle[(castle.south == 1) & castle.year.between(2000, 2010)].reset_index(drop=True)


def test_castle_all_sign_vectors(southern):
    """All 65,536 Rademacher draws, 16 Southern states: p = 47,358 / 65,536 counting strictly."""
    result = wild_bootstrap(
        southern,
        outcome="l_homicide",
        treatment="post",
        effects=["state", "year"],
        cluster="state",
        draws=2**16,
    )
    row, n, k, g = result.row(term="post"), 176, 1 + 10 + 1, 16
    assert result.design["enumerated"] and result.design["draws"] == 65_536
    assert (result.extra["beyond"][0], result.extra["tied"][0]) == (47_358, 2)
    assert row.p_value == 47_358 / 65_536
    assert result.extra["p_value_with_ties"][0] == pytest.approx(0.72265625, abs=1e-12)
    assert row.estimate == pytest.approx(-0.05331994, abs=5e-9)
    plain = row.statistic * np.sqrt(g / (g - 1) * (n - 1) / (n - k))
    assert plain == pytest.approx(-0.67689980, abs=5e-9)


def test_partialled_out_data_alone_is_another_test(southern):
    """Forgetting the year effects in the bootstrap scores gives 46,362, not 47,358: the trap to avoid."""
    frame = southern.copy()
    for name in ("l_homicide", "post"):
        by_state = frame[name] - frame.groupby("state")[name].transform("mean")
        frame[name] = by_state - by_state.groupby(frame.year).transform("mean")
    frame["post"] += 1e-3 * 0
    result = wild_bootstrap(
        frame, outcome="l_homicide", treatment="post", effects=["state"], cluster="state", draws=2**16
    )
    assert result.extra["beyond"][0] == 46_362


def explicit(frame):
    """All states and all years but one, no intercept: no column is collinear without a state."""
    state, year = (pd.get_dummies(frame[name], dtype=float).to_numpy() for name in ("state", "year"))
    return np.hstack([state, year[:, 1:]])


def peer(frame, treatment, covariates, cluster, kind, restricted):
    """Return wildboottest's t statistic, enumerated draws and p-value with explicit dummies."""
    module = pytest.importorskip("wildboottest.wildboottest")
    given = frame[[treatment, *covariates]].to_numpy(float)
    given = (given - given.mean(axis=0)) / given.std(axis=0).clip(min=1e-3) if covariates else given
    columns = np.hstack([given, explicit(frame)])
    pick = np.zeros(columns.shape[1])
    pick[0] = 1
    groups = pd.factorize(frame[cluster], sort=True)[0]
    boot = module.WildboottestCL(
        X=columns, Y=frame.l_homicide.to_numpy(), cluster=groups, R=pick, B=2**15 + 1, seed=1, parallel=False
    )
    boot.get_scores(bootstrap_type=kind, impose_null=restricted)
    boot.get_weights(weights_type="rademacher")
    for step in (boot.get_numer, boot.get_denom, boot.get_tboot, boot.get_vcov, boot.get_tstat):
        step()
    return boot


@pytest.mark.peer
@pytest.mark.parametrize("kind", ["11", "31"])
@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("covariates", [(), ("l_pop", "l_income")])
def test_every_enumerated_draw_equals_wildboottest(southern, kind, restricted, covariates):
    """12 states, all 4,096 sign vectors: t statistic and each bootstrap t to 1e-8."""
    frame = southern[southern.state.isin(sorted(southern.state.unique())[:12])]
    result = wild_bootstrap(
        frame,
        outcome="l_homicide",
        treatment="post",
        covariates=covariates,
        effects=["state", "year"],
        cluster="state",
        draws=2**12,
        kind=kind,
        restricted=restricted,
        intervals=False,
    )
    theirs = peer(frame, "post", covariates, "state", kind, restricted)
    ours = result.extra["bootstrap_statistics"][:, 0]
    n, k = len(frame), 1 + len(covariates)
    scale = np.sqrt((n - k - 10 - 1) / (n - k - 10 - 12))
    assert len(ours) == len(theirs.t_boot) == 4_096
    assert result.row(term="post").statistic == pytest.approx(float(theirs.t_stat) * scale, abs=1e-8)
    np.testing.assert_allclose(np.sort(ours), np.sort(theirs.t_boot * scale), rtol=1e-8, atol=1e-8)
    strictly = np.mean(np.abs(theirs.t_boot) > abs(theirs.t_stat) * (1 + 1e-9))
    assert result.row(term="post").p_value == strictly
