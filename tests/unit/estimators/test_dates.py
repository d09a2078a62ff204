"""Dates and periods in columns of time: the numbers of whole periods, and refusals with the remedy."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

from analysis import estimators as es
from analysis.estimators.core.entry import WORDS

KEYS = {"outcome": "y", "unit": "unit", "time": "when", "cohort": "first"}
FREQUENCIES = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D"}


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame([(u, t) for u in range(24) for t in range(40, 50)], columns=["unit", "when"])
    frame["first"] = np.array([44.0, 47.0, np.nan])[frame["unit"] % 3]
    frame["treated"] = (frame["when"] >= frame["first"]).astype(int)
    frame["y"] = frame["treated"] + frame["unit"] % 5 + rng.normal(size=len(frame))
    return frame


def dated(frame: pd.DataFrame, frequency: str, day: int = 0) -> pd.DataFrame:
    """Return the frame with a date within each period, `day` days after its first."""

    def at(numbers):
        ordinals = numbers.fillna(0).astype(int)
        starts = pd.PeriodIndex.from_ordinals(ordinals, freq=FREQUENCIES[frequency]).start_time
        return (starts + pd.Timedelta(days=day)).where(numbers.notna())

    return frame.assign(when=at(frame["when"]), first=at(frame["first"]))


def periods(frame: pd.DataFrame, frequency: str) -> pd.DataFrame:
    dates = dated(frame, frequency)
    return dates.assign(
        **{name: dates[name].dt.to_period(FREQUENCIES[frequency]) for name in ("when", "first")}
    )


CALLS = {
    "group_time": lambda d, **o: es.group_time(d, **KEYS, **o).aggregate("event"),
    "imputation": lambda d, **o: es.imputation(d, **KEYS, **o),
    "interaction_weighted": lambda d, **o: es.interaction_weighted(d, **KEYS, **o).aggregate("event"),
    "event_study": lambda d, **o: es.event_study(d, **KEYS, **o),
    "stacked": lambda d, **o: es.stacked(d, **KEYS, window=(-2, 1), **o),
    "placebo_dates": lambda d, **o: es.placebo_dates(es.imputation, d, **KEYS, **o),
    "leave_one_out": lambda d, **o: es.leave_one_out(es.imputation, d, by="unit", **KEYS, **o),
    "switchers": lambda d, **o: es.switchers(
        d, outcome="y", unit="unit", time="when", treatment="treated", **o
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("name", CALLS)
def test_dates_give_what_numbered_periods_give(name, frequency):
    call, frame = CALLS[name], panel()
    want = call(frame).tidy()
    for found in (call(dated(frame, frequency, 0), frequency=frequency), call(periods(frame, frequency))):
        got = found.tidy()
        shown = [
            column for column in want if want[column].dtype.kind == "f" and column not in ("shift", "cohort")
        ]
        np.testing.assert_allclose(got[shown], want[shown], rtol=1e-9, atol=1e-12)


def test_a_date_counts_as_the_period_it_lies_in():
    frame = panel()
    first, later = (dated(frame, "month", day) for day in (0, 20))
    pd.testing.assert_frame_equal(
        es.group_time(first, **KEYS, frequency="month").tidy(),
        es.group_time(later, **KEYS, frequency="month").tidy(),
    )


def test_results_show_decimal_years():
    found = es.group_time(dated(panel(), "quarter"), **KEYS, frequency="quarter")
    assert sorted(found.keys["cohort"].unique()) == [1970 + 44 / 4, 1970 + 47 / 4]
    assert found.keys["time"].min() == 1980.0
    assert es.adoption_cohort(
        dated(panel(), "year"), unit="unit", time="when", treatment="treated", frequency="year"
    ).dropna().unique().tolist() == [2014.0, 2017.0]


@pytest.mark.parametrize("kind", ["polars", "arrow", "objects", "timezone"])
def test_every_kind_of_date_is_read(kind):
    frame = dated(panel(), "month")
    want = es.imputation(frame, **KEYS, frequency="month").tidy()
    if kind == "polars":
        made = pytest.importorskip("polars").from_pandas(frame)
        made = made.with_columns(made["when"].cast(pytest.importorskip("polars").Date))
    elif kind == "arrow":
        arrow = pytest.importorskip("pyarrow")
        made = arrow.Table.from_pandas(frame)
        made = made.set_column(1, "when", made["when"].cast(arrow.timestamp("s")).cast(arrow.date32()))
    elif kind == "objects":
        made = frame.assign(when=frame["when"].dt.date)
    else:
        made = frame.assign(when=frame["when"].dt.tz_localize("UTC"))
    pd.testing.assert_frame_equal(es.imputation(made, **KEYS, frequency="month").tidy(), want)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {}, "'when' holds dates: say how long a period is, frequency="),
        (
            {"when": lambda f: f["when"].astype(str)},
            {"frequency": "month"},
            r"pd.to_datetime\(...\), and say frequency=",
        ),
        ({"first": lambda f: f["first"].astype(str)}, {"frequency": "month"}, "'first' holds text"),
        ({"first": lambda f: 3.0}, {"frequency": "month"}, "dates in all, or numbers in all"),
        ({"when": lambda f: f["when"].dt.to_period("Q")}, {"frequency": "month"}, "leave out frequency="),
        (
            {"first": lambda f: f["first"].dt.to_period("Q"), "when": lambda f: f["when"].dt.to_period("M")},
            {},
            "different length",
        ),
        ({}, {"frequency": "fortnight"}, "frequency must be one of"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_remedy(change, options, words):
    frame = dated(panel(), "month").assign(**change)
    with pytest.raises(es.EstimationError, match=words):
        es.group_time(frame, **KEYS, **options)


def test_a_frequency_of_numbers_is_refused():
    with pytest.raises(es.ColumnError, match="is for dates"):
        es.group_time(panel(), **KEYS, frequency="year")


def test_all_cohorts_missing_is_no_date_problem():
    frame = dated(panel(), "month").assign(first=pd.NaT)
    with pytest.raises(es.NotIdentifiedError):
        es.group_time(frame, **KEYS, frequency="month")


TIMED = [
    name
    for name in es.__all__
    if inspect.isfunction(getattr(es, name))
    and "frequency" in inspect.signature(getattr(es, name)).parameters
]


def test_functions_that_count_periods_take_a_frequency_and_those_that_tell_rows_apart_do_not():
    assert {"group_time", "switchers", "synthetic_did", "adoption_cohort", "placebo_dates"} <= set(TIMED)
    assert not {"ols", "poisson", "random_effects", "between", "hausman"} & set(TIMED)
    frame = dated(panel(), "month")
    found = es.random_effects(frame, outcome="y", unit="unit", time="when", treatment="treated")
    numbered = es.random_effects(panel(), outcome="y", unit="unit", time="when", treatment="treated")
    np.testing.assert_allclose(found.estimate, numbered.estimate, rtol=1e-12)
    keyed = es.ols(
        frame, outcome="y", treatment="treated", effects=["unit", "when"], unit="unit", time="when"
    )
    assert keyed.sample.used == len(frame)


@pytest.mark.parametrize("name", TIMED)
def test_signature_and_documentation_name_the_frequency(name):
    function = getattr(es, name)
    assert "frequency" in inspect.signature(function).parameters
    assert "\n    frequency : {" in (function.__doc__ or "")


PAIRS = [(word, ours) for ours, words in WORDS.items() for word in words]


@pytest.mark.parametrize(("word", "ours"), PAIRS)
def test_every_word_of_another_package_is_answered(word, ours):
    takers = [
        function
        for name in es.__all__
        if inspect.isfunction(function := getattr(es, name))
        and {"data", ours} <= set(inspect.signature(function).parameters)
        and word not in inspect.signature(function).parameters
        and not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
    ]
    assert takers
    with pytest.raises(TypeError, match=rf"no argument '{word}': did you mean {ours}="):
        takers[0](panel(), **{word: "y"})
