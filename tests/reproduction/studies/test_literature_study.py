"""The literature: every claim sorted once, published figures as printed, random effects by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from analysis.studies.literature import synthesis as study
from analysis.studies.literature.comparable import COMPARABLE, TABLES, comparable, sorted_claims
from analysis.studies.published.claims import claims


@pytest.fixture(scope="module")
def ledger():
    return sorted_claims()


def test_every_claim_once(ledger):
    assert sorted(ledger["claim"]) == sorted(claims(*TABLES))
    assert ledger["class"].ne("").all()
    own = ledger[ledger["class"].eq(COMPARABLE)]
    assert set(own["study"]) == {"arellano2017"} and len(own) == 31


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("manning2022_violent", "a number without a standard error"),
        ("cap_crime", "a number without a standard error"),
        ("kubrin2020_violent", "words only, no number"),
        ("hausman2020_crime", "words only, no number"),
        ("baumer2023_anti_detainer", "another outcome than recorded crime"),
        ("goncalves2024_reported_crime", "another policy"),
        ("arellano2017_quartile4_total_1", "part of a sample, or an interaction"),
        ("arellano2017_total_dd2_4_se", "standard error of another row"),
        ("uar_cities", "size or years of a sample"),
    ],
)
def test_classes(ledger, claim, kind):
    assert ledger.set_index("claim").loc[claim, "class"] == kind


def test_published_as_printed(ledger):
    table = comparable(ledger).set_index("claim")
    row = table.loc["arellano2017_property_dd2_4"]
    assert (row["estimate"], row["std_error"]) == (0.0375, 0.0151)
    assert row["preferred"] and row["outcome"] == "property"
    assert row["conf_low"] == pytest.approx(0.0375 - 1.959964 * 0.0151, abs=1e-8)
    assert table["preferred"].sum() == 3


def by_hand(effect, error):
    """Paule and Mandel's variance between by root finding; the wider of two errors."""
    k = len(effect)

    def excess(tau2):
        w = 1 / (error**2 + tau2)
        return w @ (effect - w @ effect / w.sum()) ** 2 - (k - 1)

    tau2 = optimize.brentq(excess, 0, 1e3, xtol=1e-15) if excess(0) > 0 else 0.0
    w = 1 / (error**2 + tau2)
    mean = w @ effect / w.sum()
    plain = 1 / np.sqrt(w.sum())
    scaled = np.sqrt(w @ (effect - mean) ** 2 / (k - 1) / w.sum())
    return mean, max(plain, scaled), np.sqrt(tau2), excess(0) + k - 1


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_random_effects_by_hand(spread):
    rng = np.random.default_rng(11)
    error = rng.uniform(0.05, 0.3, 9)
    effect = 0.1 + spread * rng.normal(size=9) + error * rng.normal(size=9) * (0.3 if spread == 0 else 1)
    found = study.pooled(effect, error)
    mean, std_error, tau, q = by_hand(effect, error)
    assert found["estimate"] == pytest.approx(mean, abs=1e-5)
    assert found["std_error"] == pytest.approx(std_error, abs=1e-5)
    assert found["tau"] == pytest.approx(tau, abs=1e-4)
    assert (found["tau"] > 0) == (spread > 0)
    assert found["q"] == pytest.approx(q) and found["p_q"] == pytest.approx(stats.chi2.sf(q, 8))
    assert found["conf_high"] - mean == pytest.approx(stats.t.ppf(0.975, 8) * std_error, abs=1e-4)
    wide = stats.t.ppf(0.975, 7) * np.hypot(tau, std_error)
    assert found["pred_high"] - mean == pytest.approx(wide, abs=1e-4)


def test_random_effects_shift_scale_and_order():
    effect, error = np.array([0.1, 0.4, -0.2, 0.3]), np.array([0.1, 0.12, 0.2, 0.15])
    base = study.pooled(effect, error)
    moved = study.pooled(2 * effect[::-1] + 1, 2 * error[::-1])
    assert moved["estimate"] == pytest.approx(2 * base["estimate"] + 1, abs=1e-5)
    assert moved["std_error"] == pytest.approx(2 * base["std_error"], abs=1e-5)
    assert moved["i2"] == pytest.approx(base["i2"], abs=1e-6)


def test_relative_is_the_logarithm_of_a_ratio():
    row = pd.Series({"estimate": 10.0, "conf_low": -5.0, "conf_high": 25.0, "std_error": 7.5})
    found = study.relative(row, 100.0)
    assert found["estimate"] == pytest.approx(np.log(1.1)) and found["conf_low"] == pytest.approx(
        np.log(0.95)
    )
    assert found["std_error"] == pytest.approx(0.075 / 1.1)


def test_the_hook_is_clean(monkeypatch):
    monkeypatch.setattr(study, "_STAGGERED", "analysis.studies.no_such_study")
    assert study._staggered().empty
