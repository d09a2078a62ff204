"""The paper's design for cities, put to policies of counties: one frame, one comparison, every test of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.resampling.placebo_inversion import PlaceboInference
from ..city_power.choice import chosen
from ..city_power.estimates import TInference
from ..city_power.events import Path, path
from ..city_power.permutations import Assignments, observed
from ..city_power.precision import Fits, LogRatios, log_ratio_table, weighted_fits
from ..city_power.windows import Windows, windows
from ..credibility.counties import leads
from .spec import CitiesInCountiesSpec

#: Columns of `CountyDesign.tests`.
TESTS = ("leads_p", "leads_power", "leads_drift", "fake_estimate", "fake_p", "fake_detectable")


class CountyDesign:
    """Cities of one outcome, compared within some cells.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `sample.CountyCities.frame`, of cells that hold both sides.
    trend : tuple of str
        Columns whose cells cities are compared within; empty: all.
    spec : CitiesInCountiesSpec
    """

    def __init__(self, frame: pd.DataFrame, trend: tuple[str, ...], *, spec: CitiesInCountiesSpec) -> None:
        self.frame, self.spec = frame, spec
        self.candidate = replace(chosen(), trend=trend)
        self.about = tuple(dict.fromkeys([*trend, "dose_class", spec.dose, "county_fips"]))
        self.about = tuple(name for name in self.about if name not in ("state", "region"))
        self.table: Windows = windows(frame, skip=spec.skip, about=self.about)
        self.drawn: Assignments = observed(self.table)

    def ratios(self, table: Windows) -> LogRatios:
        """Return log ratios and weights of other windows on the same cities."""
        return log_ratio_table(table, self.candidate.trend, self.candidate.weights)

    @cached_property
    def made(self) -> LogRatios:
        """Log ratios and weights of every city and date."""
        return self.ratios(self.table)

    @cached_property
    def fits(self) -> Fits:
        """The fit on the cities of adopting counties."""
        return weighted_fits(self.made, self.drawn)

    def row(self) -> dict[str, Any]:
        """Return columns of `TInference.row`, and what the estimate rests on.

        ``adopters, counties, adopting_states, others`` (comparison cities), ``effective`` (cities, by
        weight), ``largest_state`` and its ``largest_share`` of the weight.
        """
        fits = self.fits
        rows, dates = self.drawn.rows[0], self.drawn.dates[0]
        cities = self.table.cities
        share = pd.Series(self.made.weights[dates, rows]).groupby(cities["state"].to_numpy()[rows]).sum()
        return self._judged() | {
            "adopters": len(rows),
            "counties": int(cities["county_fips"].iloc[rows].nunique()),
            "adopting_states": int(fits.df[0]) + 1,
            "others": int(self.table.never.sum()),
            "effective": float(fits.effective[0]),
            "largest_state": str(share.idxmax()),
            "largest_share": float(share.max() / share.sum()),
        }

    def _judged(self) -> dict[str, float]:
        """Return columns of `TInference.row`; one adopting state alone gives an estimate without an error."""
        fits = self.fits
        estimate, error, df = (float(one[0]) for one in (fits.estimate, fits.jackknife, fits.df))
        share = float(np.log1p(self.spec.margin_share))
        if df < 1 or not error > 0:
            empty = dict.fromkeys(TInference(0.0, 1.0, 1.0).row(share), float("nan"))
            return empty | {"estimate": estimate, "df": df}
        return TInference(estimate, error, df, self.spec.level).row(share)

    @cached_property
    def path(self) -> Path:
        """Effects by year, that of adoption among them; degrees of freedom are those of the mean effect."""
        table = windows(self.frame, about=self.about)
        found = path(self.ratios(table), observed(table))
        return Path(found.times, found.effects, found.covariance, self.fits.df)

    def tests(self) -> dict[str, float]:
        """Return the joint F test of the leads with its power, and the false adoption.

        Missing with fewer adopting states than `spec.fewest_states`.
        """
        if self.fits.df[0] + 1 < self.spec.fewest_states:
            return dict.fromkeys(TESTS, float("nan"))
        return leads(self.path.estimates(self.spec.level)) | self.false_date()

    def false_windows(self) -> Windows:
        """Return the windows when every county adopts some years early, judged on years before adoption."""
        shift = self.spec.fake_shift
        return windows(self.frame, shift=shift, after=shift - 1, about=self.about)

    def false_date(self) -> dict[str, float]:
        """Return what is found at the false date: ``fake_estimate, fake_p, fake_detectable``."""
        table = self.false_windows()
        fits = weighted_fits(self.ratios(table), observed(table))
        found = TInference(float(fits.estimate[0]), float(fits.jackknife[0]), float(fits.df[0])).row(0.05)
        return {
            "fake_estimate": found["estimate"],
            "fake_p": found["p_value"],
            "fake_detectable": found["detectable"],
        }

    def blocks(self) -> dict[str, float]:
        """Return the interval, p-value and detectable change when a state's dates go to another state."""
        drawn = state_blocks(self.table, draws=self.spec.draws, seed=self.spec.seed)
        fits = weighted_fits(self.made, drawn)
        error = float(self.fits.jackknife[0])
        usable = fits.jackknife > 0
        judged = PlaceboInference(
            float(self.fits.estimate[0]) / error,
            fits.estimate[usable] / fits.jackknife[usable],
            self.spec.level,
        )
        low, high = judged.interval()
        return {
            "block_low": low * error,
            "block_high": high * error,
            "block_p": judged.p_value(),
            "block_detectable": judged.detectable(self.spec.power) * error,
            "block_mean": float(fits.estimate[usable].mean()),
            "block_draws": int(usable.sum()),
        }

    def bounds(self) -> dict[str, float]:
        """Return confidence sets of the mean of the whole years under violations of parallel trends.

        ``low_M, high_M`` for each of `spec.magnitudes`, and ``breakdown``: the multiple of the largest change
        before adoption at which the set reaches zero.
        """
        events, spec = self.path.estimates(self.spec.level), self.spec
        later = [int(time) for time in self.path.times if time >= spec.skip]
        target = {time: 1 / len(later) for time in later}
        sets = est.honest_bounds(
            events, values=spec.magnitudes, target=target, points=200, level=spec.level
        ).dropna(subset="value")
        ends = {
            f"{end}_{row['value']:g}": float(row[f"conf_{end}"])
            for row in sets.to_dict("records")
            for end in ("low", "high")
        }
        found = est.breakdown_value(events, target=target, level=spec.level, highest=5.0)
        return ends | {"breakdown": float(found)}


def state_blocks(table: Windows, *, draws: int, seed: int, fewest: int = 5) -> Assignments:
    """Give all dates of an adopting state to comparison cities of one other state, of like size.

    States with `fewest` comparison cities or more take turns in random order, so that a state serves twice
    only after every other has served. Within it, each adopter's date goes to a city of its size class or of
    the nearest that the state has, drawn with replacement: an adopting state may have more cities than any
    other state has left.

    Parameters
    ----------
    table : Windows
    draws, seed, fewest : int

    Returns
    -------
    Assignments
    """
    rows, dates = table.treated()
    state, size = table.cities["state"].to_numpy(), table.cities["size"].to_numpy()
    pool = table.never & table.usable.all(axis=0)
    donors = [name for name in np.unique(state[pool]) if (pool & (state == name)).sum() >= fewest]
    by_donor = [_nearest(np.flatnonzero(pool & (state == name)), size) for name in donors]
    groups = [np.flatnonzero(state[rows] == name) for name in np.unique(state[rows])]
    random = np.random.default_rng(seed)
    chosen_rows = np.empty((draws, len(rows)), int)
    turns = -(-len(groups) // len(donors))
    order = np.hstack([random.permuted(np.tile(np.arange(len(donors)), (draws, 1)), axis=1)] * turns)
    for turn in range(1, turns):
        part = slice(turn * len(donors), (turn + 1) * len(donors))
        order[:, part] = random.permuted(order[:, part], axis=1)
    for place, members in enumerate(groups):
        for value in np.unique(size[rows[members]]):
            same = members[size[rows[members]] == value]
            for donor in range(len(donors)):
                at = np.flatnonzero(order[:, place] == donor)
                picked = random.choice(by_donor[donor][value], (len(at), len(same)))
                chosen_rows[np.ix_(at, same)] = picked
    return Assignments(chosen_rows, np.broadcast_to(dates, chosen_rows.shape))


def _nearest(cities: np.ndarray, size: np.ndarray) -> dict[int, np.ndarray]:
    """Return, for every size class, the cities of the nearest class that there is."""
    distance = {int(value): np.abs(size[cities] - value) for value in np.unique(size)}
    return {value: cities[gap == gap.min()] for value, gap in distance.items()}


def subset(
    frame: pd.DataFrame, rule: tuple[str, ...], bans: set[str], *, spec: CitiesInCountiesSpec
) -> pd.DataFrame:
    """Return the rows that a rule of `spec.subsamples` keeps; `bans` are states that forbid policies."""
    name, *given = rule
    adopts = frame["cohort"].gt(0)
    kept = {
        "states out": lambda: ~frame["state"].isin(given),
        "dated by": lambda: ~adopts | frame["dated_by"].isin(given),
        "adopted by": lambda: frame["cohort"].le(int(given[0])),
        "bans out": lambda: adopts | ~frame["state"].isin(bans),
        "residents": lambda: frame["residents"].ge(float(given[0])),
    }[name]()
    found: pd.DataFrame = frame[kept].reset_index(drop=True)
    return found
