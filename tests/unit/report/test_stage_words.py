"""The words on jails, cities inside counties, states and later years follow their figures."""

from __future__ import annotations

import pytest

from analysis.report import stage

BASE = {
    **dict.fromkeys(["stage_per", "stage_per_low", "stage_per_high"], 9.0),
    **dict.fromkeys(["stage_share", "stage_share_none"], 0.1),
    "stage_unlisted": 37,
    "dose_outcomes": 5,
    "dose_failing": 5,
    "dose_standing": 0,
    "dose_power": 0.8,
    "dose_detectable": 0.1,
    "stage_seen": 131,
    **dict.fromkeys(["stage_agrees", "stage_misdated", "stage_inert"], 0.3),
    "cic_chosen": "",
    "cic_largest_state": "CA",
    "cic_contrast_readable": False,
    **dict.fromkeys(
        ["cic_adopters", "cic_smallest", "cic_counties", "cic_others", "cic_first", "cic_last"], 7
    ),
    **dict.fromkeys(["cic_comparisons", "cic_tested", "cic_admitted", "cic_classes"], 4),
    "cic_classes_admitted": 0,
    **dict.fromkeys(["cic_margin", "cic_power", "cic_largest_share"], 0.5),
    **{
        f"cic_{outcome}{where}{end}": value
        for outcome in ("violent", "property")
        for where in ("", "_without", "_files")
        for end, value in (("", 1.0), ("_low", -2.0), ("_high", 4.0))
    },
    "ban_failing": [],
    "law_failing": [],
    "ban_standing": 0,
    "span_kept": True,
    "span_gap": 0.8,
    **dict.fromkeys(["ban_first", "ban_last", "span_last"], 2019),
    **dict.fromkeys(["ban_states", "ban_donors", "ban_rows", "ban_shift", "law_years"], 4),
    **dict.fromkeys(["ban_margin", "ban_power"], 0.1),
    "law_detectable": 50.0,
    **{
        f"{law}_{outcome}{end}": 1.0
        for law in ("ban", "law")
        for outcome in ("homicide", "violent", "property")
        for end in ("", "_low", "_high")
    },
    "later_standing": [],
    "later_standing_blocks": [],
    "later_rows": 6,
    **dict.fromkeys(["later_first", "later_last", "later_end"], 2020),
    **dict.fromkeys(["later_filled", "later_status_inquiry_used", "later_detainers_used"], 12),
    **dict.fromkeys(["later_margin", "later_power"], 0.1),
    **{
        f"later_{key}{end}": 1.0
        for key in ("status_inquiry", "detainers", "top", "top_block", "top_out")
        for end in ("", "_low", "_high")
    },
    "later_top_estimate": 10.0,
}


def said(name: str, **changes: object) -> str:
    return str(getattr(stage, name)(BASE | changes))


def test_a_policy_that_changed_nothing_at_the_jail_door_is_said_to_have_done_nothing():
    assert "did something" in said("jail_door")
    assert "cannot be told from nothing" in said("jail_door", stage_per_low=-0.1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no change is attributed"),
        ({"dose_failing": 0}, "none of 5 offenses changed detectably"),
        ({"dose_failing": 0, "dose_standing": 2}, "2 of 5 offenses changed, and none had diverged before"),
        ({"stage_share": 0.42, "stage_share_none": 0.03}, "declined 42% of detainers"),
        ({"stage_misdated": 0.11, "stage_inert": 0.66}, "11% earlier or later, and 66% never"),
        ({"dose_detectable": 0.25, "dose_power": 0.9}, "90% power for a change of 25% in violent crime"),
    ],
)
def test_the_readme_says_what_the_figures_say(changes, words):
    assert words in said("findings", **changes)
    assert "attributed to the policies" not in said("findings", dose_failing=0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no difference by dose is laid"),
        ({"dose_failing": 0}, "did not differ detectably"),
        ({"dose_failing": 0, "dose_standing": 2}, "nothing of the kind came before"),
    ],
)
def test_dose_is_read_only_if_nothing_moved_before(changes, words):
    assert words in said("dose", **changes)


def test_without_an_admitted_comparison_nothing_is_claimed_or_confirmed():
    text = said("cities_in_counties")
    assert "nothing is claimed" in text and "neither replace nor confirm" in text
    assert "intervals hold it" in text
    outside = said("cities_in_counties", cic_violent_files=9.0)
    assert "do not hold it" in outside


def test_an_admitted_comparison_confirms_or_replaces_the_county_files():
    admitted = said("cities_in_counties", cic_chosen="Same state")
    assert "Same state" in admitted and "This confirms" in admitted and "nothing is claimed" not in admitted
    other = said("cities_in_counties", cic_chosen="Same state", cic_property_files=9.0)
    assert "this is the figure to read" in other


def test_california_is_named_only_if_it_makes_the_figure():
    assert "California" not in said("cities_in_counties")
    assert "California" in said("cities_in_counties", cic_property_without=0.2)
    assert "California" not in said("cities_in_counties", cic_property_without=0.2, cic_largest_state="NJ")


def test_classes_of_dose_are_compared_only_if_both_may_be_read():
    assert "no class passes" in said("cities_in_counties")
    assert "cannot be compared" in said("cities_in_counties", cic_classes_admitted=2)
    assert "can be compared" in said("cities_in_counties", cic_contrast_readable=True)


def test_states_say_what_stands_what_fails_and_what_becomes_of_thin_years():
    assert "Nothing stands" in said("states") and "neither finds anything" in said("states")
    assert "stay in" in said("states") and "left out" in said("states", span_kept=False)
    assert "Nothing stands" not in said("states", ban_standing=1)
    assert "bans find nothing" in said("states", law_failing=["homicide"])
    assert "nothing is claimed" in said("states", ban_failing=["homicide"])


def test_later_cities_say_when_state_blocks_take_an_estimate_back():
    assert "none that passes its tests stands" in said("later")
    row = {"later_standing": ["any limit, property"]}
    assert "no evidence" in said("later", **row)
    assert "to be explained" in said("later", **row, later_standing_blocks=["any limit, property"])


PRINTED = {
    **dict.fromkeys(["early", "early_ours", "early_gap", "autumn_month", "floor", "floor_ours"], 1_000.0),
    **dict.fromkeys(["late", "nowhere", "rest"], 9),
    "late_share": 0.9,
    "largest_share": 0.7,
    "rest_share": 0.8,
    **dict.fromkeys(["early_within", "floor_within", "late_within"], True),
}


def test_printed_totals_agree_or_not_as_the_bounds_say():
    def text(**changes: object) -> str:
        return str(stage.printed_totals(PRINTED | changes))

    assert "agree if September" in text() and "agrees with ours" in text()
    assert "must be incomplete" in text(early_within=False)
    assert "exceed our 1,000" in text(floor_within=False) and "exceed our" not in text()
    assert "likely California" in text() and "likely California" not in text(largest_share=0.9)
