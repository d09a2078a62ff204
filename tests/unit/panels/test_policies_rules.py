"""The rules that date a policy, on rows written for the purpose."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import ImpossibleValueError, LayoutError
from analysis.panels.policies.build import _record, policies_panel
from analysis.panels.policies.rules import classify, first_end, first_row, records, why_not_event_time
from analysis.sources.periods import parse_period
from analysis.sources.policy.dated import FLAGS, with_dates
from analysis.sources.policy.instruments import basis_of, without_quotations

BANS = pd.DataFrame({"state": ["TX"], "ban_year": pd.array([2017], dtype="Int64")})
NO_CITY_COUNTIES = pd.DataFrame({"geoid": ["0667000"], "fips": ["06075"]})


def rows(*lines: dict) -> pd.DataFrame:
    """Rows as the reader returns them, from what differs from a plain row."""
    plain = {
        "file": "rows/KS.csv",
        "place": "Springfield",
        "state": "KS",
        "kind": "city",
        "geoid": "2000001",
        "ori": "KS0010100",
        "policy_type": "forbids_status_inquiry",
        "instrument": "ordinance 1",
        "basis": "ordinance",
        "adopted": "2007",
        "earliest": "",
        "ended": "",
        "confidence": "high",
        "source_url": "https://example.org",
        **dict.fromkeys(FLAGS, "no"),
        "is_policy": "yes",
    }
    table = pd.DataFrame([{"row": i + 2, **plain, **line} for i, line in enumerate(lines)])
    return with_dates(table.assign(precision=[parse_period(text).precision for text in table["adopted"]]))


def dated(definition: str, *lines: dict) -> pd.Series:
    """The panel's row for the first place of the rows."""
    panel = policies_panel(classify(rows(*lines)), BANS, NO_CITY_COUNTIES)
    return panel[panel["definition"] == definition].set_index("kind").loc["city"]


def test_a_day_beats_its_month_and_its_year():
    chosen = dated("status_inquiry", {"adopted": "2007"}, {"adopted": "2007-05"}, {"adopted": "2007-05-22"})
    assert (chosen["adopted"], chosen["precision"], chosen["n_rows_considered"]) == ("2007-05-22", "day", 3)


def test_an_earlier_month_beats_a_later_day():
    assert dated("status_inquiry", {"adopted": "2007-07-10"}, {"adopted": "2007-05"})["adopted"] == "2007-05"


def test_the_surer_of_two_equal_dates_stands():
    chosen = dated("status_inquiry", {"confidence": "medium"}, {"confidence": "high"})
    assert (chosen["dated_by_row"], chosen["confidence"]) == (3, "high")


def test_a_low_row_dates_nothing_while_a_usable_one_is_there():
    chosen = dated("status_inquiry", {"adopted": "2007"}, {"adopted": "2007-01", "confidence": "low"})
    assert (chosen["adopted"], bool(chosen["in_event_time"])) == ("2007", True)


def test_an_earlier_doubtful_year_takes_a_place_out_of_event_time():
    chosen = dated("status_inquiry", {"adopted": "2017"}, {"adopted": "2005", "confidence": "low"})
    assert (chosen["adopted"], chosen["excluded_because"]) == ("2017", "earlier doubtful row")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"confidence": "low"}, "low confidence"),
        ({"is_upper_bound": "yes"}, "start unknown"),
        ({"is_upper_bound": "yes", "earliest": "2006-12"}, "start unknown"),
    ],
)
def test_doubtful_starts_stay_outside_event_time(line, why):
    chosen = dated("status_inquiry", line)
    assert not chosen["in_event_time"]
    assert chosen["excluded_because"] == why


def test_an_upper_bound_whose_earliest_day_lies_in_its_year_is_usable():
    line = {"adopted": "2014-06", "is_upper_bound": "yes", "earliest": "2014-04-11"}
    chosen = dated("status_inquiry", line)
    assert chosen["in_event_time"] and chosen["is_upper_bound"]
    across = {"adopted": "2014-02", "is_upper_bound": "yes", "earliest": "2013-11-11"}
    assert dated("status_inquiry", across)["excluded_because"] == "start unknown"


def test_status_inquiry_and_detainers_are_kept_apart():
    lines = (
        {"adopted": "2005", "policy_type": "declines_detainers"},
        {"adopted": "2009"},
        {"adopted": "2011", "policy_type": "both"},
        {"adopted": "2001", "policy_type": "other/unknown"},
    )
    years = {
        d: dated(d, *lines)["adopted_year"] for d in ("status_inquiry", "detainers", "any_limit", "symbolic")
    }
    assert years == {"status_inquiry": 2009, "detainers": 2005, "any_limit": 2005, "symbolic": 2001}


def test_first_instrument_since_2002_forgets_the_older_one():
    lines = ({"adopted": "1985-03"}, {"adopted": "2006-03-29"})
    assert dated("status_inquiry", *lines)["adopted_year"] == 1985
    since = dated("first_instrument_since_2002", *lines)
    assert (since["adopted_year"], bool(since["has_older"])) == (2006, True)


def test_an_end_closes_every_source_of_the_policy():
    chosen = dated("status_inquiry", {"adopted": "2014"}, {"adopted": "2014-07", "ended": "2019-07-01"})
    assert (chosen["ended"], chosen["ended_year"]) == ("2019-07-01", 2019)


def test_a_policy_taken_up_within_a_year_did_not_end():
    again = ({"adopted": "2014-04", "ended": "2015-12"}, {"adopted": "2016-01-04"})
    assert pd.isna(dated("status_inquiry", *again)["ended_year"])
    late = ({"adopted": "2014-09", "ended": "2016-12"}, {"adopted": "2018-11-14"})
    assert dated("status_inquiry", *late)["ended_year"] == 2016


OREGON = {
    "place": "Oregon",
    "state": "OR",
    "kind": "state",
    "geoid": "41",
    "ori": "",
    "policy_type": "statewide_law",
    "adopted": "1987",
}
IN_OREGON = {"state": "OR", "geoid": "4100001", "ori": "OR0010100"}


def test_an_earlier_statewide_law_absorbs_local_policies_of_its_content():
    chosen = dated("status_inquiry", IN_OREGON, OREGON)
    assert (chosen["absorbed_by"], chosen["excluded_because"]) == ("state-41@1987", "absorbed by state law")
    detainers = IN_OREGON | {"policy_type": "declines_detainers"}
    assert dated("detainers", detainers, OREGON)["in_event_time"]
    assert dated("any_limit", detainers, OREGON)["excluded_because"] == "absorbed by state law"


def test_a_later_statewide_law_is_named_and_absorbs_nothing():
    chosen = dated("status_inquiry", IN_OREGON | {"adopted": "1985"}, OREGON)
    assert chosen["in_event_time"] and chosen["superseded_by"] == "state-41@1987"


def test_a_state_law_nobody_scoped_is_refused():
    with pytest.raises(LayoutError, match=r"Oregon of 1988 .* row 2.*state_law_scope"):
        classify(rows(OREGON | {"adopted": "1988"}))


def test_rows_kept_for_other_reasons_treat_nobody():
    kept = {"is_policy": "no"}
    panel = policies_panel(classify(rows(kept, IN_OREGON)), BANS, NO_CITY_COUNTIES)
    assert set(panel["state"]) == {"OR"}


def test_a_date_that_leaves_more_open_than_it_says_begins_earlier():
    """One sheet prints July 2014 for June as well."""
    told = rows({"adopted": "2014-07", "earliest": "2014-06"}).iloc[0]
    assert (told["adopted_from"], told["adopted_to"]) == (
        pd.Timestamp("2014-06-01"),
        pd.Timestamp("2014-07-31"),
    )
    assert rows({"adopted": "2014-07"}).iloc[0]["adopted_from"] == pd.Timestamp("2014-07-01")


def test_state_bans_are_carried():
    texan = {"state": "TX", "geoid": "4800001", "ori": "TX0010100"}
    assert dated("status_inquiry", texan)["state_ban_year"] == 2017


@pytest.mark.parametrize(
    "text", ["", "14", "2014-13", "2014-02-30", "2014-7", "1859", "2031-01-01", "May 2014"]
)
def test_no_date_no_period(text):
    with pytest.raises(ImpossibleValueError, match="row 7"):
        parse_period(text, where="rows/KS.csv, row 7")


@given(st.dates(min_value=pd.Timestamp("1960-01-01").date(), max_value=pd.Timestamp("2026-12-31").date()))
def test_a_day_lies_in_its_month_and_its_month_in_its_year(day):
    text = day.isoformat()
    spans = [parse_period(text[:length]) for length in (4, 7, 10)]
    assert [s.precision for s in spans] == ["year", "month", "day"]
    assert spans[0].earliest <= spans[1].earliest <= spans[2].earliest == day
    assert day == spans[2].latest <= spans[1].latest <= spans[0].latest


LINE = st.fixed_dictionaries(
    {
        "adopted": st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2019-12-31").date()).flatmap(
            lambda d: st.sampled_from([d.isoformat()[:n] for n in (4, 7, 10)])
        ),
        "confidence": st.sampled_from(["high", "medium", "low"]),
        "is_upper_bound": st.sampled_from(["no", "yes"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=6))
def test_the_dating_row_is_the_brute_force_one(lines):
    table = records(classify(rows(*lines)))
    order = ["high", "medium", "low"]
    pool = [r for r in table if r.is_usable] or table
    record = _record(table, {table[0].place_id: table}, "status_inquiry")
    assert record["dated_by_row"] == min((r.adopted_to, order.index(r.confidence), r.row) for r in pool)[2]
    sure = [r for r in table if r.confidence != "low" and not r.is_upper_bound]
    first = min((r.adopted_to.year for r in sure), default=None)
    assert record["in_event_time"] == (first is not None and all(r.adopted_to.year >= first for r in table))


@settings(max_examples=40, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_file_is_of_no_account(lines, random):
    table = records(classify(rows(*lines)))
    shuffled = random.sample(table, len(table))
    assert first_row(table).row == first_row(shuffled).row


def test_ends_and_reasons_on_their_own():
    table = records(classify(rows({"adopted": "2004", "ended": "2006"}, {"adopted": "2009"})))
    assert first_end(table, table[0].adopted_from).ended == "2006"
    assert first_end(table, table[1].adopted_from) is None
    assert why_not_event_time(table, table[0], "") == ""


@pytest.mark.parametrize(
    ("instrument", "code"),
    [
        ("ordinance 04-316 (Administrative Code ch. 44)", "ordinance"),
        ("mayoral executive order 41", "executive order"),
        ("police special order 40", "police policy"),
        ("court ruling; sheriff order", "court"),
        ("County Sheriff's Office Decision", "jail policy"),
        ("resolution (list)", "listing"),
    ],
)
def test_codes_of_instruments(instrument, code):
    assert basis_of(instrument) == code


def test_titles_lose_quoted_and_bracketed_words():
    assert without_quotations("resolutions ('Freedom City')") == "resolutions"
    assert without_quotations("County Sheriff's Office Decision") == "County Sheriff's Office Decision"
    assert without_quotations('order "all are welcome" 12') == "order 12"
