"""Whether a folder of outputs still is what its inputs give: one hash of all inputs, one of each output."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

from ..paths import processed_dir

NAME = ".made.json"


def of(inputs: Iterable[Path]) -> str:
    """Return a hash of files and folders, of this package, the panels, and all installed versions."""
    digest = hashlib.sha256(sys.version.encode())
    package = Path(__file__).resolve().parents[1]
    for place in [*inputs, package, processed_dir()]:
        for path in _files(place):
            digest.update(f"\0{path.relative_to(place.parent)}\0".encode() + path.read_bytes())
    versions = sorted(f"{d.name}=={d.version}" for d in distributions() if d.name)
    digest.update("\0".join([*versions, os.environ.get("ANALYSIS_SITE_URL", "")]).encode())
    return digest.hexdigest()


def unchanged(out: Path, mark: str) -> list[Path]:
    """Return the outputs, where they were made under this hash and none was altered since; else nothing."""
    try:
        made = json.loads((out / NAME).read_text("utf-8"))
        files = {out / name: known for name, known in made["files"].items()}
        same = made["stamp"] == mark and all(_hash(path) == known for path, known in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return list(files) if same else []


def write(out: Path, mark: str, files: Sequence[Path]) -> None:
    """State under which hash the outputs were made."""
    made = {"stamp": mark, "files": {str(path.relative_to(out)): _hash(path) for path in files}}
    part = out / f"{NAME}.part"
    part.write_text(json.dumps(made, indent=0), "utf-8")
    os.replace(part, out / NAME)


@contextmanager
def run_named_fresh(fresh: bool) -> Iterator[None]:
    """Make every result of the block, in whichever process, computed once anew."""
    before = os.environ.get("ANALYSIS_STORE_FRESH")
    if fresh:
        os.environ["ANALYSIS_STORE_FRESH"] = uuid.uuid4().hex
    try:
        yield
    finally:
        if fresh:
            if before is None:
                del os.environ["ANALYSIS_STORE_FRESH"]
            else:
                os.environ["ANALYSIS_STORE_FRESH"] = before


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    hidden = {"__pycache__", ".ipynb_checkpoints"}
    return sorted(p for p in place.rglob("*") if p.is_file() and not hidden & set(p.parts))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
