"""A panel looked through before anything is estimated: every fault found, with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.calendar import Calendar, read_calendar, read_cohorts
from ..core.checks import numeric, require_unique
from ..core.dates import with_periods
from ..errors import ColumnError, KeyNotUniqueError
from ..regression.few_clusters import FEW_CLUSTERS

_YEARS = (1000, 3000)
"""Numbers read as calendar years when dates of adoption are given beside them."""


@dataclass(frozen=True)
class Columns:
    """The columns of a study: `cluster` is the unit where none was named."""

    outcome: str
    unit: str
    time: str
    adopted: str
    cluster: str
    weights: str | None = None
    covariates: tuple[str, ...] = ()

    @property
    def used(self) -> list[str]:
        """All names, each once."""
        names = [self.outcome, self.unit, self.time, self.adopted, self.cluster, self.weights]
        return list(dict.fromkeys(name for name in [*names, *self.covariates] if name is not None))


@dataclass(frozen=True)
class Finding:
    """A sentence about the data, what to do about it, and whether nothing can be estimated because of it."""

    what: str
    remedy: str
    stops: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel looked through.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows given, adoption as a number of the time column.
    findings : list of Finding
    calendar : Calendar or None
        None where time cannot be read.
    since : numpy.ndarray or None, shape (rows,)
        Periods since adoption, minus infinity for never treated, NaN where time is missing.
    first : numpy.ndarray or None, shape (rows,)
        Position of the first treated period, infinity for never.
    """

    frame: pd.DataFrame
    findings: list[Finding]
    calendar: Calendar | None = None
    since: np.ndarray | None = None
    first: np.ndarray | None = None

    @property
    def stopped(self) -> bool:
        """Whether nothing can be estimated."""
        return any(finding.stops for finding in self.findings)


def look(data: pd.DataFrame, columns: Columns, anticipation: int, frequency: str | None = None) -> Panel:
    """Return the panel with every fault found, whether or not it can be estimated."""
    frame = data[columns.used].reset_index(drop=True)
    if frame.empty:
        return Panel(frame, [Finding("The data has no rows.", "Check how it was read or filtered.", True)])
    frame, findings = _with_numbers(frame, columns, frequency)
    findings += list(_number_faults(frame, columns))
    if any(finding.stops for finding in findings):
        return Panel(frame, findings)
    findings += list(_key_faults(frame, columns))
    try:
        calendar, when = read_calendar(frame, columns.time)
        first = read_cohorts(frame, columns.adopted, calendar)
    except ColumnError as error:
        return Panel(frame, [*findings, Finding(*_split(str(error)), stops=True)])
    position = calendar.positions(when)
    panel = Panel(frame, findings, calendar, position - first, first)
    findings += list(_adoption_faults(panel, columns, anticipation))
    if not panel.stopped:
        findings += list(_notes(panel, columns))
    return panel


def _with_numbers(
    frame: pd.DataFrame, columns: Columns, frequency: str | None
) -> tuple[pd.DataFrame, list[Finding]]:
    names = [columns.time, columns.adopted]
    if frequency is None and not any(_holds_dates(frame[name]) for name in names):
        return _with_years(frame, columns)
    if frequency is None and pd.api.types.is_numeric_dtype(frame[columns.time]):
        return _with_years(frame, columns)
    dated = frame.assign(**{name: _as_dates(frame[name]) for name in names})
    try:
        return with_periods(dated, names, frequency), []
    except ColumnError as error:
        return frame, [Finding(*_split(str(error)), stops=True)]


def _holds_dates(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype)


def _as_dates(column: pd.Series) -> pd.Series:
    """Return text that is dates throughout, as a file holds them, as dates; anything else as it is."""
    if pd.api.types.is_numeric_dtype(column) or _holds_dates(column):
        return column
    dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
    return column if dates.isna().sum() > column.isna().sum() else dates


def _with_years(frame: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, list[Finding]]:
    """Take the year of dates of adoption beside a column of years, and say so."""
    adopted, time = frame[columns.adopted], frame[columns.time]
    if pd.api.types.is_numeric_dtype(adopted) or not pd.api.types.is_numeric_dtype(time):
        return frame, []
    known = time.dropna()
    if known.empty or known.min() < _YEARS[0] or known.max() > _YEARS[1] or (known % 1 != 0).any():
        return frame, []
    dates = _as_dates(adopted)
    if not _holds_dates(dates) or dates.isna().all():
        return frame, []
    said = Finding(
        f"{columns.adopted!r} holds dates and {columns.time!r} years: a unit counts as treated from the year "
        "of its date on.",
        "Where the first year is treated for a part of it only, give the next year, or anticipation=.",
    )
    return frame.assign(**{columns.adopted: dates.dt.year.astype(float)}), [said]


def _number_faults(frame: pd.DataFrame, columns: Columns) -> Iterator[Finding]:
    names = [columns.outcome, columns.time, columns.adopted, columns.weights, *columns.covariates]
    for name in dict.fromkeys(name for name in names if name is not None):
        try:
            values = numeric(frame, name) if name != columns.adopted else _or_infinite(frame, name)
        except ColumnError as error:
            yield Finding(*_about_text(frame[name], name, str(error)), stops=True)
            continue
        if np.isnan(values).all():
            if name == columns.adopted:
                yield Finding(
                    f"{name!r} is missing in every row: no unit is ever treated.", _GIVE_FIRST, True
                )
            else:
                yield Finding(f"{name!r} is missing in every row.", "Check how it was read.", True)
        elif name == columns.outcome and np.nanmin(values) == np.nanmax(values):
            yield Finding(f"{name!r} is {np.nanmin(values):g} in every row.", "Nothing can move it.", True)


_GIVE_FIRST = "Give each unit's first treated period in every row of it; missing, 0 or infinity for never."


def _or_infinite(frame: pd.DataFrame, name: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(frame[name]):
        return numeric(frame, name)
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _about_text(column: pd.Series, name: str, said: str) -> tuple[str, str]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return f"{name!r} holds dates, not numbers.", f"Count periods, e.g. frame[{name!r}].dt.year."
    if pd.api.types.is_numeric_dtype(column):
        return _split(said)
    no_number = column.notna() & pd.to_numeric(column, errors="coerce").isna()
    if not no_number.any():
        return (
            f"{name!r} holds numbers written as text.",
            f"Read them as numbers: pd.to_numeric(frame[{name!r}]).",
        )
    first = sorted(set(column[no_number].astype(str)))[:3]
    return (
        f"{name!r} holds text in {int(no_number.sum())} of {len(column)} rows, e.g. "
        f"{', '.join(map(repr, first))}.",
        "Give a number in every row; leave it empty where it is unknown.",
    )


def _split(said: str) -> tuple[str, str]:
    """Return an error's sentence and, after its last colon, the remedy."""
    what, mark, remedy = said.rpartition(": ")
    if not mark:
        return f"{said[:1].upper()}{said[1:]}.", "Correct it."
    return f"{what[:1].upper()}{what[1:]}.", f"{remedy[:1].upper()}{remedy[1:]}."


def _key_faults(frame: pd.DataFrame, columns: Columns) -> Iterator[Finding]:
    try:
        require_unique(frame, columns.unit, columns.time)
    except KeyNotUniqueError as error:
        yield Finding(*_split(str(error)), stops=True)
    for name in dict.fromkeys((columns.adopted, columns.cluster)):
        if name == columns.unit:
            continue
        values = frame[name].replace({0: np.inf}).fillna(np.inf) if name == columns.adopted else frame[name]
        several = values.groupby(frame[columns.unit]).nunique(dropna=False)
        if changing := list(several.index[several > 1]):
            yield Finding(
                f"{name!r} differs within {len(changing)} of {len(several)} units, first {changing[:3]}.",
                _GIVE_FIRST if name == columns.adopted else "Give each unit one cluster.",
                stops=True,
            )


def _adoption_faults(panel: Panel, columns: Columns, anticipation: int) -> Iterator[Finding]:
    calendar, first = panel.calendar, panel.first
    assert calendar is not None and first is not None
    name, periods = columns.adopted, calendar.position
    if len(periods) < 2:
        yield Finding("The data has one period.", "Before and after are needed: add periods.", stops=True)
        return
    values = set(np.unique(panel.frame[name].dropna()))
    if 1 in values and values <= {0, 1} and not {0.0, 1.0} & set(calendar.labels):
        yield Finding(
            f"{name!r} holds 0 and 1 only: it looks like a treatment, not a period.",
            "Make periods of it: adoption_cohort(frame, unit=, time=, treatment=).",
            stops=True,
        )
        return
    inside = np.isfinite(first) & (first <= periods[-1]) & (first - anticipation > periods[0])
    yield from _nobody_to_compare(first, periods, inside)


def _nobody_to_compare(first: np.ndarray, periods: np.ndarray, inside: np.ndarray) -> Iterator[Finding]:
    if not inside.any():
        late = np.isfinite(first) & (first > periods[-1])
        where = "after the last period" if late.any() else "in the first period or before"
        what = (
            f"All adoptions lie {where} of the data"
            if np.isfinite(first).any()
            else "No unit is ever treated"
        )
        yield Finding(
            f"{what}.", "Add periods on both sides of some adoption, or check the column.", stops=True
        )
    elif (inside | (first <= periods[0])).all() and len(np.unique(first[inside])) == 1:
        yield Finding(
            "All units are treated, in one and the same period: there is nobody to compare with.",
            "Add units that are never treated, or treated later.",
            stops=True,
        )


def _notes(panel: Panel, columns: Columns) -> Iterator[Finding]:
    frame, first, calendar = panel.frame, panel.first, panel.calendar
    assert first is not None and calendar is not None
    cells = len(frame[columns.unit].unique()) * len(calendar.labels)
    complete = frame[columns.used].drop(columns=columns.adopted).notna().all(axis=1)
    if lost := int((~complete).sum()):
        yield Finding(
            f"{lost} of {len(frame)} rows lack a value and are left out.", "See the coverage by period."
        )
    if (seen := int(complete.sum())) < cells:
        yield Finding(
            f"{cells - seen} of {cells} unit-periods are missing.",
            "Comparisons use the units seen in both of their periods; ask why the others are missing.",
        )
    early = np.isfinite(first) & (first <= calendar.position[0])
    if early.any():
        units = frame.loc[early, columns.unit].nunique()
        yield Finding(
            f"{units} units are treated from the first period on and are left out.", "Add earlier periods."
        )
    if np.isfinite(first).all():
        yield Finding(
            "No unit is never treated: units not yet treated are the comparison, up to the last adoption.",
            "Effects at long horizons cannot be told from changes of everybody.",
        )
    yield from _few(frame, first, columns)


def _few(frame: pd.DataFrame, first: np.ndarray, columns: Columns) -> Iterator[Finding]:
    clusters = frame[columns.cluster].nunique()
    treated = frame.loc[np.isfinite(first), columns.cluster].nunique()
    if treated == 1:
        yield Finding(
            "One cluster is treated: no standard error can be estimated from it.",
            "Use synthetic_control or randomization_test.",
        )
    if clusters < FEW_CLUSTERS:
        yield Finding(
            f"{clusters} clusters in {columns.cluster!r}, fewer than {FEW_CLUSTERS}: intervals may be too "
            "short.",
            "Check with wild_bootstrap or randomization_test.",
        )


def as_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return the findings as a table: ``what, remedy, stops``."""
    rows: list[Mapping[str, object]] = [vars(finding) for finding in findings]
    return pd.DataFrame(rows, columns=["what", "remedy", "stops"])
