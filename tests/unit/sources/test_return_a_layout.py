"""The record's layout: no byte without a field, and every position as the FBI's record description prints it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from analysis.panels.columns import codebook_markdown
from analysis.panels.crime.return_a import ReturnA2013
from analysis.paths import project_root
from analysis.sources.registry.files import locate
from analysis.sources.return_a import dictionary, dictionary_markdown, layout


def test_every_byte_belongs_to_exactly_one_field():
    owners = np.zeros(layout.LENGTH, int)
    for each in layout.fields():
        for at in layout.offsets_of(each):
            owners[at : at + each.width] += 1
    assert (owners == 1).all()


def test_a_gap_in_the_layout_is_refused(monkeypatch):
    rows = [row for row in layout.table("return_a") if row["field"] != "division"]
    monkeypatch.setattr(layout, "table", lambda name: rows)
    layout.fields.cache_clear()
    try:
        with pytest.raises(Exception, match="begins at 14, not 13"):
            layout.fields()
    finally:
        layout.fields.cache_clear()


def described():
    """Return (first, last, label) of every position the record description prints, and its state codes."""
    path = locate("fbi_return_a/return_a_record_description.xlsx")
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    found, states, kinds = [], {}, {}
    for row in rows:
        position, kind, text = str(row[0]).removesuffix(".0"), str(row[1]).removesuffix(".0"), str(row[2])
        if m := re.fullmatch(r"(\d+)(?:\s*-\s*(\d+))?", position.strip()):
            first, last = int(m[1]), int(m[2] or m[1])
            found.append((first, last, text.strip()))
            kinds[first, last] = kind
        if m := re.match(r"\s*(\d\d)\s*=\s*([A-Z]{2})\s*-", text):
            states[m[1]] = m[2]
    return found, kinds, states


@pytest.mark.raw
def test_positions_types_and_lengths_are_those_of_the_record_description():
    found, kinds, _ = described()
    printed = {(first, last) for first, last, _ in found}
    # The description prints population groups 2 and 3 as groups of fifteen, cards 1 to 3 as wholes, months as wholes.
    groups = {(60, 74), (75, 89), (306, 895)}
    ours = set()
    for each in layout.fields():
        ours.add((each.first, each.last))
        if each.name == "unfounded":
            ours |= {(each.first + 5 * k, each.first + 5 * k + 4) for k in range(28)}
    halves = {(f, w) for f, w in ours if 60 <= f < 90}
    later = {(306 + 590 * k, 895 + 590 * k) for k in range(12)}
    assert printed - groups - later == ours - halves
    compared = 0
    for each in layout.fields():
        if (each.first, each.last) in kinds:
            letter = "N" if each.kind in ("number", "counts") else "A"
            assert kinds[each.first, each.last] in (f"{letter}{each.width}", ""), each.name
            compared += kinds[each.first, each.last] != ""
    assert compared >= 49
    assert later <= printed


@pytest.mark.raw
def test_offenses_and_states_are_those_of_the_record_description():
    found, _, states = described()
    labels = {first: text for first, last, text in found if 323 <= first <= 462 and last - first == 4}
    assert len(labels) == 28
    for row in layout.table("return_a_offenses"):
        number = int(row["number"])
        label = re.sub(r"\s+", " ", labels[323 + 5 * (number - 1)])
        assert label.startswith((f"{number} - {row['printed']}", f"{number}-{row['printed']}")), label
    assert states == {row["state_number"]: row["printed"] for row in layout.table("return_a_states")}
    assert len(states) == 56


def test_the_dictionary_explains_every_column_once():
    rows = dictionary()
    assert not rows.duplicated(["table", "column"]).any()
    assert (rows["meaning"].str.len() > 3).all()
    assert rows["table"].value_counts().to_dict() == {"agency_year": 168, "agency_month": 133}


def test_years_of_two_digits():
    years = layout.year_of(np.array([60, 85, 99, 0, 13, 59]))
    assert years.tolist() == [1960, 1985, 1999, 2000, 2013, 2059]


@pytest.mark.parametrize(
    ("offset", "name"),
    [
        (0, "record_identifier"),
        (46, "population_1"),
        (304, "unused_277_305"),
        (305, "month_included_in of month 1"),
        (322, "unfounded_murder of month 1"),
        (305 + 590 + 17 + 140 + 5 * 27, "actual_unused_28 of month 2"),
        (7384, "officers_assaulted of month 12"),
    ],
)
def test_offsets_are_told_by_field(offset, name):
    assert layout.describe(offset)[0] == name


def test_the_page_carries_the_dictionary_and_the_panel_as_they_are():
    page = (project_root() / "docs" / "return_a.md").read_text("utf-8")
    assert page.endswith(dictionary_markdown())
    assert codebook_markdown(ReturnA2013) in page
