"""Figures of comparisons: arrows, differences by year, detectable effects; the same bytes every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from analysis import report

WORDS = {"caption": "What it shows.", "alt": "What is drawn.", "label": "f"}


def slopes():
    rows = pd.DataFrame(
        {
            "name": ["Up", "Down"],
            "before": [1.0, 5.0],
            "after": [3.0, 2.0],
            "strong": [True, False],
            "note": ["a", ""],
        }
    )
    return report.slope_plot(rows, xlabel="Rate", **WORDS)


def years():
    table = pd.DataFrame(
        {"year": [2004, 2005], "estimate": [1.0, -1.0], "conf_low": [0.0, -3.0], "conf_high": [2.0, 1.0]}
    )
    panels = {"One": {"first": table, "second": table}, "Two": {"first": table}, "Three": {"first": table}}
    return report.differences_by_year(panels, ylabel="Rate", limits={"One": (-2, 2)}, **WORDS)


def detectable():
    sizes = np.array([10, 100, 1000])
    curves = {
        name: pd.DataFrame({"size": sizes, "detectable": scale / np.sqrt(sizes)})
        for name, scale in (("wide", 1000), ("narrow", 300))
    }
    return report.detectable_plot(
        curves, xlabel="Cities", ylabel="Rate", marks={"small": 20.0}, at={"here": 100}, **WORDS
    )


@pytest.mark.parametrize("draw", [slopes, years, detectable])
def test_valid_and_repeatable(draw):
    figure = draw()
    assert ET.fromstring(figure.svg).tag.endswith("svg")
    assert draw().svg == figure.svg


def texts(figure):
    return re.findall(r">([^<>]+)</text>", figure.svg)


def test_slopes_name_each_unit_and_note():
    assert {"Up", "Down", "rose", "fell", "a"} <= set(texts(slopes()))


def test_years_title_each_panel_and_name_estimators_once():
    found = texts(years())
    assert {"One", "Two", "Three"} <= set(found)
    assert found.count("first") == found.count("second") == 1


def test_detectable_prints_the_effect_at_the_marked_size():
    found = set(texts(detectable()))
    assert {"100", "30", "small", "here", "wide", "narrow"} <= found
