"""Made-up Return A records, whole and damaged: for tests that need no published file."""

from __future__ import annotations

import zipfile

import numpy as np

from analysis.sources.return_a import fields, layout, tables

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


def block_like_the_files(records=60, year=85, seed=1):
    """Return records whose states and agencies fit, and that report more offenses than are cleared."""
    block = make_block(records, seed, year=year, blanks=False, negatives=False)
    numbers = sorted(layout.states())
    printed = {row["state_number"]: row["printed"] for row in layout.table("return_a_states")}
    made = fields.split(block)
    states = [numbers[i % len(numbers)] for i in range(records)]
    made["state_number"] = np.array(states, "S2")
    made["ori7"] = np.array([f"{printed[s]}{i:05d}" for i, s in enumerate(states)], "S7")
    made["last_month_reported"] = np.full(records, "12", "S2")
    made["population_1"] = made["population_2"] = made["population_3"] = np.full(records, 4321, np.int32)
    totals = [layout.offenses().index(name) for name in tables.TOTALS]
    for card, part in (("unfounded", 8), ("cleared", 2), ("cleared_under_18", 4)):
        made[card] = made["actual"] // part
        made[card][:, :, layout.offenses().index("all_offenses")] = made[card][:, :, totals].sum(axis=-1)
    for name in [*(f"{card}_type" for card in layout.CARDS), "officers_type"]:
        made[name] = np.full(made[name].shape, b"5", "S1")
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
