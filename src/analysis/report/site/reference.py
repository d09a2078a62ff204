"""Pages of the documentation that are written from the code: estimators by family, panels by codebook."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from ... import estimators, panels
from ...panels import manifest_of
from ...panels.rates import Rate, rates_of
from ...paths import processed_dir
from ...studies.multiverse.spec import SPEC

#: Families of public estimators in the order of the reference; what is in none of them ends the build.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "Panel regression": (
        *["ols", "poisson", "negative_binomial", "random_effects", "between", "first_differences"],
        *["mundlak", "hausman", "driscoll_kraay", "event_study", "two_by_two"],
    ),
    "Inference": (
        *[
            "Conley",
            "wild_bootstrap",
            "score_bootstrap",
            "randomization_test",
            "romano_wolf",
            "adjust_p_values",
        ],
        *["joint_test", "cluster_diagnostics"],
    ),
    "Staggered adoption": (
        *["group_time", "imputation", "two_stage", "interaction_weighted", "extended_twfe", "stacked"],
        *["local_projection", "switchers", "efficient_timing", "bacon_decomposition", "twfe_weights"],
        *["compare_estimators", "adoption_cohort", "ended_cohort", "exposure_rings"],
    ),
    "Sensitivity and power": (
        *["honest_bounds", "breakdown_value", "pretest_power", "placebo_dates", "leave_one_out"],
        *["equivalence_test", "minimum_detectable_effect", "sign_and_magnitude_errors"],
        *["omitted_variable_bounds", "rosenbaum_bounds", "e_value"],
    ),
    "Matching and weighting": (
        *["match", "full_match", "coarsened_exact", "subclassify", "genetic_match", "entropy_balance"],
        *["balance_table", "balance_tests", "effective_sample_sizes"],
    ),
    "Synthetic controls": ("synthetic_control", "synthetic_did", "conformal_intervals"),
    "Results": (
        *[
            "Estimates",
            "Sample",
            "GroupTime",
            "Comparison",
            "Refits",
            "PretestPower",
            "WaldTest",
            "CellWeights",
        ],
        *["ClusterDiagnostics", "ESTIMATORS"],
    ),
}
#: Columns of the specification curve's results that are numbers: unit, and what they are.
_RESULTS = {
    "spec": ("code", "Short hash of the choices"),
    "percent": ("percent", "Estimated effect on recorded crimes, in percent of what is expected"),
    "std_error": ("percent", "Its standard error"),
    "conf_low": ("percent", "Lower end of its interval"),
    "conf_high": ("percent", "Upper end of its interval"),
    "p_value": ("probability", "Two-sided p-value by the specification's own errors"),
    "raw": ("own scale", "The estimate on the scale on which it was made"),
    "raw_error": ("own scale", "Standard error on that scale"),
    "rows": ("agency-years", "Rows used"),
    "agencies": ("agencies", "Agencies used"),
    "cities": ("cities", "Adopting cities used"),
    "states": ("states", "States of the adopting cities"),
    "problem": ("text", "Why there is no number; empty where there is one"),
    "draw": ("number", "Number of the permutation; 0 is the policies as they were"),
    "statistic": ("t", "Estimate over its standard error"),
}
_CURVE = ("multiverse", "multiverse_joint")
_LAST, _ERRORS = "Further names", "Errors and warnings"


def families() -> dict[str, list[str]]:
    """Return every public name of the estimators under its family; new ones under their own headings."""
    public = list(estimators.__all__)
    found = {title: [name for name in names if name in public] for title, names in FAMILIES.items()}
    placed = {name for names in found.values() for name in names}
    rest = [name for name in public if name not in placed]
    errors = [name for name in rest if name.endswith(("Error", "Warning"))]
    others = [name for name in rest if name not in errors]
    return {title: names for title, names in (found | {_LAST: others, _ERRORS: errors}).items() if names}


def estimators_page() -> str:
    """Return the reference of estimators: one table of names per family, each a page of its own."""
    lines = ["# Estimators", "", "Everything here is imported from `analysis.estimators`.", ""]
    for title, names in families().items():
        lines += [f"## {title}", "", "```{eval-rst}", ".. currentmodule:: analysis.estimators", ""]
        lines += [
            ".. autosummary::",
            "   :toctree: api",
            "   :nosignatures:",
            "",
            *[f"   {name}" for name in names],
        ]
        lines += ["```", ""]
    return "\n".join(lines)


def codebook() -> dict[str, dict[str, str]]:
    """Return every column of the codebook by name."""
    found: dict[str, dict[str, str]] = {}
    place = files(panels) / "codebook"
    for file in sorted(place.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".csv"):
            lines = file.read_text("utf-8").splitlines()
            found.update({row["name"]: row for row in csv.DictReader(lines)})
    return found


def panels_pages() -> Iterator[tuple[str, str]]:
    """Yield the file name and text of the panels' overview and of one page per committed panel."""
    columns = codebook()
    names = sorted(
        path.name.removesuffix(".manifest.json") for path in processed_dir().glob("*.manifest.json")
    )
    overview = ["# Panels", "", "Each is loaded by name, verified against its manifest as it is read:", ""]
    overview += ["```python", "from analysis import panels", "", 'panels.load("city_year").head()', "```", ""]
    overview += ["```{eval-rst}", ".. currentmodule:: analysis.panels", "", ".. autosummary::"]
    overview += [
        "   :toctree: api",
        "   :nosignatures:",
        "",
        *[f"   {name}" for name in panels.__all__],
        "```",
        "",
    ]
    overview += ["| panel | rows | a row is identified by |", "|---|---:|---|"]
    for name in names:
        manifest = manifest_of(name)
        overview.append(
            f"| [{name}](panel_{name}.md) | {manifest['rows']:,} | {', '.join(manifest['keys'])} |"
        )
    toctree = ["", "```{toctree}", ":hidden:", "", *[f"panel_{name}" for name in names], "```"]
    yield "panels.md", "\n".join([*overview, *toctree, ""])
    for name in names:
        yield f"panel_{name}.md", _panel_page(name, columns)


def _panel_page(name: str, columns: Mapping[str, Mapping[str, str]]) -> str:
    manifest = manifest_of(name)
    lines = [f"# {name}", "", f"{manifest['rows']:,} rows, one for each {', '.join(manifest['keys'])}.", ""]
    lines += ["```python", "from analysis import panels", "", f'{name} = panels.load("{name}")', "```", ""]
    lines += ["| column | unit | missing | meaning |", "|---|---|---|---|"]
    rates = rates_of(name)
    known = curve_columns() if name in _CURVE else columns
    lines += [_column_row(column, known.get(column), rates) for column in manifest["columns"]]
    dropped = manifest.get("dropped", {})
    if dropped:
        lines += ["", "## Rows of the sources that did not enter", "", "| reason | rows |", "|---|---:|"]
        lines += [f"| {reason} | {rows:,} |" for reason, rows in dropped.items()]
    lines += ["", "## Made from", "", *[f"- `{path}`" for path in manifest["inputs"]], ""]
    return "\n".join(lines)


def curve_columns() -> dict[str, dict[str, str]]:
    """Return the columns of the specification curve's results: its choices, then its numbers."""
    choices = {
        one.name: {"unit": "choice", "nullable": "no", "meaning": one.title, "allowed": "|".join(one.levels)}
        for one in SPEC.curve.dimensions
    }
    numbers = {
        name: {"unit": unit, "nullable": "yes", "meaning": meaning}
        for name, (unit, meaning) in _RESULTS.items()
    }
    return choices | numbers


def _column_row(column: str, about: Mapping[str, str] | None, rates: Mapping[str, Rate]) -> str:
    if column in rates:
        count, population, base = rates[column]
        return f"| `{column}` | rate | yes | `{count}` per {base:,.0f} `{population}`. Computed on loading. |"
    if about is None:
        return f"| `{column}` | | | |"
    meaning = about["meaning"].replace("|", "\\|").rstrip(".")
    allowed = about.get("allowed", "")
    words = f" One of: {', '.join(allowed.split('|'))}." if allowed else ""
    return f"| `{column}` | {about['unit']} | {about['nullable']} | {meaning}.{words} |"


def write_reference(directory: Path) -> None:
    """Write the pages made from code under ``reference``."""
    place = directory / "reference"
    place.mkdir(parents=True, exist_ok=True)
    (place / "estimators.md").write_text(estimators_page(), "utf-8")
    for file, text in panels_pages():
        (place / file).write_text(text, "utf-8")
