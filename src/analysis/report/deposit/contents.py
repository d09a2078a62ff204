"""What goes into the archive: tracked files and published files that may be passed on; the rest by reason."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import AlteredFileError, AnalysisError
from ...panels.manifests import read_manifest
from ...paths import project_root, raw_dir
from ...sources.registry.files import families, raw_files, sha256_of
from ...sources.registry.redistribution import bases, restricted

#: Folder in the archive that holds the checkout; published files go below its data/raw.
CHECKOUT = "sanctuary-crime"
#: A basis that a person has to decide on before a deposit.
JUDGED = "facts to be judged"
_PANELS = "data/processed"
_RAW = "data/raw"


@dataclass(frozen=True)
class Entry:
    """A file of the archive: its path there, and where it is now."""

    path: str
    source: Path


@dataclass(frozen=True)
class LeftOut:
    """A file that is not in the archive: its path, why, and how to get or make it."""

    path: str
    why: str
    how: str


@dataclass(frozen=True)
class Contents:
    """What an archive holds and what it leaves out, both in order of path."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]


def contents(*, judged: bool = False, root: Path | None = None, raw: Path | None = None) -> Contents:
    """Return what may be passed on and what may not.

    Parameters
    ----------
    judged : bool, default False
        Whether somebody has decided that panels on the basis `JUDGED` may be passed on: they are in then.
    root, raw : pathlib.Path, optional
        The checkout, and the folder of published files; those of `analysis.paths` when omitted.

    Raises
    ------
    AnalysisError
        If the checkout is none, or differs from its commit: the archive would not be that of a version.
    AlteredFileError
        If a published file is not the registered one.
    """
    root = root or project_root()
    panels = {} if judged else dict(_panels_left_out(root / _PANELS))
    entries: list[Entry] = []
    left_out = list(panels.values())
    for path in tracked(root):
        if path not in panels and not (path.startswith(f"{_RAW}/") and path != f"{_RAW}/README.md"):
            entries.append(Entry(f"{CHECKOUT}/{path}", root / path))
    for each in _raw(raw or raw_dir()):
        if isinstance(each, Entry):
            entries.append(each)
        else:
            left_out.append(each)
    return Contents(tuple(sorted(entries, key=_path)), tuple(sorted(left_out, key=_path)))


def tracked(root: Path) -> list[str]:
    """Return the paths of a checkout's files, as committed.

    Raises
    ------
    AnalysisError
        If there is no checkout, or a file was changed since the commit.
    """
    if changed := _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise AnalysisError(
            f"{len(changed)} files differ from the commit, {changed[0][3:]} first.",
            where=str(root),
            remedy="Commit, or put them back: an archive belongs to a version.",
        )
    return _git(root, "ls-files")


def _git(root: Path, *arguments: str) -> list[str]:
    try:
        told = subprocess.run(
            ["git", "-C", str(root), "-c", "core.quotepath=off", *arguments], capture_output=True, check=True
        )
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise AnalysisError(
            "There is no checkout here to archive.", where=str(root), remedy="Run it in a clone with git."
        ) from error
    return told.stdout.decode("utf-8").splitlines()


def _panels_left_out(directory: Path) -> Iterator[tuple[str, LeftOut]]:
    for place in sorted(directory.glob("*.manifest.json")):
        name = place.name.removesuffix(".manifest.json")
        waiting = _waiting(read_manifest(place, name)["inputs"])
        if waiting:
            path = f"{_PANELS}/{name}.parquet"
            why = "; ".join(f"{family}: {bases()[family].why}" for family in waiting)
            how = f"sanctuary data --only {name}, with the files of {', '.join(waiting)} in {_RAW}"
            yield path, LeftOut(f"{CHECKOUT}/{path}", why, how)


def _waiting(inputs: Iterable[str]) -> list[str]:
    """Return families whose facts a panel takes directly and that nobody has judged."""
    return [family for family in restricted(list(inputs)) if bases()[family].basis == JUDGED]


def _raw(directory: Path) -> Iterator[Entry | LeftOut]:
    for path, file in raw_files().items():
        about, place = families()[file.family], directory / path
        inside = f"{CHECKOUT}/{_RAW}/{path}"
        how = file.url or about.get("landing_page") or about.get("url") or f"see {_RAW}/README.md"
        if not about["may_redistribute"]:
            yield LeftOut(inside, f"may not be passed on: {about['licence']}", how)
        elif not place.is_file():
            yield LeftOut(inside, "may be passed on, and was not there when the archive was made", how)
        elif sha256_of(place) != file.sha256:
            raise AlteredFileError(
                "A published file is not the registered one.", where=str(place), remedy="Get it again."
            )
        else:
            yield Entry(inside, place)


def require_nothing_restricted(paths: Sequence[str]) -> None:
    """Raise AnalysisError if a path in an archive is a published file that may not be passed on."""
    closed = {name for name, about in families().items() if not about["may_redistribute"]}
    for path in paths:
        parts = PurePosixPath(path).parts
        if parts[:3] == (CHECKOUT, "data", "raw") and len(parts) > 4 and parts[3] in closed:
            raise AnalysisError(f"{path} may not be passed on.", where="archive", remedy="Leave it out.")


def _path(each: Entry | LeftOut) -> str:
    return each.path
