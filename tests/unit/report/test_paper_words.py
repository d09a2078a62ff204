"""The words of the paper follow its figures: what is said changes when the data change."""

from __future__ import annotations

import inspect
import re

import pandas as pd
import pytest

from analysis.report import paper, results
from analysis.report.exhibits.values import number
from analysis.report.exhibits.verdicts import verdicts_table

BASE = {
    "designs": 4,
    "hold": 4,
    "rows": 16,
    "rows_excluding": 2,
    "rows_family": 1,
    "rows_standing": 0,
    "smallest_family": 0.033,
    "rows_holm": 0,
    "smallest_holm": 0.051,
    "passing": 2,
    "status_percent": -0.5,
    "status_percent_low": -8.2,
    "status_percent_high": 7.7,
    "counties_percent": -1.5,
    "counties_percent_low": -4.7,
    "counties_percent_high": 1.8,
    "change_percent_low": -15.0,
    "change_percent_high": 18.0,
    "within_percent_low": -11.0,
    "within_percent_high": 13.0,
}


LISTED = [f"{k}_{p}" for k in ("status", "detain", "counties") for p in ("plain", "no_advocacy", "no_bounds")]
LISTS = {
    f"{name}{end}": value for name in LISTED for end, value in {"": 0.5, "_low": -4.0, "_high": 5.0}.items()
}
LISTS |= {f"{name}_used": 30 for name in LISTED} | {"aggregator": "a group", "aggregator_rows": 165}
LISTS |= {"policy_rows": 724, "advocacy_rows": 249, "bounded": 56, "dated_policies": 342}


def filled(function) -> dict[str, float]:
    """Return a value for every figure that a sentence names: a count where it has no decimals."""
    source = inspect.getsource(function)
    parts = [getattr(inspect.getmodule(function), name, None) for name in re.findall(r"\b(_\w+)\(", source)]
    source += "".join(inspect.getsource(part) for part in parts if part)
    named = re.findall(r"\{(\w+)([:}])", source)
    return {name: 0.5 if end == ":" else 3 for name, end in named}


def words(text: object) -> list[str]:
    return re.sub(r"\[@[^\]]*\]|[*]", "", str(text)).split()


def test_the_abstract_is_short_has_few_numbers_and_answers_first():
    text = str(paper.abstract(BASE))
    assert len(words(text)) <= 120
    assert len(re.findall(r"\d[\d.,]*", re.sub(r"@\w+", "", text))) <= 6
    assert text.split(". ")[0].startswith(
        "**Abstract.** Recorded violent crime did not change detectably"
    ) or ("did not change detectably" in text.split(".")[1])


@pytest.mark.parametrize("hold", [0, 3])
def test_the_first_sentence_changes_when_an_interval_excludes_zero(hold):
    text = str(paper.abstract(BASE | {"hold": hold}))
    assert "did not change detectably" not in text and "changed detectably in" in text


def test_the_sentence_on_many_tests_follows_the_count_of_rows_that_stand():
    assert "No estimate both survives" in str(paper.abstract(BASE))
    assert "No estimate both survives" not in str(paper.abstract(BASE | {"rows_standing": 1}))
    assert "None of these belongs" in str(results.family(BASE))
    assert "No row stands out" in str(results.family(BASE | {"rows_family": 0}))
    assert "None of these belongs" not in str(results.family(BASE | {"rows_standing": 1}))


def test_what_the_list_rests_on_is_told_by_its_intervals():
    text = str(results.lists(LISTS))
    assert "Every one of these intervals includes zero" in text and "249" in text and "a group" in text
    moved = str(results.lists(LISTS | {"detain_no_advocacy_high": -0.1}))
    assert "Every one" not in moved and "included: 1 of 9." in moved


def test_states_are_told_by_their_leads_and_by_their_types():
    figures = filled(results.states) | {"rule_types": "5 statute, 1 directive", "shift": 6}
    text = str(results.states(figures))
    assert "5 statute, 1 directive" in text and "are jointly compatible with zero" in text
    assert "are not jointly compatible" in str(results.states(figures | {"states_property_leads_p": 0.02}))
    assert "fails its own test" in str(results.states(figures | {"placebo_p": 0.05}))


def test_the_rule_for_counties_is_said_to_have_come_after_its_tests():
    figures = filled(results.counties) | {"fake_from": 2011, "comparisons": 5, "comparisons_passing": 1}
    figures |= {f"open_property_percent_{end}": value for end, value in (("low", -1.0), ("high", 1.0))}
    assert "written after the results of these tests had been seen" in str(results.counties(figures))


def test_whether_a_distance_decides_is_told_by_the_intervals():
    same = filled(results.covariance) | {"within_moved": 1, "census_moved": 3}
    assert "agree on zero" in str(results.covariance(same))
    assert "hangs on that choice" in str(results.covariance(same | {"before_census_low": -3.0}))


def test_a_failed_test_takes_the_word_excluded_out_of_the_paper():
    assert "no size of effect is called excluded" in str(results.trends(BASE))
    assert "no size of effect is called excluded" not in str(results.trends(BASE | {"passing": 4}))


def test_the_rebuilt_designs_are_told_by_their_intervals():
    assert "both have intervals that include zero" in str(results.rebuilt(BASE))
    moved = BASE | {"within_percent_low": 1.0}
    assert "both have intervals that include zero" not in str(results.rebuilt(moved))


def test_excluded_sizes_are_blank_where_tests_fail():
    row = {
        "group": "g",
        "name": "n",
        "outcome": "property",
        "used": 3,
        "mean": 100.0,
        "percent": 1.0,
        "percent_low": -2.0,
        "percent_high": 4.0,
        "detectable": 8.0,
        "smallest_margin": 3.5,
        "power_share": 0.4,
        "p_family": 1.0,
    }
    table = paper.answers_table(pd.DataFrame([row | {"tests": "fail"}, row | {"tests": "pass"}]))
    at = table.columns.index("Excluded")
    assert [line[at] for line in table.rows] == ["—", number(3.5, ",.0f")]


def test_no_contradiction_is_printed_with_its_power():
    row = {"quantity": "q", "unit": "log points", "printed": "", "exhibit": "e", "note": "", "claim": "c"}
    row |= {"estimate": 0.0, "conf_low": -0.2, "conf_high": 0.2, "power": 0.08}
    kinds = {"indistinguishable": "not contradicted", "positive": "consistent"}
    frame = pd.DataFrame([row | {"kind": kind, "verdict": told} for kind, told in kinds.items()])
    table = verdicts_table(frame, caption="c", label="l")
    at = table.columns.index("Power")
    assert [line[at] for line in table.rows] == ["8%", "—"]


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize(
    "name",
    ["rebuilt", "covariance", "cities", "choice", "trends", "counties", "states", "lists", "family", "seen"],
)
def test_every_sentence_is_filled_whatever_the_signs(name, sign):
    source = inspect.getsource(results)
    names = set(re.findall(r"\{(\w+)[:}]", source)) | set(re.findall(r'figures\["(\w+)"\]', source))
    keys = [key for key in ("change", "within", "open_property") if key]
    names |= {f"{key}_percent_{end}" for key in keys for end in ("low", "high")}
    names |= {f"before_{key}_{end}" for key in ("all", "within", "census") for end in ("low", "high")}
    names |= {f"{key}_{end}" for key in LISTED for end in ("low", "high")}
    figures = dict.fromkeys(names, sign) | {
        "city_excluding": ["a", "b"],
        "fake_from": 2011,
        "placebo_p": 0.05,
        "aggregator": "a group",
        "rule_types": "5 statute",
    }
    figures |= {
        name: 3 for name in names if name.startswith("comparisons") or name in ("passing", "designs", "shift")
    }
    figures |= {name: 3 for name in names if name.endswith(("_moved", "_rows", "_used", "rows_family"))}
    figures |= {name: 3 for name in ("rows_holm", "bounded", "dated_policies", "union_most") if name in names}
    text = str(getattr(results, name)(figures))
    assert "{" not in text and "}" not in text and not text.endswith(" ")
