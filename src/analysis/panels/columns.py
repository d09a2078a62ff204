"""The codebook: every panel column defined once, and pandera models made of those definitions.

Definitions stand in ``codebook/*.csv`` (one file a topic; a name may stand in one file only). A panel's
model is a list of those names, so that the same name means the same quantity, in the same unit, in every
panel. A name that ends in ``_per_100k`` or ``_per_10k`` whose stem is defined is derived from it and needs no
row of its own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import pandera.errors
import pandera.pandas as pa
from pandera.typing.pandas import Series

from ..errors import DuplicateKeyError, ImpossibleValueError, LayoutError

_DTYPES: dict[str, Any] = {
    "str": pd.StringDtype(na_value=float("nan")),
    "int64": "int64",
    "Int64": pd.Int64Dtype(),
    "float64": "float64",
    "bool": "bool",
    "boolean": pd.BooleanDtype(),
}
_RATE = re.compile(r"(?P<stem>\w+)_per_(?P<base>100k|10k)")
_BASES = {"100k": "100,000", "10k": "10,000"}


@dataclass(frozen=True)
class Column:
    """One column's definition.

    Attributes
    ----------
    name : str
        Name, with its unit where the unit is not plain from the quantity.
    dtype : str
        ``str``, ``int64``, ``float64``, ``bool``, or with missing allowed ``Int64``, ``boolean``.
    unit, meaning : str
        What is measured, in what.
    minimum, maximum : float or None
        Bounds, both included.
    nullable : bool
        Whether missing values may stand in it.
    allowed : tuple of str
        The only values it may take; empty for no such list.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = False
    allowed: tuple[str, ...] = ()

    def field(self, *, nullable: bool | None = None) -> Any:
        """Return the pandera field: bounds, allowed values, description; strict, no coercion."""
        return pa.Field(
            ge=self.minimum,
            le=self.maximum,
            isin=list(self.allowed) or None,
            nullable=self.nullable if nullable is None else nullable,
            coerce=False,
            title=self.unit,
            description=self.meaning,
        )


@cache
def columns() -> dict[str, Column]:
    """Return every defined column by name.

    Raises
    ------
    DuplicateKeyError
        If a name is defined twice.
    """
    found: dict[str, Column] = {}
    folder = files(__package__).joinpath("codebook")
    for place in sorted((p for p in folder.iterdir() if p.name.endswith(".csv")), key=lambda p: p.name):
        for row in csv.DictReader(place.read_text("utf-8").splitlines()):
            if row["name"] in found:
                raise DuplicateKeyError(
                    f"Column {row['name']} is defined twice.", where=place.name, remedy="Keep one definition."
                )
            found[row["name"]] = _parse(row, place.name)
    return found


def column(name: str) -> Column:
    """Return the definition of a column, derived from its stem for a rate.

    Raises
    ------
    LayoutError
        If no codebook file defines it.
    """
    if name in columns():
        return columns()[name]
    rate = _RATE.fullmatch(name)
    if rate and rate["stem"] in columns():
        stem, base = columns()[rate["stem"]], _BASES[rate["base"]]
        maximum = None if stem.maximum is None else 1e9
        return Column(name, "float64", f"per {base} residents", f"{stem.meaning}: rate", 0.0, maximum, True)
    raise LayoutError(
        f"No column {name!r} in the codebook.",
        where="panels/codebook",
        remedy="Define it in one of its files.",
    )


def panel_model(
    name: str,
    names: Iterable[str],
    *,
    keys: list[str],
    nullable: Iterable[str] = (),
    required: Iterable[str] = (),
    checks: dict[str, Any] | None = None,
    doc: str = "",
) -> type[pa.DataFrameModel]:
    """Return the pandera model of a panel: strict, ordered, no coercion, unique in its keys.

    Parameters
    ----------
    name : str
        Class name.
    names : iterable of str
        Columns, in order; each must be in the codebook.
    keys : list of str
        Columns that identify a row; never missing.
    nullable, required : iterable of str, optional
        Columns whose nullability in this panel differs from the codebook's.
    checks : dict, optional
        Further class attributes, e.g. methods made with ``pandera.dataframe_check``.
    doc : str, optional
        Docstring of the class.

    Returns
    -------
    type
        A subclass of ``pandera.DataFrameModel``; give it to `validate`.
    """
    names, may, must = list(names), set(nullable), set(required) | set(keys)
    config = type(
        "Config", (), {"strict": True, "ordered": True, "coerce": False, "unique": keys, "name": name}
    )
    body: dict[str, Any] = {"__annotations__": {}, "__doc__": doc, "__module__": __name__, "Config": config}
    for each in names:
        definition = column(each)
        missing = definition.nullable if each not in may | must else each in may
        body["__annotations__"][each] = Series.__class_getitem__(_DTYPES[definition.dtype])  # type: ignore[no-untyped-call]
        body[each] = definition.field(nullable=missing)
    return type(name, (pa.DataFrameModel,), body | (checks or {}))


def validate(frame: pd.DataFrame, model: type[pa.DataFrameModel]) -> pd.DataFrame:
    """Return `frame` unchanged if the model holds.

    Raises
    ------
    DuplicateKeyError
        If two rows share the key.
    LayoutError
        If a column is missing, unknown, out of order or of another type.
    ImpossibleValueError
        If a value is out of bounds, not allowed, or missing where it may not be.
    """
    try:
        model.validate(frame, lazy=False)
    except pandera.errors.SchemaErrors as error:
        raise _translate(error.schema_errors[0], model) from error
    except pandera.errors.SchemaError as error:
        raise _translate(error, model) from error
    return frame


def codebook(model: type[pa.DataFrameModel] | None = None) -> pd.DataFrame:
    """Return the codebook as a table: of one panel's model, or of all defined columns."""
    if model is None:
        rows = [
            (c.name, c.dtype, c.unit, c.minimum, c.maximum, c.nullable, c.meaning) for c in columns().values()
        ]
    else:
        rows = [
            (n, (c := column(n)).dtype, c.unit, c.minimum, c.maximum, part.nullable, c.meaning)
            for n, part in model.to_schema().columns.items()
        ]
    return pd.DataFrame(
        rows, columns=["column", "type", "unit", "minimum", "maximum", "may be missing", "meaning"]
    )


def codebook_markdown(model: type[pa.DataFrameModel] | None = None) -> str:
    """Return `codebook` as a Markdown table."""
    table = codebook(model)
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * table.shape[1]]
    for row in table.itertuples(index=False):
        lines.append("| " + " | ".join(_cell(value) for value in row) + " |")
    return "\n".join(lines) + "\n"


def _parse(row: dict[str, str], place: str) -> Column:
    if row["dtype"] not in _DTYPES:
        raise LayoutError(
            f"Column {row['name']} has type {row['dtype']!r}.", where=place, remedy=f"One of {list(_DTYPES)}."
        )
    number = {side: float(row[side]) if row[side] else None for side in ("minimum", "maximum")}
    allowed = tuple(filter(None, row["allowed"].split("|")))
    return Column(
        row["name"],
        row["dtype"],
        row["unit"],
        row["meaning"],
        **number,
        nullable=row["nullable"] == "yes",
        allowed=allowed,
    )


def _translate(error: pandera.errors.SchemaError, model: type[pa.DataFrameModel]) -> Exception:
    text, name = str(error).splitlines()[0][:400], model.to_schema().name
    reason = getattr(error.reason_code, "name", "")
    if reason == "DUPLICATES":
        return DuplicateKeyError(f"Two rows of {name} share a key: {text}", where=str(name))
    if reason in {"DATAFRAME_CHECK", "SERIES_CONTAINS_NULLS"}:
        return ImpossibleValueError(
            text, where=str(name), remedy="Correct the source row or the codebook's bounds."
        )
    return LayoutError(text, where=str(name), remedy="Build the panel with the columns its model names.")


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.15g}" if isinstance(value, float) else str(value)
