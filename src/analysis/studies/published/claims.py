"""Published claims held against results: every printed figure once, a verdict for each.

A figure stands in ``published/*.csv`` as the text its source prints, so that its precision is known; a claim
in words stands as what it says of a number: its sign, or that an interval includes zero.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from .printed_figures import Printed, parse_printed

#: The two papers this project rebuilds.
PAPERS = ("uar2017", "cap2017")
#: Every table of published claims.
TABLES = (*PAPERS, "other_studies")
KINDS = ("number", "at_least", "positive", "negative", "indistinguishable")
VERDICTS = ("agrees", "consistent", "not contradicted", "differs", "untested", "not graded")
#: An effect smaller than this share of the mean would count as no effect: the equivalence margin.
MARGIN_SHARE = 0.05
#: Confidence of the intervals in `Finding`, and size of each of the two one-sided tests of equivalence.
LEVEL, ONE_SIDED = 0.95, 0.05
#: Exhibits and units that describe a study's places, years and errors, and say nothing about crime.
_DESCRIPTIVE = ("sample", "design", "balance")
_SIZES = (
    *("counties", "cities", "interviews", "tracts", "neighborhoods", "calendar year"),
    *("county-quarters", "states"),
)
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
    def describes(self) -> bool:
        """Whether the claim describes places, years, means or errors rather than a result: never graded."""
        return (
            self.exhibit in _DESCRIPTIVE
            or self.unit in _SIZES
            or self.claim.endswith(("_se", "_n", "_n_first", "_n_second", "_people"))
        )

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
    mean : float
        Level of the outcome in the finding's unit, which margins and power refer to; 1 for log points, 100
        for percent. NaN where there is none.
    """

    claim: str
    estimate: float
    conf_low: float = math.nan
    conf_high: float = math.nan
    unit: str = ""
    note: str = ""
    mean: float = math.nan

    @property
    def margin(self) -> float:
        """The equivalence margin in the finding's unit: `MARGIN_SHARE` of the mean."""
        scale = {"log points": 1.0, "percent": 100.0}.get(self.unit, self.mean)
        return MARGIN_SHARE * scale

    @property
    def std_error(self) -> float:
        """Standard error that the interval implies by the normal distribution."""
        return (self.conf_high - self.conf_low) / (2 * NormalDist().inv_cdf((1 + LEVEL) / 2))

    @property
    def power(self) -> float:
        """Chance that such an interval excludes zero when the true effect is the margin."""
        if not self.std_error > 0 or math.isnan(self.margin):
            return math.nan
        shift, critical = self.margin / self.std_error, NormalDist().inv_cdf((1 + LEVEL) / 2)
        return NormalDist().cdf(shift - critical) + NormalDist().cdf(-shift - critical)

    @property
    def equivalent(self) -> bool:
        """Whether effects beyond the margin are rejected on both sides."""
        half = NormalDist().inv_cdf(1 - ONE_SIDED) * self.std_error
        return abs(self.estimate) + half < self.margin

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


def compare(
    published: Mapping[str, Claim], findings: Mapping[str, Finding], *, descriptions: bool = False
) -> pd.DataFrame:
    """Return the verdict on each claim.

    A printed figure *agrees* with an estimate within half a unit of its last printed digit; it is
    *consistent* when the 95% interval covers it; otherwise it *differs*. A sign agrees when the interval lies
    on its side of zero, is consistent when the interval only reaches it, and differs otherwise. A claim of no
    discernible difference is *not contradicted* when the interval includes zero, which is no evidence that
    there is none; it agrees only when differences of `MARGIN_SHARE` of the mean are rejected on both sides.
    Sizes of samples, years, means and standard errors are *not graded*. A claim without a finding is
    *untested*.

    Parameters
    ----------
    published : mapping of str to Claim
        As `claims` returns them.
    findings : mapping of str to Finding
        By name of claim.
    descriptions : bool, default False
        Whether sizes of samples and years are graded as well: for a list that may be the paper's own, against
        which they can be tested.

    Returns
    -------
    pandas.DataFrame
        In the order of `published`: ``claim, study, exhibit, quantity, kind, printed, unit, estimate,
        conf_low, conf_high, power`` (to find `MARGIN_SHARE` of the mean), ``verdict, note``.

    Raises
    ------
    LayoutError
        If a finding names no claim, another claim than its key, or another unit.
    """
    for name, finding in findings.items():
        _check(published, name, finding)
    rows = [_row(claim, findings.get(claim.claim), descriptions) for claim in published.values()]
    return pd.DataFrame(rows)


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


def verdict(claim: Claim, finding: Finding, *, descriptions: bool = False) -> str:
    """Return the verdict on one claim: see `compare`."""
    if claim.describes and not descriptions:
        return "not graded"
    if math.isnan(finding.estimate):
        return "untested"
    figure = claim.figure
    if claim.kind == "number" and figure is not None:
        return _graded(figure.covers(finding.estimate), figure.within(finding.conf_low, finding.conf_high))
    if claim.kind == "at_least" and figure is not None:
        return _graded(figure.at_most(finding.estimate), figure.at_most(finding.conf_high))
    if claim.kind == "indistinguishable":
        return _of_zero(finding)
    low, high = finding.conf_low, finding.conf_high
    if claim.kind == "negative":
        low, high = -high, -low
    return "untested" if math.isnan(low) else _graded(low > 0, high > 0)


def _graded(agrees: bool, consistent: bool) -> str:
    return "agrees" if agrees else "consistent" if consistent else "differs"


def _of_zero(finding: Finding) -> str:
    if math.isnan(finding.conf_low) or math.isnan(finding.conf_high):
        return "untested"
    if finding.equivalent:
        return "agrees"
    return "not contradicted" if finding.conf_low <= 0 <= finding.conf_high else "differs"


def _row(claim: Claim, finding: Finding | None, descriptions: bool) -> dict[str, Any]:
    nothing = Finding(claim.claim, math.nan, note=claim.untested_because)
    found = finding or nothing
    return {
        **{name: getattr(claim, name) for name in ("claim", "study", "exhibit", "quantity", "kind")},
        "printed": claim.printed,
        "unit": claim.unit,
        "estimate": found.estimate,
        "conf_low": found.conf_low,
        "conf_high": found.conf_high,
        "power": found.power,
        "verdict": verdict(claim, found, descriptions=descriptions),
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
