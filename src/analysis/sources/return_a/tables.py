"""Decoded records as Arrow tables: agency-years and agency-months."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import fields, layout
from .decoding import Records, reported
from .layout import CARDS, MISSING, MONTHS, OFFENSES, Field

#: What a card's type says, by its code; blank means that no return came in.
TYPES = {"0": "not updated", "2": "adjustment", "4": "not available", "5": "normal", "8": "unusable"}
#: What a card's detail says.
DETAILS = {"P": "parts", "T": "totals"}
#: Totals whose sum the file prints as its grand total.
TOTALS = (
    *("murder", "manslaughter", "rape", "robbery"),
    *("assault", "burglary", "larceny", "motor_vehicle_theft"),
)
_ZERO_IS_MISSING = ("juvenile_age", "month_included_in")
_NOT_KEPT = ("record_identifier", "year_of_century")


def agency_years(records: Records, source: str, decoder: ModuleType) -> pa.Table:
    """Return one row a record: header, months by card, annual counts.

    Parameters
    ----------
    records : Records
        Undamaged records.
    source : str
        Name of their file.
    decoder : module
        As `analysis.sources.return_a.decoding.engine` returns it.
    """
    sums, stray = decoder.totals(records.block)
    return agency_years_from(records, source, sums, stray)


def agency_years_from(records: Records, source: str, sums: np.ndarray, stray: np.ndarray) -> pa.Table:
    """Return `agency_years` from annual counts at hand (see `plain.totals_of_months`)."""
    block = records.block
    columns = _keys(records, source)
    columns |= {each.name: _column(block, each) for each in layout.part("record") if is_kept(each)}
    columns |= {"population": _population(block)} | _months_by_card(block)
    columns |= {name: _integers(sums[k]) for k, name in enumerate(layout.count_columns())}
    columns |= _officers_of_the_year(block)
    columns["last_updated"] = _last_updated(block)
    columns["cards_not_adding_up"] = pa.array(_not_adding_up(sums))
    columns["cards_unreported_not_empty"] = pa.array(stray)
    return pa.table(columns)


def agency_months(records: Records, source: str, counts: np.ndarray) -> pa.Table:
    """Return one row a record and month: types, all four cards, officers.

    Parameters
    ----------
    records : Records
        Undamaged records.
    source : str
        Name of their file.
    counts : numpy.ndarray of int32, shape (112, records * 12)
        The decoder's `months`. Counts of a card without a return, or blank, are missing here.
    """
    block, repeats = records.block, np.repeat(np.arange(len(records.block)), MONTHS)
    keys = pa.table(_keys(records, source)).take(pa.array(repeats))
    columns = dict(zip(keys.column_names, keys.columns, strict=True))
    columns["month"] = pa.array(np.tile(np.arange(1, MONTHS + 1, dtype=np.int8), len(block)))
    heads = [each for each in layout.part("month") if each.kind != "counts"]
    columns |= {each.name: _column(block, each) for each in heads if each.kind == "code"}
    columns |= _cards(block, counts)
    columns |= {each.name: _column(block, each) for each in heads if each.kind == "number"}
    columns["cards_not_adding_up"] = pa.array(_not_adding_up(counts, _by_card(block)))
    return pa.table(columns)


def is_kept(each: Field) -> bool:
    """Return whether a field of the header is a column: not the constant identifier and the short year."""
    return each.name not in _NOT_KEPT


def _keys(records: Records, source: str) -> dict[str, pa.Array]:
    block = records.block
    ori7 = _strings(fields.characters(block, layout.field("ori7")))
    year = layout.year_of(fields.integers(fields.characters(block, layout.field("year_of_century"))))
    number = fields.texts(block, layout.field("state_number")).astype("U2")
    states = pa.array([layout.states()[each] for each in number.tolist()], pa.string())
    return {
        "year": pa.array(year.astype(np.int32)),
        "ori7": ori7,
        "state": states.dictionary_encode(),
        "source": pa.DictionaryArray.from_arrays(np.zeros(len(block), np.int32), [source]),
        "record": pa.array(records.numbers.astype(np.int32)),
    }


def _column(block: np.ndarray, each: Field) -> pa.Array:
    raw = fields.characters(block, each)
    flat = raw.reshape(-1, each.width)
    if each.kind == "number":
        return _integers(fields.integers(flat))
    return _converter(each)(flat, each)


def _converter(each: Field) -> Callable[[np.ndarray, Field], pa.Array]:
    if each.name.endswith(("_type", "_detail")) and each.part == "month":
        return _words
    kinds = {"yes or no": _yes_or_no, "date": _dates}
    if each.unit in ("years", "month", "agencies"):
        return _small
    return kinds.get(each.unit, lambda raw, _: _strings(raw))


def _words(raw: np.ndarray, each: Field) -> pa.Array:
    known = TYPES if each.name.endswith("_type") else DETAILS
    letters = [known.get(chr(b), f"code {b - 48}") for b in range(48, 58)] if known is TYPES else ["parts"]
    letters += ["totals"] if known is DETAILS else []
    codes = np.full(256, -1, np.int8)
    if known is TYPES:
        codes[48:58] = np.arange(10)
    else:
        codes[[ord("P"), ord("T")]] = 0, 1
    index = codes[raw[:, 0]]
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=index < 0), pa.array(letters))


def _small(raw: np.ndarray, each: Field) -> pa.Array:
    blank = (raw == 32).any(axis=1)
    digits = np.where(raw == 32, 48, raw).astype(np.int32) - 48
    values = digits @ (10 ** np.arange(each.width - 1, -1, -1))
    if each.name in _ZERO_IS_MISSING:
        blank |= values == 0
    return pa.array(values.astype(np.int8), mask=blank)


def _yes_or_no(raw: np.ndarray, _: Field) -> pa.Array:
    return pa.array(raw[:, 0] == ord("Y"), mask=raw[:, 0] == 32)


def _dates(raw: np.ndarray, _: Field) -> pa.Array:
    days, absent = fields.dates(raw)
    return pa.array(days, mask=absent).cast(pa.date32())


def _strings(raw: np.ndarray) -> pa.Array:
    """Return text without the blanks behind it; missing where nothing is left."""
    raw = np.ascontiguousarray(raw)
    n, width = raw.shape
    if (raw > 127).any():
        text = pa.array([row.tobytes().decode("latin-1") for row in raw], pa.string())
    else:
        offsets = np.arange(n + 1, dtype=np.int32) * width
        text = pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(raw)])
    text = pc.utf8_rtrim(text, " ")
    return pc.if_else(pc.equal(text, ""), None, text)


def _integers(values: np.ndarray) -> pa.Array:
    missing = values == MISSING
    return pa.array(values, mask=missing) if missing.any() else pa.array(values)


def _population(block: np.ndarray) -> pa.Array:
    parts = [fields.integers(fields.characters(block, layout.field(f"population_{k}"))) for k in (1, 2, 3)]
    blank = np.logical_and.reduce([part == MISSING for part in parts])
    total = sum(np.where(part == MISSING, 0, part).astype(np.int64) for part in parts)
    return pa.array(total, mask=blank)


def _months_by_card(block: np.ndarray) -> dict[str, pa.Array]:
    returned = reported(block)
    types = fields.characters(block, layout.field("actual_type"))[..., 0]
    officers = fields.characters(block, layout.field("officers_type"))[..., 0]
    counted = {"months_reported": returned[:, :, CARDS.index("actual")]}
    counted |= {f"months_{card}": returned[:, :, k] for k, card in enumerate(CARDS) if card != "actual"}
    counted |= {
        "months_officers": np.isin(officers, list(layout.REPORTED)),
        "months_adjusted": types == ord("2"),
        "months_included": _included(block, counted["months_reported"]),
    }
    return {name: pa.array(held.sum(axis=1).astype(np.int8)) for name, held in counted.items()}


def _included(block: np.ndarray, returned: np.ndarray) -> np.ndarray:
    """Return months without a return whose crimes a later month's return of the same year holds."""
    digits = fields.characters(block, layout.field("month_included_in")).astype(np.int64) - 48
    target = np.where((digits >= 0).all(axis=2), digits @ [10, 1], 0)
    later = (target > np.arange(1, MONTHS + 1)) & (target <= MONTHS)
    at = np.clip(target - 1, 0, MONTHS - 1)
    return np.asarray(later & ~returned & np.take_along_axis(returned, at, axis=1))


def _last_updated(block: np.ndarray) -> pa.Array:
    raw = fields.characters(block, layout.field("month_updated")).reshape(-1, 6)
    days, absent = fields.dates(raw)
    absent |= fields.characters(block, layout.field("actual_type")).ravel() == ord(" ")
    last = np.where(absent, np.iinfo(np.int32).min, days).reshape(-1, MONTHS).max(axis=1)
    return pa.array(last, mask=absent.reshape(-1, MONTHS).all(axis=1)).cast(pa.date32())


def _officers_of_the_year(block: np.ndarray) -> dict[str, pa.Array]:
    types = fields.characters(block, layout.field("officers_type"))[..., 0]
    returned = np.isin(types, list(layout.REPORTED))
    return {
        each.name: _integers(_sum_where(fields.integers(fields.characters(block, each)), returned))
        for each in layout.part("month")
        if each.kind == "number"
    }


def _sum_where(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    sums = np.where(kept, values, 0).sum(axis=1, dtype=np.int32)
    absent = ~kept.any(axis=1) | ((values == MISSING) & kept).any(axis=1)
    return np.where(absent, MISSING, sums)


def _cards(block: np.ndarray, counts: np.ndarray) -> dict[str, pa.Array]:
    returned = _by_card(block)
    blanks = counts.min(initial=0) == MISSING
    columns = {}
    for k, name in enumerate(layout.count_columns()):
        valid = returned[k // OFFENSES]
        if blanks:
            valid = valid & (counts[k] != MISSING)
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
        parts = [bits, pa.py_buffer(counts[k])]
        columns[name] = pa.Array.from_buffers(pa.int32(), len(valid), parts)
    return columns


def _by_card(block: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(reported(block).reshape(-1, len(CARDS)).T)


def _not_adding_up(counts: np.ndarray, returned: np.ndarray | None = None) -> np.ndarray:
    """Return how many of the four cards print a grand total that is not the sum of their totals: int8."""
    cube = counts.reshape(len(CARDS), OFFENSES, -1)
    places = [layout.offenses().index(name) for name in TOTALS]
    wrong = np.zeros(cube.shape[2], np.int8)
    for k, card in enumerate(cube):
        printed = card[layout.offenses().index("all_offenses")]
        known, total = printed != MISSING, np.zeros(len(printed), np.int32)
        for place in places:
            known &= card[place] != MISSING
            total += card[place]
        wrong += (total != printed) & (known if returned is None else known & returned[k])
    return wrong
