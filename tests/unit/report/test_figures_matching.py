"""Figures of matching and synthetic controls: they hold what they were given and repeat to the byte."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.report.exhibits.matching import gap_plot, synthetic_plot, weights_plot

WORDS = {"caption": "What it shows.", "alt": "What is drawn.", "label": "figure"}
PATH = pd.DataFrame(
    {
        "time": range(2000, 2010),
        "treated": np.linspace(5, 9, 10),
        "synthetic": np.linspace(5, 7, 10),
        "gap": np.linspace(0, 2, 10),
        "is_post": np.arange(10) >= 6,
    }
)
PLACEBOS = pd.DataFrame(np.random.default_rng(0).normal(size=(10, 12)), index=PATH["time"])


DRAWN = {
    "synthetic": lambda: synthetic_plot(PATH, ylabel="Rate", name="Los Angeles", **WORDS),
    "gap": lambda: gap_plot(PATH, PLACEBOS, ylabel="Gap", **WORDS),
    "gap alone": lambda: gap_plot(PATH, ylabel="Gap", **WORDS),
    "weights": lambda: weights_plot(pd.Series({"Utah": 0.6, "Ohio": 0.397, "Iowa": 0.003}), **WORDS),
}


@pytest.mark.parametrize("name", DRAWN)
def test_bytes_repeat(name):
    first, second = DRAWN[name](), DRAWN[name]()
    assert first.svg == second.svg
    assert first.svg.count("<path") > 3


def test_names_and_small_weights_are_said():
    assert ">1 other<" in DRAWN["weights"]().svg
    assert "Los Angeles" in DRAWN["synthetic"]().svg


def test_placebos_are_drawn_one_by_one():
    assert DRAWN["gap"]().svg.count("<path") - DRAWN["gap alone"]().svg.count("<path") >= 12
