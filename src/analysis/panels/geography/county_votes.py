"""Presidential votes of counties 2000-2020 from two sources, with what cannot be believed left missing.

The county returns of 2004 and 2008 give some votes to the wrong county: in several states those of ``Mc...``
counties are shifted against the others in M, and single counties are off elsewhere. No column tells, but the
totals do: see `doubtful`. Of 2012 there are two files, each wrong somewhere (the returns in Massachusetts,
MEDSL's in Connecticut and on New York's second party lines): see `better_2012`. 2016 is MEDSL's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .fips_changes import harmonize_fips

YEARS = (2000, 2004, 2008, 2012, 2016, 2020)
#: A total this many times its neighbours in time is doubtful, and so is a share that far from both.
RATIO, SHARE = 1.5, 0.2
#: Years of the county returns that have an election before and after them to be held against.
CHECKED = (2004, 2008, 2012)
#: How far the logarithms of two totals of 2012 must be apart for their choice to matter.
APART = 0.02
_VOTES = ["democratic_votes", "total_votes"]


def county_votes(returns: pd.DataFrame, context: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Return believed votes: ``fips, year, democratic_votes, total_votes``.

    Parameters
    ----------
    returns : pandas.DataFrame
        From `sources.elections.read`.
    context : pandas.DataFrame
        From `sources.medsl.read`: votes of 2016.
    names : pandas.Series
        County names by ``fips``.
    """
    old = harmonize_fips(returns[["fips", "year", *_VOTES]], counts=_VOTES, by=["year"]).frame
    new = {y: harmonize_fips(votes_of(context, y), counts=_VOTES, by=["year"]).frame for y in (2012, 2016)}
    votes = better_2012(pd.concat([old, new[2016]], ignore_index=True), new[2012])
    return votes[~doubtful(votes, names)].sort_values(["fips", "year"], ignore_index=True)


def votes_of(context: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the MEDSL votes of 2012 or 2016 laid out as the county returns."""
    parts = [context[f"{party}_votes_{year}"] for party in ("democratic", "republican", "other")]
    total = parts[0] + parts[1] + parts[2]
    votes = pd.DataFrame(
        {"fips": context["fips"], "year": year, "democratic_votes": parts[0], "total_votes": total}
    )
    return drop_no_votes(votes)


def drop_no_votes(votes: pd.DataFrame) -> pd.DataFrame:
    """Leave out counties without votes, or without a single Democratic one (Keya Paha, Nebraska, 2016)."""
    return votes[(votes["total_votes"] > 0) & (votes["democratic_votes"] > 0)].reset_index(drop=True)


def better_2012(votes: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return `votes` with those of 2012 from `other` where its total fits 2008 and 2016 better.

    "Better" is nearer, in logarithms, to their mean; totals within `APART` of each other are left alone.
    """
    totals = votes.pivot(index="fips", columns="year", values="total_votes").astype("float64").apply(np.log)
    second = other.set_index("fips")["total_votes"].astype("float64").apply(np.log).reindex(totals.index)
    middle = (totals[2008] + totals[2016]) / 2
    apart = (second - totals[2012]).abs() > APART
    nearer = (second - middle).abs() < (totals[2012] - middle).abs()
    chosen = totals.index[apart & nearer]
    kept = votes[~((votes["year"] == 2012) & votes["fips"].isin(chosen))]
    return pd.concat([kept, other[other["fips"].isin(chosen)]], ignore_index=True)


def share(votes: pd.DataFrame) -> pd.Series:
    """Return the Democratic share of all votes."""
    return votes["democratic_votes"].astype("float64") / votes["total_votes"].astype("float64")


def doubtful(votes: pd.DataFrame, names: pd.Series) -> pd.Series:
    """Return, by row, whether the votes of 2004, 2008 or 2012 are doubtful.

    A total more than `RATIO` times those of both the election before and the one after, or less than their
    reciprocal, or a share more than `SHARE` above or below both. Where a state has two such counties in a
    year, all its counties in M of that year are doubtful: their votes are shifted against each other.
    """
    ordered = votes.assign(share=share(votes)).sort_values(["fips", "year"], kind="stable")
    by_county = ordered.groupby("fips")
    total, part = ordered["total_votes"].astype("float64"), ordered["share"]
    before, after = by_county["total_votes"].shift(1), by_county["total_votes"].shift(-1)
    low, high = total / before.astype("float64"), total / after.astype("float64")
    wrong = ((low > RATIO) & (high > RATIO)) | ((low < 1 / RATIO) & (high < 1 / RATIO))
    rise, fall = part - by_county["share"].shift(1), part - by_county["share"].shift(-1)
    wrong |= ((rise > SHARE) & (fall > SHARE)) | ((rise < -SHARE) & (fall < -SHARE))
    wrong &= ordered["year"].isin(CHECKED)
    return (wrong | _shifted_block(ordered, wrong, names)).reindex(votes.index)


def _shifted_block(ordered: pd.DataFrame, wrong: pd.Series, names: pd.Series) -> pd.Series:
    state_year = [ordered["fips"].str[:2], ordered["year"]]
    several = wrong.groupby(state_year).transform("sum") >= 2
    return several & ordered["fips"].map(names).str.startswith("M").fillna(False).astype(bool)


def vote_shares(votes: pd.DataFrame) -> pd.DataFrame:
    """Return ``fips`` and ``democratic_vote_share_YEAR`` of each year, six decimals."""
    wide = votes.assign(share=share(votes).round(6)).pivot(index="fips", columns="year", values="share")
    return (
        wide.reindex(columns=YEARS)
        .add_prefix("democratic_vote_share_")
        .reset_index()
        .rename_axis(columns=None)
    )
