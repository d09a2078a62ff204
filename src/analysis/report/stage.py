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
