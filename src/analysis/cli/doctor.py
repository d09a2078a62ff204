"""Say what is missing here (published files, panels, packages, fonts) and how to get it.

With --hash every published file is read and its SHA-256 compared, which takes a while. Exit code 1 when
something that `sanctuary report` needs is missing; missing published files only stop `sanctuary data`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

_GET = "Get: make install in a checkout, or pip install 'sanctuary-crime[report]'"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report: what was looked at, whether it is well, and the remedy if not."""

    subject: str
    well: bool
    text: str
    needed_for_report: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--hash", action="store_true", help="verify the SHA-256 of every published file")


def run(options: argparse.Namespace) -> int:
    """Print what was found."""
    findings = list(examine(with_hashes=options.hash))
    for finding in findings:
        print(f"{'ok     ' if finding.well else 'MISSING'}  {finding.subject}: {finding.text}")
    bad = [finding for finding in findings if not finding.well]
    needed = [finding for finding in bad if finding.needed_for_report]
    print(f"\n{len(findings) - len(bad)} of {len(findings)} well. " + _conclusion(bad, needed))
    return 1 if needed else 0


def examine(*, with_hashes: bool = False) -> Iterator[Finding]:
    """Yield findings on published files by family, panels, packages, fonts and the document tools."""
    yield from _raw(with_hashes)
    yield from _panels()
    yield from _packages()
    yield from _fonts()
    yield _pandoc()


def _conclusion(bad: list[Finding], needed: list[Finding]) -> str:
    if needed:
        return "`sanctuary report` cannot run yet."
    return "`sanctuary report` can run; `sanctuary data` cannot." if bad else "Everything can run."


def _raw(with_hashes: bool) -> Iterator[Finding]:
    from ..paths import raw_dir
    from ..sources.registry.files import families, family_files, sha256_of

    for family, about in families().items():
        files = family_files(family)
        absent = [f.path for f in files if not (raw_dir() / f.path).is_file()]
        altered = [
            f.path
            for f in files
            if f.path not in absent
            and (
                (raw_dir() / f.path).stat().st_size != f.bytes
                or (with_hashes and sha256_of(raw_dir() / f.path) != f.sha256)
            )
        ]
        subject = f"published files, {family}"
        if not absent and not altered:
            yield Finding(subject, True, f"{len(files)} files", False)
            continue
        lacking = [f"{len(absent)} of {len(files)} absent (first: {absent[0]})"] if absent else []
        lacking += [f"{len(altered)} altered (first: {altered[0]})"] if altered else []
        how = f"{about['title']}, {about['publisher']}, {about['years']}; see data/raw/README.md"
        yield Finding(subject, False, f"{'; '.join(lacking)}. Get: {how}. Place: {raw_dir()}", False)


def _panels() -> Iterator[Finding]:
    from ..errors import AnalysisError
    from ..panels.build import PANELS
    from ..panels.store import load, manifest_of, require_made_of_sources

    yield from _sums()
    for name in PANELS:
        try:
            rows = len(load(name))
            require_made_of_sources(manifest_of(name))
            yield Finding(f"panel {name}", True, f"{rows:,} rows, listed, and made of today's sources")
        except AnalysisError as error:
            yield Finding(f"panel {name}", False, str(error))


def _sums() -> Iterator[Finding]:
    from ..errors import AnalysisError
    from ..panels.sums import NAME, listed, read_sums
    from ..paths import processed_dir
    from ..sources.registry.files import sha256_of

    directory = processed_dir()
    try:
        sums = read_sums(directory)
    except AnalysisError as error:
        yield Finding(NAME, False, str(error))
        return
    there = {path.name: path for path in listed(directory)}
    wrong = [n for n in sums if n not in there or sha256_of(there[n]) != sums[n]]
    wrong += [name for name in there if name not in sums]
    remedy = f"{', '.join(sorted(wrong)[:5])} not as listed. Get: git checkout data/processed, or make data"
    yield Finding(NAME, not wrong, remedy if wrong else f"{len(sums)} files, all as listed")


def _packages() -> Iterator[Finding]:
    import re

    lacking = []
    for line in requires("sanctuary-crime") or []:
        if "extra ==" in line and "extra == 'report'" not in line.replace('"', "'"):
            continue
        name = re.split(r"[\s\[<>=!~;]", line, maxsplit=1)[0]
        try:
            version(name)
        except PackageNotFoundError:
            lacking.append(name)
    if lacking:
        yield Finding("packages", False, f"{', '.join(lacking)}. {_GET}")
    else:
        yield Finding("packages", True, "all that the report needs are installed")


def _fonts() -> Iterator[Finding]:
    from ..report.exhibits.style import font_files

    for package in ("font_source_sans_pro", "font_source_serif_pro"):
        found = font_files(package)
        remedy = _GET
        yield Finding(f"fonts, {package}", len(found) == 4, f"{len(found)} faces" if found else remedy)


def _pandoc() -> Finding:
    try:
        import pypandoc

        return Finding("pandoc", True, pypandoc.get_pandoc_version())
    except (ImportError, OSError):
        return Finding("pandoc", False, _GET)
