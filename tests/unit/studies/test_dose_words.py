"""What the chapter says of the highest class follows the estimates."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.studies.dose.exhibits import failed_before, reading, stand_out
from analysis.studies.dose.spec import SPEC


def made(p_holm: float, before: tuple[float, float]):
    effects = pd.DataFrame({"outcome": ["homicide"], "dose_class": ["high"], "p_holm": [p_holm]})
    false = pd.DataFrame(
        {"outcome": ["homicide"], "dose_class": ["high"], "conf_low": [before[0]], "conf_high": [before[1]]}
    )
    return SimpleNamespace(spec=SPEC, effects=effects, false_period=false)


@pytest.mark.parametrize(
    ("p_holm", "before", "words"),
    [
        (0.01, (0.1, 0.3), "cannot be laid to the policies"),
        (0.01, (-0.1, 0.3), "the rise is the policies' if trends were alike"),
        (0.40, (0.1, 0.3), "could not be told apart"),
        (0.40, (-0.1, 0.3), "what the intervals leave out is excluded"),
    ],
)
def test_each_case_has_its_own_words(p_holm, before, words):
    assert words in reading(made(p_holm, before))


def test_a_rise_counts_after_holm_and_a_false_period_by_its_interval():
    study = made(0.049, (-0.2, -0.1))
    assert stand_out(study) == failed_before(study) == ["homicide"]
