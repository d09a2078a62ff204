"""Study a panel of your own in which units adopt something at different times: one PDF, page and tables.

FILE is CSV, Parquet or Excel: one row a unit and period, and a column that says from which period each unit
is treated (empty or 0: never; dates beside years count by their year). Nothing but FILE is read.

DIR receives study.pdf, study.html, study.txt, result.npz (read it with StaggeredReport.load) and every table
as CSV. A panel from which nothing can be estimated gets the diagnosis and exit code 1. Earlier files in DIR
are replaced only when all new ones have been made.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AnalysisError
from .checks import count, folder
from .saying import say

if TYPE_CHECKING:
    import pandas as pd

    from ..estimators import StaggeredReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, Parquet or Excel")
    for name, what in (
        ("outcome", "column to be explained"),
        ("unit", "column of units"),
        ("time", "column of periods"),
        ("adopted", "column with each unit's first treated period"),
    ):
        parser.add_argument(f"--{name}", required=True, metavar="COLUMN", help=what)
    parser.add_argument("--cluster", metavar="COLUMN", help="clusters of units (the unit)")
    parser.add_argument("--weights", metavar="COLUMN", help="sampling weights")
    parser.add_argument("--covariates", nargs="+", default=(), metavar="COLUMN", help="covariates")
    _add_choices(parser)
    parser.add_argument("--level", type=float, default=0.95, metavar="SHARE", help="confidence level (0.95)")
    parser.add_argument(
        "--refits", type=count, default=50, metavar="N", help="clusters left out in turn (50)"
    )
    parser.add_argument("--sheet", metavar="NAME", help="sheet of an Excel file (the first)")
    parser.add_argument("--out", type=folder, required=True, metavar="DIR", help="folder for the files")


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--control", choices=("never", "not_yet"), help="whom to compare with (never treated)"
    )
    parser.add_argument(
        "--anticipation", type=int, default=0, metavar="N", help="periods of early response (0)"
    )
    parser.add_argument(
        "--frequency",
        choices=("year", "quarter", "month", "week", "day"),
        help="length of a period where time and adoption are dates",
    )
    parser.add_argument(
        "--window", nargs=2, type=int, metavar=("FIRST", "LAST"), help="event times shown (-4 4)"
    )


def run(options: argparse.Namespace) -> int:
    """Study the panel, print the paragraph and name the files."""
    from ..estimators import staggered_report

    frame = read_table(options.file, options.sheet)
    report = staggered_report(frame, **_options(options))
    paths = write(report, options.out)
    print(report.paragraph)
    for path in paths:
        print(path)
    return int(report.stops)


def _options(options: argparse.Namespace) -> dict[str, Any]:
    names = (
        "outcome",
        "unit",
        "time",
        "adopted",
        "cluster",
        "weights",
        "control",
        "anticipation",
        "frequency",
    )
    given = {name: getattr(options, name) for name in (*names, "level", "refits")}
    window = None if options.window is None else tuple(options.window)
    return given | {"covariates": list(options.covariates), "window": window}


def _readers(sheet: str | None) -> dict[str, Any]:
    import pandas as pd

    return {
        ".csv": pd.read_csv,
        ".tsv": lambda given: pd.read_csv(given, sep="\t"),
        ".parquet": pd.read_parquet,
        ".xlsx": lambda given: pd.read_excel(given, sheet_name=sheet or 0),
        ".xls": lambda given: pd.read_excel(given, sheet_name=sheet or 0),
    }


def read_table(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Return the table in a CSV, Parquet or Excel file, by the ending of its name.

    Raises
    ------
    AnalysisError
        The file is not there, has another ending, or holds something else.
    """
    import pandas as pd

    if not path.is_file():
        raise AnalysisError(
            "There is no such file.", where=str(path), remedy="Name a CSV, Parquet or Excel file."
        )
    readers, ending = _readers(sheet), path.suffix.lower()
    if ending not in readers:
        raise AnalysisError(
            f"{ending or 'No ending'} is none that is read.",
            where=str(path),
            remedy=f"Save it as one of {', '.join(readers)}.",
        )
    try:
        return pd.DataFrame(readers[ending](path))
    except ImportError as error:
        raise AnalysisError(
            str(error), where=str(path), remedy="pip install 'sanctuary-crime[export]'."
        ) from error
    except OSError as error:
        if error.errno:
            raise
        raise _unreadable(path, error) from error
    except Exception as error:  # every reader has errors of its own for a file that is not what its name says
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> AnalysisError:
    said = " ".join(str(error).split())[:200]
    return AnalysisError(f"The file cannot be read: {said}.", where=str(path), remedy="Check what it holds.")


def write(report: StaggeredReport, out: Path) -> list[Path]:
    """Write the PDF, the page, the text, the result and the tables; return where they are."""
    import os

    from ..placing import staging

    out.mkdir(parents=True, exist_ok=True)
    with staging(out / "study", "study", say) as aside:
        report.to_pdf(aside / "study.pdf")
        report.to_html(aside / "study.html")
        (aside / "study.txt").write_text(report.summary() + "\n", "utf-8")
        report.save(aside / "result.npz")
        for heading, table in report.tables().items():
            name = re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")
            table.to_csv(aside / f"{name}.csv", index=False)
        made = sorted(aside.iterdir())
        for path in made:
            os.replace(path, out / path.name)
    return [out / path.name for path in made]
