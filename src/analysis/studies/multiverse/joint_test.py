"""Joint inference for the specification curve: the same cities' policies permuted in every specification.

Under the sharp hypothesis that no policy changed any crime, and that within a class of size any city could
have adopted at any of the dates, the whole curve could as well have come from other cities (Simonsohn,
Simmons and Nelson 2020, doi:10.1038/s41562-020-0912-z). One draw permutes cohorts over the cities of each
size class; all specifications of a draw share the random keys that decide who adopts, so that their
dependence is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from ...panels.store import load, write_panel
from ...paths import processed_dir
from ..designs.city_sample import PANELS
from . import fits
from .grid import spec_hash
from .spec import JOINT_FITS, NAMES, PERMUTATIONS, SEED, SIGNIFICANT

NAME = "multiverse_joint"
COLUMNS = ["spec", "draw", "percent", "statistic", "p_value"]
STATISTICS = {
    "median": "Absolute median effect, percent",
    "significant": "Share with p below the threshold",
    "one_sided": "Larger share significant with one sign",
    "mean_statistic": "Absolute mean t statistic",
}


def representatives(committed: pd.DataFrame, seed: int = SEED) -> list[dict[str, str]]:
    """Return one specification for each treatment and outcome, drawn by seed from those that can be permuted.

    They use estimators that take hundredths of a second, and samples with cities that never adopt and
    without treatment by statewide law, which no permutation of cities can imitate.
    """
    usable = committed[
        committed["estimator"].isin(JOINT_FITS)
        & committed["problem"].eq("")
        & committed["comparison"].ne("ever")
        & committed["laws"].eq("controls_leave")
        & ~(committed["estimator"].eq("extended_twfe") & committed["scale"].eq("count"))
    ].sort_values("spec")
    chosen = usable.groupby(["treatment", "outcome"], sort=True).sample(1, random_state=seed)
    return [dict(zip(NAMES, row, strict=True)) for row in chosen[list(NAMES)].itertuples(index=False)]


def permuted(frame: pd.DataFrame, draw: int, seed: int = SEED) -> pd.DataFrame:
    """Return a sample whose cohorts belong to other cities of the size class; draw 0 changes nothing."""
    if draw == 0:
        return frame
    cities = frame[["ori", "size", "cohort"]].drop_duplicates("ori").sort_values("ori").reset_index(drop=True)
    key = cities["ori"].map(_keys(draw, seed)).to_numpy()
    given = np.zeros(len(cities), int)
    for size in np.unique(cities["size"]):
        here = np.flatnonzero(cities["size"].eq(size).to_numpy())
        dates = cities["cohort"].to_numpy()[here]
        dates = dates[dates > 0]
        given[here[np.argsort(key[here], kind="stable")][: len(dates)]] = dates
    cohort = frame["ori"].map(dict(zip(cities["ori"], given, strict=True))).astype(int)
    return frame.assign(cohort=cohort, treated=(cohort.gt(0) & frame["year"].ge(cohort)).astype(float))


def _keys(draw: int, seed: int) -> pd.Series:
    """Return one random number an agency: the same in every sample."""
    names = np.sort(fits.panel("city_year")["ori"].unique())
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(draw,)))
    return pd.Series(random.random(len(names)), index=names)


def compute(choice: dict[str, str], draws: Sequence[int], seed: int = SEED) -> list[dict[str, Any]]:
    """Return one specification's effect in each draw."""
    name = spec_hash(choice)
    with threadpool_limits(limits=1, user_api="blas"):
        frame = fits.sample(choice)
        rows = []
        for draw in draws:
            found = fits.estimate(permuted(frame, draw, seed), choice)
            t = found["raw"] / found["raw_error"]
            values = (name, draw, found["percent"], t, found["p_value"])
            rows.append(dict(zip(COLUMNS, values, strict=True)))
        return rows


def run(
    chosen: Sequence[dict[str, str]],
    *,
    draws: int = PERMUTATIONS,
    seed: int = SEED,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Return each specification's effect as observed (draw 0) and in each permutation."""
    numbers = range(draws + 1)
    found = Parallel(n_jobs=n_jobs)(delayed(compute)(choice, numbers, seed) for choice in chosen)
    table = pd.DataFrame([row for rows in found for row in rows], columns=COLUMNS)
    return table.sort_values(["spec", "draw"]).reset_index(drop=True)


def by_draw(table: pd.DataFrame) -> pd.DataFrame:
    """Return the joint statistics of every draw, indexed by ``draw``."""
    low = table["p_value"].lt(SIGNIFICANT)
    marked = table.assign(low=low, up=low & table["percent"].gt(0), down=low & table["percent"].lt(0))
    of = marked.groupby("draw")
    sides = of[["up", "down"]].mean()
    return pd.DataFrame(
        {
            "median": of["percent"].median().abs(),
            "significant": of["low"].mean(),
            "one_sided": sides.max(axis=1),
            "mean_statistic": of["statistic"].mean().abs(),
        }
    )


def joint_test(table: pd.DataFrame) -> pd.DataFrame:
    """Return each joint statistic as observed, its distribution over permutations, and its p-value.

    Returns
    -------
    pandas.DataFrame
        ``statistic, title, observed, usual`` (median of the draws), ``high`` (95th percentile) and
        ``p_value`` (share of draws at least as large, the observed included).
    """
    draws = by_draw(table)
    null = draws.drop(index=0)
    reached = (null >= draws.loc[0] - 1e-12).sum()
    return pd.DataFrame(
        {
            "statistic": list(STATISTICS),
            "title": list(STATISTICS.values()),
            "observed": draws.loc[0, list(STATISTICS)].to_numpy(),
            "usual": null[list(STATISTICS)].median().to_numpy(),
            "high": null[list(STATISTICS)].quantile(0.95).to_numpy(),
            "p_value": ((1 + reached) / (1 + len(null)))[list(STATISTICS)].to_numpy(),
        }
    )


def calibration(table: pd.DataFrame, committed: pd.DataFrame) -> pd.DataFrame:
    """Return how often each estimator's own p-value falls below the threshold when nothing happened.

    Returns
    -------
    pandas.DataFrame
        ``estimator, errors, specifications, rejected`` (share of permutations, by the nominal test) and
        ``observed`` (share of the specifications as observed).
    """
    kinds = committed.set_index("spec")[["estimator", "errors"]]
    rows = table.join(kinds, on="spec").assign(low=table["p_value"].lt(SIGNIFICANT))
    null = rows[rows["draw"].gt(0)].groupby(["estimator", "errors"])
    seen = rows[rows["draw"].eq(0)].groupby(["estimator", "errors"])
    made = {
        "specifications": seen["spec"].nunique(),
        "rejected": null["low"].mean(),
        "observed": seen["low"].mean(),
    }
    return pd.DataFrame(made).reset_index()


def single_tests(table: pd.DataFrame) -> pd.DataFrame:
    """Return each specification's permutation p-value, by its t statistic, beside its own."""
    observed = table[table["draw"].eq(0)].set_index("spec")
    null = table[table["draw"].gt(0)]
    size = null["statistic"].abs()
    reached = size.ge(null["spec"].map(observed["statistic"].abs()) - 1e-12).groupby(null["spec"]).sum()
    count = null.groupby("spec").size()
    return observed[["percent", "p_value"]].assign(permuted=(1 + reached) / (1 + count)).reset_index()


def commit(table: pd.DataFrame, directory: Path | None = None) -> Path:
    """Write the permutations as the panel ``multiverse_joint``, keyed by specification and draw."""
    directory = directory or processed_dir()
    counts = {"seed": SEED, "permutations": int(table["draw"].max())}
    return write_panel(
        NAME,
        table,
        keys=["spec", "draw"],
        inputs=[*PANELS, "multiverse"],
        dropped={},
        counts=counts,
        directory=directory,
    )


def results() -> pd.DataFrame:
    """Return the committed permutations."""
    return load(NAME)
