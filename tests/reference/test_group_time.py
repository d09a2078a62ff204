"""Group-time effects against published values, a second package, and the four means they reduce to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators import group_time
from analysis.estimators.errors import ColumnError, EstimationError, NotIdentifiedError

NEVER = [
    (2004, 2004, -0.0105032462, 0.023251),
    (2004, 2005, -0.0704231581, 0.030985),
    (2004, 2006, -0.1372587389, 0.036436),
    (2004, 2007, -0.1008113631, 0.034359),
    (2006, 2004, 0.006520, 0.023327),
    (2006, 2005, -0.002751, 0.019559),
    (2006, 2006, -0.0045946070, 0.017755),
    (2006, 2007, -0.0412244715, 0.020229),
    (2007, 2004, 0.030507, 0.015034),
    (2007, 2005, -0.002726, 0.016396),
    (2007, 2006, -0.031087, 0.017878),
    (2007, 2007, -0.0260544107, 0.016655),
]
NOT_YET = [-0.019372, -0.078319, -0.136274, -0.100811, -0.002563, -0.001939, 0.004661, -0.041224, 0.029759, -0.002411,
           -0.031087, -0.026054]  # fmt: skip
AGGREGATES = {
    "cohort": ([-0.07974913, -0.02290954, -0.02605441], -0.03101828),
    "event": (
        [0.03050666, -0.00056308, -0.02445874, -0.01993182, -0.05095737, -0.13725874, -0.10081136],
        -0.07723982,
    ),
    "calendar": ([-0.01050325, -0.07042316, -0.04881598, -0.03705934], -0.04170043),
}
NOT_YET_OVERALL = {
    "simple": -0.03976363,
    "cohort": -0.03046223,
    "event": -0.07739931,
    "calendar": -0.04426708,
}
CASTLE = {
    "never": {"simple": 0.11038304, "cohort": 0.10844748, "event": 0.11028074},
    "not_yet": {"simple": 0.10935496, "cohort": 0.10752674, "event": 0.10940653},
}
KEYS = {"outcome": "lemp", "unit": "countyreal", "time": "year", "cohort": "g"}
"""The published values and the second package take the base of R's did, the period before each."""
KEYS |= {"base": "varying"}


@pytest.fixture(scope="module")
def employment(verification) -> pd.DataFrame:
    return pd.read_csv(verification / "mpdta.csv").rename(columns={"first.treat": "g"})


@pytest.fixture(scope="module")
def castle(verification) -> pd.DataFrame:
    data = pd.read_csv(verification / "castle.csv")
    first = data.loc[data["post"] > 0].groupby("state")["year"].min()
    return data[["state", "year", "l_homicide"]].assign(g=data["state"].map(first))


def overall(result, by):
    average = result.aggregate(by)
    return average.estimate[0] if by == "simple" else average.extra["overall"].estimate[0]


def test_cells_and_their_errors_are_the_published_ones(employment):
    table = group_time(employment, **KEYS).tidy()
    expected = pd.DataFrame(NEVER, columns=["cohort", "time", "estimate", "std_error"])
    assert table[["cohort", "time"]].astype(int).equals(expected[["cohort", "time"]])
    np.testing.assert_allclose(table["estimate"], expected["estimate"], atol=5.1e-7, rtol=0)
    np.testing.assert_allclose(table["std_error"], expected["std_error"], atol=5.1e-7, rtol=0)


def test_not_yet_treated_controls(employment):
    result = group_time(employment, **KEYS, control="not_yet")
    np.testing.assert_allclose(result.estimate, NOT_YET, atol=5.1e-7, rtol=0)
    for by, expected in NOT_YET_OVERALL.items():
        assert overall(result, by) == pytest.approx(expected, abs=5.1e-9)


@pytest.mark.parametrize("by", AGGREGATES)
def test_aggregates(employment, by):
    parts, whole = AGGREGATES[by]
    result = group_time(employment, **KEYS)
    np.testing.assert_allclose(result.aggregate(by).estimate, parts, atol=5.1e-9, rtol=0)
    assert overall(result, by) == pytest.approx(whole, abs=5.1e-9)


def test_simple_and_pretest(employment):
    result = group_time(employment, **KEYS)
    assert overall(result, "simple") == pytest.approx(-0.03995128, abs=5.1e-9)
    test = result.pretest()
    assert stats.chi2.sf(test.statistic * test.df, test.df) == pytest.approx(0.16812, abs=5.1e-6)
    assert (test.df, test.df_denominator) == (5, employment["countyreal"].nunique() - 1)
    assert test.p_value == pytest.approx(stats.f.sf(test.statistic, 5, test.df_denominator), rel=1e-12)


@pytest.mark.parametrize("control", CASTLE)
def test_castle(castle, control):
    result = group_time(castle, outcome="l_homicide", unit="state", time="year", cohort="g", control=control)
    for by, expected in CASTLE[control].items():
        assert overall(result, by) == pytest.approx(expected, abs=5.1e-9)


@pytest.mark.peer
@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
@pytest.mark.parametrize(("control", "theirs"), [("never", "nevertreated"), ("not_yet", "notyettreated")])
@pytest.mark.parametrize("panel", ["balanced", "complete", "repeated"])
def test_second_package_agrees_on_estimates_and_errors(employment, method, control, theirs, panel):
    csdid = pytest.importorskip("csdid.att_gt")
    data = employment.astype({"g": int, "countyreal": int})
    if panel != "balanced":
        data = data[np.random.default_rng(1).uniform(size=len(data)) > 0.1]
    options = {"allow_unbalanced_panel": True} if panel == "repeated" else {}
    peer = csdid.ATTgt(
        yname="lemp", tname="year", idname="countyreal", gname="g", data=data.copy(), xformla="lemp~lpop",
        control_group=theirs, **options,
    ).fit(est_method=method, bstrap=False).results  # fmt: skip
    own = group_time(
        data,
        **KEYS,
        covariates="lpop",
        method=method,
        control=control,
        panel="complete" if panel == "balanced" else panel,
    )
    assert len(own.estimate) == 12
    np.testing.assert_allclose(own.estimate, peer["att"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(own.std_error, peer["se"], rtol=1e-8)


def test_panel_choices_agree_when_balanced(employment):
    results = [group_time(employment, **KEYS, covariates="lpop", panel=p) for p in ("pairwise", "complete")]
    np.testing.assert_array_equal(results[0].estimate, results[1].estimate)
    np.testing.assert_array_equal(results[0].covariance, results[1].covariance)


def test_ledger_counts_what_identifies_each_cell(employment):
    gaps = employment.drop(employment.index[[3, 777, 1402]])
    ledger = group_time(gaps, **KEYS).extra["ledger"]
    wide = gaps.pivot(index="countyreal", columns="year", values="lemp").notna()
    cohort = gaps.groupby("countyreal")["g"].first()
    for cell in ledger.itertuples():
        both = wide[cell.time] & wide[cell.base_time]
        assert cell.treated_units == (both & (cohort == cell.cohort)).sum()
        assert cell.control_units == (both & (cohort == 0)).sum()


def test_two_groups_two_periods_are_four_means(employment):
    data = employment[employment["year"].isin([2006, 2007]) & employment["g"].isin([0, 2007])]
    means = data.groupby([data["g"] > 0, "year"])["lemp"].mean()
    expected = means[True, 2007] - means[True, 2006] - means[False, 2007] + means[False, 2006]
    for method in ("dr", "ipw", "reg"):
        for panel in ("pairwise", "repeated"):
            result = group_time(data, **KEYS, method=method, panel=panel)
            assert result.estimate == pytest.approx([expected], abs=1e-12)


def test_integer_weights_are_repeated_units(employment):
    copies = employment["countyreal"].astype(int) % 3 + 1
    repeated = pd.concat(
        [employment[copies > c].assign(countyreal=lambda d, c=c: d["countyreal"] * 10 + c) for c in range(3)]
    )
    weighted = group_time(employment.assign(w=copies), **KEYS, covariates="lpop", weights="w")
    plain = group_time(repeated, **KEYS, covariates="lpop")
    np.testing.assert_allclose(weighted.estimate, plain.estimate, rtol=1e-9, atol=1e-12)
    for by in ("simple", "event", "cohort", "calendar"):
        np.testing.assert_allclose(overall(weighted, by), overall(plain, by), rtol=1e-9)


def test_clusters_sum_influence(employment):
    data = employment.assign(state=employment["countyreal"] // 1000)
    result = group_time(data, **KEYS, cluster="state")
    table = (
        pd.DataFrame(result.influence).groupby(data.groupby("countyreal")["state"].first().to_numpy()).sum()
    )
    by_hand = np.sqrt((table**2).sum()) / len(result.influence)
    np.testing.assert_allclose(result.std_error, by_hand, rtol=1e-12)


def test_relabelling_order_shift_and_scale(employment):
    base = group_time(employment, **KEYS, covariates="lpop")
    changed = employment.sample(frac=1, random_state=3)
    changed = changed.assign(countyreal=-changed["countyreal"], lemp=5 * changed["lemp"] + changed["year"])
    moved = group_time(changed, **KEYS, covariates="lpop")
    np.testing.assert_allclose(moved.estimate, 5 * base.estimate, rtol=1e-8)
    np.testing.assert_allclose(moved.std_error, 5 * base.std_error, rtol=1e-8)


def test_uniform_band_is_wider_and_seeded(employment):
    first, second = (group_time(employment, **KEYS, draws=999, seed=5).tidy() for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert (first["band_low"] < first["conf_low"]).all()
    assert (first["band_high"] > first["conf_high"]).all()


def test_bad_input_is_named(employment):
    with pytest.raises(ColumnError, match="changes within"):
        group_time(employment.assign(g=employment["year"]), **KEYS)
    with pytest.raises(ColumnError, match="negative periods"):
        group_time(employment.assign(g=-1.0), **KEYS)
    with pytest.raises(NotIdentifiedError, match="no cohort starts"):
        group_time(employment.assign(g=0.0), **KEYS)
    with pytest.raises(NotIdentifiedError, match="no never-treated"):
        group_time(employment[employment["g"] > 0], **KEYS)
    with pytest.raises(EstimationError, match="seed"):
        group_time(employment, **KEYS, draws=10)
    with pytest.raises(EstimationError, match="method"):
        group_time(employment, **KEYS, method="ols")


def test_early_cohorts_are_dropped_and_counted(employment):
    early = employment.assign(g=employment["g"].where(employment["countyreal"] > 9000, 2003))
    sample = group_time(early, **KEYS).sample
    reason = "treated from the first period on"
    assert sample.dropped[reason] == (early["g"] == 2003).sum() > 0
    assert sample.used + sample.dropped[reason] == len(early)


def test_separated_covariate_is_reported_not_guessed(employment):
    separated = employment.assign(z=employment["lpop"] + 100 * (employment["g"] == 2004))
    ledger = group_time(separated, **KEYS, covariates="z").extra["ledger"]
    stopped = ledger["not_estimated"].ne("")
    assert (stopped == (ledger["cohort"] == 2004)).all()
    assert ledger.loc[stopped, "not_estimated"].str.contains("separate").all()
