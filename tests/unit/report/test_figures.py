"""Figures: nothing without caption and alternative text, the same bytes every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import report
from analysis.estimators.core.result import Estimates, Sample
from analysis.report.exhibits.style import font_files

WORDS = {"caption": "What it shows.", "alt": "What is drawn.", "label": "f"}


def event_time_result(bands: bool = True) -> Estimates:
    time = np.array([-3, -2, 0, 1, 2])
    estimate, error = np.array([1.0, -2, 3, 4, 5]), np.array([1.0, 2, 1, 2, 1])
    overrides = {"band_low": estimate - 3 * error, "band_high": estimate + 3 * error} if bands else {}
    return Estimates(
        "group_time",
        pd.DataFrame({"event_time": time}),
        estimate,
        np.diag(error**2),
        Sample(10, 10),
        {"correction": "none", "df": np.inf},
        overrides=overrides,
    )


def series() -> pd.Series:
    values = pd.Series(np.linspace(500, 300, 20), index=range(2000, 2020))
    values[2013] = np.nan
    return values


def forest() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "estimate": [1.0, -2.0, 0.5],
            "conf_low": [0.0, -3.0, -0.5],
            "conf_high": [2.0, -1.0, 1.5],
            "group": ["x", "x", "y"],
            "highlight": [False, True, False],
        }
    )


def county_shapes():
    geopandas = pytest.importorskip("geopandas")
    from shapely.geometry import box

    boxes = [box(i, 0, i + 1, 1) for i in range(3)]
    return geopandas.GeoDataFrame({"fips": ["01001", "01003", "01005"]}, geometry=boxes)


DRAWN = {
    "event_study": lambda: report.event_study_plot(event_time_result(), ylabel="rate", **WORDS),
    "two_series": lambda: report.event_study_plot(
        {"one": event_time_result(), "two": event_time_result(False)}, ylabel="rate", **WORDS
    ),
    "forest": lambda: report.forest_plot(
        forest(), xlabel="x", marks={"published": -35.5}, band=(-1, 1), **WORDS
    ),
    "balance": lambda: report.balance_plot({"a": 0.4}, {"one to one": {"a": 0.1}}, tolerance=0.1, **WORDS),
    "heatmap": lambda: report.coverage_heatmap(
        pd.DataFrame([[0.1, np.nan], [0.5, 1.0]], index=["A", "B"], columns=[2000, 2001]),
        values=True,
        **WORDS,
    ),
    "timeline": lambda: report.timeline(
        pd.DataFrame({"local": [1, 2], "state": [0, 3]}, index=[2013, 2014]),
        ylabel="places",
        events={2014: "law"},
        **WORDS,
    ),
    "series": lambda: report.series_with_breaks(
        {"city": series(), "others": series() * 0.9},
        ylabel="rate",
        breaks={2013: "rape redefined"},
        events={2005: "order"},
        background=[series() * 1.1],
        **WORDS,
    ),
    "multiples": lambda: report.small_multiples(
        {name: {"city": series(), "others": series() * 0.8} for name in "abcd"}, ylabel="rate", **WORDS
    ),
    "map": lambda: report.county_map(
        county_shapes(), {"01001": "yes", "01003": "no"}, {"yes": "#1f5c99", "no": "#d6d9de"}, **WORDS
    ),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_same_bytes_twice_and_valid(kind):
    first, second = DRAWN[kind](), DRAWN[kind]()
    assert first.svg == second.svg
    root = ET.fromstring(first.svg)
    assert root.tag.endswith("svg")
    assert not plt.get_fignums()
    assert "<dc:date>" not in first.svg


@pytest.mark.parametrize("kind", DRAWN)
def test_text_stays_text_with_true_minus(kind):
    svg = DRAWN[kind]().svg
    texts = [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("text")]
    assert texts
    assert not [text for text in texts if re.search(r"(^|[\s\[(])-\d", text)]


def test_event_study_draws_every_interval_and_the_reference():
    svg = DRAWN["event_study"]().svg
    assert "−3" in svg and "Years since adoption" in svg
    with_bands, without = svg, report.event_study_plot(event_time_result(False), ylabel="rate", **WORDS).svg
    assert with_bands.count("LineCollection") == without.count("LineCollection") + 1


def test_the_reference_period_is_an_open_dot_unless_estimated():
    def dots(reference):
        svg = report.event_study_plot(event_time_result(), ylabel="r", reference=reference, **WORDS).svg
        return svg.count("fill: #ffffff")

    assert dots(-1) > dots(None)
    assert dots(-2) == dots(None)


def test_forest_prints_its_values():
    svg = DRAWN["forest"]().svg
    for text in ("1.0 [0.0, 2.0]", "−2.0 [−3.0, −1.0]", "0.5 [−0.5, 1.5]", "published"):
        assert text in svg


def test_a_gap_stays_a_gap():
    with_gap = report.series_with_breaks({"city": series()}, ylabel="r", **WORDS).svg
    filled = report.series_with_breaks({"city": series().interpolate()}, ylabel="r", **WORDS).svg
    longest = [
        max(re.findall(r'<path d="([^"]*)"', svg), key=lambda d: d.count("M")) for svg in (with_gap, filled)
    ]
    assert longest[0].count("M") == 2
    assert longest[1].count("M") == 1


@pytest.mark.parametrize("missing", ["caption", "alt", "label"])
def test_words_are_required(missing):
    with pytest.raises(ValueError, match=missing):
        report.Figure("<svg/>", **{**WORDS, missing: " "})
    with pytest.raises(TypeError):
        report.Figure("<svg/>", **{name: text for name, text in WORDS.items() if name != missing})


def test_alternative_text_is_not_the_caption():
    with pytest.raises(ValueError, match="not the caption"):
        report.Figure("<svg/>", "the same", "the same", "f")


def test_house_fonts_are_there():
    for package in ("font_source_sans_pro", "font_source_serif_pro"):
        assert [path.stem.split("-")[1] for path in font_files(package)] == [
            "Regular",
            "It",
            "Semibold",
            "Bold",
        ]
