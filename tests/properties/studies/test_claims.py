"""Printed figures, their precision and their verdicts, for figures of every shape."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.errors import ImpossibleValueError
from analysis.studies.published.claims import Claim, Finding, compare, verdict
from analysis.studies.published.printed_figures import parse_printed

FIGURES = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(-(10**9), 10**9),
    st.integers(0, 6),
)
REALS = st.floats(-1e12, 1e12, allow_nan=False)


def text_of(figure: Decimal) -> str:
    return f"{figure:f}"


def claim(kind: str, printed: str = "", precision: str = "") -> Claim:
    return Claim("c", "s", "e", "q", kind, printed, precision, "u", "", "", "", "")


def graded(kind: str, printed: str, estimate: float, low: float = math.nan, high: float = math.nan) -> str:
    return verdict(claim(kind, printed), Finding("c", estimate, low, high, "u"))


@given(FIGURES)
def test_a_figure_is_read_back(figure):
    read = parse_printed(text_of(figure))
    assert read.value == Fraction(figure)
    assert read.half_unit == Fraction(1, 2 * 10 ** max(0, -figure.as_tuple().exponent))


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_the_ways_to_print_a_figure_mean_the_same(digits, places):
    figure = Decimal(digits).scaleb(-places)
    plain = parse_printed(text_of(figure))
    assert parse_printed(f"{figure:,f}") == plain
    assert parse_printed(text_of(figure).replace("-", "\N{MINUS SIGN}")) == plain
    if 0 < abs(figure) < 1:
        assert parse_printed(text_of(figure).replace("0.", ".", 1)) == plain
    if figure > 0:
        assert parse_printed("+" + text_of(figure)) == plain


@given(FIGURES, st.decimals(-1000, 1000, allow_nan=False, places=9))
def test_what_rounds_to_the_figure_agrees_and_what_agrees_rounds_to_it(figure, shift):
    unit = Decimal(1).scaleb(figure.as_tuple().exponent)
    exact = figure + shift * unit / 500
    estimate = float(exact)
    nearest = Decimal(estimate)
    agrees = graded("number", text_of(figure), estimate) == "agrees"
    rounded = {nearest.quantize(unit, mode) for mode in (ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN)}
    assert agrees == (figure in rounded)


@given(FIGURES)
def test_both_ends_of_the_half_unit_are_included(figure):
    read = parse_printed(text_of(figure))
    for end in (read.value - read.half_unit, read.value + read.half_unit):
        if Fraction(float(end)) == end:
            assert read.covers(float(end))
            beyond = math.nextafter(float(end), math.inf if end > read.value else -math.inf)
            assert not read.covers(beyond)


@given(FIGURES, st.integers(1, 6))
def test_more_digits_never_agree_with_more(figure, extra):
    fine = figure.quantize(Decimal(1).scaleb(figure.as_tuple().exponent - extra))
    coarse, sharp = parse_printed(text_of(figure)), parse_printed(text_of(fine))
    assert coarse.value == sharp.value and sharp.half_unit < coarse.half_unit


@given(FIGURES, REALS, st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_figure_is_graded_by_distance_then_by_the_interval(figure, estimate, below, above):
    low, high = estimate - below, estimate + above
    told = graded("number", text_of(figure), estimate, low, high)
    close = abs(Fraction(estimate) - Fraction(figure)) <= parse_printed(text_of(figure)).half_unit
    inside = Fraction(low) <= Fraction(figure) <= Fraction(high)
    assert told == ("agrees" if close else "consistent" if inside else "differs")


@given(FIGURES, REALS, st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_wider_interval_never_makes_a_verdict_worse(figure, estimate, margin, more):
    order = ["differs", "consistent", "agrees"]
    narrow = graded("number", text_of(figure), estimate, estimate - margin, estimate + margin)
    wide = graded("number", text_of(figure), estimate, estimate - margin - more, estimate + margin + more)
    assert order.index(wide) >= order.index(narrow)


@given(REALS, st.floats(0, 1e9), st.floats(0, 1e9))
def test_signs_mirror_each_other(estimate, below, above):
    here = graded("positive", "", estimate, estimate - below, estimate + above)
    there = graded("negative", "", -estimate, -(estimate + above), -(estimate - below))
    assert here == there
    assert here == ("agrees" if estimate - below > 0 else "consistent" if estimate + above > 0 else "differs")


@given(REALS, st.floats(0, 1e9), st.floats(0, 1e9))
def test_no_discernible_difference_asks_whether_the_interval_holds_zero(estimate, below, above):
    low, high = estimate - below, estimate + above
    told = graded("indistinguishable", "", estimate, low, high)
    assert told == ("not contradicted" if low <= 0 <= high else "differs")


@given(REALS)
def test_without_an_interval_zero_cannot_be_judged(estimate):
    assert graded("indistinguishable", "", estimate) == "untested"


@given(st.integers(1900, 2100), st.integers(1900, 2100))
def test_a_bound_is_reached_or_not(bound, estimate):
    assert graded("at_least", str(bound), estimate) == ("agrees" if estimate >= bound else "differs")


@given(st.floats(1e-3, 1e3), FIGURES, REALS)
def test_a_stated_precision_overrides_the_digits(scale, figure, estimate):
    unit = Fraction(scale).limit_denominator(1000)
    assume(unit > 0)
    read = parse_printed(text_of(figure), str(unit))
    assert read.covers(estimate) == (abs(Fraction(estimate) - Fraction(figure)) <= unit / 2)


def test_ratios_need_a_precision():
    assert parse_printed("-1/3", "0.01").covers(-0.3333)
    assert not parse_printed("-1/3", "0.01").covers(-0.34)
    with pytest.raises(ImpossibleValueError, match="1/3"):
        parse_printed("-1/3")


@pytest.mark.parametrize(
    "text", ["", "-", ".", "about 5", "1,23", "12,34,567", "1.2.3", "1/0", "5%", "$5", "1e5"]
)
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(ImpossibleValueError, match="no printed figure"):
        parse_printed(text, "0.01" if "/" in text else "")


@pytest.mark.parametrize("precision", ["0", "-1", "x", "1/0"])
def test_a_precision_is_positive(precision):
    with pytest.raises(ImpossibleValueError):
        parse_printed("22,300", precision)


@given(st.lists(st.tuples(REALS, st.floats(0, 1e6)), max_size=8))
def test_the_order_of_findings_is_of_no_account(cells):
    published = {
        f"c{i}": Claim(f"c{i}", "s", "e", "q", "positive", "", "", "u", "", "", "", "?") for i in range(8)
    }
    found = {f"c{i}": Finding(f"c{i}", e, e - m, e + m, "u") for i, (e, m) in enumerate(cells)}
    backwards = dict(reversed(found.items()))
    one, other = compare(published, found), compare(published, backwards)
    assert one.equals(other)
    assert one["claim"].tolist() == list(published)
    assert one["verdict"].ne("untested").sum() == len(found)
