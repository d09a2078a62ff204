"""Check, show, compare and add to the list of dated policies in data/policies.

check      everything wrong with the list, each line with file and row; exit code 1 if it cannot be used
build      make the panels, the descriptor and the README's counts anew from the list; needs no raw file
show       what the list says of one place: its rows and sources, and what keeps it out of event time
diff       two versions of the list, place by place: commits, or folders laid out as data/policies
add        ask for a row, resolve its place, check it with all others, and append it
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

_QUESTIONS = {
    "place": "Place, e.g. Eugene or Cook County",
    "state": "State, e.g. OR",
    "policy_type": "forbids_status_inquiry, declines_detainers, both, statewide_law or other/unknown",
    "instrument": "Instrument, e.g. ordinance 20590",
    "adopted": "Adopted: YYYY, YYYY-MM or YYYY-MM-DD",
    "confidence": "Confidence: high, medium or low",
    "source_url": "Address of the page that gives the date",
}
_OPTIONAL = ("kind", "geoid", "earliest", "ended", "archived-url", "further-sources")
_FLAGS = ("is-upper-bound", "is-disputed", "is-unconfirmed", "reaffirms-older")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    commands = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    for name, run_one, help_text in (
        ("check", _check, "say everything that is wrong with the list"),
        ("build", _build, "make panels, descriptor and README from the list"),
        ("show", _show, "say what the list holds on one place"),
        ("diff", _diff, "compare two versions of the list, place by place"),
        ("add", _add, "add a row"),
    ):
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(run_policies=run_one)
        _ARGUMENTS[name](sub)


def run(options: argparse.Namespace) -> int:
    """Do what was asked."""
    found: int = options.run_policies(options)
    return found


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", type=Path, metavar="DIR", help="folder laid out as data/policies")
    parser.add_argument("--quiet", action="store_true", help="print only what stops the list from being used")


def _check(options: argparse.Namespace) -> int:
    from ..panels.policies.findings import findings
    from ..panels.policies.gazetteer import committed_gazetteer

    found = list(findings(committed_gazetteer(), options.list))
    fatal = [problem for problem in found if problem.is_fatal]
    for problem in fatal if options.quiet else found:
        kind = "error" if problem.is_fatal else "note "
        print(f"{kind}  {problem.where}: {problem.text} {problem.remedy}")
    print(f"{len(fatal)} errors, {len(found) - len(fatal)} notes.")
    return int(bool(fatal))


def _build(_: argparse.Namespace) -> int:
    from ..panels.build import write_rows_by_year
    from ..panels.policies.write import write_policy_panels
    from ..paths import processed_dir
    from ..sources.policy.datapackage import write_descriptor
    from ..sources.policy.readme import write_readme

    for path in [*write_policy_panels().values(), write_descriptor(), write_readme()]:
        print(path)
    print(write_rows_by_year(processed_dir()))
    return 0


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", help='name and state, e.g. "Eugene, OR", or a place_id')


def _show(options: argparse.Namespace) -> int:
    from ..panels.policies.gazetteer import committed_gazetteer
    from ..panels.policies.history import find_place, history, standing
    from ..panels.store import load

    rows, policies = load("policy_rows"), load("policies")
    place_id = find_place(options.place, committed_gazetteer(), rows)
    _print_table(f"{place_id}: rows of the list", history(place_id, rows))
    _print_table("What dates its policy, by definition", standing(place_id, policies))
    undated = load("undated_places")
    for listed in undated[undated["place_id"].eq(place_id)].itertuples():
        print(f"Named without a date: {listed.list} ({listed.list_date}). Never a clean control.")
    return 0


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", nargs="?", default="HEAD", help="commit or folder (HEAD)")
    parser.add_argument("second", nargs="?", help="commit or folder (the list as it stands)")
    parser.add_argument(
        "--headlines", action="store_true", help="estimate each headline under both (minutes)"
    )


def _diff(options: argparse.Namespace) -> int:
    from ..panels.policies.build import build_policies
    from ..panels.policies.compare import BOTH, compare_lists, tally
    from ..panels.policies.gazetteer import committed_gazetteer

    known = committed_gazetteer()
    with _list_at(options.first) as first, _list_at(options.second) as second:
        one = build_policies(known, first)["policies"]
        other = build_policies(known, second)["policies"]
    compared = compare_lists(one, other)
    changed = compared[compared["status"].ne(BOTH)]
    _print_table("Places by definition", tally(compared))
    columns = ["definition", "place", "state", "status", "adopted_first", "adopted_second"]
    _print_table("What differs", changed[columns])
    if options.headlines:
        from ..studies.given_list.headlines import compare_headlines

        _print_table("Headlines", compare_headlines({"first": one, "second": other}))
    return 0


@contextmanager
def _list_at(place: str | None) -> Iterator[Path | None]:
    """Yield the folder of a list: None for the one that stands here, a folder, or a commit's copy."""
    if place is None or Path(place).is_dir():
        yield None if place is None else Path(place)
        return
    with tempfile.TemporaryDirectory() as aside:
        _unpack(place, Path(aside))
        yield Path(aside) / "data" / "policies"


def _unpack(commit: str, aside: Path) -> None:
    from ..errors import AnalysisError
    from ..paths import project_root

    asked = ["git", "-C", str(project_root()), "archive", "--format=tar", commit, "data/policies"]
    try:
        told = subprocess.run(asked, capture_output=True, check=True)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise AnalysisError(
            f"{commit!r} is neither a folder nor a commit that holds the list.",
            where=str(project_root()),
            remedy="Name a commit after the list came into the repository, or a folder laid out as it.",
        ) from error
    subprocess.run(["tar", "-x", "-C", str(aside)], input=told.stdout, check=True)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in [*_QUESTIONS, *_OPTIONAL]:
        parser.add_argument(f"--{name.replace('_', '-')}", help=_QUESTIONS.get(name))
    for name in _FLAGS:
        parser.add_argument(f"--{name}", action="store_const", const="yes")
    parser.add_argument("--dry-run", action="store_true", help="check the row and write nothing")


def _add(options: argparse.Namespace, ask: Callable[[str], str] = input) -> int:
    from ..panels.policies.edit import append_row, new_row
    from ..panels.policies.gazetteer import committed_gazetteer

    told = {name: value for name, value in vars(options).items() if isinstance(value, str)}
    for name, question in _QUESTIONS.items():
        told[name] = told.get(name) or _answer(question, ask)
    row = new_row(told, committed_gazetteer())
    print("\n".join(f"{name}: {value}" for name, value in row.items() if value))
    if not options.dry_run:
        print(append_row(row))
        print("Next: `sanctuary policies check`, `sanctuary policies build`, `make report`.")
    return 0


def _answer(question: str, ask: Callable[[str], str]) -> str:
    from ..errors import AnalysisError

    if ask is input and not sys.stdin.isatty():
        raise AnalysisError(f"Nobody to ask: {question}.", remedy="Give every answer as an option.")
    return ask(f"{question}: ").strip()


def _print_table(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}")
    print(table.to_string(index=False, na_rep="-") if len(table) else "nothing")


_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "check": _check_arguments,
    "build": lambda parser: None,
    "show": _show_arguments,
    "diff": _diff_arguments,
    "add": _add_arguments,
}
