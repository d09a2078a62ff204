"""County codes brought to one vintage: the counties of 2017, Maui with Kalawao as one.

One table, ``fips_changes.csv``, says what becomes of each code that is not among the 3,141 counties used
here, and why. Kinds: ``rename`` (same land, new code), ``merge`` (part of a larger county; counts add up,
missing if a part is), ``piece`` (all pieces together are the county), ``absorb`` (a part too small to matter;
counts add up where there are any), ``split`` and ``outside`` (no county to give it to: dropped and counted),
``area`` (one figure for several counties: see `spread_areas`), ``created`` (a break of boundaries, nothing
recoded: see `boundary_breaks`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import pandas as pd

from ...errors import DuplicateKeyError

#: Year whose counties every harmonized table has.
VINTAGE = 2017
#: Counties of that vintage, Kalawao within Maui.
COUNTIES = 3141


@dataclass(frozen=True)
class Harmonized:
    """A table in one vintage of counties, and what that took.

    Attributes
    ----------
    frame : pandas.DataFrame
        The table; its keys are unique.
    changed, dropped : dict of str to int
        Rows recoded or joined, and rows left out, by reason. Rows given are the rows of `frame`, the rows
        joined to another, and the rows dropped.
    joined : int
        Rows that were added to another row of the same county.
    """

    frame: pd.DataFrame
    changed: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    joined: int = 0


@cache
def changes() -> tuple[dict[str, str], ...]:
    """Return the table: ``code, becomes, kind, effective, reason, source`` of each change."""
    text = files(__package__).joinpath("fips_changes.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def boundary_breaks() -> pd.DataFrame:
    """Return ``fips, created, effective, reason``: counties whose land shrank without a new code."""
    rows = [
        (c["code"], c["becomes"], c["effective"], c["reason"]) for c in changes() if c["kind"] == "created"
    ]
    return pd.DataFrame(rows, columns=["fips", "created", "effective", "reason"])


def harmonize_fips(frame: pd.DataFrame, *, counts: Iterable[str] = (), by: Iterable[str] = ()) -> Harmonized:
    """Return `frame` in the counties of `VINTAGE`.

    Parameters
    ----------
    frame : pandas.DataFrame
        With column ``fips`` (five digits); unique in ``fips`` and `by`.
    counts : iterable of str, optional
        Columns that add up when counties join. Every other column keeps the value of the row that bore the
        surviving code: medians, rates and classes of two counties have no sum.
    by : iterable of str, optional
        Further keys, such as ``year``.

    Returns
    -------
    Harmonized
        Harmonizing it again changes nothing.

    Raises
    ------
    DuplicateKeyError
        If a key is there twice already.
    """
    keys, counts = ["fips", *by], list(counts)
    _require_unique(frame, keys)
    kept, dropped = _drop(frame)
    coded, changed = _recode(kept)
    coded, orphans = _drop_orphans(coded, keys)
    joined = _join(coded, keys, counts)
    result = joined[list(frame.columns)].sort_values(keys, kind="stable").reset_index(drop=True)
    return Harmonized(result, changed, dropped | orphans, len(coded) - len(result))


def spread_areas(frame: pd.DataFrame, *, intensive: Iterable[str], by: Iterable[str] = ()) -> pd.DataFrame:
    """Return `frame` with each area's row replaced by one row a member county.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``fips``; rows of areas (kind ``area``) among others.
    intensive : iterable of str
        Columns, such as income per head, whose area value stands for each member. All other columns but the
        keys are missing in the new rows: a sum is not shared out.
    by : iterable of str, optional
        Further keys.

    Returns
    -------
    pandas.DataFrame
        With a column ``is_area_average``.
    """
    members = pd.DataFrame(
        [(c["code"], c["becomes"]) for c in changes() if c["kind"] == "area"], columns=["fips", "member"]
    )
    is_area = frame["fips"].isin(members["fips"])
    spread = frame[is_area].merge(members, on="fips", validate="m:m")
    spread = spread.assign(fips=spread["member"]).drop(columns="member")
    kept = ["fips", *by, *intensive]
    spread = spread[kept].reindex(columns=frame.columns).astype(frame.dtypes.to_dict())
    parts = [frame[~is_area].assign(is_area_average=False), spread.assign(is_area_average=True)]
    return pd.concat(parts, ignore_index=True)


def _of_kind(*kinds: str) -> dict[str, dict[str, str]]:
    return {c["code"]: c for c in changes() if c["kind"] in kinds}


def _require_unique(frame: pd.DataFrame, keys: list[str]) -> None:
    if frame.duplicated(keys).any():
        key = frame.loc[frame.duplicated(keys), keys].iloc[0].to_dict()
        raise DuplicateKeyError(f"Two rows share the key {key}.", where="harmonize_fips")


def _drop(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    gone = _of_kind("split", "outside")
    is_gone = frame["fips"].isin(list(gone))
    return frame[~is_gone], _count(frame.loc[is_gone, "fips"], gone)


def _recode(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    moved = _of_kind("rename", "merge", "absorb", "piece")
    is_moved = frame["fips"].isin(list(moved))
    kind = frame["fips"].map({code: c["kind"] for code, c in moved.items()})
    target = frame["fips"].map({code: c["becomes"] for code, c in moved.items()})
    coded = frame.assign(fips=frame["fips"].mask(is_moved, target), _kind=kind.fillna("own"))
    return coded, _count(frame.loc[is_moved, "fips"], moved)


def _count(codes: pd.Series, table: dict[str, dict[str, str]]) -> dict[str, int]:
    tally = codes.value_counts().sort_index()
    return {f"{code}: {table[str(code)]['reason']}": int(n) for code, n in tally.items()}


def _drop_orphans(coded: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out a part whose county has no row of its own: the part's figures are not the county's."""
    is_part = coded["_kind"].isin(["merge", "absorb"])
    whole = pd.MultiIndex.from_frame(coded.loc[~is_part, keys])
    orphan = is_part & ~pd.MultiIndex.from_frame(coded[keys]).isin(whole)
    tally = coded.loc[orphan, "fips"].value_counts().sort_index()
    return coded[~orphan], {f"{code}: a part without its county": int(n) for code, n in tally.items()}


def _join(coded: pd.DataFrame, keys: list[str], counts: list[str]) -> pd.DataFrame:
    """Join rows of one key: counts add up, all else is the surviving code's."""
    several = coded.duplicated(keys, keep=False)
    if not several.any():
        return coded
    rank = coded["_kind"].map({"own": 0, "rename": 1, "merge": 2, "absorb": 3, "piece": 4})
    group = coded[several].assign(_rank=rank[several]).sort_values([*keys, "_rank"], kind="stable")
    first = group.drop_duplicates(keys).set_index(keys)
    for name in counts:
        values = group[name].where(group["_kind"].ne("absorb") | group[name].notna(), 0)
        total = values.groupby([group[k] for k in keys]).agg(lambda v: v.sum(skipna=False))
        first[name] = total.reindex(first.index).astype(group[name].dtype)
    return pd.concat([coded[~several], first.reset_index()[coded.columns]], ignore_index=True)
