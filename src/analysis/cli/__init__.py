"""The command ``sanctuary``; its subcommands are the modules of this folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..errors import AnalysisError
from . import (
    archive,
    data,
    doctor,
    export,
    extras,
    ingest,
    multiverse,
    notebooks,
    policies,
    readme,
    report,
    site,
    study,
    verify,
)

__all__ = ["main", "parser"]

DESCRIPTION = """\
Do sanctuary policies change crime? Two published designs, rebuilt on the FBI's files and dated policies.

A fresh checkout holds the panels, so the report needs no download:

  sanctuary report      write the PDFs and the HTML page from the committed panels
  sanctuary site        make the site: front page, paper, explorer, documentation, data
  sanctuary verify      compare every published figure with what the data say
  sanctuary multiverse  estimate thousands of specifications anew (a quarter of an hour)
  sanctuary doctor      say what is missing here, and how to get it

The list of dated policies is part of the repository and needs no download either:

  sanctuary export      write the panels as CSV, Excel, Parquet, DuckDB or SQLite, with a codebook
  sanctuary archive     write everything that may be passed on as one zip, for a deposit
  sanctuary policies    check the list, show a place, compare two versions, add a row

With the published files in data/raw (or in the directory ANALYSIS_RAW_DIR names):

  sanctuary data        rebuild the panels from the published files

With an FBI master file of your own, of any year:

  sanctuary ingest      write its agency-months and agency-years as Parquet

With a panel of your own, of anything that units adopt at different times:

  sanctuary study       estimate the effect, and say what is and is not ruled out
"""

EPILOG = """\
Exit codes: 0 done; 1 a check failed; 2 something is missing or wrong, and the message says what, where
and what to do. Earlier outputs are replaced only when every new one has been made.
Use "sanctuary COMMAND --help" for the options of one command.
"""


#: The commands, in the order of the help.
COMMANDS = (
    data,
    policies,
    export,
    archive,
    ingest,
    study,
    multiverse,
    verify,
    report,
    site,
    notebooks,
    readme,
    doctor,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command and its subcommands."""
    top = argparse.ArgumentParser(
        prog="sanctuary",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"sanctuary-crime {_version()}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in COMMANDS:
        name = module.__name__.rsplit(".", 1)[1]
        text = (module.__doc__ or "").strip()
        sub = commands.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the command's name; the process's own arguments when omitted.
    """
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except _expected() as error:
        print(f"sanctuary: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        if not (sentence := extras.sentence(error)):
            raise
        print(f"sanctuary: {sentence}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stdout = None  # whoever read the output has gone: nothing more can be said there
        return 0
    except (OSError, ValueError) as error:
        if not (sentence := _trouble_with_files(error)):
            raise
        print(f"sanctuary: {sentence}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sanctuary: stopped; earlier outputs are as they were.", file=sys.stderr)
        return 130


def _trouble_with_files(error: Exception) -> str:
    """Return one sentence for what the system refused: a full or read-only disk, a bad name; or nothing."""
    if isinstance(error, ValueError):
        return f"A name holds a zero byte: {error}." if str(error) == "embedded null byte" else ""
    if not isinstance(error, OSError) or not error.errno:
        return ""
    where = f" Where: {error.filename}." if error.filename else ""
    return (
        f"{os.strerror(error.errno)}.{where} "
        "Remedy: make room, or name a place that can be written; earlier outputs are as they were."
    )


def _expected() -> tuple[type[Exception], ...]:
    # The estimators are loaded only by commands that need them: help should not wait for them.
    estimators = sys.modules.get(f"{__package__.partition('.')[0]}.estimators.errors")
    return (AnalysisError, estimators.EstimationError) if estimators else (AnalysisError,)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sanctuary-crime")
    except PackageNotFoundError:
        return "(not installed)"
