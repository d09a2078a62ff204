"""Damaged records and files, made up by the thousand: the decoders agree, nothing crashes, nothing is lost."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import LayoutError
from analysis.sources.return_a import fields, framing, layout, plain, read_agency_years, vectorised
from analysis.sources.return_a.decoding import engine

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from return_a_records import make_block, to_bytes

BASE = make_block(4, seed=20)
FAST = engine()
offsets = st.integers(0, layout.LENGTH - 1)
#: Bytes that mean something in some field, and any byte.
letters = st.one_of(st.sampled_from(b" 0123456789{}AIJRSPTYN-1\r\n\x00\x1a\xff"), st.integers(0, 255))
edits = st.lists(st.tuples(st.integers(0, 3), offsets, letters), max_size=6)


def edited(changes):
    block = BASE.copy()
    for row, offset, letter in changes:
        block[row, offset] = letter
    return block


@settings(max_examples=150, deadline=None)
@given(edits)
def test_decoders_agree_on_edited_records(changes):
    block = edited(changes)
    found = plain.check(block)
    np.testing.assert_array_equal(FAST.check(block), found)
    np.testing.assert_array_equal(vectorised.check(block), found)
    whole = np.ascontiguousarray(block[found < 0])
    wanted, sums = plain.months(whole), plain.totals(whole)
    for decoder in (FAST, vectorised):
        np.testing.assert_array_equal(decoder.months(whole), wanted)
        for got, expected in zip(decoder.totals(whole), sums, strict=True):
            np.testing.assert_array_equal(got, expected)


@settings(max_examples=60, deadline=None)
@given(edits)
def test_what_is_read_is_written_back(changes):
    """Rebuilding gives the same bytes, or the same numbers where a number was padded or signed otherwise."""
    block = edited(changes)
    whole = np.ascontiguousarray(block[plain.check(block) < 0])
    once = fields.split(whole)
    again = fields.split(fields.join(once))
    for name, values in once.items():
        np.testing.assert_array_equal(values, again[name])


@given(st.text(st.sampled_from(" 0123456789{}ABIJRSZ-"), min_size=5, max_size=5))
def test_numbers_mean_one_thing(text):
    raw = np.frombuffer(text.encode(), np.uint8)
    block = BASE[:1].copy()
    at = layout.HEADER + layout.MONTH_HEAD
    block[0, at : at + 5] = raw
    try:
        value = plain.number(text)
    except ValueError:
        assert FAST.check(block)[0] == vectorised.check(block)[0] == at
        return
    assert FAST.check(block)[0] == -1
    assert FAST.months(block)[0, 0] == (layout.MISSING if value is None else value)


pieces = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(0, 3)),
        st.tuples(st.just("cut"), st.integers(0, layout.LENGTH)),
        st.tuples(st.just("junk"), st.integers(1, 20)),
        st.tuples(st.just("long"), st.integers(1, 9)),
    ),
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(pieces, st.sampled_from([b"", b"\n", b"\r\n"]), st.integers(1, 5))
def test_files_of_pieces_are_cut_without_loss(parts, end, records):
    """Every byte is consumed, every record numbered once, in order, whatever stands between the records."""
    rows = {
        "record": lambda k: BASE[k].tobytes(),
        "cut": lambda k: BASE[0].tobytes()[:k],
        "junk": lambda k: b"#" * k,
        "long": lambda k: BASE[1].tobytes() + b"9" * k,
    }
    data = to_bytes(BASE, end) + b"".join(rows[kind](k) + end for kind, k in parts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.txt"
        path.write_bytes(data)
        try:
            found = list(framing.chunks(framing.sources_of(path)[0], records))
        except LayoutError as error:
            assert "No record ends" in str(error)
            return
    assert sum(chunk.bytes for chunk in found) == len(data)
    numbers = sorted(
        [*np.concatenate([chunk.records for chunk in found]).tolist()]
        + [damage.record for chunk in found for damage in chunk.damages]
    )
    assert numbers == list(range(1, len(numbers) + 1))
    if end:
        whole = 4 + sum(kind == "record" or (kind == "cut" and k == layout.LENGTH) for kind, k in parts)
        assert sum(len(chunk.block) for chunk in found) == whole
        for chunk in found:
            for row, offset in zip(chunk.block, chunk.offsets, strict=True):
                assert row[: layout.LENGTH].tobytes() == data[offset : offset + layout.LENGTH]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=40_000))
def test_any_bytes_are_read_set_aside_or_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.txt"
        path.write_bytes(data)
        with pytest.raises(LayoutError):
            read_agency_years(path)
