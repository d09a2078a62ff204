"""The paper's second design: each treated city beside cities alike in all that was measured before."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ...estimators import Estimates, FewClustersWarning, balance_table, full_match, match, ols
from ...estimators.core.intervals import t_interval
from ..designs.city_series import CitySeries
from ..designs.paired_tests import paired_difference
from .spec import UarSpec

UNMATCHED, ONE_TO_ONE, FULL = "unmatched", "one-to-one", "full matching"
NEAREST, ADJUSTED = "nearest, with replacement", "nearest, bias-adjusted"
#: Estimators of one year, and the errors each comes with.
ESTIMATORS = {
    UNMATCHED: "Welch",
    ONE_TO_ONE: "matched pairs, t with pairs - 1 degrees of freedom",
    FULL: "clustered by matched set",
    NEAREST: "Abadie-Imbens",
    ADJUSTED: "Abadie-Imbens, bias-adjusted",
}


@dataclass(frozen=True)
class Design:
    """One sample with its matches, in the order of ``ori``.

    Attributes
    ----------
    units : pandas.DataFrame
        Of `uar2017_sample.Sample`.
    pairs : pandas.DataFrame
        ``ori, place_name, state, cohort, ended_year, control, control_name, control_state, distance``,
        and the positions ``target_row`` and ``donor_row`` in `units`.
    stratum : numpy.ndarray
        Matched set of each unit under full matching, missing for none.
    balance : pandas.DataFrame
        As `balance` returns it.
    """

    units: pd.DataFrame
    pairs: pd.DataFrame
    stratum: np.ndarray
    balance: pd.DataFrame


def design_of(units: pd.DataFrame, *, spec: UarSpec) -> Design:
    """Match the units one to one and fully; the order of their rows does not matter."""
    units = units.sort_values("ori").reset_index(drop=True)
    one, full = one_to_one(units, spec=spec), full_matching(units, spec=spec)
    checked = balance(units, {ONE_TO_ONE: one, FULL: full}, spec=spec)
    return Design(units, pairs_of(units, one), full.extra["stratum"], checked)


def one_to_one(units: pd.DataFrame, *, spec: UarSpec) -> Estimates:
    """Match each treated city to one control, no control twice, at the least total distance."""
    found: Estimates = match(units, method="optimal", replace=False, **matching_options(spec=spec))
    return found


def full_matching(units: pd.DataFrame, *, spec: UarSpec) -> Estimates:
    """Put every city into a set of one treated and controls, or one control and treated cities."""
    return full_match(units, estimand="ATT", **matching_options(spec=spec))


def pairs_of(units: pd.DataFrame, matched: Estimates) -> pd.DataFrame:
    """Return one row a pair: see `Design`."""
    pairs = matched.extra["pairs"][["target_row", "donor_row", "distance"]].reset_index(drop=True)
    left = units.iloc[pairs["target_row"]].reset_index(drop=True)
    right = units.iloc[pairs["donor_row"]].reset_index(drop=True)
    of_control = right[["ori", "place_name", "state"]].set_axis(
        ["control", "control_name", "control_state"], axis="columns"
    )
    made: pd.DataFrame = pd.concat(
        [left[["ori", "place_name", "state", "cohort", "ended_year"]], of_control, pairs], axis=1
    )
    return made


def balance(units: pd.DataFrame, matched: dict[str, Estimates], *, spec: UarSpec) -> pd.DataFrame:
    """Return standardized differences before and after each kind of matching, by the treated SD.

    Returns
    -------
    pandas.DataFrame
        ``covariate, name, mean_treated, mean_control, smd, variance_ratio, ks`` by ``stage``: before matching
        and each key of `matched`.
    """
    parts: list[pd.DataFrame] = []
    for stage, result in matched.items():
        found = balance_table(
            units,
            treatment="is_treated",
            covariates=list(spec.covariates),
            weights=result.extra["weights"],
            denominator="treated",
        )
        if not parts:
            parts.append(_stage(found, "before", "before matching", spec=spec))
        parts.append(_stage(found, "after", stage, spec=spec))
    return pd.concat(parts, ignore_index=True)


def _stage(found: pd.DataFrame, when: str, stage: str, *, spec: UarSpec) -> pd.DataFrame:
    measures = ["mean_treated", "mean_control", "smd", "variance_ratio", "ks"]
    table = found[["covariate", *[f"{name}_{when}" for name in measures]]]
    table = table.set_axis(["covariate", *measures], axis="columns")
    return table.assign(name=table["covariate"].map(spec.covariates), stage=stage)


def pair_differences(pairs: pd.DataFrame, series: CitySeries, outcome: str) -> pd.DataFrame:
    """Return treated less control by pair and year; index ``ori`` of the treated, columns years."""
    values = series.values[outcome]
    other = values.reindex(pairs["control"]).set_axis(pairs["ori"], axis=0)
    return values.reindex(pairs["ori"]) - other


def in_force(cities: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """Return whether each city's policy was in force for the whole of each year; index ``ori``."""
    start = cities["cohort"].to_numpy(float)[:, None]
    end = cities["ended_year"].astype("float64").fillna(np.inf).to_numpy()[:, None]
    year = np.asarray(years, float)
    return pd.DataFrame((year > start) & (year < end), index=pd.Index(cities["ori"]), columns=list(years))


def pooled(
    pairs: pd.DataFrame, series: CitySeries, outcome: str, years: Sequence[int], *, spec: UarSpec
) -> Iterator[dict[str, Any]]:
    """Yield matched differences averaged over each pair's years before and after adoption, and their change.

    Each pair weighs the same, however many years it has; the year of adoption belongs to neither side. The
    change uses only years in which both cities' series are those of the year of adoption, so that no break
    falls between.
    """
    gaps = pair_differences(pairs, series, outcome)[list(years)].to_numpy()
    control = _of(series.values[outcome], pairs["control"], years)
    after = in_force(pairs, years).to_numpy(bool)
    before = np.asarray(years)[None, :] < pairs["cohort"].to_numpy(float)[:, None]
    unbroken = _unbroken(pairs, series, outcome, years)
    change = _mean(gaps, after & unbroken) - _mean(gaps, before & unbroken)
    for group, values, level in (
        ("before", _mean(gaps, before), _mean(control, before & np.isfinite(gaps))),
        ("after", _mean(gaps, after), _mean(control, after & np.isfinite(gaps))),
        ("change", change, _mean(control, after & unbroken & np.isfinite(gaps))),
    ):
        shown = level[np.isfinite(values)]
        yield {
            "group": group,
            **_paired(values, spec=spec),
            "controls": len(shown),
            "mean_control": shown.mean() if len(shown) else np.nan,
        }


def _unbroken(pairs: pd.DataFrame, series: CitySeries, outcome: str, years: Sequence[int]) -> np.ndarray:
    start = np.searchsorted(list(years), pairs["cohort"].to_numpy(int), side="right") - 1
    same = np.ones((len(pairs), len(years)), bool)
    for name in ("ori", "control"):
        parts = _of(series.segments[outcome].ffill(axis=1).bfill(axis=1), pairs[name], years)
        same &= parts == parts[np.arange(len(pairs)), start][:, None]
    return same


def _of(table: pd.DataFrame, oris: pd.Series, years: Sequence[int]) -> np.ndarray:
    return table.reindex(oris.astype(object))[list(years)].to_numpy(float)


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return row means of the finite values in `where`, missing where there are none."""
    kept = where & np.isfinite(values)
    n = kept.sum(axis=1)
    return np.where(n > 0, np.where(kept, values, 0).sum(axis=1) / np.maximum(n, 1), np.nan)


def difference(
    design: Design, estimator: str, present: np.ndarray, rates: np.ndarray, *, spec: UarSpec
) -> dict[str, float]:
    """Return one estimator's difference in one year.

    Parameters
    ----------
    design : Design
    estimator : str
        One of `ESTIMATORS`.
    present : numpy.ndarray of bool
        Units of the year: the treated cities whose policy counts, and every control.
    rates : numpy.ndarray
        The outcome by unit; missing where it cannot be compared.
    """
    if estimator == ONE_TO_ONE:
        return _pairs(design.pairs, present, rates, spec=spec)
    treated = design.units["is_treated"].to_numpy(bool)
    given, known = int((treated & present).sum()), present & np.isfinite(rates)
    if estimator == UNMATCHED:
        return _welch(given, rates[known & treated], rates[known & ~treated], spec=spec)
    if estimator == FULL:
        return _full(given, treated, np.where(known, design.stratum, np.nan), rates, spec=spec)
    rows = design.units[known].assign(rate=rates[known]).reset_index(drop=True)
    return _nearest(given, rows, bias_adjustment=estimator == ADJUSTED, spec=spec)


def _pairs(pairs: pd.DataFrame, present: np.ndarray, rates: np.ndarray, *, spec: UarSpec) -> dict[str, float]:
    kept = pairs[present[pairs["target_row"]]]
    of_control = rates[kept["donor_row"]]
    gaps = rates[kept["target_row"]] - of_control
    known = of_control[np.isfinite(gaps)]
    return {
        **_paired(gaps, spec=spec),
        "controls": len(known),
        "mean_control": known.mean() if len(known) else np.nan,
    }


def _paired(differences: np.ndarray, *, spec: UarSpec) -> dict[str, float]:
    return paired_difference(
        np.asarray(differences, float), draws=spec.draws, seed=spec.seed, level=spec.level
    )


def _welch(given: int, treated: np.ndarray, control: np.ndarray, *, spec: UarSpec) -> dict[str, float]:
    test = stats.ttest_ind(treated, control, equal_var=False)
    gap = treated.mean() - control.mean()
    return {
        **_sizes(given, len(treated), len(control)),
        **t_interval(gap, gap / test.statistic, test.df, spec.level),
        "mean_control": control.mean(),
    }


def _full(
    given: int, treated: np.ndarray, stratum: np.ndarray, rates: np.ndarray, *, spec: UarSpec
) -> dict[str, float]:
    """Weight controls by the treated of their set, sets without both arms left out, and regress."""
    rows = pd.DataFrame({"rate": rates, "is_treated": treated.astype(float), "stratum": stratum})
    rows = rows[np.isfinite(stratum)]
    arms = rows.groupby("stratum")["is_treated"].agg(["sum", "count"])
    treated_in, all_in = (rows["stratum"].map(arms[name]) for name in ("sum", "count"))
    rows["weight"] = np.where(rows["is_treated"].eq(1), 1.0, treated_in / (all_in - treated_in))
    rows = rows[(treated_in > 0) & (treated_in < all_in)].reset_index(drop=True)
    with warnings.catch_warnings():
        # The published design has this many strata; beside it stand the paired and randomization tests.
        warnings.simplefilter("ignore", FewClustersWarning)
        fit = ols(
            rows,
            outcome="rate",
            treatment="is_treated",
            weights="weight",
            cluster="stratum",
            level=spec.level,
        )
    control = rows[rows["is_treated"].eq(0)]
    return {
        **_sizes(given, len(rows) - len(control), len(control)),
        **_only(fit, "is_treated", spec=spec),
        "mean_control": np.average(control["rate"], weights=control["weight"]),
    }


def _nearest(given: int, rows: pd.DataFrame, *, bias_adjustment: bool, spec: UarSpec) -> dict[str, float]:
    """Match anew among the cities that print the outcome in the year."""
    fit = match(rows, bias_adjustment=bias_adjustment, **(matching_options(spec=spec) | {"outcome": "rate"}))
    control = rows["is_treated"].eq(0).to_numpy()
    weights = fit.extra["weights"]
    chosen = control & (weights > 0)
    return {
        **_sizes(given, int((~control).sum()), int(chosen.sum())),
        **_only(fit, "rate", spec=spec),
        "mean_control": np.average(rows.loc[chosen, "rate"], weights=weights[chosen]),
    }


def _sizes(given: int, used: int, controls: int) -> dict[str, int]:
    return {"given": given, "used": used, "controls": controls}


def _only(fit: Estimates, term: str, *, spec: UarSpec) -> dict[str, float]:
    at = list(fit.keys["term"]).index(term)
    df = float(np.ravel(fit.design["df"])[0])
    return t_interval(float(fit.estimate[at]), float(fit.std_error[at]), df, spec.level)


def matching_options(*, spec: UarSpec) -> dict[str, Any]:
    """Return what every matching of the study passes on: covariates, exact cells and distance."""
    return {
        "outcome": "log_population",
        "treatment": "is_treated",
        "covariates": list(spec.covariates),
        "exact": spec.exact,
        "distance": spec.distance,
    }
