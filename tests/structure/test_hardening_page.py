"""The page of promises names tests that exist."""

from __future__ import annotations

import re

import pandas as pd

from analysis.paths import project_root

ROOT = project_root()


def test_every_test_named_on_the_page_exists():
    rows = [
        line for line in (ROOT / "docs" / "hardening.md").read_text("utf-8").splitlines() if "`test_" in line
    ]
    assert len(rows) > 12
    lacking = []
    for row in rows:
        for file, names in re.findall(r"`([\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", row):
            text = (ROOT / "tests" / file).read_text("utf-8")
            lacking += [f"{file}: {n}" for n in re.findall(r"`(\w+)`", names) if f"def {n}(" not in text]
    named = sum(len(re.findall(r"`test_\w+`", row)) for row in rows)
    matched = sum(
        len(re.findall(r"`\w+`", names))
        for row in rows
        for _, names in re.findall(r"`([\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", row)
    )
    assert lacking == [] and named == matched


def test_the_page_says_what_the_table_of_the_fuzzer_holds():
    table = pd.read_csv(ROOT / "docs" / "fuzz.csv", index_col="family")
    families, whole = table.drop("all"), table.loc["all"]
    counts = ["clear", "same", "told", "single", "silent", "raw", "abort", "hang"]
    assert set(families.index) == {"csv", "fixed", "ingest", "laus", "rdata", "table8", "topojson"}
    assert (table[counts].sum(axis=1) == table["mutants"]).all()
    assert (families.drop(columns="megabytes").sum() == whole.drop("megabytes")).all()
    assert whole["megabytes"] == families["megabytes"].max() < 2000
    assert whole["mutants"] >= 3000
    assert whole[["silent", "raw", "abort", "hang"]].tolist() == [0, 0, 0, 0]
    page = " ".join((ROOT / "docs" / "hardening.md").read_text("utf-8").split())
    said = {name: f"{whole[name]:,}" for name in (*counts[:4], "mutants", "megabytes")}
    minutes = f"{whole['seconds'] / 60:.0f}"
    assert (
        f"{said['mutants']} damaged files: {said['clear']} end in one clear error, {said['same']} give what the "
        f"published file gives, {said['told']} are told in the ledger, {said['single']} change one plausible "
        f"value; none more in silence, no raw error, no abort, no hang. It took {minutes} minutes of one "
        f"processor and {said['megabytes']} MB at most"
    ) in page
