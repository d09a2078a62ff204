"""Measure where matching packages disagree on Dehejia and Wahba's experimental sample, and write the page.

``python benchmarks/matching_disagreements.py [--write]``. Figures of R's Matching 4.10-8 are those its own tests
ship (tests/reference/test_matching_weights.py holds them); each is computed again here from our pairs by the rule
that the page names, so that the page shows the reason and not only the difference.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from example_data import lalonde  # noqa: E402

from analysis.estimators import balance_table, match  # noqa: E402

PAGE = ROOT / "docs" / "matching_disagreements.md"
FOUR = ["age", "educ", "re74", "re75"]
R_EXACT, R_THREE = 0.404228086032945, 0.696272433717223


def fit(data, **options):
    """Return the effect on earnings of 1978 in thousands of dollars, matched on four covariates."""
    options = {"estimand": "ATE", "covariates": FOUR} | options
    return match(data, outcome="thousands", treatment="treat", **options)


def exact_errors(data) -> list[str]:
    """Return rows on exact matching: which sum the variance is divided by."""
    found = fit(data, exact=FOUR, variance="sample")
    pairs, outcome = found.extra["pairs"], data["thousands"].to_numpy()
    sign = np.where(data["treat"].to_numpy()[pairs["target_row"]] == 1, 1.0, -1.0)
    gap = sign * (outcome[pairs["target_row"]] - outcome[pairs["donor_row"]]) - found.estimate[0]
    noise = 0.5 * pairs["weight"] @ gap**2 / pairs["weight"].sum()
    used = np.bincount(pairs["donor_row"], pairs["weight"], minlength=len(data))
    focal = np.isin(np.arange(len(data)), pairs["target_row"]).astype(float)
    theirs = np.sqrt(noise * ((1 + used) ** 2).sum()) / len(data)
    rows = [
        ("this package", f"{int(focal.sum())} matched units", found.estimate[0], found.std_error[0]),
        ("our pairs, R's sum", f"all {len(data)} units, unmatched ones too", found.estimate[0], theirs),
        ("R Matching, `exact = TRUE`", "", found.estimate[0], R_EXACT),
    ]
    return [f"| {who} | {what} | {estimate:.6f} | {error:.6f} |" for who, what, estimate, error in rows]


def conditional_variances(data) -> list[str]:
    """Return rows on the outcome variance given covariates, from three neighbours of the same arm."""
    found = fit(data, variance="sample", variance_neighbours=3)
    x, y, d = found.extra["coordinates"], data["thousands"].to_numpy(), data["treat"].to_numpy()
    pairs = found.extra["pairs"]
    load = (1 + np.bincount(pairs["donor_row"], pairs["weight"], minlength=len(y))) ** 2
    both = np.zeros(len(y))
    for i in range(len(y)):
        mates = np.flatnonzero((d == d[i]) & (np.arange(len(y)) != i))
        squared = ((x[mates] - x[i]) ** 2).sum(axis=1)
        both[i] = np.var(y[[i, *mates[squared <= np.sort(squared)[2] + 1e-5]]], ddof=1)
    rows = [
        ("this package", "`J/(J+1) (y - mean of neighbours)^2`, as published", found.std_error[0]),
        ("our pairs, R's variance", "variance of the unit and its neighbours", np.sqrt(both @ load) / len(y)),
        ("R Matching, `Var.calc = 3`", "", R_THREE),
        ("one variance for all", "`variance_neighbours=0`", fit(data, variance="sample").std_error[0]),
    ]
    return [f"| {who} | {what} | {error:.6f} |" for who, what, error in rows]


CHOICES = {
    "with replacement, all ties (R Matching's default)": {},
    "with replacement, first of the ties": {"ties": "first"},
    "without replacement, in order of rows": {"replace": False},
    "without replacement, largest score first": {
        "replace": False, "distance": "propensity", "order": "largest",
    },
    "without replacement, smallest score first": {
        "replace": False, "distance": "propensity", "order": "smallest",
    },
    "least total distance": {"method": "optimal"},
}  # fmt: skip


def choices(data) -> list[str]:
    """Return rows on who may serve twice and who chooses first, for the effect on the treated."""
    lines = []
    for name, options in CHOICES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = fit(data, estimand="ATT", **options)
            turned = fit(data.iloc[::-1], estimand="ATT", **options)
        lines.append(
            f"| {name} | {found.estimate[0]:.3f} | {found.std_error[0]:.3f} | {turned.estimate[0]:.3f} |"
        )
    return lines


def denominators(data) -> list[str]:
    """Return rows on what a difference of means is divided by."""
    lines = []
    for denominator in ("treated", "control", "pooled"):
        table = balance_table(data, treatment="treat", covariates=FOUR, denominator=denominator)
        column = next(name for name in table.columns if "standardized" in name or "smd" in name)
        cells = " | ".join(f"{value:.4f}" for value in table[column])
        lines.append(f"| {denominator} | {cells} |")
    return lines


def page() -> str:
    """Return the page."""
    data = lalonde()
    data = data.assign(thousands=data["re78"] / 1000)
    parts = [
        "# Where matching packages disagree",
        "Written by `benchmarks/matching_disagreements.py` on Dehejia and Wahba's experimental sample, 445 people, 185\n"
        "of them trained; earnings of 1978 in thousands of dollars. Where packages agree, the reference tests hold\n"
        "the digits; this page is about the rest.",
        "## Exact matching: what the error is divided by",
        "Average effect, exact on age, education and earnings of 1974 and 1975.",
        "| package | sum over | estimate | standard error |\n|---|---|---:|---:|\n" + "\n".join(exact_errors(data)),
        "The estimates agree. R's Matching drops units without an exact match from the pairs and keeps them in the\n"
        "number of units by which it divides, so that its standard error shrinks as more units are dropped. The\n"
        "second line computes its figure from our pairs by that rule.",
        "## Outcome variance given covariates",
        "| package | each unit's variance | standard error |\n|---|---|---:|\n" + "\n".join(conditional_variances(data)),
        "Both are unbiased where neighbours share covariates. With one neighbour they are the same number.",
        "## Who may serve twice, and who chooses first",
        "Effect on the treated. The last column is the estimate after the rows are turned upside down.",
        "| choice | estimate | standard error | rows reversed |\n|---|---:|---:|---:|\n" + "\n".join(choices(data)),
        "Only rules that keep all ties, or minimize the total distance without ties, do not depend on the order of\n"
        "rows. Packages differ in defaults here more than in anything else; say which rule was used.",
        "## Standardized differences: by which standard deviation",
        f"| divided by | {' | '.join(FOUR)} |\n|---|{'---:|' * len(FOUR)}\n" + "\n".join(denominators(data)),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    text = page()
    print(text)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
