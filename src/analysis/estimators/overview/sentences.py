"""Sentences of what an overview rules out and what it does not: every word follows from a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..regression.few_clusters import FEW_CLUSTERS
from .parts import POWER

if TYPE_CHECKING:
    from ..staggered.refits import Refits
    from .staggered_report import StaggeredReport


def paragraph(report: StaggeredReport) -> str:
    """Return the paragraph."""
    return " ".join(_sentences(report))


def number(value: float) -> str:
    """Return a number with three significant digits and a true minus sign.

    Examples
    --------
    >>> number(-0.03951), number(1234567.0)
    ('−0.0395', '1,230,000')
    """
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    places = 2 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, places):,.{max(places, 0)}f}".replace("-", "−")


def _sentences(report: StaggeredReport) -> Iterator[str]:
    if report.stops:
        yield "Nothing can be estimated from this panel."
        for finding in report.findings[report.findings["stops"].astype(bool)].itertuples():
            yield f"{finding.what} {finding.remedy}"
        return
    yield _size(report)
    if report.overall is None:
        why = report.reasons.get("group-time effects", "no cell is left")
        yield f"The average effect cannot be estimated: {why}."
        return
    if (treated := _treated_clusters(report)) < 2:
        yield (
            f"The average effect on the treated is estimated as {number(_row(report).estimate)}, from one "
            "treated cluster: no error can be estimated, so nothing is ruled out."
        )
        return
    yield from _effect(report, treated)
    yield from _leads(report)
    yield from _bounds(report)
    yield from _stability(report)
    before = "the last period" if not report.anticipation else f"{1 + report.anticipation} periods"
    yield (
        "All of this assumes that, without adoption, treated and comparison units would have moved alike "
        f"from {before} before adoption on; no test here can show that."
    )


def _size(report: StaggeredReport) -> str:
    cohorts = report.cohorts
    never = int(cohorts.loc[cohorts["cohort"].eq("never"), "units"].sum())
    adopting = cohorts[cohorts["cohort"].ne("never")]
    periods = report.coverage["time"]
    return (
        f"{int(cohorts['units'].sum()):,} units are seen over {len(periods)} periods ("
        f"{periods.min():g} to {periods.max():g}): {int(adopting['units'].sum()):,} adopt, in "
        f"{_counted(len(adopting), 'cohort')}"
        f", and {f'{never:,}' if never else 'none'} never {'do' if never != 1 else 'does'}."
    )


def _row(report: StaggeredReport) -> pd.Series:
    assert report.overall is not None
    return report.overall.tidy().iloc[0]


def _treated_clusters(report: StaggeredReport) -> int:
    return int(_row(report).get("treated_clusters", 2))


def _effect(report: StaggeredReport, treated: int) -> Iterator[str]:
    row = _row(report)
    low, high = number(row.conf_low), number(row.conf_high)
    base = (
        "" if np.isnan(report.baseline) else f", beside a mean of {number(report.baseline)} before adoption"
    )
    yield (
        f"The average effect on the treated is {number(row.estimate)} ({report.level:.0%} interval {low} to "
        f"{high}; {_counted(treated, 'treated cluster')}){base}."
    )
    yield _zero(row, low, high)
    clusters = report.overall.sample.clusters if report.overall is not None else None
    if clusters is not None and clusters < FEW_CLUSTERS:
        yield (
            f"With {clusters} clusters, fewer than {FEW_CLUSTERS}, this interval may be too short; check it "
            "with wild_bootstrap or randomization_test."
        )
    if report.detectable is not None:
        yield (
            f"An effect of {number(report.detectable)} in either direction would have been found with a "
            f"probability of {POWER:.0%}; a smaller one might well be missed."
        )


def _zero(row: pd.Series, low: str, high: str) -> str:
    if row.conf_low > 0 or row.conf_high < 0:
        side, near, far = ("rise", low, high) if row.conf_low > 0 else ("fall", high, low)
        return (
            f"If trends are parallel, the outcome has {'risen' if side == 'rise' else 'fallen'}: an effect "
            f"of zero is excluded, and so is a {side} of less than {_size_of(near)} or more "
            f"than {_size_of(far)}."
        )
    return (
        "The interval includes zero, which does not show that there is no effect: a fall of up to "
        f"{_size_of(low)} and a rise of up to {_size_of(high)} are not ruled out; larger ones are, if "
        "trends are parallel."
    )


def _size_of(said: str) -> str:
    return said.lstrip("−")


def _leads(report: StaggeredReport) -> Iterator[str]:
    if report.leads is None:
        why = report.reasons.get("leads", "no lead")
        yield f"Trends before adoption could not be tested ({why}): nothing here speaks for the comparison."
        return
    rejects = report.leads.p_value < 1 - report.level
    yield (
        f"The joint test of {_counted(report.leads.df, 'lead')} {'rejects' if rejects else 'does not reject'}"
        f" equal trends before adoption (p {_p(report.leads.p_value)})."
    )
    if rejects:
        yield (
            "The groups moved apart before anybody adopted, so the average effect should not be read as one "
            "of adoption."
        )
    if report.lead_power is not None:
        yield _power(report, rejects)


def _power(report: StaggeredReport, rejects: bool) -> str:
    assert report.lead_power is not None
    joint: Any = report.lead_power.set_index("test").loc["joint"]
    more = joint.average_after >= abs(float(_row(report).estimate))
    ending = ": passing the test says little about it." if more and not rejects else "."
    return (
        f"The test finds, with a probability of {POWER:.0%}, a trend that differs by {number(joint.slope)} a "
        f"period; such a trend alone would move the average after adoption by {number(joint.average_after)}, "
        f"{'more' if more else 'less'} than the effect estimated{ending}"
    )


def _bounds(report: StaggeredReport) -> Iterator[str]:
    if report.breakdown is None:
        why = report.reasons.get("bounds") or report.reasons.get("breakdown value", "no lead to measure by")
        yield f"Bounds that allow trends to differ could not be computed ({why})."
        return
    mean = "the mean of the event study's effects"
    if report.breakdown == 0:
        yield f"Even with exactly parallel trends {mean} cannot be told from zero."
    elif np.isinf(report.breakdown):
        yield (
            f"{mean[0].upper()}{mean[1:]} stays away from zero even when trends may break ten times as much "
            "after adoption as they ever did before."
        )
    else:
        yield (
            f"{mean[0].upper()}{mean[1:]} can be told from zero as long as trends break after adoption by no "
            f"more than {number(report.breakdown)} times the largest break before it."
        )
    if report.bounds is not None and len(one := report.bounds[report.bounds["value"].eq(1.0)]):
        low, high = number(one.iloc[0].conf_low), number(one.iloc[0].conf_high)
        yield f"If breaks after adoption may be as large as before, that mean lies between {low} and {high}."


def _stability(report: StaggeredReport) -> Iterator[str]:
    estimate = float(_row(report).estimate)
    for refits, what in ((report.by_cohort, "cohort"), (report.by_cluster, "treated cluster")):
        if refits is not None:
            yield _range(refits, what, estimate)
    if report.comparison is not None and len(report.comparison.overall) > 1:
        table = report.comparison.table("overall")
        low, high = table["estimate"].min(), table["estimate"].max()
        zero = int(((table["conf_low"] <= 0) & (table["conf_high"] >= 0)).sum())
        yield (
            f"The {len(table)} estimators that this panel admits give {number(low)} to {number(high)}, "
            f"averaged over different units and periods; {zero} of their intervals "
            f"{_verb(zero, 'include')} zero."
        )
    if report.placebos is not None:
        table = report.placebos.table()
        away = int(((table["conf_low"] > 0) | (table["conf_high"] < 0)).sum())
        ending = ": a warning about the comparison." if away else "."
        yield (
            f"Of {_counted(len(table), 'placebo date')} before adoption, {away or 'none'} "
            f"{_verb(away or 1, 'find')} an effect where there can be none{ending}"
        )


def _range(refits: Refits, what: str, estimate: float) -> str:
    values = refits.table()["estimate"]
    turned = int((np.sign(values) != np.sign(estimate)).sum())
    sign = f"; the sign turns in {turned}" if turned else "; the sign stays"
    return (
        f"Without any one {what} ({_counted(len(values), 'refit')}) the estimate lies between "
        f"{number(values.min())} and {number(values.max())}{sign}."
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _verb(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
