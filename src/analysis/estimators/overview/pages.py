"""An overview as a page and as a PDF, with the figure and every table inside."""

from __future__ import annotations

import base64
import html
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import EstimationError
from ..staggered.refits import Refits

if TYPE_CHECKING:
    from .staggered_report import StaggeredReport

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #d6d9de; }
td { font-variant-numeric: tabular-nums; }
th { border-bottom: 1px solid #6c717a; } td:first-child, th:first-child { text-align: left; }
td.text { text-align: left; min-width: 16rem; } img { max-width: 100%; }
h2 { font-size: 1.05rem; margin-top: 2rem; }
"""

_SHOWN = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]


def tables(report: StaggeredReport) -> dict[str, pd.DataFrame]:
    """Return every table of the report by its heading, those that exist."""
    found: dict[str, pd.DataFrame | None] = {
        "What the data are like": report.findings,
        "Cohorts": report.cohorts,
        "Coverage by period": report.coverage,
        "Mean outcome by cohort": _wide_means(report.raw_means),
        "Average effect by estimator": _average(report),
        "Event study": None if report.events is None else report.events.tidy(),
        "Test of the leads": None if report.leads is None else report.leads.tidy(),
        "Trend that the leads detect": report.lead_power,
        "Bounds of the mean effect": report.bounds,
        "Sizes": _sizes(report),
        "Without each cohort": None if report.by_cohort is None else _refits(report.by_cohort),
        "Without treated clusters": None if report.by_cluster is None else _refits(report.by_cluster),
        "Placebo dates": None if report.placebos is None else _refits(report.placebos),
        "Not computed, and why": _missing(report),
    }
    return {heading: table for heading, table in found.items() if table is not None and len(table)}


def _wide_means(means: pd.DataFrame) -> pd.DataFrame:
    wide = means.pivot(index="time", columns="cohort", values="mean")
    return wide.reset_index().rename_axis(columns=None)


def _average(report: StaggeredReport) -> pd.DataFrame | None:
    if report.comparison is None:
        return None
    return report.comparison.table("overall")[["estimator", "estimand", *_SHOWN, "df", "n", "clusters"]]


def _refits(refits: Refits) -> pd.DataFrame:
    table = refits.table()
    return table[[name for name in (refits.label, *_SHOWN, "change") if name in table]]


def _sizes(report: StaggeredReport) -> pd.DataFrame | None:
    if report.overall is None:
        return None
    row = report.overall.tidy().iloc[0]
    sizes = {
        "average effect": row["estimate"],
        "effects below this are excluded": row["conf_low"],
        "effects above this are excluded": row["conf_high"],
        "detectable with a probability of 80%": report.detectable,
        "mean of treated units before adoption": report.baseline,
        "breakdown value": report.breakdown,
    }
    return pd.DataFrame(
        [(name, value) for name, value in sizes.items() if value is not None], columns=["what", "size"]
    )


def _missing(report: StaggeredReport) -> pd.DataFrame:
    reasons = dict(report.reasons)
    if report.comparison is not None:
        reasons |= dict(report.comparison.skipped)
    return pd.DataFrame(list(reasons.items()), columns=["part", "why"])


def html_page(report: StaggeredReport) -> str:
    """Return one page without outside files."""
    title = html.escape(f"Staggered adoption and {report.outcome}")
    parts = [f"<h1>{title}</h1>", f"<p>{html.escape(report.paragraph)}</p>"]
    if report.overall is not None:
        image = base64.b64encode(_image(report, "png")).decode()
        words = html.escape(
            "Raw means by cohort, event study, average effect by estimator, refits and placebo dates."
        )
        parts.append(f'<img alt="{words}" src="data:image/png;base64,{image}">')
    parts += [
        f"<h2>{html.escape(heading)}</h2>\n{_html(table)}" for heading, table in report.tables().items()
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join(parts)
    top = f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>'
    return f"{top}\n<body>\n{body}\n</body></html>\n"


def _html(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(_heading(name))}</th>" for name in table.columns)
    rows = "\n".join(
        "<tr>" + "".join(_html_cell(value) for value in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _html_cell(value: object) -> str:
    kind = ' class="text"' if isinstance(value, str) and len(value) > 30 else ""
    return f"<td{kind}>{html.escape(shown(value))}</td>"


def _heading(name: object) -> str:
    return str(name).replace("_", " ")


def shown(value: object) -> str:
    """Return a cell as text: four significant digits, nothing for missing, yes and no."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}".replace("-", "−")
    return "" if value is None else str(value)


def _image(report: StaggeredReport, kind: str) -> bytes:
    held = io.BytesIO()
    options = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 150}
    report.plot().savefig(held, format=kind, **options)
    return held.getvalue()


def write_pdf(report: StaggeredReport, path: Path) -> None:
    """Typeset the report.

    Raises
    ------
    EstimationError
        Typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise EstimationError("Typst is not installed: pip install typst, or write .to_html()") from error
    with tempfile.TemporaryDirectory() as folder:
        if report.overall is not None:
            (Path(folder) / "figure.svg").write_bytes(_image(report, "svg"))
        source = Path(folder) / "report.typ"
        source.write_text(_typst(report), "utf-8")
        made = typst.compile(str(source), format="pdf")
    path.write_bytes(made)


def _typst(report: StaggeredReport) -> str:
    title = _escape(f"Staggered adoption and {report.outcome}")
    lines = [
        f"#set document(title: [{title}], date: none)",
        '#set page(paper: "a4", margin: 2cm, numbering: "1")',
        "#set text(size: 10pt)",
        "#set par(justify: true)",
        "#show table: set text(size: 7.5pt)",
        "#show table: set par(justify: false)",
        "#show heading.where(level: 2): set block(above: 1.6em)",
        f"= {title}",
        _escape(report.paragraph),
    ]
    if report.overall is not None:
        lines.append('#image("figure.svg", width: 100%)')
    for heading, table in report.tables().items():
        lines += [f"== {_escape(heading)}", _typst_table(table)]
    return "\n\n".join(lines) + "\n"


def _typst_table(table: pd.DataFrame) -> str:
    long = [bool(table[name].map(lambda v: isinstance(v, str) and len(v) > 30).any()) for name in table]
    widths = ", ".join("1fr" if wide else "auto" for wide in long)
    sides = ", ".join("left" if wide or j == 0 else "right" for j, wide in enumerate(long))
    head = ", ".join(f"[*{_escape(_heading(name))}*]" for name in table.columns)
    rows = [", ".join(f"[{_escape(shown(v))}]" for v in row) for row in table.itertuples(index=False)]
    body = ",\n  ".join([f"table.header({head})", *rows])
    options = f"columns: ({widths},), align: ({sides},), stroke: none, inset: (x: 3pt, y: 2.5pt)"
    return f"#table({options}, table.hline(y: 1, stroke: 0.5pt),\n  {body},\n)"


def _escape(text: str) -> str:
    marks = "\\#*_`$<>@[]~=/-+"
    return "".join(f"\\{letter}" if letter in marks else letter for letter in text)
