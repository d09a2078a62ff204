"""`Estimates`: the one frozen result of every estimator, and `Sample`, the ledger of what was used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..errors import EstimationError
from .distributions import t_quantile, t_upper
from .reported import Reported, plot_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATISTICS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


@dataclass(frozen=True)
class Sample:
    """What an estimator was given, what it used, and what it left out and why.

    Attributes
    ----------
    given, used : int
        Rows handed in and rows used.
    dropped : mapping of str to int
        Rows left out by reason; ``used + sum(dropped.values()) == given`` always.
    units, clusters : int or None
        Number of distinct units and of clusters in the used rows. With two-way clustering, the smaller.
    rows : numpy.ndarray of bool, shape (given,)
        Which of the given rows were used, in the order given.
    """

    given: int
    used: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    units: int | None = None
    clusters: int | None = None
    rows: np.ndarray | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.used + sum(self.dropped.values()) != self.given:
            raise AssertionError(f"sample ledger does not add up: {self}")


@dataclass(frozen=True, eq=False, repr=False)
class Estimates(Reported):
    """Point estimates, their covariance, the sample, and the design that made them.

    Attributes
    ----------
    method : str
        Name of the estimator, as in the public function.
    keys : pandas.DataFrame, shape (k, number of keys)
        What each estimate is: ``term``, or ``cohort`` and ``time``, or ``event_time``.
    estimate : numpy.ndarray, shape (k,)
    covariance : numpy.ndarray, shape (k, k)
    sample : Sample
    design : mapping
        Plain values that say how it was done; always has ``correction`` (the small-sample
        convention's name) and ``df`` (degrees of freedom of t, ``inf`` for normal).
    level : float
        Confidence level of ``conf_low`` and ``conf_high``.
    overrides : mapping of str to numpy.ndarray, shape (k,)
        Columns of `tidy` that do not follow from t statistics (bootstrap p-values, inverted intervals).
    influence : numpy.ndarray or None, shape (units, k)
        Influence functions, one row a unit, scaled so that ``influence.T @ influence / units**2``
        is the covariance without small-sample factors.
    seed : int or None
        Seed of any random draws.
    extra : mapping
        What only this method has: weights, matched pairs, the ledger of cells, diagnostics.
    """

    method: str
    keys: pd.DataFrame
    estimate: np.ndarray
    covariance: np.ndarray
    sample: Sample
    design: Mapping[str, Any]
    level: float = 0.95
    overrides: Mapping[str, np.ndarray] = field(default_factory=dict)
    influence: np.ndarray | None = field(default=None, repr=False)
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        sample = self.sample
        of = {"n": sample.used, "units": sample.units, "clusters": sample.clusters}
        size = ", ".join(f"{name}={count:,}" for name, count in of.items() if count is not None)
        by = " and ".join(str(name) for name in self.keys.columns)
        return f"{type(self).__name__}({self.method}: {len(self.estimate)} by {by}; {size})"

    @property
    def std_error(self) -> np.ndarray:
        """Square roots of the covariance's diagonal, shape (k,)."""
        return np.sqrt(np.diag(self.covariance))

    def coef(self) -> pd.Series:
        """Return the estimates, indexed by the keys."""
        return pd.Series(self.estimate, self._index(), name="estimate")

    def se(self) -> pd.Series:
        """Return the standard errors, indexed by the keys."""
        return pd.Series(self.std_error, self._index(), name="std_error")

    def confint(self, level: float | None = None) -> pd.DataFrame:
        """Return ``conf_low`` and ``conf_high`` of `tidy`, indexed by the keys."""
        return self.tidy(level)[["conf_low", "conf_high"]].set_axis(self._index(), axis=0)

    def vcov(self) -> pd.DataFrame:
        """Return the covariance of the estimates, both ways indexed by the keys."""
        return pd.DataFrame(self.covariance, self._index(), self._index())

    def _index(self) -> pd.Index:
        keys = self.keys
        return pd.Index(keys.iloc[:, 0]) if keys.shape[1] == 1 else pd.MultiIndex.from_frame(keys)

    def tidy(self, level: float | None = None) -> pd.DataFrame:
        """Return one row an estimate with broom's columns.

        Parameters
        ----------
        level : float, optional
            Confidence level; the result's own when omitted.

        Returns
        -------
        pandas.DataFrame
            The keys, then ``estimate, std_error, statistic, p_value, conf_low, conf_high``; where units are
            treated at different times also ``treated_units`` and ``treated_clusters``, how many of each a
            row rests on: from one of them no error can be estimated that means anything.
        """
        level = self.level if level is None else level
        return self.keys.assign(**self._statistics(slice(None), level)).reset_index(drop=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: method, n, units, clusters, dropped, correction, df, seed."""
        sample = self.sample
        row = {
            "method": self.method,
            "n": sample.used,
            "units": sample.units,
            "clusters": sample.clusters,
            "dropped": sample.given - sample.used,
            "correction": self.design.get("correction"),
            "df": self.design.get("df"),
            "seed": self.seed,
        }
        return pd.DataFrame([row])

    def row(self, **key: Any) -> pd.Series:
        """Return the single row of `tidy` whose keys equal the given ones, e.g. ``row(term="post")``."""
        keep = np.logical_and.reduce([self.keys[name] == value for name, value in key.items()])
        if keep.sum() != 1:
            raise KeyError(f"{key} names {int(keep.sum())} of the estimates {self.keys.to_dict('records')}")
        at = int(np.argmax(keep))
        keys = {str(name): self.keys[name].iloc[at] for name in self.keys}
        columns = self._statistics(slice(at, at + 1), self.level)
        return pd.Series(keys | {name: values[0] for name, values in columns.items()}, name=at)

    def _statistics(self, rows: slice, level: float) -> dict[str, np.ndarray]:
        df = self.design.get("df", np.inf)
        columns = t_columns(self.estimate[rows], self.std_error[rows], df[rows] if np.ndim(df) else df, level)
        overrides = self.overrides if level == self.level else _pointwise(self.overrides)
        return columns | {name: np.asarray(values)[rows] for name, values in overrides.items()}

    def summary(self) -> str:
        """Return the result as text: what it is, the rows of `tidy`, how it was done and what was dropped."""
        table = self.tidy().to_string(index=False, float_format="{:.4g}".format)
        return f"{self!r}\n\n{table}\n\n{self._notes()}"

    def plot(self, ax: Axes | None = None, level: float | None = None) -> Axes:
        """Draw estimates and intervals: along time or event time, else one below the other.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure when omitted.
        level : float, optional
            Confidence level; the result's own when omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        names = [str(name) for name in self.keys.columns]
        by = names[0] if len(names) == 2 else None
        if len(names) > 2:
            raise EstimationError(f"choose rows first: estimates keyed by {names} have no plot of their own")
        return plot_rows(self.tidy(level), names[-1], by, ax)

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        rows = self.tidy()
        names = self.keys.astype(str).agg(" ".join, axis=1)
        columns = {"b": "estimate", "se": "std_error", "t": "statistic", "p": "p_value"}
        columns |= {"ci95l": "conf_low", "ci95u": "conf_high"} if self.level == 0.95 else {}
        table = pd.DataFrame({short: rows[long].to_numpy() for short, long in columns.items()})
        return table.set_axis(pd.Index(names, name="Coefficient"), axis=0)

    @property
    def __maketables_depvar__(self) -> str:
        return str(self.design.get("outcome", "outcome"))

    @property
    def __maketables_fixef_string__(self) -> str | None:
        effects = self.design.get("effects", "none")
        return None if effects == "none" else str(effects).replace(" + ", "+")

    @property
    def __maketables_vcov_info__(self) -> dict[str, Any]:
        return {"vcov_type": self.design.get("covariance"), "clustervar": self.design.get("cluster")}

    def __maketables_stat__(self, key: str) -> Any:
        known = {"N": self.sample.used, "r2_within": self.extra.get("r2_within")}
        return known.get(key, self.glance().iloc[0].get(key))

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return ["N"]

    def _notes(self) -> str:
        notes = ", ".join(f"{name}: {value!s}" for name, value in self.design.items() if np.isscalar(value))
        dropped = "; ".join(f"{count} {why}" for why, count in self.sample.dropped.items()) or "none"
        return f"{self.method}. N = {self.sample.used:,}; dropped: {dropped}. {notes}."

    def _repr_markdown_(self) -> str:
        table = self.tidy().to_markdown(index=False, floatfmt=".4g") if _has_tabulate() else str(self.tidy())
        return f"{table}\n\n{self._notes()}"


def t_columns(
    estimate: Floats | float, std_error: Floats | float, df: Floats | float, level: float
) -> dict[str, np.ndarray]:
    """Return the six broom columns from estimates, standard errors and degrees of freedom (inf: normal)."""
    estimate, std_error = np.asarray(estimate, float), np.asarray(std_error, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / std_error
    half = t_quantile(0.5 + level / 2, df) * std_error
    p_value = 2 * t_upper(np.abs(statistic), df)
    values = (estimate, std_error, statistic, p_value, estimate - half, estimate + half)
    return dict(zip(STATISTICS, values, strict=True))


def _pointwise(overrides: Mapping[str, Any]) -> dict[Any, Any]:
    return {name: value for name, value in overrides.items() if not name.startswith("conf_")}


def _has_tabulate() -> bool:
    from importlib.util import find_spec

    return find_spec("tabulate") is not None
