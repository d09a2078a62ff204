"""What the specification curve says: its overview, which forks move it, each choice against the headline."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ...estimators.core.intervals import excludes_zero
from .grid import one_step, spec_hash
from .rules import Choice
from .spec import SPEC, MultiverseSpec

#: Errors do not touch the estimate, and the placebo is one estimator's.
_BY_CONSTRUCTION = ("errors",)
RESIDUAL = "residual"
Blocks = dict[tuple[str, ...], np.ndarray]


def summary(frame: pd.DataFrame, *, spec: MultiverseSpec = SPEC) -> dict[str, float]:
    """Return the number of specifications, their median, spread and signs, and how many are significant."""
    low = frame["p_value"].lt(spec.significant)
    up = frame["percent"].gt(0)
    spread = frame["percent"].quantile([0.05, 0.25, 0.75, 0.95])
    return {
        "specifications": len(frame),
        "median": frame["percent"].median(),
        "p05": spread[0.05],
        "p25": spread[0.25],
        "p75": spread[0.75],
        "p95": spread[0.95],
        "negative": float((~up).mean()),
        "significant": float(low.mean()),
        "significant_up": float((low & up).mean()),
        "significant_down": float((low & ~up).mean()),
        "cities": frame["cities"].median(),
    }


def overview(frame: pd.DataFrame, by: list[str], *, spec: MultiverseSpec = SPEC) -> pd.DataFrame:
    """Return `summary` for each combination of forks, in the forks' order, with their titles."""
    groups = [
        {**dict(zip(by, key, strict=True)), **summary(rows, spec=spec)} for key, rows in frame.groupby(by)
    ]
    table = pd.DataFrame(groups)
    for name in reversed(by):
        order = {level: place for place, level in enumerate(spec.curve.dimension(name).levels)}
        table = table.iloc[table[name].map(order).argsort(kind="stable")]
    return table.assign(
        **{name: table[name].map(spec.curve.dimension(name).levels) for name in by}
    ).reset_index(drop=True)


def significant_by_group(frame: pd.DataFrame, *, spec: MultiverseSpec = SPEC) -> dict[str, float]:
    """Return the share significant among robust estimators, two-way contrasts, and the placebo test."""
    kind = np.where(frame["estimator"].isin(spec.contrast), "contrast", "staggered")
    kind = np.where(frame["errors"].eq("placebo"), "placebo", kind)
    shares = frame["p_value"].lt(spec.significant).groupby(kind).mean()
    return {str(name): float(share) for name, share in shares.items()}


def variance_shares(
    frame: pd.DataFrame, response: str = "percent", *, spec: MultiverseSpec = SPEC
) -> pd.DataFrame:
    """Return each fork's share of the variance of the estimates, by two analyses of variance.

    Sums of squares are of type II: how much worse the model fits without the fork, all others given; less
    what as many columns of chance would have explained, so that shares can be slightly negative. Columns of
    the other forks' pairs take up some of a fork's part by chance: ``total`` is on the low side.

    Parameters
    ----------
    frame : pandas.DataFrame
        Specifications with a number.
    response : {"percent", "statistic"}
        The effect, or its t statistic, moved in to the percentiles `TRIM`.

    Returns
    -------
    pandas.DataFrame
        ``term, title``, ``alone`` (the fork in a model of all forks) and ``total`` (the fork and its
        interactions in a model of all forks and all their pairs), by ``total``. An interaction counts with
        both its forks. The last row, ``residual``, is what either model leaves.
    """
    values = frame["raw"] / frame["raw_error"] if response == "statistic" else frame["percent"]
    low, high = values.quantile(list(spec.trim))
    y = values.clip(low, high).to_numpy()
    forks = [fork for fork in spec.curve.dimensions if fork.name not in _BY_CONSTRUCTION]
    mains: Blocks = {(fork.name,): _indicators(frame[fork.name], fork.levels) for fork in forks}
    pairs: Blocks = {(*a, *b): _products(mains[a], mains[b]) for a, b in itertools.combinations(mains, 2)}
    shares = {"alone": _shares(y, mains), "total": _shares(y, mains | pairs)}
    table = pd.DataFrame(shares).rename_axis("term").reset_index()
    titles = {fork.name: fork.title for fork in forks} | {RESIDUAL: "Left over"}
    table.insert(1, "title", table["term"].map(titles))
    last = table["term"].eq(RESIDUAL)
    return pd.concat([table[~last].sort_values("total", ascending=False), table[last]], ignore_index=True)


def _indicators(column: pd.Series, levels: Iterable[str]) -> np.ndarray:
    return np.column_stack([column.eq(level).to_numpy(float) for level in list(levels)[1:]])


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    made: np.ndarray = (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)
    return made


def _shares(y: np.ndarray, blocks: Blocks) -> dict[str, float]:
    total = float(((y - y.mean()) ** 2).sum())
    names = [term[0] for term in blocks if len(term) == 1]
    left, rank = _left(y, list(blocks.values()))
    noise = left / (len(y) - rank)
    found = {}
    for name in names:
        less, smaller = _left(y, [block for term, block in blocks.items() if name not in term])
        found[name] = (less - left - (rank - smaller) * noise) / total
    return found | {RESIDUAL: (len(y) - 1) * noise / total}


def _left(y: np.ndarray, blocks: list[np.ndarray]) -> tuple[float, int]:
    """Return the residual sum of squares on a constant and the blocks, and the rank of the columns."""
    columns = np.column_stack([np.ones(len(y)), *blocks])
    gram = columns.T @ columns
    values, vectors = np.linalg.eigh(gram)
    kept = values > values[-1] * 1e-10
    scores = vectors[:, kept].T @ (columns.T @ y)
    return float(y @ y - (scores**2 / values[kept]).sum()), int(kept.sum())


def headline(frame: pd.DataFrame, base: Choice | None = None, *, spec: MultiverseSpec = SPEC) -> pd.Series:
    """Return the headline specification's row, or another's."""
    return frame[frame["spec"].eq(spec_hash(base or spec.curve.headline))].iloc[0]


def robustness(
    frame: pd.DataFrame, base: Choice | None = None, *, spec: MultiverseSpec = SPEC
) -> pd.DataFrame:
    """Return what every choice does: to the headline, alone, and to the median of all specifications.

    Parameters
    ----------
    frame : pandas.DataFrame
        Specifications with a number, `base` and its neighbours among them.
    base : mapping of str to str, optional
        What stands for the headline.

    Returns
    -------
    pandas.DataFrame
        One row a fork and level: ``fork, choice``; ``percent, conf_low, conf_high, p_value`` of the headline
        with this choice changed (the median estimate's specification when several are as near); ``changes``
        (other choices that had to change with it); ``shift`` (median of all specifications with the level
        less that of those with the headline's level), ``significant`` and ``specifications``; ``overturns``:
        whether the interval excludes zero where the headline's does not, or the other way round.
    """
    base = base or spec.curve.headline
    row, near = headline(frame, base, spec=spec), _neighbours(frame, base, spec=spec)
    medians = {fork.name: frame.groupby(fork.name)["percent"].median() for fork in spec.curve.dimensions}
    rows = []
    for fork in spec.curve.dimensions:
        for level, title in fork.levels.items():
            mine = frame[frame[fork.name].eq(level)]
            alone = row if level == base[fork.name] else _median_row(near, base, fork.name, level, spec=spec)
            rows.append(
                {
                    "fork": fork.title,
                    "choice": title,
                    **_alone(alone, row, base, fork.name, spec=spec),
                    "shift": medians[fork.name][level] - medians[fork.name][base[fork.name]],
                    "significant": mine["p_value"].lt(spec.significant).mean(),
                    "specifications": len(mine),
                }
            )
    return pd.DataFrame(rows)


def _neighbours(frame: pd.DataFrame, base: Choice, *, spec: MultiverseSpec) -> pd.DataFrame:
    names = {spec_hash(choice) for choice in one_step(base, spec=spec)}
    return frame[frame["spec"].isin(names)].sort_values("spec")


def _median_row(
    near: pd.DataFrame, base: Choice, name: str, level: str, *, spec: MultiverseSpec
) -> pd.Series | None:
    """Return the middle one of the specifications that are nearest to the headline and have the level."""
    rows = near[near[name].eq(level)]
    if not len(rows):
        return None
    usual = rows["errors"].isin([base["errors"], spec.curve.usual_errors])
    rows = rows[usual] if name != "errors" and usual.any() else rows
    changed = rows[list(base)].ne(pd.Series(base)).sum(axis=1)
    rows = rows[changed.eq(changed.min())].sort_values(["percent", "spec"])
    return rows.iloc[(len(rows) - 1) // 2]


def _alone(
    row: pd.Series | None, head: pd.Series, base: Choice, name: str, *, spec: MultiverseSpec
) -> dict[str, object]:
    columns = ["percent", "conf_low", "conf_high", "p_value"]
    if row is None:
        return dict.fromkeys(columns, np.nan) | {"changes": "", "overturns": False}
    others = [f for f in spec.curve.dimensions if f.name != name and row[f.name] != base[f.name]]
    return {column: row[column] for column in columns} | {
        "changes": ", ".join(f"{f.title.lower()}: {f.levels[row[f.name]].lower()}" for f in others),
        "overturns": bool(_out(row) != _out(head)),
    }


def _out(row: pd.Series) -> bool:
    return bool(excludes_zero(row["conf_low"], row["conf_high"]))


def forks_table(spec: MultiverseSpec = SPEC) -> pd.DataFrame:
    """Return every fork with its levels, the headline's first, and its reason."""
    rows = [(f.title, "; ".join(f.levels.values()), f.reason) for f in spec.curve.dimensions]
    return pd.DataFrame(rows, columns=["fork", "levels", "reason"])


def indicators(
    frame: pd.DataFrame, names: Iterable[str] | None = None, *, spec: MultiverseSpec = SPEC
) -> dict[str, pd.DataFrame]:
    """Return for each fork, by its title, which specifications have which level, by the level's name."""
    chosen = [spec.curve.dimension(name) for name in names] if names else spec.curve.dimensions
    return {
        fork.title: pd.DataFrame({title: frame[fork.name].eq(level) for level, title in fork.levels.items()})
        for fork in chosen
    }
