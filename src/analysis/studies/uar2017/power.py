"""What comparisons of this kind could have shown, with the spread of crime that the cities really have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..designs.city_series import CitySeries
from ..designs.paired_tests import judged
from ..published.margins import published_figure, published_size
from .matching import pair_differences
from .spec import UarSpec

#: Designs by name, from the widest spread to the narrowest.
DESIGNS = {
    "unmatched": "two groups of cities, one year",
    "matched": "matched pairs, one year",
    "before and after": "each city, year after less year before",
    "matched change": "the same, less the matched city's change",
}


def paper_cities(spec: UarSpec) -> int:
    """Return how many cities the paper treated, as reported of its draft."""
    return int(published_figure(spec.paper_cities, "uar2017"))


def judge(table: pd.DataFrame, level_of: str, *, spec: UarSpec) -> pd.DataFrame:
    """Return the table with what each difference could have shown.

    See `analysis.studies.designs.paired_tests.judged`.

    Parameters
    ----------
    table : pandas.DataFrame
        ``outcome, used, estimate, std_error, df``.
    level_of : str
        Column of the mean rate that shares refer to. The margins of equivalence are a share of it and, for
        violent crime alone, the published effect.
    """
    mean = table[level_of]
    published = np.where(table["outcome"].eq("violent"), published_size(spec.margin_claim), np.nan)
    margins = {"share": spec.margin_share * mean, "published": pd.Series(published, index=table.index)}
    return judged(table, mean=mean, margins=margins, power=spec.power, level=spec.level)


def spreads(
    units: pd.DataFrame,
    pairs: pd.DataFrame,
    changes: pd.DataFrame,
    excess: pd.DataFrame,
    series: CitySeries,
    *,
    spec: UarSpec,
) -> pd.DataFrame:
    """Return the standard deviation that decides each design's precision, violent crime.

    Parameters
    ----------
    units, pairs : pandas.DataFrame
        Of the main coding.
    changes, excess : pandas.DataFrame
        Changes across adoption, alone and less the match's.
    series : CitySeries

    Returns
    -------
    pandas.DataFrame
        ``design, what, sd`` (crimes per 100,000), ``factor`` (the standard error is sd * sqrt(factor / n)),
        ``cities`` it rests on, and ``mean`` of the controls in the cross-section.
    """
    rates = series.values["violent"][spec.cross_section]
    controls = units.loc[units["is_treated"].eq(0), "ori"]
    one_year = changes[changes["window"].eq(1) & changes["outcome"].eq("violent")]
    excess_one = excess[excess["window"].eq(1) & excess["outcome"].eq("violent")]
    of = {
        "unmatched": (rates.reindex(controls), 2),
        "matched": (pair_differences(pairs, series, "violent")[spec.cross_section], 1),
        "before and after": (one_year["change"], 1),
        "matched change": (excess_one["excess"], 1),
    }
    rows = [
        {
            "design": name,
            "what": DESIGNS[name],
            "sd": values.std(),
            "factor": factor,
            "cities": values.count(),
        }
        for name, (values, factor) in of.items()
    ]
    return pd.DataFrame(rows).assign(mean=rates.reindex(controls).mean())


def detectable_by_size(spread: pd.DataFrame, *, spec: UarSpec) -> pd.DataFrame:
    """Return the effect each design would find with the study's power, by number of treated cities.

    Returns
    -------
    pandas.DataFrame
        ``design, cities, detectable`` (crimes per 100,000, normal approximation), ``share`` (of the mean).
    """
    sizes = np.unique(np.geomspace(*spec.sizes, 60).round().astype(int))
    sizes = np.union1d(sizes, [paper_cities(spec)])
    parts = [
        pd.DataFrame({"design": row.design, "cities": sizes, "detectable": detectable(row, sizes, spec=spec)})
        for row in spread.itertuples()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(share=table["detectable"] / spread["mean"].iloc[0])


def cities_needed(spread: pd.DataFrame, bounds: Mapping[str, float], *, spec: UarSpec) -> pd.DataFrame:
    """Return how many treated cities each design needs to find a difference as large as each bound.

    Parameters
    ----------
    spread : pandas.DataFrame
        `spreads`.
    bounds : mapping of str to float
        Differences by name, crimes per 100,000.
    """
    table = spread[["design", "what"]].copy()
    for name, bound in bounds.items():
        table[name] = np.ceil(spread["factor"] * (_multiple(spec=spec) * spread["sd"] / bound) ** 2).astype(
            int
        )
    return table


def detectable(row: Any, sizes: Any, *, spec: UarSpec) -> np.ndarray:
    """Return the detectable effect of one row of `spreads` at given numbers of cities."""
    found: np.ndarray = _multiple(spec=spec) * row.sd * np.sqrt(row.factor / np.asarray(sizes, float))
    return found


def _multiple(*, spec: UarSpec) -> float:
    return float(stats.norm.ppf(0.5 + spec.level / 2) + stats.norm.ppf(spec.power))
