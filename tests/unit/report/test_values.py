"""Numbers and sentences as they are printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.report import listed, number, say
from analysis.report.exhibits.values import decimals_for, stars, steady


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (-0.04, ".1f", "0.0"),
        (-0.0001, ",.2f", "0.00"),
        (-0.004, ".0%", "0%"),
        (-0.6, ".0f", "−1"),
        (-1234.56, ",.1f", "−1,234.6"),
        (1234567, "count", "1,234,567"),
        (2014, "year", "2014"),
        (7, "", "7"),
        (np.int64(-7), "", "−7"),
        (0.00004, "p", "< 0.001"),
        (0.0455, "p", "0.045"),
        (0.02, "stars", "**"),
        (np.nan, ".1f", "—"),
        (None, "", "—"),
        (pd.NA, "count", "—"),
        (np.inf, ".0f", "∞"),
        (1e-9, ".1e", "1.0e−09"),
        (True, "", "True"),
        (pd.Timestamp("2014-05-01"), "%Y", "2014"),
        ("as it is", ",.1f", "as it is"),
    ],
)
def test_number(value, spec, text):
    assert number(value, spec) == text


def test_a_fraction_needs_a_format():
    with pytest.raises(ValueError, match="how many decimals"):
        number(0.5)


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_printed_numbers_read_back(value, decimals):
    text = number(value, f",.{decimals}f")
    assert "-" not in text
    assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(round(value, decimals), abs=1e-6)
    if not any(digit in text for digit in "123456789"):
        assert "−" not in text


@given(st.floats(-1e300, 1e300, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-290))
def test_steady_keeps_nine_digits(value):
    assert steady([value])[0] == pytest.approx(value, rel=1e-8)


def test_steady_removes_noise_and_keeps_gaps():
    assert np.array_equal(steady([0.1 + 0.2, 0.3]), [0.3, 0.3])
    assert np.isnan(steady([np.nan, 1.0])[0])
    assert steady([np.inf])[0] == np.inf


@pytest.mark.parametrize(("p", "text"), [(0.009, "***"), (0.01, "**"), (0.05, "*"), (0.1, ""), (np.nan, "")])
def test_stars(p, text):
    assert stars(p) == text


@pytest.mark.parametrize(
    ("values", "significant", "places"), [([12.0], 2, 0), ([0.0123], 2, 3), ([0.5], 2, 2), ([np.nan], 3, 3)]
)
def test_decimals(values, significant, places):
    assert decimals_for(values, significant) == places


def test_say_formats_and_escapes():
    said = say("Of {n:count} cities, {city} led by {gap:,.1f}.", n=1234, city="A*B [c]", gap=-3.25)
    assert said.markdown == r"Of 1,234 cities, A\*B \[c\] led by −3.2."


def test_say_joins_lists():
    assert say("{x}", x=["a", "b", "c"]).markdown == "a, b and c"
    assert listed([]) == "none"
    assert listed(["a"]) == "a"


def test_say_knows_what_it_was_given():
    with pytest.raises(KeyError, match="not in the text: m"):
        say("{n}", n=1, m=2)
    with pytest.raises(KeyError):
        say("{n}")
    with pytest.raises(KeyError, match="named values only"):
        say("{}")


def test_say_takes_attributes():
    assert say("{row.n:count}", row=pd.Series({"n": 5000})).markdown == "5,000"
