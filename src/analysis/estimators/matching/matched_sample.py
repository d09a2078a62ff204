"""What every matching and weighting estimator shares: the rows it may use, weights, and its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Array, Bools, Floats, Ints
from ..core.checks import as_list, codes, numeric, require_columns
from ..core.result import Estimates, Sample
from ..errors import ColumnError, NotIdentifiedError
from .neighbors import Pairs


@dataclass(frozen=True)
class MatchFrame:
    """Complete rows as arrays; row numbers in kernels count these rows, ``positions`` those given."""

    index: pd.Index
    given: int
    positions: np.ndarray
    missing: dict[str, int]
    outcome_names: tuple[str, ...]
    names: tuple[str, ...]
    outcomes: np.ndarray
    treated: np.ndarray
    covariates: np.ndarray
    stratum: np.ndarray
    adjust: np.ndarray
    cluster: np.ndarray
    coordinates: np.ndarray = field(default_factory=lambda: np.empty(0))
    caliper_values: np.ndarray = field(default_factory=lambda: np.empty(0))
    caliper_names: tuple[str, ...] = ()
    row_weights: np.ndarray | None = None

    def strata(self) -> Iterator[np.ndarray]:
        """Yield the rows of each exact stratum, ascending."""
        order = np.argsort(self.stratum, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(self.stratum[order])) + 1)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return values by row of the frame given, NaN where the row was dropped."""
        full = np.full((self.given, *values.shape[1:]), np.nan)
        full[self.positions] = values
        return full

    def weights(self, pairs: Pairs, estimand: str) -> np.ndarray:
        """Return weights of the rows: their own (1) as a target plus the shares given as a donor."""
        own = np.ones(len(self.treated)) if self.row_weights is None else self.row_weights
        weights = np.bincount(pairs.donor, pairs.weight * own[pairs.target], minlength=len(self.treated))
        focal = np.unique(pairs.target)
        weights[focal] += own[focal]
        return weights


def read_frame(
    data: pd.DataFrame,
    outcome: str | Sequence[str],
    treatment: str,
    covariates: str | Sequence[str],
    exact: str | Sequence[str] | None = None,
    more: tuple[list[str] | tuple[Any, ...], list[str] | tuple[Any, ...]] = ((), ()),
    exact_suffices: bool = False,
    weights: Any = None,
) -> MatchFrame:
    """Check columns, drop incomplete rows counting each under its first missing column, return arrays.

    Parameters
    ----------
    more : pair of sequences of str
        Columns of the bias adjustment, and of clusters.
    exact_suffices : bool
        Whether exact strata will do without covariates.
    weights : str, optional
        Column of positive weights of rows.
    """
    outcomes, names, strata = as_list(outcome), as_list(covariates), as_list(exact)
    adjust, cluster = more
    weighing = as_list(weights)
    require_columns(data, [*outcomes, treatment, *names, *strata, *adjust, *cluster, *weighing])
    _require_names(outcomes, names or (strata if exact_suffices else []))
    wanted = dict.fromkeys([treatment, *outcomes, *names, *adjust, *weighing])
    columns = {name: numeric(data, name) for name in wanted}
    complete, missing = _complete(data, columns, [*strata, *cluster])
    treated = _binary(columns[treatment][complete], treatment)

    def stacked(wanted: list[str] | tuple[Any, ...]) -> Floats:
        return np.column_stack(
            [columns[name][complete] for name in wanted] or [np.empty((complete.sum(), 0))]
        )

    return MatchFrame(
        index=data.index,
        given=len(data),
        positions=np.flatnonzero(complete),
        missing=missing,
        outcome_names=tuple(outcomes),
        names=tuple(names),
        outcomes=stacked(outcomes),
        treated=treated,
        covariates=stacked(names),
        stratum=_group_codes(data, strata, complete),
        adjust=stacked(adjust),
        cluster=_group_codes(data, cluster, complete),
        row_weights=None if weights is None else _positive(columns[weights][complete], weights),
    )


def _require_names(outcomes: list[str], matched_on: list[str]) -> None:
    if not outcomes:
        raise ColumnError("name at least one outcome")
    if not matched_on:
        raise ColumnError("name at least one covariate to match on")


def _positive(values: Array, name: str) -> Array:
    if (values <= 0).any():
        raise ColumnError(
            f"{int((values <= 0).sum())} weights in {name!r} are zero or negative: drop those rows"
        )
    return values


def _complete(
    data: pd.DataFrame, columns: dict[str, Floats], others: list[str]
) -> tuple[Bools, dict[str, int]]:
    complete, missing = np.ones(len(data), bool), {}
    absent = {name: np.isnan(values) for name, values in columns.items()}
    absent |= {name: data[name].isna().to_numpy() for name in others}
    for name, mask in absent.items():
        if count := int((complete & mask).sum()):
            missing[f"{name} missing"] = count
        complete &= ~mask
    return complete, missing


def binary_treatment(data: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are treated, and of which rows that is known; both arms must occur."""
    values = numeric(data, name)
    known = ~np.isnan(values)
    treated = np.zeros(len(values), bool)
    treated[known] = _binary(values[known], name)
    return treated, known


def _binary(values: Floats, name: str) -> Bools:
    if not np.isin(values, (0.0, 1.0)).all():
        odd = values[~np.isin(values, (0.0, 1.0))][0]
        raise ColumnError(f"treatment {name!r} must be 0 or 1, and holds {odd:g}")
    treated: Bools = values == 1.0
    if treated.all() or not treated.any():
        absent = "control" if treated.all() and len(treated) else "treated"
        raise NotIdentifiedError(f"no {absent} unit among the {len(treated)} complete rows")
    return treated


def _group_codes(data: pd.DataFrame, names: list[str] | tuple[Any, ...], complete: Bools) -> Ints:
    if not names:
        return np.zeros(int(complete.sum()), np.int64)
    found = np.zeros(int(complete.sum()), np.int64)
    for name in names:
        code, values = codes(data[name][complete])
        found = np.unique(found * max(len(values), 1) + code, return_inverse=True)[1]
    return found


def set_codes(pairs: Pairs, n: int) -> np.ndarray:
    """Return the matched set of each row (its target's number), -1 for rows in none."""
    sets = np.full(n, -1, np.int64)
    sets[pairs.target] = pairs.target
    sets[pairs.donor] = pairs.target
    return sets


def pair_table(frame: MatchFrame, pairs: Pairs) -> pd.DataFrame:
    """Return pairs with positions and index labels of the frame given."""
    target, donor = frame.positions[pairs.target], frame.positions[pairs.donor]
    return pd.DataFrame(
        {
            "target_row": target,
            "donor_row": donor,
            "target": frame.index[target],
            "donor": frame.index[donor],
            "distance": pairs.distance,
            "weight": pairs.weight,
        }
    )


def ledger(
    frame: MatchFrame, weights: np.ndarray, reasons: dict[str, np.ndarray], clusters: int | None = None
) -> Sample:
    """Return the sample ledger: used rows have weight, others are counted by reason.

    Parameters
    ----------
    weights : numpy.ndarray, shape (complete rows,)
    reasons : dict of str to numpy.ndarray of bool
        Why complete rows without weight were left out; they must not overlap.
    """
    rows = np.zeros(frame.given, bool)
    rows[frame.positions[weights > 0]] = True
    dropped = dict(frame.missing)
    dropped |= {why: int(mask.sum()) for why, mask in reasons.items() if mask.any()}
    used = int(rows.sum())
    return Sample(given=frame.given, used=used, dropped=dropped, units=used, clusters=clusters, rows=rows)


def matched_result(
    frame: MatchFrame,
    method: str,
    pairs: Pairs,
    estimand: str,
    estimate: Floats,
    covariance: Floats,
    design: dict[str, int | str],
    level: float,
    extra: dict[str, Floats],
    clusters: int | None = None,
) -> Estimates:
    """Return the result of a matching estimator with pairs, weights and ledger."""
    weights = frame.weights(pairs, estimand)
    target = np.ones(len(weights), bool) if estimand == "ATE" else frame.treated == (estimand == "ATT")
    idle = weights <= 0
    reasons = {"no admissible match": idle & target, "not chosen as a match": idle & ~target}
    full = np.zeros(frame.given)
    full[frame.positions] = weights
    return Estimates(
        method=method,
        keys=pd.DataFrame({"term": list(frame.outcome_names)}),
        estimate=estimate,
        covariance=covariance,
        sample=ledger(frame, weights, reasons, clusters),
        design=design,
        level=level,
        extra={"pairs": pair_table(frame, pairs), "weights": full, **extra},
    )
