"""Fuzz the Return A decoders for a fixed time, guided by coverage (atheris; not needed by any test).

    pip install atheris
    python scripts/fuzz/return_a.py SECONDS

Each input edits made-up records, or is a file of its own. The fast decoders must find the same first damage
as the plain one and the same numbers in what is whole; a file must be read, set aside or refused, and every
byte of it accounted for. A failure stops the run with its input. Without atheris the same checks run on
random inputs.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from types import FunctionType

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
from return_a_records import make_block

from analysis.errors import LayoutError
from analysis.sources.return_a import framing, layout, plain, vectorised
from analysis.sources.return_a.decoding import engine

BASE = make_block(3, seed=0)
FAST = engine()


def check_edits(data: bytes) -> None:
    """Four bytes an edit: offset in two, byte, and how many times it is written."""
    block = BASE[:1].copy()
    for k in range(0, len(data) - 3, 4):
        offset = int.from_bytes(data[k : k + 2], "little") % layout.LENGTH
        block[0, offset : offset + 1 + data[k + 3] % 6] = data[k + 2]
    found = plain.check(block)
    whole = np.ascontiguousarray(block[found < 0])
    wanted = plain.months(whole)
    sums = plain.totals_of_months(wanted, plain.reported(whole))
    for decoder in (FAST, vectorised):
        assert (decoder.check(block) == found).all(), "damage"
        assert (decoder.months(whole) == wanted).all(), "months"
        assert all((a == b).all() for a, b in zip(decoder.totals(whole), sums, strict=True)), "totals"


def check_file(data: bytes) -> None:
    """Bytes below 4 stand for a record, a cut record, a line end, a long one; the rest for themselves."""
    stand_ins = [BASE[0].tobytes(), BASE[1].tobytes()[:-9], b"\r\n", BASE[2].tobytes() + b"00"]
    content = b"".join(stand_ins[byte] if byte < 4 else bytes([byte]) for byte in data[:60])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.txt"
        path.write_bytes(content)
        try:
            found = list(framing.chunks(framing.sources_of(path)[0], 2))
        except LayoutError:
            return
    assert sum(chunk.bytes for chunk in found) == len(content), "bytes"
    counted = sum(len(chunk.block) + len(chunk.damages) for chunk in found)
    last = max([0, *(d.record for c in found for d in c.damages), *(n for c in found for n in c.records)])
    assert counted == last, "records"


def check(data: bytes) -> None:
    """Run both checks on one input."""
    check_edits(data)
    check_file(data)


def at_random(seconds: float) -> int:
    """Run on random inputs; return how many."""
    source, end, count = random.Random(0), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        check(source.randbytes(source.randrange(120)))
        count += 1
    return count


def main() -> None:
    """Fuzz for the number of seconds given."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    try:
        import atheris
    except ImportError:
        print(f"no atheris; {at_random(seconds):,} random inputs, no failure")
        return
    for module in (plain, framing, vectorised):
        for name, value in vars(module).items():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                setattr(module, name, atheris.instrument_func(value))
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={int(seconds)}",
            "-max_len=240",
            "-len_control=0",
            "-print_final_stats=1",
        ],
        check,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
