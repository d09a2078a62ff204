"""Footnote digits split off names, texts read, kinds known."""

import pytest

from analysis.errors import LayoutError
from analysis.sources.fbi_table8.footnotes import read_notes, require_known, split_markers
from analysis.sources.fbi_table8.kinds import kind_of


@pytest.mark.parametrize(
    ("printed", "name", "markers"),
    [
        ("Mobile3", "Mobile", ("3",)),
        ("Philadelphia4              ", "Philadelphia", ("4",)),
        ("Toledo6, 8, 10", "Toledo", ("6", "8", "10")),
        ("Waukegan5,6", "Waukegan", ("5", "6")),
        ("ILLINOIS5, 6", "ILLINOIS", ("5", "6")),
        ("MONTANA2 ", "MONTANA", ("2",)),
        ("Madison Township, Lake County3", "Madison Township, Lake County", ("3",)),
        ("Attica  Village", "Attica Village", ()),
        ("Rape\n(revised\ndefinition)1", "Rape (revised definition)", ("1",)),
        ("Alpine/Highland", "Alpine/Highland", ()),
    ],
)
def test_markers_leave_the_name(printed, name, markers):
    assert split_markers(printed) == (name, markers)


def test_notes_with_continuations_and_dashes():
    notes = read_notes(
        [
            "1 First note ",
            "   goes on here. ",
            "",
            "8Second, without a blank.",
            " Dashes (-) indicate a zero report.",
        ]
    )
    assert notes == {
        "1": "First note goes on here.",
        "8": "Second, without a blank.",
        "-": "Dashes (-) indicate a zero report.",
    }


def test_a_marker_without_text_is_an_error():
    with pytest.raises(LayoutError, match="Footnote 9 has no text"):
        require_known(["1", "9"], {"1": "text"}, where="file")


@pytest.mark.parametrize(
    ("text", "kind", "offense"),
    [
        ("Because of changes in the agency's practices, figures are not comparable to previous years' data.",
         "not_comparable", "all"),
        ("The 2016 murder offenses include those victims of the Pulse Nightclub incident; therefore, figures are "
         "not comparable to previous years' data.", "exceptional_event", "homicide"),
        ("Due to an annexation, population and figures may not be comparable to previous years' data.",
         "annexation", "all"),
        ("Forcible rape figures furnished by the state were not in accordance with national UCR guidelines.",
         "not_in_accordance", "rape"),
        ("Forcible rape figures furnished by the state are not comparable to those for previous years.",
         "not_comparable", "rape_legacy"),
        ("This agency submits rape data classified according to the legacy UCR definition; therefore",
         "not_in_accordance", "rape_revised"),
        ("The FBI determined that the agency's data were underreported.", "underreported", "not printed"),
        ("Limited data for 2021 were available for California.", "limited_data", "all"),
    ],
)  # fmt: skip
def test_kinds_of_notes(text, kind, offense):
    found = kind_of(text)
    assert (found.name, found.offense) == (kind, offense)


def test_a_note_of_no_known_kind_is_an_error():
    with pytest.raises(LayoutError, match="no known kind"):
        kind_of("The moon was full.", where="table8_2030.xlsx, footnote 3")
