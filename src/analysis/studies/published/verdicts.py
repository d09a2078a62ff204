"""Verdicts on published claims: tallied, committed, and held so that none moves unseen."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import pandas as pd

from ...errors import AnalysisError, LayoutError
from ...placing import write_text
from .claims import VERDICTS


class VerdictMovedError(AnalysisError):
    """A verdict that is no longer the committed one, better or worse."""


def tally(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return how many claims of each study got which verdict; ``claims`` is their sum.

    ``graded`` counts the results that a design here can speak to: all but the untested and the not graded.
    """
    counts = pd.crosstab(verdicts["study"], verdicts["verdict"]).reindex(columns=list(VERDICTS), fill_value=0)
    counts["claims"] = counts.sum(axis=1)
    counts["graded"] = counts["claims"] - counts["untested"] - counts["not graded"]
    return counts.rename_axis(columns=None).reset_index()


#: How a sentence names a verdict, of one claim and of several.
_NAMED = {
    "agrees": ("agrees", "agree"),
    "consistent": ("is consistent", "are consistent"),
    "not contradicted": ("is not contradicted", "are not contradicted"),
    "differs": ("differs", "differ"),
    "untested": ("could not be tested", "could not be tested"),
    "not graded": ("describes a sample and is not graded", "describe a sample and are not graded"),
}


def in_words(verdicts: pd.DataFrame) -> str:
    """Return how many claims got which verdict, as part of a sentence; verdicts that none got are left out.

    Examples
    --------
    >>> in_words(pd.DataFrame({"verdict": ["consistent", "differs", "differs"]}))
    '1 is consistent and 2 differ'
    """
    counts = verdicts["verdict"].value_counts()
    numbers = {name: int(counts.get(name, 0)) for name in VERDICTS}
    parts = [f"{n} {_NAMED[name][n > 1]}" for name, n in numbers.items() if n]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def untested(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the untested results by reason: ``reason, claims, studies``."""
    rows = verdicts[verdicts["verdict"].eq("untested")]
    grouped = rows.groupby("note", sort=False)
    table = grouped.agg(
        claims=("claim", "size"), studies=("study", lambda names: ", ".join(sorted(set(names))))
    )
    return table.rename_axis("reason").reset_index().sort_values("claims", ascending=False, ignore_index=True)


def committed() -> pd.DataFrame:
    """Return the committed verdicts: ``claim, study, verdict, note``."""
    return _read(files(__package__).joinpath("verdicts.csv").read_text("utf-8"))


def accept(verdicts: pd.DataFrame, path: Path | None = None) -> Path:
    """Write verdicts as the committed ones; those of studies that are not among them stay as they are.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        As `claims.compare` returns them, of one study or several.
    path : pathlib.Path, optional
        Where to write; the package's ``published/verdicts.csv`` when omitted.

    Raises
    ------
    LayoutError
        If a claim differs or is untested without a note that says why.
    """
    silent = verdicts["verdict"].isin(["differs", "untested"]) & verdicts["note"].eq("")
    if silent.any():
        first = verdicts[silent].iloc[0]
        raise LayoutError(
            f"{first['claim']} {first['verdict']} and no note says why.",
            where="verdicts",
            remedy="Give its finding a note, or its claim an untested_because.",
        )
    place = path or Path(__file__).parent / "verdicts.csv"
    table = verdicts[["claim", "study", "verdict", "note"]]
    if place.is_file():
        table = _in_order(table, _read(place.read_text("utf-8")))
    return write_text(place, table.to_csv(index=False, lineterminator="\n"))


def _read(text: str) -> pd.DataFrame:
    return pd.DataFrame(
        list(csv.DictReader(text.splitlines())), columns=["claim", "study", "verdict", "note"]
    )


def _in_order(table: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Return the kept verdicts with the studies of `table` replaced in place, new studies last."""
    now = {str(study): rows for study, rows in table.groupby("study", sort=False)}
    before = {str(study): rows for study, rows in kept.groupby("study", sort=False)}
    return pd.concat([now.get(study, rows) for study, rows in (before | now).items()], ignore_index=True)


def moved(verdicts: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    """Return the claims whose verdict is not the accepted one: ``claim, accepted, now``."""
    both = accepted[["claim", "verdict"]].merge(
        verdicts[["claim", "verdict"]],
        on="claim",
        how="outer",
        validate="one_to_one",
        suffixes=("_accepted", "_now"),
    )
    both = both.rename(columns={"verdict_accepted": "accepted", "verdict_now": "now"})
    return both[both["accepted"].ne(both["now"])].sort_values("claim").reset_index(drop=True)


def check_verdicts(verdicts: pd.DataFrame, accepted: pd.DataFrame | None = None) -> None:
    """Raise if a verdict moved in either direction.

    Raises
    ------
    VerdictMovedError
        Naming every claim that moved.
    """
    changed = moved(verdicts, committed() if accepted is None else accepted)
    if len(changed):
        told = "; ".join(f"{row.claim}: {row.accepted} -> {row.now}" for row in changed.itertuples())
        raise VerdictMovedError(
            f"{len(changed)} verdicts moved: {told}.",
            where="studies/published/verdicts.csv",
            remedy="Find out why; when the new verdict is right, accept it and commit the file.",
        )
