"""Write the panels of the list of dated policies, from ``data/policies`` and the committed panels alone."""

from __future__ import annotations

from pathlib import Path

from ...paths import policies_dir, processed_dir
from ...sources.registry.files import sha256_of
from ..store import manifest_of, replacing, write_panel
from .build import INPUTS, KEYS, build_policies, rows_without_policy

_FOLDER = "data/policies/"


def write_policy_panels(directory: Path | None = None) -> dict[str, Path]:
    """Build the panels of the list and write them; no raw file is needed.

    Parameters
    ----------
    directory : pathlib.Path, optional
        Where to write; the processed directory when omitted.

    Returns
    -------
    dict of str to pathlib.Path
        Where each was written. All are replaced together.

    Raises
    ------
    AnalysisError
        If a row of the list is wrong; nothing has changed then.
    """
    frames, directory = build_policies(), directory or processed_dir()
    with replacing(directory) as stage:
        for name, frame in frames.items():
            lost = rows_without_policy(frames["policy_rows"]) if name == "policies" else {}
            write_panel(name, frame, keys=KEYS[name], inputs=INPUTS[name], dropped=lost, directory=stage)
    return {name: directory / f"{name}.parquet" for name in frames}


def changed_files() -> list[str]:
    """Return the files of the list that are not those the committed panels were made of, in order."""
    made_of = {
        path: digest
        for name in KEYS
        for path, digest in manifest_of(name)["inputs"].items()
        if path.startswith(_FOLDER)
    }
    here = {path for name in KEYS for path in INPUTS[name] if path.startswith(_FOLDER)}
    differs = {path for path in here | set(made_of) if _digest(path) != made_of.get(path)}
    return sorted(path.removeprefix(_FOLDER) for path in differs)


def _digest(path: str) -> str | None:
    place = policies_dir() / path.removeprefix(_FOLDER)
    return sha256_of(place) if place.is_file() else None
