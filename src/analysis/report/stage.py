"""What the paper says of policies at the jail door and of crime there; figures choose every conclusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .front import fill
from .prose import Prose

Figures = Mapping[str, Any]


def jail_door(figures: Figures) -> Prose:
    """Return what dated policies changed: declined detainers, and whether the ratio can be told from one."""
    text = (
        "A policy against detainers can change crime only through people whom a jail would have handed over "
        "and did not. After a dated policy, jails declined {stage_per:.1f} more of every hundred detainers "
        "of an average year ({stage_per_low:.1f} to {stage_per_high:.1f}; @sec:14). "
    )
    end = (
        "The policies did something, though to few people: effects on crime that count arrests or residents "
        "by the thousand are not to be expected from it alone."
        if figures["stage_per_low"] > 0
        else "That cannot be told from nothing, and an effect on crime would have to come from elsewhere."
    )
    return fill(text + end, figures)


def findings(figures: Figures) -> Prose:
    """Return for the README what policies did at the jail door, and what that says of crime there."""
    text = (
        "**At the jail door.** From October 2014 to July 2015, jails of counties with a dated policy "
        "declined {stage_share:.0%} of detainers, those of counties where no policy is known "
        "{stage_share_none:.0%}. Of {stage_seen} counties with a dated policy and enough detainers to tell, "
        "{stage_agrees:.0%} began to decline them in the year of the date or the next, {stage_misdated:.0%} "
        "earlier or later, and {stage_inert:.0%} never. "
    )
    power = (
        "Where jails had the most detainers to decline, the design has {dose_power:.0%} power for a change "
        "of {dose_detectable:.0%} in violent crime"
    )
    return fill(text + power + _by_dose(figures), figures)


def _by_dose(figures: Figures) -> str:
    if figures["dose_failing"]:
        return (
            ", but in {dose_failing} of {dose_outcomes} offenses these counties diverged from comparable "
            "ones before any policy, so that no change is attributed to the policies."
        )
    if figures["dose_standing"]:
        return "; {dose_standing} of {dose_outcomes} offenses changed, and none had diverged before."
    return "; none of {dose_outcomes} offenses changed detectably, and none had diverged before."


def printed_totals(figures: Figures) -> Prose:
    """Return how recorded declines stand beside totals that others printed, and why no closer."""
    text = (
        "The same record was released to others at other times. {early:,.0f} declines were printed for "
        "January to August 2014 [@vaughan2015]. Our file counts calendar years, and the day is known only "
        "from October 2014, so that September cannot be separated from the months before; from January to "
        "September it has {early_ours:,.0f}. "
    )
    return fill(text + _early(figures) + _floor(figures) + _by_september(figures) + _DATED, figures)


_DATED = "Our files date a detainer by its preparation; the printed totals do not say which date is theirs."


def _early(figures: Figures) -> str:
    if not figures["early_within"]:
        return "The printed figure is larger than that, and ours must be incomplete. "
    return (
        "The two agree if September had the difference, {early_gap:,.0f}; an average month of the autumn had "
        "{autumn_month:,.0f}. "
    )


def _floor(figures: Figures) -> str:
    if figures["floor_within"]:
        return "The “more than {floor:,.0f}” printed as of June 2015 agrees with ours. "
    return (
        "The “more than {floor:,.0f}” printed as of June 2015 exceed our {floor_ours:,.0f} from January 2014 "
        "to 19 July 2015; from which month they count is not said. "
    )


def _by_september(figures: Figures) -> str:
    text = (
        "Of the {late:,.0f} printed for January 2014 to September 2015 [@fair2016] ours, which end in July, "
        "hold {late_share:.0%}; of those in California {largest_share:.0%}, and in the {rest:count} other "
        "states printed {rest_share:.0%}. "
    )
    if figures["largest_share"] < figures["rest_share"]:
        text += (
            "Many of our {nowhere:,.0f} declines at a facility without a place are therefore likely "
            "California’s, and what its counties declined is understated. "
        )
    return text


def cities_in_counties(figures: Figures) -> Prose:
    """Return what cities inside counties show, whether it is claimed, and what the county files then are."""
    text = (
        "Jails are the county's and crime is printed by city. {cic_adopters:count} cities of "
        "{cic_smallest:,.0f} residents and more in {cic_counties:count} counties with a dated policy "
        "are set against {cic_others:count} cities of counties that nothing names, all printed in every year "
        "from {cic_first:year} to {cic_last:year}; nothing is imputed and only years bound as a whole count "
        "(@sec:15). "
    )
    return fill(text + _admission(figures) + _estimates(figures) + _against_files(figures), figures)


def _admission(figures: Figures) -> str:
    if not figures["cic_chosen"]:
        return (
            "Of {cic_comparisons:count} comparisons, {cic_tested:count} rest on states enough to be tested, "
            "and none passes a joint test of earlier years and a false adoption for both totals. By the rule "
            "committed beforehand nothing is claimed from them. "
        )
    return (
        "Of {cic_comparisons:count} comparisons, {cic_admitted:count} pass the tests on earlier years; "
        "the most precise of them, by the rule committed beforehand, is: {cic_chosen}. "
    )


def _estimates(figures: Figures) -> str:
    which = "In it" if figures["cic_chosen"] else "In the most precise, which fails its tests,"
    text = (
        f"{which} violent crime without rape differs by {{cic_violent:+.1f}}% ({{cic_violent_low:.1f}}% to "
        "{cic_violent_high:.1f}%) and property crime by {cic_property:+.1f}% ({cic_property_low:.1f}% to "
        "{cic_property_high:.1f}%); a change of {cic_margin:.0%} in violent crime would be found with "
        "probability {cic_power:.0%}. "
    )
    moved = abs(figures["cic_property"] - figures["cic_property_without"])
    if moved > abs(figures["cic_property"]) / 2 and figures["cic_largest_state"] == "CA":
        text += (
            "California, whose cities hold {cic_largest_share:.0%} of the weight in violent crime, makes the "
            "figure for property crime: without it the difference is {cic_property_without:+.1f}% "
            "({cic_property_without_low:.1f}% to {cic_property_without_high:.1f}%). "
        )
    return text


def _against_files(figures: Figures) -> str:
    """Return whether the county files' estimate is replaced, confirmed, or left as it was."""
    inside = all(
        figures[f"cic_{name}_low"] <= figures[f"cic_{name}_files"] <= figures[f"cic_{name}_high"]
        for name in ("violent", "property")
    )
    if not figures["cic_chosen"]:
        return (
            "So these cities neither replace nor confirm what the county files say within states and "
            "urban-rural classes, {cic_violent_files:+.1f}% violent crime, where the comparison passes; "
            + ("their intervals hold it. " if inside else "their intervals do not hold it. ")
            + _dose(figures)
        )
    words = (
        "This confirms, with whole years and no imputation, the county files' {cic_violent_files:+.1f}%. "
        if inside
        else "The county files' {cic_violent_files:+.1f}% lies outside, and where the two differ this is the "
        "figure to read. "
    )
    return words + _dose(figures)


def _dose(figures: Figures) -> str:
    if figures["cic_contrast_readable"]:
        return "By dose, the highest class and the placebo pass their tests and can be compared."
    if not figures["cic_classes_admitted"]:
        return (
            "Parted by how many detainers a county's jails received before, no class passes the same tests, "
            "and none is read."
        )
    return (
        "Parted by how many detainers a county's jails received before, {cic_classes_admitted:count} of "
        "{cic_classes:count} classes pass the same tests, and the highest cannot be compared with the "
        "placebo."
    )


def dose(figures: Figures) -> Prose:
    """Return what crime did by dose in the county files, and whether the design can be believed."""
    text = (
        "In fiscal year 2015 jails of counties with a dated policy declined {stage_share:.0%} of detainers, "
        "those of counties without a known one {stage_share_none:.0%}; {stage_unlisted:count} counties that "
        "nothing names declined too and are no comparison. "
    )
    if figures["dose_failing"]:
        end = (
            "Adopters with the most detainers to decline moved otherwise than counties like them before any "
            "policy, in {dose_failing:count} of {dose_outcomes:count} offenses, so that no difference by "
            "dose is laid to the policies."
        )
    elif figures["dose_standing"]:
        end = (
            "Among adopters with the most to decline, {dose_standing:count} of {dose_outcomes:count} "
            "offenses moved, and nothing of the kind came before."
        )
    else:
        end = "Adopters with the most to decline did not differ detectably from counties like them."
    return fill(text + end, figures)


def states(figures: Figures) -> Prose:
    """Return what bans and the law with more years show, and what 2021 and 2022 are taken for."""
    text = (
        "Between {ban_first:year} and {ban_last:year} {ban_states:count} states forbade their cities and "
        "counties to limit cooperation. To {span_last:year}, against states that neither limit nor forbid, "
        "homicide differs by {ban_homicide:+.1f}% ({ban_homicide_low:.1f}% to {ban_homicide_high:.1f}%), "
        "violent crime without rape by {ban_violent:+.1f}% ({ban_violent_low:.1f}% to "
        "{ban_violent_high:.1f}%) and property crime by {ban_property:+.1f}% ({ban_property_low:.1f}% to "
        "{ban_property_high:.1f}%). "
    )
    chance = (
        "Nothing stands after correction; a change of {ban_margin:.0%} in violent crime would be found with "
        "probability {ban_power:.0%}. "
        if not figures["ban_standing"]
        else "{ban_standing:count} of {ban_rows:count} stand after correction. "
    )
    law = (
        "California’s Senate Bill 54, with {law_years:count} more years, gives {law_violent:+.1f}% "
        "({law_violent_low:.1f}% to {law_violent_high:.1f}%) and a detectable change of "
        "{law_detectable:.0f}%: one state against {ban_donors:count} says little. "
    )
    return fill(text + chance + law + _false_laws(figures) + _reporting(figures), figures)


def _false_laws(figures: Figures) -> str:
    if figures["ban_failing"]:
        return (
            "Bans put {ban_shift:count} years early reject for {ban_failing}, of which nothing is claimed. "
        )
    if figures["law_failing"]:
        return (
            "Put {ban_shift:count} years early, bans find nothing, but Senate Bill 54 does for "
            "{law_failing}, of which nothing is claimed. "
        )
    return "Put {ban_shift:count} years early, neither finds anything. "


def _reporting(figures: Figures) -> str:
    text = (
        "The years 2021 and 2022, when many agencies sent the FBI no returns, move homicide by "
        "{span_gap:.1f} standard errors"
    )
    return text + (
        " and stay in; without them, and without the states with the largest gaps, @sec:16 has the same rows."
        if figures["span_kept"]
        else " and are left out; @sec:16 shows them beside."
    )


def later(figures: Figures) -> Prose:
    """Return what cities through 2024 show, and which of it stands under both kinds of inference."""
    text = (
        "Cities that adopted from {later_first:year} to {later_last:year} can be followed to "
        "{later_end:year}, with {later_filled:count} city-years of 2021 from a monthly index. Violent crime "
        "without rape differs by {later_status_inquiry:+.1f}% ({later_status_inquiry_low:.1f}% to "
        "{later_status_inquiry_high:.1f}%) in {later_status_inquiry_used:count} cities that limited status "
        "inquiries and by {later_detainers:+.1f}% ({later_detainers_low:.1f}% to "
        "{later_detainers_high:.1f}%) in {later_detainers_used:count} that "
        "declined detainers; a change of {later_margin:.0%} would be "
        "found with probability {later_power:.0%} at most. "
    )
    return fill(text + _what_stands(figures), figures)


def _what_stands(figures: Figures) -> str:
    if not figures["later_standing"]:
        return "Of {later_rows:count} estimates none that passes its tests stands after correction."
    first = (
        "Of {later_rows:count} estimates, {later_standing} passes its tests and stands after correction, at "
        "{later_top_estimate:+.1f}% ({later_top_low:.1f}% to {later_top_high:.1f}%); with 2020 and 2021 left "
        "out, {later_top_out:+.1f}% ({later_top_out_low:.1f}% to {later_top_out_high:.1f}%). "
    )
    if figures["later_standing_blocks"]:
        return first + "It also stands when a state's dates move together: a difference to be explained."
    return first + (
        "When all dates of a state move together, zero lies inside ({later_top_block_low:.1f}% to "
        "{later_top_block_high:.1f}%): these are the years in which large cities met the pandemic, and the "
        "estimate is no evidence of what the policies did."
    )
