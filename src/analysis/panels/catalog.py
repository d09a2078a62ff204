"""What panels there are and what their columns mean: for a reader at a prompt, and for every export."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import pandas as pd

from ..errors import LayoutError, MissingFileError
from ..paths import processed_dir
from .columns import Column, column, columns
from .rates import rates_of
from .store import load, manifest_of

_SUFFIX = ".manifest.json"


def list_panels() -> pd.DataFrame:
    """Return every panel there is.

    Returns
    -------
    pandas.DataFrame
        One row per panel: ``panel``, ``rows``, ``columns``, ``keys``, ``years``, ``rates``.

    Examples
    --------
    >>> "city_year" in set(list_panels()["panel"])
    True
    """
    return pd.DataFrame([_line(name) for name in panel_names()])


def panel_names() -> list[str]:
    """Return the names of the panels there are, in order."""
    return sorted(place.name.removesuffix(_SUFFIX) for place in processed_dir().glob(f"*{_SUFFIX}"))


def describe(name: str) -> pd.DataFrame:
    """Return what each column of a panel is.

    Parameters
    ----------
    name : str
        Panel name.

    Returns
    -------
    pandas.DataFrame
        One row per column, in the panel's order: ``column, type, unit, minimum, maximum, may_be_missing``,
        ``is_key``, ``is_rate`` (computed on loading), ``meaning``.

    Raises
    ------
    LayoutError
        If there is no such panel; the error lists those there are.

    Examples
    --------
    >>> describe("state_bans")["column"].tolist()[:2]
    ['state', 'effective']
    """
    require_panel(name)
    manifest = manifest_of(name)
    rates = rates_of(name)
    return pd.DataFrame(
        [
            {
                "column": each,
                "type": dtype,
                "unit": (told := definition(each, name)).unit,
                "minimum": told.minimum,
                "maximum": told.maximum,
                "may_be_missing": told.nullable,
                "is_key": each in manifest["keys"],
                "is_rate": each in rates,
                "meaning": told.meaning,
            }
            for each, dtype in manifest["columns"].items()
        ]
    )


def definition(name: str, panel: str = "") -> Column:
    """Return the codebook's definition of a column: a panel's own (``panel:name``) where it has one."""
    own = f"{panel}:{name}"
    return columns()[own] if own in columns() else column(name)


def load_described(name: str) -> pd.DataFrame:
    """Return a committed panel with its rates, verified against its manifest.

    Parameters
    ----------
    name : str
        Panel name; `analysis.panels.list` says which there are.

    Returns
    -------
    pandas.DataFrame
        The rows. ``attrs`` holds ``panel``, ``keys``, ``units`` and ``meanings`` by column.

    Raises
    ------
    LayoutError
        If there is no such panel; the error lists those there are.
    MissingFileError, AlteredFileError
        If a file of it is not there, or is not the one that was committed.

    Examples
    --------
    >>> frame = load_described("state_shapes")
    >>> frame.attrs["keys"]
    ['state']
    """
    require_panel(name)
    frame = load(name)
    told = describe(name).set_index("column")
    frame.attrs = {
        "panel": name,
        "keys": list(manifest_of(name)["keys"]),
        "units": told["unit"].to_dict(),
        "meanings": told["meaning"].to_dict(),
    }
    return frame


def require_panel(name: str) -> None:
    """Raise LayoutError unless there is a panel of that name; the error lists those there are."""
    names = panel_names()
    if not names:
        raise MissingFileError("There are no panels.", where=str(processed_dir()), remedy="Run `make data`.")
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise LayoutError(f"No panel is named {name}.", remedy=f"{hint}There are: {', '.join(names)}.")


def _line(name: str) -> dict[str, Any]:
    manifest = manifest_of(name)
    years = list(manifest["rows_by_year"])
    return {
        "panel": name,
        "rows": manifest["rows"],
        "columns": len(manifest["columns"]),
        "keys": ", ".join(manifest["keys"]),
        "years": f"{years[0]}-{years[-1]}" if years else "",
        "rates": len(rates_of(name)),
    }
