"""Measure where packages for staggered adoption disagree, and why. Writes docs/staggered_disagreements.md.

``python benchmarks/staggered_disagreements.py``. Each section shows the numbers and the change of convention
that turns one into the other. ``differences`` is GPL and not a dependency: without it its rows are left out.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from bench_staggered import panel

from analysis.estimators import (
    group_time,
    interaction_weighted,
    switchers,
    two_stage,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "staggered_disagreements.md"
KEYS = {"outcome": "y", "unit": "unit", "time": "t", "cohort": "g"}
THEIRS = {"outcome": "y", "unit": "unit", "time": "t", "first_treat": "g"}


def gaps(units: int = 500, share: float = 0.1) -> pd.DataFrame:
    """Return a panel with a share of rows missing at random."""
    data = panel(units)
    return data[np.random.default_rng(1).random(len(data)) >= share].reset_index(drop=True)


def csdid(data: pd.DataFrame, **options):
    """Return csdid's cells and overall average, errors analytic."""
    from csdid.att_gt import ATTgt

    fit = ATTgt(yname="y", tname="t", idname="unit", gname="g", data=data.copy(), xformla="y~x", **options)
    with contextlib.redirect_stdout(io.StringIO()):
        fit.fit(est_method="dr", bstrap=False)
        cells = np.asarray(fit.results["att"], float), np.asarray(fit.results["se"], float)
        fit.aggte("simple", bstrap=False)
    return *cells, fit.atte["overall_att"], fit.atte["overall_se"]


def differences(data: pd.DataFrame):
    """Return the first cell and the overall average of differences, or None when it is not installed."""
    try:
        from differences import ATTgt
    except ImportError:
        return None
    fit = ATTgt(data=data.assign(g=data["g"].replace(0, np.nan)).set_index(["unit", "t"]), cohort_column="g")
    cell = fit.fit("y ~ x", est_method="dr", progress_bar=False).to_pandas().iloc[0].to_numpy()
    overall = fit.aggregate("simple")
    overall = getattr(overall, "to_pandas", lambda: overall)().iloc[0].to_numpy()
    return tuple(float(v) for v in (*cell[:2], *overall[:2]))


def unbalanced() -> list[str]:
    """Return the table of what each package makes of missing rows."""
    from diff_diff import CallawaySantAnna

    data = gaps()
    rows = []
    for choice in ("complete", "pairwise", "repeated"):
        fit = group_time(data, **KEYS, base="varying", covariates="x", panel=choice)
        rows.append(_line(f'this package, `panel="{choice}"`', fit, fit.sample.units))
    for label, options in (("default", {}), ("allow_unbalanced_panel", {"allow_unbalanced_panel": True})):
        cells, errors, att, se = csdid(data, **options)
        rows.append((f"csdid, {label}", cells[0], errors[0], att, se, ""))
        peer = CallawaySantAnna(estimation_method="dr", **options).fit(data, **THEIRS, covariates=["x"])
        cell = peer.group_time_effects[5, 2]
        rows.append(
            (f"diff-diff, {label}", cell["effect"], cell["se"], peer.overall_att, peer.overall_se, "")
        )
    if found := differences(data):
        rows.append(("differences", *found, ""))
    pairs = group_time(data, **KEYS, base="varying", covariates="x", panel="pairwise")
    cells = pairs.keys.merge(pairs.extra["ledger"], on=["cohort", "time"])
    after = (cells["time"] >= cells["cohort"]).to_numpy()
    mean = np.average(pairs.estimate[after], weights=cells["treated_units"][after])
    rows.append(
        ("this package, `pairwise`, cells weighted by their treated units", np.nan, np.nan, mean, np.nan, "")
    )
    rows.append(("derivative of `repeated` in each row's weight, by unit", np.nan, derivative_error(data), np.nan,
                 np.nan, ""))  # fmt: skip
    whole = group_time(data, **KEYS, base="varying", covariates="x", panel="repeated")
    units = whole.sample.units
    error = whole.std_error[0] * np.sqrt(units / (units - 1))
    rows.append(("this package, `repeated`, cell error times sqrt(n/(n-1))", whole.estimate[0], error, np.nan,
                 np.nan, ""))  # fmt: skip
    return [
        "## Missing rows",
        "",
        f"{len(data):,} of {500 * 20:,} rows left at random; group-time, doubly robust, one covariate.",
        "",
        *_markdown(rows, ["package and choice", "ATT(5, 2)", "its error", "overall", "its error", "units"]),
        "",
        "The estimate follows from the choice: complete units, units observed in both periods of a cell, or",
        "rows as repeated cross-sections. diff-diff's default is the second, with its own doubly robust weights",
        "(below) and each cell weighted by its treated units, where we weight cohorts by their size.",
        "Under the third, estimates agree and errors do not: ours and csdid's are those of numerical derivatives",
        "of the estimate in each row's weight, summed by unit (last but one line; test_staggered_properties.py",
        "for all methods); diff-diff's carry a factor n/(n-1) (last line); those of differences, as of R's did",
        "when it was measured, leave these by up to half a percent, in both directions.",
        "",
    ]


def derivative_error(data: pd.DataFrame, step: float = 1e-5) -> float:
    """Return the error of ATT(5, 2) from numerical derivatives in rows' weights, summed by unit."""
    two = data[data["g"].isin([0, 5]) & data["t"].isin([1, 2])].reset_index(drop=True)
    two = two.assign(g=two["g"].where(two["g"] == 0, 2), w=1.0)
    options = {**KEYS, "covariates": "x", "panel": "repeated", "weights": "w"}
    slopes = np.zeros(len(two))
    for row in range(len(two)):
        for move in (step, -step):
            moved = two.copy()
            moved.loc[row, "w"] += move
            slopes[row] += np.sign(move) * group_time(moved, **options).estimate[0] / (2 * step)
    return float(np.sqrt((pd.Series(slopes).groupby(two["unit"]).sum() ** 2).sum()))


def _line(name, fit, units):
    row = fit.aggregate("simple").tidy().iloc[0]
    return name, fit.estimate[0], fit.std_error[0], row["estimate"], row["std_error"], f"{units:,}"


def doubly_robust() -> list[str]:
    """Return the differences of doubly robust cells on balanced panels."""
    from diff_diff import CallawaySantAnna

    rows = []
    for units in (500, 3_000):
        data = panel(units)
        for method in ("reg", "ipw", "dr"):
            own = group_time(data, **KEYS, base="varying", covariates="x", method=method)
            peer = CallawaySantAnna(estimation_method=method).fit(data, **THEIRS, covariates=["x"])
            pairs = [peer.group_time_effects[int(g), int(t)]["effect"] for g, t in own.keys.to_numpy()]
            gap = np.abs(own.estimate - pairs).max()
            rows.append((f"{units:,} units, {method}, diff-diff", len(pairs), gap))
        own = group_time(data, **KEYS, base="varying", covariates="x")
        rows.append(
            (f"{units:,} units, dr, csdid", len(own.estimate), np.abs(own.estimate - csdid(data)[0]).max())
        )
    return [
        "## Normalization of the doubly robust estimator",
        "",
        *_markdown(rows, ["data, method and peer", "cells", "largest difference of estimates"]),
        "",
        "The controls' odds weights are scaled to sum to one here, in R's did and in csdid. diff-diff",
        "divides the augmentation by the number of treated instead: the same in the limit, not in a sample.",
        "",
    ]


def small_samples() -> list[str]:
    """Return the small-sample conventions of the interaction-weighted estimator."""
    import pyfixest
    from diff_diff import SunAbraham

    data = panel(60)
    rows = []
    for correction in ("fixest", "none"):
        row = interaction_weighted(data, **KEYS, correction=correction).aggregate("event").row(event_time=0)
        rows.append(
            (f'this package, `correction="{correction}"`', row["estimate"], row["std_error"], row["p_value"])
        )
    peer = SunAbraham().fit(data, **THEIRS).event_study_effects[0]
    rows.append(("diff-diff", peer["effect"], peer["se"], peer["p_value"]))
    names = {"yname": "y", "idname": "unit", "tname": "t", "gname": "g"}
    row = pyfixest.event_study(data, **names, estimator="saturated", cluster="unit").aggregate().loc[0.0]
    rows.append(("pyfixest", row["Estimate"], row["Std. Error"], row["Pr(>|t|)"]))
    return [
        "## Small-sample factors",
        "",
        "Interaction weights at event time 0, 60 units.",
        "",
        *_markdown(rows, ["package", "estimate", "error", "p"]),
        "",
        '`"fixest"` multiplies by G/(G-1) (N-1)/(N-K), unit effects not counted in K, with t(G-1);',
        '`"none"` is what R\'s did, the imputation literature and `group_time` use. The p-values of peers',
        "that use the same error differ when they take the normal or other degrees of freedom.",
        "",
    ]


def two_stages() -> list[str]:
    """Return estimates and errors of the two-stage estimator."""
    import pyfixest
    from diff_diff import TwoStageDiD

    data = panel(500)
    own = two_stage(data, **KEYS, by="overall")
    rows = [("this package", own.estimate[0], own.std_error[0])]
    peer = TwoStageDiD().fit(data, **THEIRS)
    rows.append(("diff-diff", peer.overall_att, peer.overall_se))
    frame = data.assign(on=((data["g"] > 0) & (data["t"] >= data["g"])).astype(int))
    fit = pyfixest.did2s(
        frame, yname="y", first_stage="~ 0 | unit + t", second_stage="~ i(on, ref = 0)", treatment="on",
        cluster="unit",
    )  # fmt: skip
    rows.append(("pyfixest did2s", float(fit.coef().iloc[0]), float(fit.se().iloc[0])))
    return [
        "## Two stages",
        "",
        "500 units, balanced, overall effect.",
        "",
        *_markdown(rows, ["package", "estimate", "error"]),
        "",
        "The first stage is solved exactly here and in diff-diff; pyfixest iterates to a tolerance, which shows",
        "in its last digit.",
        "",
    ]


def switching() -> list[str]:
    """Return the two variance conventions of the switchers estimator."""
    from diff_diff import ChaisemartinDHaultfoeuille

    data = panel(300).query("t <= 12")
    data = data.assign(d=((data["g"] > 0) & (data["t"] >= data["g"])).astype(int))
    keys = {"outcome": "y", "treatment": "d", "unit": "unit", "time": "t", "window": (-1, 1)}
    rows = []
    for variance, correction in (("pool", "cells"), ("pool", "none"), ("cohort", "none")):
        row = switchers(data, **keys, variance=variance, correction=correction).row(event_time=0)
        label = f'this package, `variance="{variance}", correction="{correction}"`'
        rows.append((label, row["estimate"], row["std_error"]))
    peer = ChaisemartinDHaultfoeuille(drop_larger_lower=False).fit(
        data, outcome="y", unit="unit", time="t", treatment="d", L_max=2
    )
    first = peer.event_study_effects[1]
    rows.append(("diff-diff", first["effect"], first["se"]))
    return [
        "## Variance of switchers",
        "",
        *_markdown(rows, ["package and choice", "effect at event time 0", "error"]),
        "",
        "The authors' software centers controls at the mean of all controls of a comparison and multiplies",
        "by n/(n-1) of each group (our default; test_switchers.py holds it to eight digits of a port of it);",
        "diff-diff centers each cohort at its own mean and applies no factor.",
        "",
    ]


def _markdown(rows, columns) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    return lines + ["| " + " | ".join(_cell(v) for v in row) + " |" for row in rows]


def _cell(value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    return "" if np.isnan(value) else f"{value:.6g}"


def main() -> None:
    """Measure everything and write the page."""
    warnings.simplefilter("ignore")
    text = [
        "# Where packages for staggered adoption disagree",
        "",
        "Written by `benchmarks/staggered_disagreements.py` on generated panels, 20 periods and 10 cohorts.",
        "",
    ]
    for section in (unbalanced, doubly_robust, small_samples, two_stages, switching):
        text += section()
    PAGE.write_text("\n".join(text).rstrip() + "\n")


if __name__ == "__main__":
    main()
