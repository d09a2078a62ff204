"""Readers given damaged files whose digest is not compared: what becomes of each of thousands of mutants.

Every mutant is read in a fork of this process, with bounds on memory and time. Outcomes: ``clear`` (an error
of the package that says where and what to do), ``same`` (what was read is what the published file gives),
``told`` (differs, and the ledger or the exit code says so), ``single`` (one plausible value of a column
differs, or a master file has a record fewer, and nothing tells it), ``silent`` (more differs), ``raw`` (an error that is not the package's),
``abort`` and ``hang``. ``make fuzz`` (scripts/fuzz/readers.py) runs the whole and writes docs/fuzz.csv.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gzip
import io
import json
import os
import pickle
import random
import re
import resource
import signal
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.paths import raw_dir
from analysis.sources import estimated_state
from analysis.sources.census import crosswalk, geography, places, population
from analysis.sources.county import (
    acs,
    bea,
    county_mean,
    county_rates,
    elections,
    health_rankings,
    icpsr,
    laus,
    medsl,
    nchs,
    opportunity_insights,
    saipe,
)
from analysis.sources.fbi_table8 import table8
from analysis.sources.registry import files
from analysis.sources.return_a import checks, ingest

sys.path.insert(0, str(Path(__file__).parent))
from return_a_records import block_like_the_files, to_bytes

SEED = 17_2024
#: Bounds of one reading: seconds by the clock, bytes of address space beyond what the parent holds.
SECONDS, BYTES = 60, 2_000_000_000
WORDS = {
    "negative": "-7", "huge": "9" * 21, "1e300": "1e300", "inf": "inf", "nan": "NaN", "hex": "0x1F", "exp": "1e2",
    "plus": "+5", "sp": " 12 ", "thousands": "1,234", "european": "1.234,5", "empty": "", "float": "12.5",
    "NA": "NA", "word": "twelve", "formula": "=1+1", "arabic": "\u0661\u0662", "true": "True", "underscore": "191_000",
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A reader, the registered file it reads, and the family of mutations that fits."""

    family: str
    path: str
    read: Callable
    arguments: tuple = ()
    sep: str = ","
    encoding: str = "latin-1"


def _csv(module, name="read", path=None, arguments=(), sep=","):
    return Target("csv", path or module.PATH, getattr(module, name), arguments, sep)


def targets() -> list[Target]:
    """Return every reader that is fuzzed."""
    from analysis.sources.policy import lists

    found = [_csv(module) for module in (saipe, county_rates, county_mean, medsl, nchs, estimated_state)]
    found += [_csv(population, "read_counties")]
    found += [
        _csv(acs, "read_2015", acs.ACS_2015), _csv(acs, "read_non_citizens", acs.NON_CITIZEN),
        _csv(opportunity_insights, "read_characteristics", opportunity_insights.CHARACTERISTICS),
        _csv(opportunity_insights, "read_table_12", opportunity_insights.TABLE_12),
        _csv(elections, "read_year", elections.path_of(2008), (2008,)),
        _csv(elections, "read_year", elections.path_of(2012), (2012,)),
        _csv(places, "read_intercensal_places", places.INTERCENSAL),
        _csv(places, "read_acs_cities", places.CITIES_1YR, sep=";"),
        _csv(crosswalk, "read_agency_crosswalk", crosswalk.AGENCY_CROSSWALK),
        _csv(crosswalk, "read_agency_names", crosswalk.AGENCY_NAMES),
        _csv(crosswalk, "read_place_counties", crosswalk.PLACE_COUNTIES),
    ]  # fmt: skip
    state = "bea_cainc1/CAINC1_AL_1969_2018.csv"
    found += [_csv(bea, "read_file", state, (state,))]
    for name, constant in (
        ("read_adoptions", "ADOPTIONS"), ("read_state_bans", "STATE_BANS"), ("read_undated", "UNDATED"),
        ("read_secure_communities", "SECURE_COMMUNITIES"), ("read_dhs_list", "DHS_2025"),
    ):  # fmt: skip
        if hasattr(lists, name):
            found.append(_csv(lists, name, getattr(lists, constant)))
    found += [Target("fixed", icpsr.path_of(year), icpsr.read_year, (year,)) for year in (2006, 2012)]
    found += [Target("laus", "bls_laus/2010.txt", laus.read_year, (2010,))]
    found += [Target("table8", table8.file_of(year), table8.read_workbook, (year,)) for year in (1999, 2020)]
    found += [Target("rdata", health_rankings.PATH, health_rankings.read)]
    found += [Target("rdata", acs.COMPLETE, acs.read_2010)]
    found += [Target("topojson", geography.PATH, geography.read, ("states",))]
    return found


# Mutations: each takes the bytes and a random generator and returns bytes.


def _bitflip(data: bytes, rng: random.Random, bits: int = 1) -> bytes:
    made = bytearray(data)
    for _ in range(bits):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _block(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, start + rng.randint(1, max(2, len(data) // 50))


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _without_line(data: bytes, rng: random.Random, times: int = 0) -> bytes:
    lines = _lines(data)
    at = rng.randrange(1, len(lines))
    return b"".join(lines[:at] + [lines[at]] * times + lines[at + 1 :])


def _digit(data: bytes, rng: random.Random) -> bytes:
    at = rng.choice([match.start() for match in re.finditer(rb"[0-9]", data[:400_000])])
    return data[:at] + str((int(data[at : at + 1]) + rng.randint(1, 9)) % 10).encode() + data[at + 1 :]


def _twice_utf8(data: bytes, rng: random.Random) -> bytes:
    return data.decode("latin-1").encode("utf-8")


GENERIC: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bitflip1": _bitflip,
    "bitflip16": lambda d, r: _bitflip(d, r, 16),
    "truncate": lambda d, r: d[: r.randrange(len(d))],
    "nul": lambda d, r: (lambda a, b: d[:a] + bytes(min(b, len(d)) - a) + d[b:])(*_block(d, r)),
    "delete block": lambda d, r: (lambda a, b: d[:a] + d[b:])(*_block(d, r)),
    "double block": lambda d, r: (lambda a, b: d[:b] + d[a:b] + d[b:])(*_block(d, r)),
    "empty": lambda d, r: b"",
}
TEXT: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "utf-8 again": _twice_utf8,
    "truncate at a line": lambda d, r: b"".join(_lines(d)[: r.randrange(1, len(_lines(d)))]),
    "delete line": _without_line,
    "double line": lambda d, r: _without_line(d, r, 2),
    "digit": _digit,
    "quote": lambda d, r: (lambda a: d[:a] + b'"' + d[a:])(r.randrange(len(d))),
}


def _table(change: Callable) -> Callable[[bytes, random.Random, Target], bytes]:
    """Return a mutation of a delimited file's cells."""

    def mutate(data: bytes, rng: random.Random, target: Target) -> bytes:
        text = io.StringIO(data.decode(target.encoding))
        frame = pd.read_csv(text, dtype=str, keep_default_na=False, sep=target.sep, header=None)
        change(frame, rng)
        made = frame.to_csv(index=False, header=False, sep=target.sep, lineterminator="\n")
        return made.encode(target.encoding, "replace" if target.encoding == "ascii" else "xmlcharrefreplace")

    return mutate


def _cell(word: str) -> Callable:
    def change(frame: pd.DataFrame, rng: random.Random) -> None:
        frame.iloc[rng.randrange(1, len(frame)), rng.randrange(frame.shape[1])] = word

    return change


def _swap(frame: pd.DataFrame, rng: random.Random) -> None:
    a, b = rng.sample(range(frame.shape[1]), 2)
    frame.iloc[1:, [a, b]] = frame.iloc[1:, [b, a]].to_numpy()


def _shift(frame: pd.DataFrame, rng: random.Random) -> None:
    at = rng.randrange(frame.shape[1])
    values = frame.iloc[1:, at].tolist()
    frame.iloc[1:, at] = values[1:] + values[:1]


def _shuffle(frame: pd.DataFrame, rng: random.Random) -> None:
    order = list(range(1, len(frame)))
    rng.shuffle(order)
    frame.iloc[1:] = frame.iloc[order].to_numpy()


def _times_ten(frame: pd.DataFrame, rng: random.Random) -> None:
    at = rng.randrange(frame.shape[1])
    frame.iloc[1:, at] = [f"{v}0" if v.isdigit() else v for v in frame.iloc[1:, at]]


TABLE = {
    **{f"cell {name}": _table(_cell(word)) for name, word in WORDS.items()},
    "swap columns": _table(_swap),
    "shift column": _table(_shift),
    "shuffle rows": _table(_shuffle),
    "column times ten": _table(_times_ten),
}


def _fixed_field(data: bytes, rng: random.Random, target: Target) -> bytes:
    lines = _lines(data)
    at, start = rng.randrange(len(lines)), 0
    chosen = rng.randrange(len(icpsr.layout()))
    for number, (_, width, _) in enumerate(icpsr.layout()):
        if number == chosen:
            word = rng.choice(["-7", "1e5", "+5", "9" * width, "", "x", "1.5"])[:width].rjust(width).encode()
            lines[at] = lines[at][:start] + word + lines[at][start + width :]
        start += width
    return b"".join(lines)


def _other_year(data: bytes, rng: random.Random, target: Target) -> bytes:
    return (
        raw_dir() / icpsr.path_of(rng.choice([y for y in icpsr.studies() if y != target.arguments[0]]))
    ).read_bytes()


def _laus_columns(data: bytes, rng: random.Random, target: Target) -> bytes:
    pattern = re.compile(rb"([0-9,]+)(\s+)([0-9,]+)(\s+)([0-9.]+\s*)$", re.MULTILINE)
    return pattern.sub(rb"\3\2\1\4\5", data)


def _laus_indent(data: bytes, rng: random.Random, target: Target) -> bytes:
    lines = _lines(data)
    for at in rng.sample(range(len(lines)), 5):
        lines[at] = rng.choice([b" " + lines[at], lines[at].replace(b"CN", b"cn", 1)])
    return b"".join(lines)


def _xlsx_value(data: bytes, rng: random.Random, target: Target) -> bytes:
    """Change one value, one formula or one column of letters in the sheet of an xlsx workbook."""
    source = zipfile.ZipFile(io.BytesIO(data))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for item in source.infolist():
            content = source.read(item)
            if re.match(r"xl/worksheets/sheet1?\.xml$", item.filename):
                values = list(re.finditer(rb"<v>([^<]*)</v>", content))
                chosen = rng.choice(values)
                word = rng.choice([b"1e300", b"1E19", b"-5", b"1.5", b"", b"99999999999", b"NaN", b"7"])
                content = content[: chosen.start(1)] + word + content[chosen.end(1) :]
            made.writestr(item.filename, content)
    return out.getvalue()


def _xlsx_rows(data: bytes, rng: random.Random, target: Target) -> bytes:
    source, out = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for item in source.infolist():
            content = source.read(item)
            if re.match(r"xl/worksheets/sheet1?\.xml$", item.filename):
                rows = list(re.finditer(rb"<row .*?</row>", content, re.DOTALL))
                row = rng.choice(rows[10:-20])
                kind = rng.choice(["delete", "columns", "far"])
                if kind == "delete":
                    content = content[: row.start()] + content[row.end() :]
                elif kind == "columns":
                    a, b = rng.sample([b"C", b"D", b"E", b"F", b"G", b"H", b"I", b"J"], 2)
                    mark = {a: b, b: a}
                    content = re.sub(
                        rb'r="([A-Z])([0-9]+)"',
                        lambda m, mark=mark: b'r="' + mark.get(m[1], m[1]) + m[2] + b'"',
                        content,
                    )
                else:
                    content = content.replace(
                        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                    )
            made.writestr(item.filename, content)
    return out.getvalue()


def _inside_gzip(data: bytes, rng: random.Random, target: Target) -> bytes:
    with contextlib.suppress(OSError, zlib.error, EOFError):
        return gzip.compress(_bitflip(gzip.decompress(data), rng, rng.choice([1, 1, 64])), 1)
    return _bitflip(data, rng)


def _topology(data: bytes, rng: random.Random, target: Target) -> bytes:
    content = json.loads(data)
    kind = rng.randrange(12)
    transform, arcs = content["transform"], content["arcs"]
    if kind == 0:
        del content["transform"]
    elif kind == 1:
        transform["scale"] = [2 * value for value in transform["scale"]]
    elif kind == 2:
        transform["translate"] = [0, 0]
    elif kind == 3:
        transform["scale"], transform["translate"] = transform["scale"][::-1], transform["translate"][::-1]
    elif kind == 4:
        transform["scale"] = [float("nan"), 1]
    elif kind == 5:
        arcs[rng.randrange(len(arcs))] = []
    elif kind == 6:
        arcs[rng.randrange(len(arcs))][0] = ["x", 1]
    elif kind == 7:
        arcs[rng.randrange(len(arcs))][0] = [10**9, 10**9]
    elif kind == 8:
        shapes = content["objects"]["states"]["geometries"]
        a, b = rng.sample(range(len(shapes)), 2)
        shapes[a]["id"], shapes[b]["id"] = shapes[b]["id"], shapes[a]["id"]
    elif kind == 9:
        rng.choice(content["objects"]["states"]["geometries"])["arcs"] = [[[10**7]]]
    elif kind == 10:
        content["objects"]["states"]["geometries"].pop(rng.randrange(50))
    else:
        arcs[rng.randrange(len(arcs))].pop()
    return json.dumps(content).encode()


OWN: dict[str, dict[str, Callable]] = {
    "csv": TABLE,
    "fixed": {"field": _fixed_field, "other year": _other_year},
    "laus": {"employed and unemployed": _laus_columns, "indented": _laus_indent},
    "rdata": {"inside": _inside_gzip},
    "topojson": {"topology": _topology},
    "table8": {},
}


def mutations(target: Target) -> dict[str, Callable[[bytes, random.Random, Target], bytes]]:
    """Return the mutations of a target's file by name."""
    plain = dict(GENERIC)
    if target.family in ("csv", "fixed", "laus"):
        plain |= TEXT
    if target.family == "topojson":  # one line
        plain |= {name: TEXT[name] for name in ("utf-8 again", "digit", "quote")}
    found = {name: (lambda d, r, t, f=f: f(d, r)) for name, f in plain.items()}
    found |= OWN[target.family]
    if target.path.endswith(".xlsx"):
        found |= {"value": _xlsx_value, "rows": _xlsx_rows}
    return found


# What becomes of a mutant.


def frame_of(made) -> pd.DataFrame:
    """Return the table in what a reader returned."""
    return getattr(made, "frame", made)


def changes(base: pd.DataFrame, now: pd.DataFrame) -> str:
    """Return ``same``, ``single`` (rows as they were, one value a column) or ``silent``."""
    if len(base) != len(now) or list(base.columns) != list(now.columns):
        return "silent"
    counts = [_differing(base[name], now[name]) for name in base.columns]
    return "same" if not any(counts) else "single" if max(counts) == 1 else "silent"


def _differing(one: pd.Series, other: pd.Series) -> int:
    """Return how many values differ; 5 and 5.0 do not, nor do two that are missing."""
    a, b = (column.astype("object").where(column.notna(), None).to_numpy() for column in (one, other))
    at = np.flatnonzero(~np.array(a == b, dtype=bool))
    return sum(str(a[k]) != str(b[k]) for k in at)


def forked(act: Callable[[], str], seconds: float = SECONDS) -> tuple[str, str, float, float]:
    """Run `act` in a fork with bounds; return outcome, what was said, megabytes at most resident, and seconds.

    Seconds are the processor's, of the fork and of what it started.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with contextlib.suppress(BaseException):
            os.write(writing, pickle.dumps(_bounded(act)))
        os._exit(0)
    os.close(writing)
    status, usage = _wait(child, seconds)
    said = b""
    while block := os.read(reading, 65536):
        said += block
    os.close(reading)
    if status is None:
        return "hang", f"over {seconds} seconds", 0.0, seconds
    used = usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime
    if os.WIFSIGNALED(status) or not said:
        return "abort", f"status {status}", *used
    return *pickle.loads(said), *used


def _bounded(act: Callable[[], str]) -> tuple[str, str]:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + BYTES, held + BYTES))
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    faulthandler.disable()  # an abort is an outcome here, not to be explained in the log of the tests
    try:
        return act(), ""
    except AnalysisError as error:
        return ("clear" if error.remedy or error.where else "raw"), f"{type(error).__name__}: {error}"[:300]
    except BaseException as error:
        return "raw", f"{type(error).__name__}: {error}"[:300]


def _wait(child: int, seconds: float):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage
        time.sleep(0.003)
    os.kill(child, signal.SIGKILL)
    os.wait4(child, 0)
    return None, None


@contextlib.contextmanager
def unregistered(target: Target, content: bytes) -> Iterator[None]:
    """Put a mutant in the place of a registered file, its digest not compared."""
    with tempfile.TemporaryDirectory() as aside:
        place = Path(aside) / Path(target.path).name
        place.write_bytes(content)
        real = files.locate
        swapped = lambda path: place if path == target.path else real(path)  # noqa: E731
        changed = [
            m
            for n, m in list(sys.modules.items())
            if n.startswith("analysis.") and vars(m).get("locate") is real
        ]
        for module in changed:
            module.locate = swapped
        try:
            yield
        finally:
            for module in changed:
                module.locate = real


@lru_cache(maxsize=2)
def _published(target: Target) -> tuple[bytes, pd.DataFrame]:
    return (raw_dir() / target.path).read_bytes(), frame_of(target.read(*target.arguments))


def run_target(target: Target, numbers: Iterable[int], seed: int = SEED) -> Iterator[dict]:
    """Yield what became of the mutants of those numbers, every mutation in turn; none where no byte changed."""
    data, base = _published(target)
    ways = list(mutations(target).items())
    for number in numbers:
        name, mutate = ways[number % len(ways)]
        began = time.process_time()
        content = mutate(data, random.Random(f"{seed} {target.path} {name} {number}"), target)
        if content == data:
            continue
        with unregistered(target, content):
            found = forked(lambda: changes(base, frame_of(target.read(*target.arguments))))
        yield _row(target.family, target.path, name, number, found, began)


def _row(family: str, file: str, mutation: str, number: int, found: tuple, began: float) -> dict:
    """Return a row of what became of a mutant; `began` is the processor time before it was made."""
    outcome, said, size, seconds = found
    seconds += time.process_time() - began
    return {"family": family, "file": file, "mutation": mutation, "number": number, "outcome": outcome,
            "said": said, "megabytes": round(size), "seconds": round(seconds, 3)}  # fmt: skip


@lru_cache(maxsize=1)
def _master_file() -> tuple[bytes, pd.DataFrame]:
    """Return a file that stands by state and ends with a record each of the territories, as the FBI's do."""
    block = block_like_the_files(600)
    numbers = np.array([int(row[1:3].tobytes()) for row in block])
    first = [k for k in np.argsort(numbers, kind="stable") if numbers[k] < 52 or k in _firsts(numbers)]
    data = to_bytes(block[first], end=b"\r\n")
    with tempfile.TemporaryDirectory() as aside:
        return data, _ingested(Path(aside), data)[0]


def _firsts(numbers: np.ndarray) -> set[int]:
    return {int(k) for k in np.unique(numbers, return_index=True)[1]}


def run_ingest(numbers: Iterable[int], seed: int = SEED) -> Iterator[dict]:
    """Yield what became of damaged master files given to `ingest`."""
    data, base = _master_file()
    ways = list({**GENERIC, **TEXT, "zip": _zipped, "field": _record_field}.items())
    for number in numbers:
        name, mutate = ways[number % len(ways)]
        began = time.process_time()
        content = mutate(data, random.Random(f"{seed} ingest {name} {number}"))
        if content == data:
            continue
        with tempfile.TemporaryDirectory() as one:
            found = forked(partial(_ingest_outcome, base, Path(one), content))
        yield _row("ingest", "RETA1985.txt", name, number, found, began)


def _ingested(aside: Path, content: bytes) -> tuple[pd.DataFrame, object]:
    (aside / "RETA1985.txt").write_bytes(content)
    done = ingest(aside / "RETA1985.txt", aside / "out", jobs=1, decoder="numpy")
    frame = pd.read_parquet(aside / "out" / "agency_year").drop(columns="source")
    return frame.astype({"record": "int64"}).reset_index(drop=True), done


def _ingest_outcome(base: pd.DataFrame, aside: Path, content: bytes) -> str:
    return _told(base, *_ingested(aside, content))


def _told(base: pd.DataFrame, now: pd.DataFrame, done) -> str:
    row = done.ledger.iloc[0].to_dict()
    said, wrong = checks.sentences(row)
    if row["set_aside"] or said or wrong:
        return "told"
    if len(now) == len(base) - 1:
        return "single"  # a record fewer: no file says how many agencies there are
    return changes(base.drop(columns="record"), now.drop(columns="record"))


def _zipped(data: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("RETA1985.txt", data)
    return _bitflip(out.getvalue(), rng, rng.choice([1, 16]))


def _record_field(data: bytes, rng: random.Random) -> bytes:
    """Put a word of another kind at a random place of a random record."""
    at = rng.randrange(len(data) // 7387) * 7387 + rng.randrange(7385)
    word = rng.choice([b"99999", b"-0001", b"0001R", b"     ", b"abcde", b"1e005", b"\x00\xff"])
    return data[:at] + word + data[at + len(word) :]


def summary(rows: list[dict]) -> pd.DataFrame:
    """Return mutants by family and outcome, the largest memory and the processor's seconds."""
    frame = pd.DataFrame(rows)
    table = pd.crosstab(frame["family"], frame["outcome"])
    wanted = ["clear", "same", "told", "single", "silent", "raw", "abort", "hang"]
    table = table.reindex(columns=wanted, fill_value=0)
    table.insert(0, "mutants", table.sum(axis=1))
    table["megabytes"] = frame.groupby("family")["megabytes"].max()
    table["seconds"] = frame.groupby("family")["seconds"].sum().round().astype("int64")
    return table
