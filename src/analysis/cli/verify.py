"""Compare every published figure with what the data say, and print the tally of verdicts.

agrees            within half a unit of the last printed digit; an interval on the stated side of zero; or,
                  for no difference, differences beyond the margin rejected on both sides
consistent        our interval covers the printed figure, or reaches the stated side of zero
not contradicted  no difference was stated and our interval includes zero, which is no evidence of none
differs           none of these; the note says what is known about why
untested          could not be tested; the note says why
not graded        describes places, years, means or standard errors, not a result

Exit code 1 when a verdict is no longer the committed one, in either direction.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--all", action="store_true", help="print every claim, not only the tally")
    parser.add_argument("--accept", action="store_true", help="make today's verdicts the committed ones")


#: Studies with findings: of each paper, and of the other studies together.
STUDIES = ("uar2017.study", "cap2017.study", "literature.findings")


def _findings() -> list[Any]:
    from importlib import import_module

    return [import_module(f"..studies.{name}", __package__).findings() for name in STUDIES]


def run(options: argparse.Namespace) -> int:
    """Compare claims with findings and print the tally."""
    from ..studies.published import claims, verdicts

    table = claims.compare(claims.claims(*claims.TABLES), claims.collect(*_findings()))
    if options.all:
        columns = ["claim", "printed", "unit", "estimate", "conf_low", "conf_high", "verdict", "note"]
        print(table[columns].to_string(index=False))
        print()
    print(verdicts.tally(table).to_string(index=False))
    if options.accept:
        print(f"accepted: {verdicts.accept(table)}")
        return 0
    changed = verdicts.moved(table, verdicts.committed())
    for row in changed.itertuples():
        print(f"moved: {row.claim}: {row.accepted} -> {row.now}", file=sys.stderr)
    return 1 if len(changed) else 0
