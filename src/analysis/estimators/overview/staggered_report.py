"""One call for a panel with staggered adoption: `staggered_report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_columns, require_level, require_option
from ..core.dates import FREQUENCIES
from ..core.entry import takes_labels
from ..core.reported import Reported
from ..core.result import Estimates
from ..errors import EstimationError
from ..regression.wald import WaldTest
from ..staggered.compare import Comparison
from ..staggered.refits import Refits
from . import description, diagnosis
from .parts import Choices, Parts, choose, compute
from .sentences import paragraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class StaggeredReport(Reported):
    """Everything `staggered_report` found, the faults of the data first.

    Attributes
    ----------
    outcome : str
        Name of the outcome.
    findings : pandas.DataFrame
        ``what, remedy, stops``: what is wrong or worth knowing about the panel; nothing is estimated where
        one of them stops.
    cohorts : pandas.DataFrame
        ``cohort, units, clusters, rows, mean_before, periods_before, periods_after``.
    coverage : pandas.DataFrame
        ``time, units, treated, missing``: units with an outcome, those of them treated by then, rows without.
    raw_means : pandas.DataFrame
        ``cohort, time, mean, units``.
    comparison : Comparison or None
        Every estimator that the panel admits; ``comparison.skipped`` says why the others are not there.
    overall, events : Estimates or None
        Average effect on the treated and event study of `group_time`, in units of the outcome.
    leads : WaldTest or None
        Joint test of the effects before the reference period.
    lead_power : pandas.DataFrame or None
        ``test, power, slope, average_after``: the straight trend that the tests find with 80%, in units of
        the outcome a period, and what it would do to the mean after adoption.
    bounds : pandas.DataFrame or None
        `honest_bounds` (relative magnitudes) of the mean effect of the event study.
    breakdown : float or None
        `breakdown_value` of the same.
    detectable : float or None
        Average effect found with a probability of 80%.
    baseline : float
        Mean outcome of treated units before adoption; NaN where there is none.
    by_cohort, by_cluster, placebos : Refits or None
        The average effect without each cohort, without each of the treated clusters that bear most on it, and
        at dates before adoption.
    reasons : mapping of str to str
        Why a part is None.
    control : str
        Whom treated units are compared with.
    anticipation : int
    level : float
    """

    outcome: str
    findings: pd.DataFrame
    cohorts: pd.DataFrame
    coverage: pd.DataFrame
    raw_means: pd.DataFrame
    comparison: Comparison | None = None
    overall: Estimates | None = None
    events: Estimates | None = None
    leads: WaldTest | None = None
    lead_power: pd.DataFrame | None = None
    bounds: pd.DataFrame | None = None
    breakdown: float | None = None
    detectable: float | None = None
    baseline: float = np.nan
    by_cohort: Refits | None = None
    by_cluster: Refits | None = None
    placebos: Refits | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    control: str = ""
    anticipation: int = 0
    level: float = 0.95

    @property
    def stops(self) -> bool:
        """Whether a fault of the data stopped every estimate."""
        return bool(self.findings["stops"].any())

    @property
    def paragraph(self) -> str:
        """What the data rule out and what they do not, in plain sentences."""
        return paragraph(self)

    def tidy(self) -> pd.DataFrame:
        """Return the average effect by estimator; without any estimate, the findings."""
        return self.findings if self.comparison is None else self.comparison.table("overall")

    def glance(self) -> pd.DataFrame:
        """Return one row: outcome, units, periods, estimate and interval, test of leads, breakdown value."""
        row = {
            "outcome": self.outcome,
            "units": int(self.cohorts["units"].sum()),
            "periods": len(self.coverage),
        }
        if self.overall is not None:
            found = self.overall.tidy().iloc[0]
            row |= {name: float(found[name]) for name in ("estimate", "conf_low", "conf_high")}
        row |= {"leads_p": None if self.leads is None else self.leads.p_value, "breakdown": self.breakdown}
        return pd.DataFrame([row])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by its heading, those that exist."""
        from .pages import tables

        return tables(self)

    def summary(self) -> str:
        """Return the report as text: the paragraph, then every table."""
        from textwrap import fill

        parts = [fill(self.paragraph, 100)]
        for heading, table in self.tables().items():
            parts.append(f"{heading}\n{table.to_string(index=False, float_format='{:.4g}'.format)}")
        return "\n\n".join(parts)

    def plot(self) -> Figure:
        """Return one figure: raw means, event study, estimators, refits and placebo dates.

        Raises
        ------
        EstimationError
            Where nothing could be estimated or drawn: the findings say why.
        """
        from .drawing import draw

        return draw(self)

    def to_html(self, path: str | Path | None = None) -> str:  # type: ignore[override]
        """Return the report as one page that needs no other file, and write it to `path` when given."""
        from .pages import html_page

        text = html_page(self)
        if path is not None:
            Path(path).write_text(text, "utf-8")
        return text

    def to_pdf(self, path: str | Path) -> None:
        """Write the report as a PDF, typeset by Typst (``pip install typst``).

        Raises
        ------
        EstimationError
            Typst is not installed.
        """
        from .pages import write_pdf

        write_pdf(self, Path(path))


@takes_labels
def staggered_report(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    adopted: str,
    cluster: str | None = None,
    weights: str | None = None,
    covariates: str | Sequence[str] | None = None,
    control: str | None = None,
    anticipation: int = 0,
    frequency: str | None = None,
    window: tuple[int, int] | None = None,
    level: float = 0.95,
    refits: int = 50,
    seed: int = 0,
) -> StaggeredReport:
    """Study a panel in which units adopt something at different times, in one call.

    The estimand is the average effect of adoption on those who adopted, under parallel trends (given
    covariates, if any) and no anticipation beyond `anticipation` periods; `compare_estimators` says what each
    other estimator averages over.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period (polars, pyarrow and DuckDB frames are taken too).
    outcome, unit, time : str
        Columns. Rows that lack a value are left out and counted in ``findings``.
    adopted : str
        First treated period, constant within unit; missing, 0 or infinite for never. Dates beside a `time` of
        years count by their year.
    cluster : str, optional
        Clusters of units, for all standard errors; the unit itself when omitted.
    weights : str, optional
        Positive sampling weights. Estimators that take none are left out, with that reason.
    covariates : str or sequence of str, optional
        Numeric columns that enter the untreated outcome linearly; estimators that take none are left out.
    control : {"never", "not_yet"}, optional
        Whom treated units are compared with: the never treated, where there are any, when omitted.
    anticipation : int
        Periods before adoption in which units may already respond.
    frequency : {"year", "quarter", "month", "week", "day"}, optional
        Length of a period where `time` and `adopted` hold dates (also as text, ISO 8601).
    window : (int, int), optional
        Event times of the event study; four periods on both sides, or as far as the panel goes, when omitted.
    level : float
        Confidence level of every interval, and one less the size of every test.
    refits : int
        Treated clusters that are left out one at a time: those that bear most on the estimate.
    seed : int
        Of the draws of bounds and of synthetic difference-in-differences.

    Returns
    -------
    StaggeredReport
        Also for a panel from which nothing can be estimated: it then says why, and what to do.

    Raises
    ------
    ColumnError
        A column is absent.
    EstimationError
        On an unknown option.

    References
    ----------
    Callaway and Sant'Anna (2021), doi:10.1016/j.jeconom.2020.12.001; Rambachan and Roth (2023),
    doi:10.1093/restud/rdad018; Roth (2022), doi:10.1257/aeri.20210236.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import staggered_report
    >>> frame = pd.DataFrame([(u, t) for u in range(12) for t in range(2000, 2006)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 6 else 2003 if u < 9 else 2004 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> report = staggered_report(frame, outcome="y", unit="unit", time="year", adopted="first")
    >>> report.paragraph.split(". ")[0]
    '12 units are seen over 6 periods (2000 to 2005): 6 adopt, in 2 cohorts, and 6 never do'
    """
    _require(control, anticipation, window, level, refits)
    require_option("frequency", frequency, (None, *FREQUENCIES))
    columns = diagnosis.Columns(
        outcome, unit, time, adopted, cluster or unit, weights, tuple(as_list(covariates))
    )
    require_columns(data, columns.used)
    panel = diagnosis.look(data, columns, anticipation, frequency)
    if panel.stopped:
        return _described(panel, columns, Parts(), None, level, anticipation)
    chosen = choose(panel, control, anticipation, window, level, refits, seed)
    return _described(panel, columns, compute(panel, columns, chosen), chosen, level, anticipation)


def _require(
    control: str | None, anticipation: int, window: tuple[int, int] | None, level: float, refits: int
) -> None:
    require_level(level)
    require_option("control", control, (None, "never", "not_yet"))
    if anticipation < 0 or refits < 1:
        raise EstimationError(
            f"anticipation must not be negative, refits at least 1: {anticipation}, {refits}"
        )
    if window is not None and not (window[0] <= -1 and window[1] >= 0):
        raise EstimationError(f"window must start at -1 or before and end at 0 or after, not {window}")


def _described(
    panel: diagnosis.Panel,
    columns: diagnosis.Columns,
    parts: Parts,
    chosen: Choices | None,
    level: float,
    anticipation: int,
) -> StaggeredReport:
    readable = panel.calendar is not None and pd.api.types.is_numeric_dtype(panel.frame[columns.outcome])
    seen = panel if readable else diagnosis.Panel(panel.frame, panel.findings)
    names: tuple[str, ...] = (
        "comparison",
        "overall",
        "events",
        "leads",
        "lead_power",
        "bounds",
        "breakdown",
        "detectable",
    )
    names += ("by_cohort", "by_cluster", "placebos", "reasons")
    return StaggeredReport(
        outcome=columns.outcome,
        findings=diagnosis.as_frame(panel.findings),
        cohorts=description.cohort_table(seen, columns),
        coverage=description.coverage_table(seen, columns),
        raw_means=description.raw_means(seen, columns),
        baseline=_baseline(seen, columns),
        control="" if chosen is None else chosen.control,
        anticipation=anticipation,
        level=level,
        **{name: getattr(parts, name) for name in names},
    )


def _baseline(panel: diagnosis.Panel, columns: diagnosis.Columns) -> float:
    if panel.since is None or panel.first is None or panel.calendar is None:
        return float("nan")
    inside = np.isfinite(panel.first) & (panel.first > panel.calendar.position[0]) & (panel.since < 0)
    return float(panel.frame.loc[inside, columns.outcome].astype(float).mean())
