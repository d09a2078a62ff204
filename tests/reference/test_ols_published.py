"""Published and recomputed values: castle doctrine, minimum wage, Bacon's toy, Poisson with offsets."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimators import bacon_decomposition, event_study, ols, poisson, twfe_weights

EXACT = 5.1e-9


@pytest.fixture(scope="module")
def castle(verification):
    data = pd.read_csv(verification / "castle.csv").copy()
    return data.assign(l_population=np.log(data["population"]))


@pytest.fixture(scope="module")
def wages(verification):
    data = pd.read_csv(verification / "mpdta.csv")
    first = data["first.treat"]
    return data.assign(post=((first > 0) & (data["year"] >= first)).astype(int))


@pytest.mark.parametrize(
    ("options", "estimate", "std_error"),
    [
        ({"treatment": "post"}, 0.08181162, 0.05887422),
        ({"treatment": "cdl", "weights": "popwt"}, 0.08006351, 0.03422469),
        ({"treatment": "cdl"}, 0.08770138, 0.06377988),
        ({"treatment": "post", "weights": "popwt"}, 0.05944415, 0.02756956),
        ({"treatment": "post", "covariates": ["l_pop", "l_income"]}, 0.09058532, 0.06077358),
    ],
)
def test_castle_homicide(castle, options, estimate, std_error):
    fit = ols(castle, outcome="l_homicide", effects=["state", "year"], cluster="state", **options)
    assert fit.estimate[0] == pytest.approx(estimate, abs=EXACT)
    assert fit.std_error[0] == pytest.approx(std_error, abs=EXACT)
    assert fit.design["df"] == 49
    assert fit.sample.used == 550


def test_cheng_and_hoekstra_as_printed(castle):
    fit = ols(
        castle,
        outcome="l_homicide",
        treatment="cdl",
        effects=["state", "year"],
        weights="popwt",
        cluster="state",
    )
    assert round(fit.estimate[0], 4) == 0.0801
    assert round(fit.std_error[0], 4) == 0.0342


def test_southern_states_without_a_factor(castle):
    south = castle[castle["south"] == 1]
    fit = ols(
        south,
        outcome="l_homicide",
        treatment="post",
        effects=["state", "year"],
        cluster="state",
        correction="none",
    )
    row = fit.tidy().iloc[0]
    assert row["estimate"] == pytest.approx(-0.05331994, abs=EXACT)
    assert row["statistic"] == pytest.approx(-0.67689980, abs=EXACT)


@pytest.mark.parametrize(
    ("options", "std_error", "df"),
    [({"cluster": "countyreal"}, 0.01326516, 499), ({"covariance": "iid"}, 0.01264647, 1995)],
)
def test_minimum_wage(wages, options, std_error, df):
    fit = ols(wages, outcome="lemp", treatment="post", effects=["countyreal", "year"], **options)
    assert fit.estimate[0] == pytest.approx(-0.03654895, abs=2e-8)
    assert fit.std_error[0] == pytest.approx(std_error, abs=EXACT)
    assert fit.design["df"] == df


@pytest.mark.parametrize(
    ("offset", "correction", "estimate", "std_error", "digits"),
    [
        ("l_population", "statsmodels", 0.05966669, 0.027302, 6),
        (None, "statsmodels", 0.07423217, 0.028260, 6),
        (None, "fixest", 0.07423217, 0.02694267, 8),
    ],
)
def test_castle_homicide_counts(castle, offset, correction, estimate, std_error, digits):
    fit = poisson(
        castle,
        outcome="homicide_c",
        treatment="post",
        effects=["state", "year"],
        cluster="state",
        offset=offset,
        correction=correction,
    )
    assert fit.estimate[0] == pytest.approx(estimate, abs=EXACT)
    assert round(fit.std_error[0], digits) == std_error


CASTLE_CELLS = """2005-2006 -.083129 .003405; 2005-2007 -.116724 .002095; 2005-2008 -.141228 .001571
2005-2009 .097135 .001048; 2005-never .080167 .045569; 2006-2005 -.146071 .003405; 2006-2007 .083016 .016342
2006-2008 -.008477 .016342; 2006-2009 -.082257 .012256; 2006-never .068236 .592395; 2007-2005 -.108061 .001676
2007-2006 .125964 .010895; 2007-2008 .103722 .002933; 2007-2009 -.015984 .002933; 2007-never .114062 .170124
2008-2005 -.048978 .000943; 2008-2006 .110690 .008171; 2008-2007 .144793 .001257; 2008-2009 -.179889 .000838
2008-never .146047 .072910; 2009-2005 .179521 .000419; 2009-2006 .112096 .004085; 2009-2007 .003731 .000838
2009-2008 -.130775 .000210; 2009-never .211081 .027341"""


def _cells(text):
    for item in text.replace("\n", ";").split(";"):
        pair, estimate, weight = item.split()
        cohort, control = pair.split("-", 1)
        yield (
            (float(cohort), np.inf if control == "never" else float(control)),
            float(estimate),
            float(weight),
        )


def test_all_25_castle_comparisons(castle):
    result = bacon_decomposition(castle, outcome="l_homicide", unit="state", time="year", treatment="post")
    keys = zip(result.keys["cohort"], result.keys["control"], strict=True)
    ours = dict(zip(keys, zip(result.estimate, result.keys["weight"], strict=True), strict=True))
    expected = list(_cells(CASTLE_CELLS))
    assert len(ours) == len(expected) == 25
    for key, estimate, weight in expected:
        assert ours[key] == pytest.approx((estimate, weight), abs=5.1e-7)
    assert result.keys["weight"] @ result.estimate == pytest.approx(result.extra["twfe"], abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "estimate", "weight"),
    [
        ("earlier v later", -0.005542, 0.059763),
        ("later v earlier", 0.070321, 0.031898),
        ("treated v never", 0.087962, 0.908339),
    ],
)
def test_castle_by_kind(castle, kind, estimate, weight):
    result = bacon_decomposition(castle, outcome="l_homicide", unit="state", time="year", treatment="post")
    row = result.extra["by_kind"].set_index("kind").loc[kind]
    assert tuple(row) == pytest.approx((estimate, weight), abs=5.1e-7)


@pytest.mark.parametrize(
    ("kind", "weight", "estimate"),
    [
        ("earlier v later", 0.083301, -0.019784),
        ("later v earlier", 0.053924, 0.004604),
        ("treated v never", 0.862774, -0.040740),
    ],
)
def test_minimum_wage_by_kind(wages, kind, weight, estimate):
    result = bacon_decomposition(wages, outcome="lemp", unit="countyreal", time="year", treatment="post")
    row = result.extra["by_kind"].set_index("kind").loc[kind]
    assert tuple(row) == pytest.approx((estimate, weight), abs=5.1e-7)


def test_bacon_toy_in_closed_form():
    data = pd.DataFrame([(i, t) for i in (1, 2, 3) for t in range(1, 11)], columns=["unit", "time"])
    second, third = (data["unit"] == 2) & (data["time"] >= 5), (data["unit"] == 3) & (data["time"] >= 8)
    data["treated"], data["y"] = (second | third).astype(int), 2.0 * second + 4.0 * third
    result = bacon_decomposition(data, outcome="y", unit="unit", time="time", treatment="treated")
    assert result.extra["twfe"] == pytest.approx(32 / 11, abs=1e-12)
    kinds = result.extra["by_kind"].set_index("kind")
    assert kinds["estimate"].tolist() == pytest.approx([2, 4, 44 / 15], abs=1e-12)
    assert kinds["weight"].tolist() == pytest.approx([2 / 11, 3 / 22, 15 / 22], abs=1e-12)


def test_weights_reproduce_the_coefficient_from_cell_effects(wages):
    fit = ols(wages, outcome="lemp", treatment="post", effects=["countyreal", "year"])
    found = twfe_weights(wages, outcome="lemp", treatment="post", effects=["countyreal", "year"])
    assert found.estimate == pytest.approx(fit.estimate[0], abs=1e-12)
    assert found.weight.sum() == pytest.approx(1, abs=1e-12)
    invented = wages.assign(y=np.sin(np.arange(len(wages))) * wages["post"])
    by_weights = found.weight @ np.sin(np.arange(len(wages)))
    refit = ols(invented, outcome="y", treatment="post", effects=["countyreal", "year"])
    assert refit.estimate[0] == pytest.approx(by_weights, abs=1e-12)


def test_event_study_equals_explicit_dummies(wages):
    result = event_study(wages, outcome="lemp", unit="countyreal", time="year", cohort="first.treat")
    event_time = np.where(wages["first.treat"] > 0, wages["year"] - wages["first.treat"], np.nan)
    names = []
    frame = wages.copy()
    for k in (-4, -3, -2, 0, 1, 2, 3):
        frame[name := f"e{k}"] = (event_time == k).astype(float)
        names.append(name)
    plain = ols(frame, outcome="lemp", treatment=names, effects=["countyreal", "year"], cluster="countyreal")
    assert result.keys["event_time"].tolist() == [-4, -3, -2, 0, 1, 2, 3]
    np.testing.assert_array_equal(result.estimate, plain.estimate)
    np.testing.assert_array_equal(result.covariance, plain.covariance)
    leads = plain.estimate[:3] @ np.linalg.solve(plain.covariance[:3, :3], plain.estimate[:3]) / 3
    assert result.extra["leads"].statistic == pytest.approx(leads, rel=1e-10)
    assert (result.extra["leads"].df, result.extra["leads"].df_denominator) == (3, 499)
