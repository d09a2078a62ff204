"""One treated place against a weighted mean of others, by two estimators, with every donor as a placebo.

A case is a balanced table of one treated unit and its donors. Each case is fitted by synthetic control and
by synthetic difference-in-differences. Inference is by permutation alone: every donor is treated in turn, and
the treated unit's estimate stands among theirs, itself counted on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...errors import ImpossibleValueError
from ...estimators import Estimates, synthetic_control, synthetic_did
from .specification import LOG, RATE

METHODS = {"synthetic_control": "Synthetic control", "synthetic_did": "Synthetic DiD"}
DONOR_GAP = "lacks a comparable year of the window"
#: With no more donors than this each is a placebo once, and nothing is random.
MOST_DONORS = 500


@dataclass(frozen=True)
class Case:
    """A balanced table of one treated unit and its donors.

    Attributes
    ----------
    name, unit : str
        What the case is called, and the treated unit.
    start : int
        First treated year.
    values : pandas.DataFrame
        Index: units, the treated one among them; columns: years. Nothing is missing.
    donors_dropped : dict of str to int
        Donors left out, by reason; with those kept they are the donors given.
    years_dropped : tuple of int
        Years left out for every unit, because the treated one has no comparable figure.
    """

    name: str
    unit: str
    start: int
    values: pd.DataFrame
    donors_dropped: dict[str, int] = field(default_factory=dict)
    years_dropped: tuple[int, ...] = ()

    @property
    def before(self) -> int:
        """Number of years before treatment."""
        return int((np.asarray(self.values.columns) < self.start).sum())

    @property
    def after(self) -> int:
        """Number of years under treatment, the first included."""
        return int((np.asarray(self.values.columns) >= self.start).sum())

    @property
    def donors(self) -> int:
        """Number of donors kept."""
        return len(self.values) - 1


@dataclass(frozen=True)
class Fitted:
    """One case fitted by one estimator.

    Attributes
    ----------
    row : dict
        See `fit`.
    result : Estimates
    placebos : pandas.Series
        Mean effect of each donor as if it were treated, by donor.
    """

    row: dict[str, Any]
    result: Estimates
    placebos: pd.Series


def build_case(
    name: str, unit: str, start: int, table: pd.DataFrame, years: Sequence[int], scale: str = RATE
) -> Case:
    """Return the case of one treated unit, years it lacks and donors with a gap left out and counted.

    Parameters
    ----------
    name, unit : str
    start : int
        First treated year.
    table : pandas.DataFrame
        Rates by unit and year, missing where not comparable; the rows other than `unit` are the donors.
    years : sequence of int
        The window.
    scale : {"rate", "log"}
        Whether rates or their logarithms are compared. A rate of zero has no logarithm, and counts as a gap.
    """
    window: Any = table[list(years)].astype(float)
    if scale == LOG:
        window = np.log(window.where(window > 0))
    known = window.columns[window.loc[unit].notna()]
    complete = window[known].notna().all(axis=1)
    return Case(
        name=name,
        unit=unit,
        start=start,
        values=window.loc[complete, known].sort_index(),
        donors_dropped={DONOR_GAP: int((~complete).sum())},
        years_dropped=tuple(int(year) for year in window.columns.difference(known)),
    )


def long_of(case: Case) -> pd.DataFrame:
    """Return one row a unit and year: ``unit, year, value, treated``."""
    table = case.values.rename_axis(index="unit", columns=None).reset_index()
    rows = table.melt(id_vars="unit", var_name="year", value_name="value")
    rows["year"] = rows["year"].astype(int)
    return rows.assign(treated=(rows["unit"].eq(case.unit) & rows["year"].ge(case.start)).astype(int))


def fit(case: Case, method: str, *, level: float = 0.95) -> Fitted:
    """Estimate one case and place it among its placebos.

    Returns
    -------
    Fitted
        ``row``: ``estimate`` (mean over the years under treatment of treated less synthetic); ``p_value`` and
        ``rank`` (among absolute placebo estimates, the treated unit counted on both sides; rank 1 is the
        largest); ``p_value_ratio`` (synthetic control only: rank of the ratio of root mean square gaps after
        to before); ``conf_low, conf_high`` (constant effects that the rank test does not reject
        at ``1 - level``);
        ``detectable`` (half that interval's width: the smallest estimate the test could call distinguishable
        from zero); ``placebo_sd``; ``fit_before`` (root mean square gap before); ``level_before`` and
        ``counterfactual`` (treated mean before, and what the weighted donors give after); ``weighted``
        (donors with a weight above a hundredth); ``hull`` (synthetic control only).

    Raises
    ------
    ImpossibleValueError
        With more donors than `MOST_DONORS`, of which placebos would be drawn at random.
    """
    if case.donors > MOST_DONORS:
        raise ImpossibleValueError(f"{case.donors} donors, more than {MOST_DONORS}.", where=case.name)
    result, placebos = _FITS[method](case)
    estimate = float(result.estimate[0])
    half = half_width(placebos.to_numpy(), level)
    exceeding = _exceeding(estimate, placebos.to_numpy())
    path, weights = result.extra["path"], result.extra["unit_weights"]["weight"]
    row = {
        "before": case.before,
        "after": case.after,
        "donors": case.donors,
        "donors_dropped": sum(case.donors_dropped.values()),
        "years_dropped": len(case.years_dropped),
        "estimate": estimate,
        "p_value": (1 + exceeding) / (1 + len(placebos)),
        "rank": 1 + exceeding,
        "p_value_ratio": float(result.row(term="ATT")["p_value"])
        if method == "synthetic_control"
        else np.nan,
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "detectable": half,
        "placebo_sd": float(placebos.std(ddof=0)),
        "fit_before": _fit_before(path),
        "level_before": float(path.loc[~path["is_post"], "treated"].mean()),
        "counterfactual": float(path.loc[path["is_post"], "treated"].mean()) - estimate,
        "weighted": int((weights > 0.01).sum()),
        "hull": result.design.get("hull", ""),
    }
    return Fitted(row, result, placebos)


def half_width(placebos: np.ndarray, level: float = 0.95) -> float:
    """Return how far a supposed constant effect may lie from the estimate without the rank test rejecting it.

    The test rejects when ``(1 + exceeding) / (1 + placebos) <= 1 - level``. With too few placebos to reject
    anything the answer is infinite.
    """
    sizes = np.sort(np.abs(placebos))[::-1]
    needed = int(np.floor((1 - level) * (1 + len(sizes)) + 1e-9))
    return float(sizes[needed - 1]) if needed else np.inf


def _exceeding(estimate: float, placebos: np.ndarray) -> int:
    return int((np.abs(placebos) >= abs(estimate) * (1 - 1e-12)).sum())


def _fit_before(path: pd.DataFrame) -> float:
    gap = path.loc[~path["is_post"], "gap"]
    return float(np.sqrt((gap**2).mean()))


def _control(case: Case) -> tuple[Estimates, pd.Series]:
    result = synthetic_control(long_of(case), outcome="value", unit="unit", time="year", treatment="treated")
    gaps = result.extra["placebo_gaps"]
    return result, gaps[gaps.index >= case.start].mean()


def _did(case: Case) -> tuple[Estimates, pd.Series]:
    result = synthetic_did(
        long_of(case),
        outcome="value",
        unit="unit",
        time="year",
        treatment="treated",
        draws=MOST_DONORS,
    )
    donors = result.extra["unit_weights"]["unit"]
    return result, pd.Series(result.extra["effects_drawn"][:, 0], index=donors)


_FITS = {"synthetic_control": _control, "synthetic_did": _did}
