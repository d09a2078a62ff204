"""The dose design on the committed panels, its numbers computed another way, and what it cannot say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
from linearmodels.iv import IV2SLS

from analysis.panels.store import load
from analysis.studies.dose import exhibits, fits, sample
from analysis.studies.dose.fits import anderson_rubin
from analysis.studies.dose.spec import SPEC
from analysis.studies.dose.study import run
from analysis.studies.staggered_counties.sample import with_rates


@pytest.fixture(scope="module")
def study():
    return run()


@pytest.fixture(scope="module")
def made():
    return sample.dose_sample({name: load(name) for name in sample.PANELS}, spec=SPEC)


def test_classes_hold_the_adopters_in_equal_parts(made):
    table = made.classes.set_index("dose_class")
    assert tuple(table.index) == SPEC.classes
    parts = table.loc[["low", "middle", "high"], "adopters"]
    assert parts.max() - parts.min() <= 2
    assert table["mean_dose"].is_monotonic_increasing and table.loc["placebo", "mean_dose"] < 0.01
    assert made.ledger["counties"].iloc[-1] == made.frame["fips"].nunique()
    assert table.loc["high", "declined_per_100k"] > 5 * table.loc["low", "declined_per_100k"]


def test_unlisted_decliners_are_no_comparison(made):
    late = made.frame[made.frame["cohort"].eq(0) & made.frame["year"].eq(2013)]
    assert (late["declined"] < SPEC.decliner).all()


def test_effects_by_class_are_those_of_another_package(made, study):
    rows, names = fits._class_terms(with_rates(made.frame, "property"), SPEC)
    rows = rows.assign(class_year=rows["dose_class"] + rows["year"].astype(str))
    found = pf.fepois(
        f"count ~ {'+'.join(names)} | fips + class_year",
        data=rows,
        offset="log_people",
        vcov={"CRV1": "state"},
    ).coef()
    ours = study.effects[study.effects["outcome"] == "property"].set_index("dose_class")["estimate"]
    theirs = [found[f"treated_{name}"] for name in SPEC.classes]
    assert ours.loc[list(SPEC.classes)].to_numpy() == pytest.approx(theirs, abs=1e-5)
    assert ours.loc["high less placebo"] == pytest.approx(theirs[3] - theirs[0], abs=1e-5)


@pytest.mark.parametrize("dose", [SPEC.dose, SPEC.check])
def test_the_slope_along_the_dose_is_that_of_another_package(made, study, dose):
    rows = with_rates(made.frame, "property")
    late = rows["year"].eq(fits.PERIOD).astype(float)
    rows = rows.assign(treated_dose=rows["treated"] * rows[dose], late_dose=late * rows[dose])
    found = pf.fepois(
        "count ~ treated + treated_dose + late_dose | fips + year",
        data=rows[rows[dose].notna()],
        offset="log_people",
        vcov={"CRV1": "state"},
    ).coef()
    ours = study.slopes.set_index(["outcome", "dose"]).loc[("property", dose)]
    assert ours["slope_estimate"] == pytest.approx(found["treated_dose"], abs=1e-5)
    assert ours["at_zero_estimate"] == pytest.approx(found["treated"], abs=1e-5)
    assert ours["slope_conf_low"] < ours["slope_estimate"] < ours["slope_conf_high"]
    shown = exhibits.slopes_table(study).set_index("outcome").loc[SPEC.outcomes["property"]]
    name, step = ("dose", 1.0) if dose == SPEC.dose else ("check", 0.1)
    assert shown[f"{name}_estimate"] == pytest.approx(100 * np.expm1(step * ours["slope_estimate"]))


def test_crimes_per_declined_detainer_are_two_stage_least_squares(made, study):
    rows = fits._changes(made.frame, "violent_without_rape")
    classes = pd.get_dummies(rows["dose_class"], dtype=float)
    controls = pd.concat([classes, rows[["treated", "detainers_per_1000"]]], axis=1)
    fit = IV2SLS(
        rows["crime"], controls, rows[["declined_rate"]], rows[["instrument"]], weights=rows["people"]
    ).fit(cov_type="clustered", clusters=pd.factorize(rows["state"])[0])
    ours = study.per_declined.set_index("outcome").loc["violent_without_rape"]
    assert ours["estimate"] == pytest.approx(fit.params["declined_rate"], rel=1e-8)


@pytest.mark.parametrize(
    "values", [(2.0, 1.0, 0.04, 0.01, 0.005), (0.1, 0.1, 0.04, 0.01, 0.0), (1, 5, 4, 1, 1)]
)
def test_the_anderson_rubin_set_is_the_inverted_test(values):
    a, b, vaa, vbb, vab = values
    low, high, shape = anderson_rubin(a, b, vaa, vbb, vab, 2.0)
    grid = np.linspace(-40, 40, 160_001)
    kept = (a - grid * b) ** 2 <= 4.0 * (vaa - 2 * grid * vab + grid**2 * vbb)
    if shape == "whole line":
        assert kept.all()
        return
    inside = (grid >= low) & (grid <= high)
    expected = inside if shape == "interval" else ~inside
    edge = (np.abs(grid - low) < 1e-3) | (np.abs(grid - high) < 1e-3)
    assert (kept == expected)[~edge].all()


def test_an_effect_put_into_the_counts_is_found_where_it_was_put(made):
    rows = made.frame.copy()
    struck = rows["treated"].gt(0) & rows["dose_class"].eq("high")
    before = _effects(rows)
    rows["property"] = rows["property"].where(~struck, rows["property"] * np.exp(0.2))
    change = _effects(rows) - before
    assert change[:3] == pytest.approx([0, 0, 0], abs=1e-9) and change[3] == pytest.approx(0.2, abs=1e-4)


def test_the_false_period_fails_in_the_highest_class_and_the_words_must_say_so(study):
    false = study.false_period[study.false_period["dose_class"] == "high"].set_index("outcome")
    assert (false["p_value"] < 0.05).sum() >= 3 and (false["estimate"] > 0).all()
    again = study.false_reduced_form.set_index("outcome").loc["violent_without_rape"]
    ours = study.per_declined.set_index("outcome").loc["violent_without_rape"]
    assert again["estimate"] > ours["reduced_form"] / 2


def test_power_reads_no_estimate(study):
    joined = study.power.merge(study.effects, on=["outcome", "dose_class", "std_error", "df"])
    assert len(joined) == len(study.effects) == 5 * len(SPEC.outcomes)
    assert "estimate" not in study.power and (study.power["detectable"] > 2 * study.power["std_error"]).all()
    holm = study.effects.groupby("dose_class")
    assert (study.effects["p_holm"] >= study.effects["p_value"]).all()
    assert all((part["p_holm"].min() == min(1, 5 * part["p_value"].min())) for _, part in holm)


def _effects(rows):
    return fits.by_class(rows, "property", spec=SPEC)["estimate"].to_numpy()
