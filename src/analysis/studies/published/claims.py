"""Published claims held against results: every printed figure once, a verdict for each.

A figure stands in ``published/*.csv`` as the text its source prints, so that its precision is known; a claim
in words stands as what it says of a number: its sign, or that an interval holds zero.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from .printed_figures import Printed, parse_printed

#: The two papers this project rebuilds.
PAPERS = ("uar2017", "cap2017")
#: Every table of published claims.
TABLES = (*PAPERS, "other_studies")
KINDS = ("number", "at_least", "positive", "negative", "indistinguishable")
VERDICTS = ("agrees", "consistent", "differs", "untested")
_COLUMNS = [
    *["claim", "study", "exhibit", "quantity", "kind", "printed", "precision", "unit"],
    *["citation", "source", "how_read", "untested_because"],
]


@dataclass(frozen=True)
class Claim:
    """One published claim.

    Attributes
    ----------
    claim, study, exhibit : str
        Name, study and exhibit; the name is unique.
    quantity, unit : str
        What is measured, in words of ours, and in what.
    kind : str
        ``number`` (a printed figure), ``at_least`` (a bound), ``positive``, ``negative`` (the sign alone),
        ``indistinguishable`` (no difference that statistics could discern).
    printed, precision : str
        The figure as printed; the unit of its last digit when the text does not show it (round figures).
    citation, source, how_read : str
        Whose claim, where it was read, how the words became this row.
    untested_because : str
        Why no study of this project can test it; empty when one can.
    """

    claim: str
    study: str
    exhibit: str
    quantity: str
    kind: str
    printed: str
    precision: str
    unit: str
    citation: str
    source: str
    how_read: str
    untested_because: str

    @property
    def figure(self) -> Printed | None:
        """The printed figure with its precision; None for a claim in words."""
        return parse_printed(self.printed, self.precision) if self.printed else None


@dataclass(frozen=True)
class Finding:
    """What a study of this project found for one claim.

    Attributes
    ----------
    claim : str
        Name of the claim.
    estimate : float
        Point estimate or count; NaN when it could not be computed, with the reason in `note`.
    conf_low, conf_high : float
        Bounds of the 95% interval; NaN for counts and other quantities without one.
    unit : str
        Must be the claim's.
    note : str
        Why it differs or is untested.
    """

    claim: str
    estimate: float
    conf_low: float = math.nan
    conf_high: float = math.nan
    unit: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an interval that does not hold its estimate."""
        if self.conf_low > self.estimate or self.conf_high < self.estimate:
            raise ImpossibleValueError(
                f"The interval [{self.conf_low}, {self.conf_high}] does not hold {self.estimate}.",
                where=self.claim,
            )


@cache
def claims(*studies: str) -> dict[str, Claim]:
    """Return published claims by name, of the two papers unless other tables are named.

    Parameters
    ----------
    *studies : str
        Names of tables: ``uar2017``, ``cap2017``, ``other_studies``.

    Raises
    ------
    DuplicateKeyError
        If two rows share a name.
    LayoutError
        If a row has an unknown kind, or a figure where none belongs, or the other way round.
    """
    found: dict[str, Claim] = {}
    for study in studies or PAPERS:
        for claim in _read(study):
            if claim.claim in found:
                raise DuplicateKeyError(f"Claim {claim.claim} stands twice.", where=f"published/{study}.csv")
            found[claim.claim] = claim
    return found


def compare(published: Mapping[str, Claim], findings: Mapping[str, Finding]) -> pd.DataFrame:
    """Return the verdict on each claim.

    A printed figure *agrees* with an estimate within half a unit of its last printed digit; it is
    *consistent* when the 95% interval covers it; otherwise it *differs*. A sign agrees when the estimate
    has it, and is consistent when the interval reaches it. A claim of no discernible difference agrees when
    the interval holds zero, which is not evidence that there is none. A claim without a finding is
    *untested*.

    Parameters
    ----------
    published : mapping of str to Claim
        As `claims` returns them.
    findings : mapping of str to Finding
        By name of claim.

    Returns
    -------
    pandas.DataFrame
        In the order of `published`: ``claim, study, exhibit, quantity, kind, printed, unit, estimate,
        conf_low, conf_high, verdict, note``.

    Raises
    ------
    LayoutError
        If a finding names no claim, another claim than its key, or another unit.
    """
    for name, finding in findings.items():
        _check(published, name, finding)
    return pd.DataFrame([_row(claim, findings.get(claim.claim)) for claim in published.values()])


def collect(*groups: Mapping[str, Finding] | Iterable[Finding]) -> dict[str, Finding]:
    """Return the findings of several studies as one mapping.

    Raises
    ------
    DuplicateKeyError
        If two findings name one claim.
    """
    found: dict[str, Finding] = {}
    for group in groups:
        for finding in group.values() if isinstance(group, Mapping) else group:
            if finding.claim in found:
                raise DuplicateKeyError(f"Two findings for claim {finding.claim}.", where="studies")
            found[finding.claim] = finding
    return found


def verdict(claim: Claim, finding: Finding) -> str:
    """Return the verdict on one claim: see `compare`."""
    if math.isnan(finding.estimate):
        return "untested"
    figure = claim.figure
    if claim.kind == "number" and figure is not None:
        return _graded(figure.covers(finding.estimate), figure.within(finding.conf_low, finding.conf_high))
    if claim.kind == "at_least" and figure is not None:
        return _graded(figure.at_most(finding.estimate), figure.at_most(finding.conf_high))
    if claim.kind == "indistinguishable":
        return _of_zero(finding)
    sign = 1 if claim.kind == "positive" else -1
    end = finding.conf_high if sign == 1 else finding.conf_low
    return _graded(sign * finding.estimate > 0, sign * end > 0)


def _graded(agrees: bool, consistent: bool) -> str:
    return "agrees" if agrees else "consistent" if consistent else "differs"


def _of_zero(finding: Finding) -> str:
    if math.isnan(finding.conf_low) or math.isnan(finding.conf_high):
        return "untested"
    return "agrees" if finding.conf_low <= 0 <= finding.conf_high else "differs"


def _row(claim: Claim, finding: Finding | None) -> dict:
    nothing = Finding(claim.claim, math.nan, note=claim.untested_because)
    found = finding or nothing
    return {
        **{name: getattr(claim, name) for name in ("claim", "study", "exhibit", "quantity", "kind")},
        "printed": claim.printed,
        "unit": claim.unit,
        "estimate": found.estimate,
        "conf_low": found.conf_low,
        "conf_high": found.conf_high,
        "verdict": verdict(claim, found),
        "note": found.note,
    }


def _check(published: Mapping[str, Claim], name: str, finding: Finding) -> None:
    if name not in published or finding.claim != name:
        raise LayoutError(
            f"No claim {name!r}.", where="studies", remedy="Use a name of studies/published/*.csv."
        )
    if finding.unit != published[name].unit:
        raise LayoutError(
            f"{name} is found in {finding.unit!r} and printed in {published[name].unit!r}.",
            where="studies",
            remedy="Convert the estimate.",
        )


def _read(study: str) -> list[Claim]:
    place = files(__package__).joinpath(f"{study}.csv")
    reader = csv.DictReader(place.read_text("utf-8").splitlines())
    if reader.fieldnames != _COLUMNS:
        raise LayoutError(f"Columns are not {_COLUMNS}.", where=f"published/{study}.csv")
    return [_parse(row, f"published/{study}.csv, row {number}") for number, row in enumerate(reader, 2)]


def _parse(row: dict[str, str], where: str) -> Claim:
    claim = Claim(**row)
    if claim.kind not in KINDS:
        raise LayoutError(f"Kind {claim.kind!r}.", where=where, remedy=f"One of {', '.join(KINDS)}.")
    if bool(claim.printed) != (claim.kind in {"number", "at_least"}):
        raise LayoutError(f"{claim.claim} is {claim.kind} and prints {claim.printed!r}.", where=where)
    try:
        _ = claim.figure
    except ImpossibleValueError as error:
        raise ImpossibleValueError(error.what, where=where, remedy=error.remedy) from error
    return claim
