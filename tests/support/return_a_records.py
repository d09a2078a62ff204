"""Made-up Return A records, whole and damaged: for tests that need no published file."""

from __future__ import annotations

import zipfile

import numpy as np

from analysis.sources.return_a import fields, layout

STATES = sorted(layout.states())


def make_block(records=20, seed=0, year=85, blanks=True, negatives=True):
    """Return undamaged records: uint8 (records, 7385). Grand totals add up, as the FBI's do."""
    rng = np.random.default_rng(seed)
    block = np.full((records, layout.LENGTH), 32, np.uint8)
    for each in layout.fields():
        raw = fields.characters(block, each)
        if each.kind in ("code", "text"):
            raw[...] = _letters(rng, each, raw.shape)
    made = fields.split(block)
    made["state_number"] = rng.choice(np.array(STATES, "S2"), records)
    made["ori7"] = np.array([f"AL{i:05d}" for i in range(records)], "S7")
    made["year_of_century"] = np.full(records, f"{year:02d}", "S2")
    made["record_identifier"] = np.full(records, "1", "S1")
    for each in layout.fields():
        if each.kind == "number":
            top = 10 ** min(each.width, 8)
            made[each.name] = rng.integers(0, top, made[each.name].shape).astype(np.int32)
        elif each.kind == "counts":
            made[each.name] = _counts(rng, records, blanks, negatives)
    return fields.join(made)


def _letters(rng, each, shape):
    _, allowed = layout.classes()
    kinds, _ = layout.classes()
    out = np.empty(shape, np.uint8)
    for k in range(each.width):
        letters = np.flatnonzero(allowed[kinds[layout.offsets_of(each)[0] + k]])
        out[..., k] = rng.choice(letters[letters < 127], shape[:-1])
    return out


def _counts(rng, records, blanks, negatives):
    counts = rng.poisson(rng.choice([0.2, 3, 400], (records, 12, 1)), (records, 12, 28)).astype(np.int32)
    if negatives:
        counts[rng.random(counts.shape) < 0.002] *= -1
        counts[rng.random(counts.shape) < 0.001] = -3
    names = list(layout.offenses())
    totals = ["murder", "manslaughter", "rape", "robbery", "assault", "burglary", "larceny"]
    places = [names.index(name) for name in [*totals, "motor_vehicle_theft"]]
    counts[..., names.index("all_offenses")] = counts[..., places].sum(axis=-1)
    if blanks:
        counts[rng.random(counts.shape) < 0.0005] = layout.MISSING
    return counts


def to_bytes(block, end=b"\r\n", tail=b""):
    """Return records as a file's bytes."""
    return b"".join(row.tobytes() + end for row in block) + tail


def write(path, block, end=b"\r\n", tail=b""):
    """Write records to a plain file, or into an archive when the name ends in .zip; return the path."""
    data = to_bytes(block, end, tail)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.stem, data)
    else:
        path.write_bytes(data)
    return path
