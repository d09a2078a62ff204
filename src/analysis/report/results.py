"""What the paper says of its results; every conclusion is chosen by the figures it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .front import fill
from .prose import Prose

Figures = Mapping[str, Any]


def _spans_zero(figures: Figures, key: str) -> bool:
    found: bool = figures[f"{key}_percent_low"] <= 0 <= figures[f"{key}_percent_high"]
    return found


def rebuilt(figures: Figures) -> Prose:
    """Return what the two rebuilt designs can carry: the same difference before the policy, and inside "
    "states."""
    both = _spans_zero(figures, "change") and _spans_zero(figures, "within")
    text = (
        "Cities that adopted already differed from their matches before they did, so a comparison made while "
        "policies are in force attributes to the policy a difference that preceded it. The difference "
        "between "
        "matched counties depends on which counties are compared. "
    )
    end = (
        "The change in matched cities and the difference within states both have intervals that include zero."
        if both
        else "At least one of the two more careful comparisons has an interval that excludes zero."
    )
    return fill(text + end, figures)


def covariance(figures: Figures) -> Prose:
    """Return what the distance does to the matched pairs: its covariance, and covariates measured before."""
    inside = [figures[f"before_{key}_low"] <= 0 <= figures[f"before_{key}_high"] for key in _DISTANCES]
    text = (
        "Two other distances are as defensible. Pooling the covariance within adopting and other cities "
        "gives "
        "{within_moved:count} cities another match: the difference before adoption is {before_within:.0f} "
        "({before_within_low:.0f} to {before_within_high:.0f}) per 100,000 instead of {before_all:.0f} "
        "({before_all_low:.0f} to {before_all_high:.0f}). Matching on the 2000 Census, measured before any "
        "adoption, instead of on 2010 and 2015 gives {census_moved:count} another match or none: the "
        "difference before is {before_census:.0f} ({before_census_low:.0f} to {before_census_high:.0f}), and "
        "the change {change_census:+.0f} ({change_census_low:.0f} to {change_census_high:.0f}) instead of "
        "{change_all:+.0f} ({change_all_low:.0f} to {change_all_high:.0f}). "
    )
    end = (
        "All three intervals before adoption agree on zero."
        if len(set(inside)) == 1
        else "Whether the interval before adoption excludes zero hangs on that choice."
    )
    return fill(text + end, figures)


_DISTANCES = ("all", "within", "census")


def cities(figures: Figures) -> Prose:
    """Return the headline of cities with what it rests on."""
    none = figures["city_family"] > 0.05
    text = (
        "In the six years from adoption, violent crime without rape changed by {status_percent:+.1f}% in "
        "{status_used} cities that limited status inquiries ({status_percent_low:.1f}% to "
        "{status_percent_high:.1f}%) and by {detain_percent:+.1f}% in {detain_used} cities that declined "
        "detainers "
        "({detain_percent_low:.1f}% to {detain_percent_high:.1f}%), relative to never-adopting cities of the "
        "same region. By weight these are {status_effective:.0f} and {detain_effective:.0f} cities. "
        "Without any "
        "one city the first estimate lies between {status_without_low:+.1f}% and "
        "{status_without_high:+.1f}% and the "
        "second between {detain_without_low:+.1f}% and {detain_without_high:+.1f}%. Applied to cities "
        "without a "
        "policy the design finds {status_placebo:+.1f}% and {detain_placebo:+.1f}% on average, so that no "
        "correction is made. Of {city_intervals} confidence intervals in @fig:cities {city_include} "
        "include zero"
    )
    listed = "; the exceptions: {city_excluding}. " if figures["city_excluding"] else ". "
    family = (
        "Tested as one family, the smallest p-value is {city_family:p}: none stands out. "
        if none
        else "Tested as one family, the smallest p-value is {city_family:p}. "
    )
    blocks = (
        "Judged by policies moved from state to state as blocks, {city_blocks_include} of {city_intervals} "
        "include zero. All limits together, each city at its first, give {pooled:+.1f}% ({pooled_low:.1f}% "
        "to "
        "{pooled_high:.1f}%)."
    )
    return fill(text + listed + family + blocks, figures)


def choice(figures: Figures) -> Prose:
    """Return how the design for cities was chosen and what its trial found."""
    text = (
        "The design was chosen among {trial_candidates} by two figures alone, both from permuted data in "
        "which "
        "dates of adoption are given to cities that never adopted: how often a 5% test rejects, and the "
        "smallest change found with 80% power. Candidates, rule and choice were recorded before any of "
        "them was applied to the cities that adopted. The design chosen finds {trial_detectable:.1%} and "
        "rejects "
        "in {trial_size:.1%} of data sets permuted among cities of a size class, and in {trial_blocks:.1%} "
        "when "
        "all dates of a state move to one other state. "
    )
    end = (
        "No candidate keeps a 5% test near 5% in the second case, so intervals by both kinds of permutation "
        "are reported (@tbl:trial)."
        if figures["trial_admitted"] == 0
        else "It is one of {trial_admitted} that keep their size in both cases (@tbl:trial)."
    )
    union = (
        " All limits and statewide rules pooled in one stack, with at most {union_most:count} cities of a "
        "state, "
        "answer another question and did not compete: by the same two figures that stack finds "
        "{union_detectable:.1%} and rejects in {union_size:.1%} and {union_blocks:.1%} of data sets; its "
        "{union_cities} cities give {union_percent:+.1f}% ({union_percent_low:.1f}% to "
        "{union_percent_high:.1f}%)."
    )
    return fill(text + end + union, figures)


def trends(figures: Figures) -> Prose:
    """Return what the years before adoption say, and what follows for the word excluded."""
    some = figures["passing"] < figures["designs"]
    text = (
        "The designs assume that, without the policy, crime would have changed by the same share in "
        "adopting and "
        "comparison places. @tbl:bounds tests this on the years before adoption. Of {designs:count} main "
        "designs of violent crime {passing:count} pass both tests. "
    )
    end = (
        "Where a test fails, no size of effect is called excluded anywhere in this paper, and the interval "
        "that "
        "allows trends to differ is the one to read."
        if some
        else "The tests have limited power, so the interval that allows trends to differ is printed as well."
    )
    return fill(text + end, figures)


def counties(figures: Figures) -> Prose:
    """Return what counties show, which comparisons can be believed, and what exposure means."""
    plain = (
        "This rule was written after the results of these tests had been seen, though not chosen by the "
        "estimates, so what follows is exploratory: a comparison that passes may do so by chance. "
    )
    found = (
        "In the comparison within states and classes, violent crime without rape changed by "
        "{counties_percent:+.1f}% ({counties_percent_low:.1f}% to {counties_percent_high:.1f}%) in "
        "{counties_used} "
        "counties that stopped honoring detainers in 2013 or 2014, and property crime by "
        "{counties_property_percent:+.1f}% ({counties_property_percent_low:.1f}% to "
        "{counties_property_percent_high:.1f}%). Policies were in force for {exposure:.0%} of these two "
        "years; per "
        "full exposure, if effects are proportional to it, the figure for violent crime is "
        "{counties_full:+.1f}% "
        "({counties_full_low:.1f}% to {counties_full_high:.1f}%). "
    )
    rise = (
        "The {open_property_percent:+.1f}% rise in property crime against all other counties belongs to a "
        "comparison "
        "that fails its tests. "
        if not _spans_zero(figures, "open_property")
        else ""
    )
    said = [_comparisons(figures), plain, found, rise, _secure_communities(figures)]
    return fill("".join(said), figures)


def _comparisons(figures: Figures) -> str:
    return (
        "Which counties serve as comparison decides the answer (@fig:counties). Of {comparisons:count} "
        "comparisons exactly one passes a joint test of the years before 2012 and a test that pretends "
        "policies began in {fake_from:year}, for violent and property crime alike (@tbl:countytests): that "
        "with counties of the same state and the same urban-rural class. Comparing within states alone "
        "fails: it finds "
        "{inside_fake:+.1f}% property crime for the pretended policy (p {inside_fake_p:p}), because adopting "
        "counties are more urban than the rest of their states and urban crime fell faster. "
        if figures["comparisons_passing"] == 1
        else "Of {comparisons:count} comparisons of counties, {comparisons_passing:count} pass both tests on "
        "the years before (@tbl:countytests). "
    )


def _secure_communities(figures: Figures) -> str:
    secure = (
        "Secure Communities, the federal program that such policies resist, tests these data further, since "
        "published studies find that it changed nothing [@miles2014; @treyger2014; @hines2019]. Against all "
        "other counties its activation comes with {sc_violent_open:+.1f}% violent crime "
        "({sc_violent_open_low:.1f}% to {sc_violent_open_high:.1f}%); within states and classes, with "
        "{sc_violent_admitted:+.1f}% ({sc_violent_admitted_low:.1f}% to {sc_violent_admitted_high:.1f}%). "
    )
    agrees = figures["sc_violent_admitted_low"] <= 0 <= figures["sc_violent_admitted_high"]
    end = (
        "The comparison that passes its own tests is also the one that finds what others found."
        if agrees
        else "The comparison that passes its own tests does not find what others found."
    )
    return secure + end


def states(figures: Figures) -> Prose:
    """Return what states with a statewide rule show, and the design's own tests on the years before."""
    text = (
        "In {states_used} states with a statewide rule since 2014 ({rule_types}), violent crime without rape "
        "differs from its synthetic level [@arkhangelsky2021] by {states_percent:+.1f}% "
        "({states_percent_low:.1f}% to {states_percent_high:.1f}%) and property crime by "
        "{states_property_percent:+.1f}% ({states_property_percent_low:.1f}% to "
        "{states_property_percent_high:.1f}%). On the years from 1999 on the latter is "
        "{later_estimate:+,.0f} per 100,000 ({later_conf_low:,.0f} to {later_conf_high:,.0f}, p "
        "{later_p_value:p}). "
    )
    acts = (
        "On {statutes} statutes alone, each dated by its act, violent crime differs by "
        "{statutes_violent:+,.0f} per 100,000 ({statutes_violent_low:,.0f} to {statutes_violent_high:,.0f}) "
        "and property crime by {statutes_property:+,.0f} ({statutes_property_low:,.0f} to "
        "{statutes_property_high:,.0f}). "
    )
    said, word = _tests_of_states(figures)
    return fill(text + acts + said, {**figures, "lead_word": word})


def _tests_of_states(figures: Figures) -> tuple[str, str]:
    """Return what the tests of the design say, and how the years before a rule do."""
    leads = (
        "With weights fitted on earlier years alone, the gaps of the {shift:count} years before a rule "
        "{lead_word} (p "
        "{states_leads_p:p} for violent, {states_property_leads_p:p} for property crime); a drift of one "
        "log point a year would have been found with probability "
        "{states_leads_power:.0%} and {states_property_leads_power:.0%}, so that passing says little. "
    )
    placebo = (
        "With every rule moved {shift} years back, when there was none, the design finds "
        "{placebo_estimate:+,.0f} violent crimes per 100,000 (p {placebo_p:p}). "
    )
    end = (
        "It fails its own test, and neither estimate is evidence of an effect."
        if figures["placebo_p"] <= 0.10
        else "It passes this test."
    )
    passed = min(figures["states_leads_p"], figures["states_property_leads_p"]) > 0.10
    word = "are jointly compatible with zero" if passed else "are not jointly compatible with zero"
    return leads + placebo + end, word


def lists(figures: Figures) -> Prose:
    """Return what becomes of the headline without advocacy sources and without upper bounds of dates."""
    inside = [
        figures[f"{key}_{part}_low"] <= 0 <= figures[f"{key}_{part}_high"]
        for key in ("status", "detain", "counties")
        for part in ("plain", "no_advocacy", "no_bounds")
    ]
    text = (
        "Of {policy_rows:count} rows {advocacy_rows:count} come from groups that take a side, "
        "{aggregator_rows:count} of them from copies of one sheet of the {aggregator}, and {bounded:count} "
        "of "
        "{dated_policies:count} dated policies have an upper bound in place of a date. Without the former, "
        "violent crime changes by {status_no_advocacy:+.1f}% in {status_no_advocacy_used} cities that limit "
        "status inquiries, by {detain_no_advocacy:+.1f}% in {detain_no_advocacy_used} that decline detainers "
        "and by {counties_no_advocacy:+.1f}% in {counties_no_advocacy_used} counties; without the latter, by "
        "{status_no_bounds:+.1f}%, {detain_no_bounds:+.1f}% and {counties_no_bounds:+.1f}% (@tbl:lists). "
    )
    end = (
        "Every one of these intervals includes zero, as those of the whole list do."
        if all(inside)
        else "Intervals that exclude zero, the whole list included: {outside} of {compared}."
    )
    return fill(text + end, {**figures, "outside": inside.count(False), "compared": len(inside)})


def family(figures: Figures) -> Prose:
    """Return how many rows of the first figure exclude zero, alone and corrected for their number."""
    text = (
        "Of {rows} intervals in @fig:answers {rows_excluding} exclude zero. Tested as one family, by the "
        "step-down procedure of Romano and Wolf on multipliers of states that all rows share, "
        "{rows_family:count} do (smallest p {smallest_family:p}). Holm’s procedure, which holds whatever the "
        "dependence between rows, gives {rows_holm:count} (smallest p {smallest_holm:p}). "
    )
    end = (
        "No row stands out once all are tested together."
        if figures["rows_family"] == 0
        else "None of these belongs to a design that passes its tests on the years before."
        if figures["rows_standing"] == 0
        else "Of these, {rows_standing} belong to designs that do not fail their tests on the years before."
    )
    return fill(text + end, figures)


def seen(figures: Figures) -> Prose:
    """Return what each design could have seen, beside the published figures."""
    text = (
        "@fig:power puts the published comparisons and ours on one scale. Matched pairs of cities in force "
        "have 80% power "
        "for a difference of {in_force_detectable_share:.0%} of violent crime; matched counties, for "
        "{matched_detectable_share:.0%} of all crime. The difference that the county report prints, "
        "{cap_effect:,.1f} per 10,000 people, is {cap_share:.1%} of the mean; a design like it would have "
        "found a true "
        "difference of that size with probability {cap_chance:.0%}. The {manning_effect:,.1f} violent crimes "
        "per 100,000 of a later study [@manning2022] are {manning_counties:.1%} of the mean of adopting "
        "counties; our comparison within states and classes would have found them with probability "
        "{manning_chance:.0%}. Designs that follow places detect {seen_low:.0%} to {seen_high:.0%} of "
        "violent crime; "
        "a change of {margin:.0%} would be found with probability {chance_low:.0%} to {chance_high:.0%}."
    )
    return fill(text, figures)
