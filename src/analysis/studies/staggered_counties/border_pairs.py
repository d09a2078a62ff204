"""Counties that touch across a state border, of which one adopts and the other does not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...panels.geography.shapes import load_shapes
from ...results import remembered
from .sample import NEW_YORK
from .spec import StaggeredCountiesSpec

_NEW_YORK_COUNTIES = ("36005", "36047", "36061", "36081", "36085")


@remembered
def adjacent(touching: float) -> pd.DataFrame:
    """Return pairs of counties whose committed outlines touch: ``one, other`` (FIPS codes, one < other).

    Outlines are rounded, so shapes nearer than `touching` degrees count as touching; so do counties that meet
    in a corner. New York City's boroughs stand under Manhattan's code.
    """
    import shapely

    shapes = load_shapes("county_shapes")
    geometry = shapes.geometry.to_numpy()
    left, right = shapely.STRtree(geometry).query(geometry, predicate="dwithin", distance=touching)
    codes = shapes["fips"].where(~shapes["fips"].isin(_NEW_YORK_COUNTIES), NEW_YORK).to_numpy(str)
    pairs = pd.DataFrame({"one": codes[left], "other": codes[right]})
    pairs = pairs[pairs["one"] < pairs["other"]].drop_duplicates()
    return pairs.sort_values(["one", "other"], ignore_index=True)


def border_pairs(rows: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return adjacent pairs across a state border that differ in adoption: ``one, other, pair, segment``.

    ``segment`` names both states in alphabetical order.
    """
    counties = rows.drop_duplicates("fips").set_index("fips")
    pairs = adjacent(spec.touching)
    pairs = pairs[pairs["one"].isin(counties.index) & pairs["other"].isin(counties.index)]
    states = [counties["state"].reindex(pairs[side]).to_numpy(str) for side in ("one", "other")]
    adopts = [counties["cohort"].reindex(pairs[side]).gt(0).to_numpy() for side in ("one", "other")]
    pairs = pairs.assign(
        pair=pairs["one"] + "-" + pairs["other"],
        segment=[f"{min(a, b)}-{max(a, b)}" for a, b in zip(*states, strict=True)],
    )
    differ = (states[0] != states[1]) & (adopts[0] != adopts[1])
    found: pd.DataFrame = pairs[differ].reset_index(drop=True)
    return found


def pair_rows(rows: pd.DataFrame, *, spec: StaggeredCountiesSpec) -> pd.DataFrame:
    """Return the rows of both counties of each pair: ``pair, segment, pair_county``, and the weight ``once``.

    A county in several pairs is repeated, each time with a weight of one over its pairs.
    """
    pairs = border_pairs(rows, spec=spec)
    long = pairs.melt(["pair", "segment"], ["one", "other"], value_name="fips")[["pair", "segment", "fips"]]
    repeats = long.groupby("fips")["pair"].transform("size")
    long = long.assign(once=1.0 / repeats, pair_county=long["pair"] + "/" + long["fips"])
    made = long.merge(rows, on="fips", how="inner", validate="m:m")
    both = made.groupby(["pair", "year"])["fips"].transform("nunique")
    made = made[np.asarray(both == 2)]
    return made.sort_values(["pair", "fips", "year"], ignore_index=True)
