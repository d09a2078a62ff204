"""Decoding: three decoders that must agree, numbers with a sign in the last digit, blanks, damage, framing."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError, DuplicateKeyError, LayoutError, MissingFileError
from analysis.sources.return_a import (
    fields,
    framing,
    layout,
    plain,
    read_agency_months,
    read_agency_years,
    vectorised,
)
from analysis.sources.return_a.decoding import engine

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from return_a_records import make_block, to_bytes, write

FAST = [vectorised, pytest.param("compiled", marks=pytest.mark.filterwarnings("error"))]


def decoder_of(fast):
    if fast == "compiled":
        pytest.importorskip("numba")
        return engine("compiled")
    return fast


def count_at(card, offense, month):
    """Return the offset of a count in the record."""
    place = layout.HEADER + month * layout.MONTH + layout.MONTH_HEAD
    return place + (layout.CARDS.index(card) * 28 + layout.offenses().index(offense)) * 5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00012", 12),
        ("   12", 12),
        ("     ", None),
        ("0001J", -11),
        ("0000R", -9),
        ("0001}", -10),
        ("0000}", 0),
        ("0001{", 10),
        ("0001I", 19),
        ("    K", -2),
        ("99999", 99999),
    ],
)
def test_numbers_of_the_record(text, value):
    assert plain.number(text) == value
    raw = np.frombuffer(text.encode(), np.uint8)[None]
    assert fields.integers(raw)[0] == (layout.MISSING if value is None else value)


@pytest.mark.parametrize(
    "text", ["00 12", "12   ", "0J012", "-0012", "0001S", "0001a", "1.000", "0000\x00", "٣٣٣٣٣"]
)
def test_no_number(text):
    with pytest.raises(ValueError, match=r".*"):
        plain.number(text)


@pytest.mark.parametrize("fast", FAST)
def test_the_fast_decoders_agree_with_the_plain_one(fast):
    decoder, block = decoder_of(fast), make_block(60, seed=1)
    assert (block == 32).any() and (block >= ord("J")).any()
    assert (decoder.check(block) == -1).all()
    expected = plain.months(block)
    assert (expected == layout.MISSING).any() and (expected < 0).any()
    np.testing.assert_array_equal(decoder.months(block), expected)
    for got, wanted in zip(decoder.totals(block), plain.totals(block), strict=True):
        np.testing.assert_array_equal(got, wanted)
        assert got.dtype == wanted.dtype


@pytest.mark.parametrize("fast", FAST)
def test_line_ends_behind_the_record_change_nothing(fast):
    decoder, block = decoder_of(fast), make_block(5, seed=2)
    wide = np.concatenate([block, np.full((5, 2), 10, np.uint8)], axis=1)
    assert (decoder.check(wide) == -1).all()
    np.testing.assert_array_equal(decoder.months(wide), decoder.months(block))
    np.testing.assert_array_equal(decoder.totals(wide)[0], decoder.totals(block)[0])


@pytest.mark.parametrize("fast", FAST)
def test_every_byte_is_looked_at(fast):
    """A control character at any of the 7,385 positions is found, where it stands or where its number begins."""
    decoder = decoder_of(fast)
    places = np.arange(0, layout.LENGTH, 7 if fast is vectorised else 1)
    block = np.repeat(make_block(1, seed=3, blanks=False), len(places), axis=0)
    block[np.arange(len(places)), places] = 7
    found = decoder.check(block)
    starts = np.array([layout.describe(offset)[1] for offset in places.tolist()])
    kinds, _ = layout.classes()
    np.testing.assert_array_equal(found, np.where(kinds[places] == 0, starts, places))


def test_rebuilt_records_are_the_same_bytes():
    block = make_block(30, seed=4)
    np.testing.assert_array_equal(fields.join(fields.split(block)), block)


@pytest.mark.parametrize("decoder", ["plain", "numpy", "auto"])
def test_a_record_by_hand(tmp_path, decoder):
    """One agency, two returns, one month inside another, one negative count, one blank: counted by hand."""
    block = make_block(1, seed=5, blanks=False, negatives=False)
    made = fields.split(block)
    types = np.full((1, 12), b" ", "S1")
    types[0, 1], types[0, 3] = b"5", b"2"
    for card in layout.CARDS:
        made[f"{card}_type"] = types.copy()
        made[card] = np.zeros((1, 12, 28), np.int32)
    made["cleared_type"][0, 3] = b"0"
    made["actual"][0, 1, 0], made["actual"][0, 3, 0], made["actual"][0, 3, 5] = 7, -2, layout.MISSING
    made["actual"][0, 7, 0] = 99
    made["month_included_in"] = np.full((1, 12), b"00", "S2")
    # January's crimes are in February's return; the others name a month without one, an earlier one, or reported.
    made["month_included_in"][0, [0, 2, 9, 1]] = b"02", b"09", b"04", b"04"
    for k, population in enumerate((100, 20, 3), 1):
        made[f"population_{k}"] = np.array([population], np.int32)
    made["year_of_century"], made["ori7"] = np.array([b"13"]), np.array([b"ILCPD00"])
    made["state_number"], made["juvenile_age"] = np.array([b"12"]), np.array([b"00"])
    made["header_updated"] = np.array([b"022900"])
    made["month_updated"] = np.full((1, 12), b"1-6-73", "S6")
    made["month_updated"][0, 2] = b"023113"
    path = write(tmp_path / "hand.txt", fields.join(made))
    reading = read_agency_years(path, decoder=decoder)
    row = reading.frame.iloc[0]
    assert (row["year"], row["ori7"], row["state"], row["population"]) == (2013, "ILCPD00", "IL", 123)
    assert row["actual_murder"] == 5 and pd.isna(row["actual_robbery"]) and row["actual_rape"] == 0
    assert row["months_reported"] == 2 and row["months_cleared"] == 1 and row["months_adjusted"] == 1
    assert row["months_included"] == 1
    assert row["cards_unreported_not_empty"] == 1 and row["cards_not_adding_up"] == 0
    assert row["last_updated"] == pd.Timestamp("1973-01-06")
    assert pd.isna(row["juvenile_age"]) and row["header_updated"] == pd.Timestamp("2000-02-29")
    months = read_agency_months(path, decoder=decoder).frame.set_index("month")
    assert months["actual_murder"].dropna().to_dict() == {2: 7, 4: -2}
    assert months["cleared_murder"].dropna().to_dict() == {2: 0}
    assert months["actual_type"].astype(object).dropna().to_dict() == {2: "normal", 4: "adjustment"}
    assert months["month_updated"].isna().sum() == 1
    assert months["month_updated"].iloc[0] == pd.Timestamp("1973-01-06")
    assert months["cards_not_adding_up"].loc[2] == 1


def test_officers_are_summed_over_their_own_returns(tmp_path):
    made = fields.split(make_block(1, seed=6))
    made["officers_type"] = np.array([[b"5"] * 3 + [b"8"] + [b" "] * 8])
    for name in ("officers_killed_by_felony", "officers_killed_by_accident", "officers_assaulted"):
        made[name] = np.arange(1, 13, dtype=np.int32)[None]
    row = read_agency_years(write(tmp_path / "o.txt", fields.join(made))).frame.iloc[0]
    assert row["officers_assaulted"] == 6 and row["months_officers"] == 3


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("tail", [b"", b"\x1a", b"\r\n\r\n\x1a"])
@pytest.mark.parametrize("name", ["a.txt", "a.zip"])
def test_line_ends_and_archives_give_the_same_rows(tmp_path, end, tail, name):
    block = make_block(7, seed=7)
    reading = read_agency_years(write(tmp_path / name, block, end, tail))
    assert len(reading.frame) == 7 and reading.ledger["set_aside"].sum() == 0
    assert reading.frame["record"].tolist() == list(range(1, 8))
    wanted = read_agency_years(write(tmp_path / "b.txt", block)).frame
    pd.testing.assert_frame_equal(reading.frame.drop(columns="source"), wanted.drop(columns="source"))


@pytest.mark.parametrize("records", [1, 2, 3, 7])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_chunks_hide_nothing(tmp_path, records, end):
    block = make_block(7, seed=8)
    path = write(tmp_path / "a.txt", block, end, b"\x1a")
    source = framing.sources_of(path)[0]
    found = list(framing.chunks(source, records))
    numbers = np.concatenate([chunk.records for chunk in found])
    assert numbers.tolist() == list(range(1, 8))
    assert sum(chunk.bytes for chunk in found) == path.stat().st_size
    np.testing.assert_array_equal(np.concatenate([c.block[:, : layout.LENGTH] for c in found]), block)
    offsets = np.concatenate([chunk.offsets for chunk in found])
    assert offsets.tolist() == [k * (layout.LENGTH + len(end)) for k in range(7)]


DAMAGES = {
    "short": (lambda row: row[:-4], "7,381 bytes instead of 7,385: too short"),
    "long": (lambda row: row + b"000", "7,388 bytes instead of 7,385: too long"),
    "empty line": (lambda row: b"", "0 bytes instead of 7,385: too short"),
    "shifted": (lambda row: row[:400] + b"0" + row[400:-1], "month_included_in of month 2"),
    "stray byte": (lambda row: row[:470] + b"?" + row[471:], "actual_manslaughter of month 1 cannot be"),
    "not the identifier": (lambda row: b"2" + row[1:], "record_identifier cannot be '2'"),
    "unknown state": (lambda row: b"199" + row[3:], "no state has the number 99"),
    "null byte": (lambda row: row[:130] + b"\0" + row[131:], "agency_name cannot be"),
}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("at", [0, 3, 7])
def test_damage_is_set_aside_with_place_and_reason(tmp_path, kind, end, at):
    damage, reason = DAMAGES[kind]
    rows = [row.tobytes() for row in make_block(9, seed=9, blanks=False, negatives=False)]
    if kind == "shifted":
        rows[at] = rows[at][: 305 + 590] + b"00" + rows[at][305 + 592 :]
        rows[at] = rows[at][:894] + b"X" + rows[at][894:-1]
        damage, reason = (lambda row: row), "cannot be"
    rows[at] = damage(rows[at])
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(row + end for row in rows))
    reading = read_agency_years(path)
    assert len(reading.damaged) == 1 and len(reading.frame) == 8
    line = reading.damaged.iloc[0]
    assert line["record"] == at + 1 and reason in line["reason"]
    start = at * (layout.LENGTH + len(end))
    assert start <= line["offset"] < start + layout.LENGTH
    assert reading.frame["record"].tolist() == [k for k in range(1, 10) if k != at + 1]
    assert (reading.ledger["read"] + reading.ledger["set_aside"] == reading.ledger["records"]).all()


@pytest.mark.parametrize("at", [0, 4, 8])
@pytest.mark.parametrize("cut", [1, -1, 700])
def test_a_shift_without_line_ends_costs_one_record(tmp_path, at, cut):
    rows = [row.tobytes() for row in make_block(9, seed=10, blanks=False)]
    rows[at] = rows[at][:3000] + (b"0" * -cut if cut < 0 else b"") + rows[at][3000 + max(cut, 0) :]
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(rows))
    for records in (2, 4096):
        found = list(framing.chunks(framing.sources_of(path)[0], records))
        assert sum(len(c.block) for c in found) == 8
        damages = [damage for c in found for damage in c.damages]
        assert [damage.record for damage in damages] == [at + 1]
        assert damages[0].bytes == layout.LENGTH - cut
        assert sum(c.bytes for c in found) == path.stat().st_size


def test_a_truncated_last_record(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(to_bytes(make_block(3, seed=11))[:-1000])
    reading = read_agency_years(path)
    assert reading.damaged["record"].tolist() == [3] and "too short" in reading.damaged["reason"][0]


WRONG = {
    "text": b"ori,year,murder\n" * 3000,
    "no line ends": b"x" * 200_000,
    "nothing": b"",
    "another length": (b"0" * 80 + b"\n") * 500,
    "digits": b"1" * 7385 * 3,
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_files_are_refused(tmp_path, kind):
    path = tmp_path / "wrong.txt"
    path.write_bytes(WRONG[kind])
    with pytest.raises(LayoutError, match=r"wrong\.txt"):
        read_agency_years(path)


def test_archives_that_cannot_be_read_are_refused(tmp_path):
    whole = write(tmp_path / "a.zip", make_block(40, seed=12)).read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:2000] + b"\xff" * 50 + whole[2050:]):
        (tmp_path / "b.zip").write_bytes(damaged)
        with pytest.raises(LayoutError, match="damaged"):
            read_agency_years(tmp_path / "b.zip")
    (tmp_path / "c.gz").write_bytes(b"\x1f\x8b\x08\x00rest")
    with pytest.raises(LayoutError, match="gzip"):
        read_agency_years(tmp_path / "c.gz")


def test_missing_files_and_unknown_decoders():
    with pytest.raises(MissingFileError):
        read_agency_years("nowhere.txt")
    with pytest.raises(AnalysisError, match="No decoder 'rust'"):
        engine("rust")


def test_every_member_of_an_archive_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for k in range(2):
            archive.writestr(f"f/RETA{k}.txt", to_bytes(make_block(k + 2, seed=k)))
    reading = read_agency_years(tmp_path / "two.zip")
    assert reading.ledger["records"].tolist() == [2, 3]


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "x").mkdir()
    paths = [write(place / "a.txt", make_block(1)) for place in (tmp_path, tmp_path / "x")]
    with pytest.raises(DuplicateKeyError, match="named a"):
        read_agency_years(paths)


def test_repeated_agencies_are_counted(tmp_path):
    block = make_block(3, seed=13)
    block[2, 3:10] = block[0, 3:10]
    assert read_agency_years(write(tmp_path / "a.txt", block)).ledger["oris_repeated"].tolist() == [1]


def test_names_beyond_ascii_are_text(tmp_path):
    block = make_block(2, seed=14)
    block[0, 120:144] = np.frombuffer("CATAÑO".ljust(24).encode("latin-1"), np.uint8)
    reading = read_agency_years(write(tmp_path / "a.txt", block))
    assert reading.frame["agency_name"].iloc[0] == "CATAÑO"


def test_without_numba_numpy_decodes(monkeypatch):
    monkeypatch.setitem(sys.modules, "analysis.sources.return_a.compiled", None)
    import analysis.sources.return_a as package

    monkeypatch.delattr(package, "compiled", raising=False)
    assert engine("auto") is vectorised
    with pytest.raises(AnalysisError, match="numba"):
        engine("compiled")


def test_jobs_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(framing, "CHUNK", 4)
    path = write(tmp_path / "a.txt", make_block(19, seed=15))
    frames = [read_agency_months(path, jobs=jobs).frame for jobs in (1, 2, 5)]
    assert len(frames[0]) == 19 * 12
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other)
