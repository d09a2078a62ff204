"""Imputation and two-stage effects: published values, a second package, dense algebra, identities, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import extended_twfe, imputation, two_stage
from analysis.estimators.errors import EstimationError, NotIdentifiedError

KEYS = {"outcome": "lemp", "unit": "countyreal", "time": "year", "cohort": "g"}
CASTLE_KEYS = {"outcome": "l_homicide", "unit": "state", "time": "year", "cohort": "g"}
EMPLOYMENT_EVENT = [-0.031067, -0.052235, -0.136078, -0.104707]
CASTLE_EVENT = [0.071071, 0.092884, 0.076773, 0.100185, 0.050247, 0.095841]


@pytest.fixture(scope="module")
def employment(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "mpdta.csv").rename(columns={"first.treat": "g"})
    return data.assign(x=np.random.default_rng(0).normal(size=len(data)))


@pytest.fixture(scope="module")
def castle(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "castle.csv")
    first = data.loc[data["post"] > 0].groupby("state")["year"].min()
    return data[["state", "year", "l_homicide"]].assign(g=data["state"].map(first))


def test_employment_points(employment):
    assert imputation(employment, **KEYS, by="overall").estimate == pytest.approx([-0.04770992], abs=5.1e-9)
    np.testing.assert_allclose(imputation(employment, **KEYS).estimate, EMPLOYMENT_EVENT, atol=5.1e-7, rtol=0)


def test_castle_points(castle):
    assert imputation(castle, **CASTLE_KEYS, by="overall").estimate == pytest.approx([0.07980155], abs=5.1e-9)
    result = imputation(castle, **CASTLE_KEYS)
    assert result.keys["event_time"].tolist() == list(range(6))
    np.testing.assert_allclose(result.estimate, CASTLE_EVENT, atol=5.1e-7, rtol=0)


def test_castle_two_stage_error(castle):
    result = two_stage(castle, **CASTLE_KEYS, by="overall")
    assert result.estimate == pytest.approx([0.07980155], abs=5.1e-9)
    assert result.std_error == pytest.approx([0.06097898], abs=2e-7)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("covariates", [None, "x"])
@pytest.mark.parametrize("share_missing", [0.0, 0.1])
@pytest.mark.parametrize(("estimator", "name"), [(imputation, "ImputationDiD"), (two_stage, "TwoStageDiD")])
def test_second_package_agrees(employment, covariates, share_missing, estimator, name):
    peer = getattr(pytest.importorskip("diff_diff"), name)
    keep = np.random.default_rng(3).uniform(size=len(employment)) >= share_missing
    data = employment[keep].astype({"g": int, "countyreal": int, "year": int})
    untreated = data["g"].eq(0) | (data["year"] < data["g"])
    data = data[data["countyreal"].isin(data.loc[untreated, "countyreal"])]
    theirs = peer().fit(
        data, outcome="lemp", unit="countyreal", time="year", first_treat="g",
        covariates=None if covariates is None else [covariates],
    )  # fmt: skip
    own = estimator(data, **KEYS, covariates=covariates, by="overall")
    assert own.estimate == pytest.approx([theirs.overall_att], rel=1e-8)
    assert own.std_error == pytest.approx([theirs.overall_se], rel=1e-6)


def test_equals_extended_two_way_effects(employment):
    ours = imputation(employment, **KEYS, by="cell")
    other = extended_twfe(employment, **KEYS)
    pd.testing.assert_frame_equal(ours.keys, other.keys, check_column_type=False)
    np.testing.assert_allclose(ours.estimate, other.estimate, atol=1e-12)


def test_two_groups_two_periods_are_four_means(employment):
    data = employment[employment["year"].isin([2006, 2007]) & employment["g"].isin([0, 2007])]
    means = data.groupby([data["g"] > 0, "year"])["lemp"].mean()
    expected = means[True, 2007] - means[True, 2006] - means[False, 2007] + means[False, 2006]
    for estimator in (imputation, two_stage):
        assert estimator(data, **KEYS, by="overall").estimate == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize("covariates", [None, "x"])
def test_dense_oracle_with_gaps_and_weights(employment, covariates):
    random = np.random.default_rng(5)
    data = employment.assign(w=random.uniform(0.5, 2, len(employment)))[
        random.uniform(size=len(employment)) > 0.1
    ]
    own = imputation(data, **KEYS, covariates=covariates, by="overall", weights="w")
    estimate, error = _dense(data, covariates)
    assert own.estimate == pytest.approx([estimate], rel=1e-9)
    assert own.std_error == pytest.approx([error], rel=1e-8)


def _dense(data, covariates):
    """Impute by dense weighted least squares, and spell out the conservative variance row by row."""
    untreated = ((data["g"] == 0) | (data["year"] < data["g"])).to_numpy()
    usable = untreated | data["countyreal"].isin(data.loc[untreated, "countyreal"]).to_numpy()
    data, untreated = data[usable], untreated[usable]
    parts = [pd.get_dummies(data[c].astype(int).astype(str), dtype=float) for c in ("countyreal", "year")]
    if covariates:
        parts.append(data[[covariates]])
    design, w, y = pd.concat(parts, axis=1).to_numpy(), data["w"].to_numpy(), data["lemp"].to_numpy()
    gram = np.linalg.pinv((design[untreated] * w[untreated, None]).T @ design[untreated], hermitian=True)
    net = y - design @ (gram @ (design[untreated].T @ (w * y)[untreated]))
    target = np.where(untreated, 0.0, w) / w[~untreated].sum()
    load = np.where(untreated, -w * (design @ (gram @ (design.T @ target))), target)
    residual = net.copy()
    cells = data.assign(net=net, load=load)[~untreated].groupby(["g", "year"])
    for _, cell in cells:
        rows = data.index.get_indexer(cell.index)
        residual[rows] -= np.average(cell["net"], weights=cell["load"] ** 2)
    by_unit = pd.Series(load * residual).groupby(data["countyreal"].to_numpy()).sum()
    return target @ net, np.sqrt((by_unit**2).sum())


def test_leave_out_is_never_smaller_and_refuses_single_units(employment):
    plain, left = (
        imputation(employment, **KEYS, variance=v).std_error for v in ("conservative", "leave_out")
    )
    assert (left > plain).all()
    lone = employment[
        (employment["g"] != 2004)
        | (employment["countyreal"] == employment.query("g == 2004")["countyreal"].iloc[0])
    ]
    with pytest.raises(NotIdentifiedError, match="one treated unit"):
        imputation(lone, **KEYS, variance="leave_out")


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_pretest_is_the_regression_on_untreated_rows(employment):
    pf = pytest.importorskip("pyfixest")
    pretest = imputation(employment, **KEYS).extra["pretest"](2)
    untreated = employment[(employment["g"] == 0) | (employment["year"] < employment["g"])]
    ahead = (untreated["g"] - untreated["year"]).where(untreated["g"] > 0, 0)
    untreated = untreated.assign(d1=(ahead == 1).astype(float), d2=(ahead == 2).astype(float))
    peer = pf.feols(
        "lemp ~ d1 + d2 | countyreal + year",
        untreated,
        vcov={"CRV1": "countyreal"},
        ssc=pf.ssc(k_adj=False, G_adj=False),
    )
    np.testing.assert_allclose(pretest.estimate, peer.coef(), rtol=1e-8)
    np.testing.assert_allclose(pretest.std_error, peer.se(), rtol=1e-7)


def test_rows_that_cannot_be_imputed_are_counted(employment):
    early = employment.assign(g=employment["g"].where(employment["countyreal"] > 9000, 2003))
    sample = imputation(early, **KEYS).sample
    assert sample.dropped == {"unit without an untreated period": int((early["g"] == 2003).sum())}
    ever = employment[employment["g"] > 0]
    sample = imputation(ever, **KEYS).sample
    assert sample.dropped == {
        "treated in a period without an untreated unit": int((ever["year"] == 2007).sum())
    }


def test_shift_scale_order(employment):
    base = imputation(employment, **KEYS)
    changed = employment.sample(frac=1, random_state=1).assign(lemp=lambda d: 3 * d["lemp"] + d["year"])
    moved = imputation(changed, **KEYS)
    np.testing.assert_allclose(moved.estimate, 3 * base.estimate, rtol=1e-8)
    np.testing.assert_allclose(moved.std_error, 3 * base.std_error, rtol=1e-8)


def test_bad_input_is_named(employment):
    with pytest.raises(EstimationError, match="by must be"):
        imputation(employment, **KEYS, by="size")
    with pytest.raises(EstimationError, match="variance"):
        imputation(employment, **KEYS, variance="hc1")
    with pytest.raises(NotIdentifiedError, match="no treated row"):
        imputation(employment.assign(g=0), **KEYS)
    with pytest.raises(NotIdentifiedError, match="absorbed"):
        imputation(employment, **KEYS, covariates="lpop")
