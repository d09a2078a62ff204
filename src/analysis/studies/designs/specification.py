"""One estimate among many: what is changed from the headline, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .study_spec import StudySpec

#: The scales. Log and proportional effects are in log points, those of rates in crimes per 100,000 residents.
PROPORTIONAL, LOG, RATE = "proportional", "log", "rate"


@dataclass(frozen=True)
class Specification(StudySpec):
    """One defensible way to estimate the same thing.

    Attributes
    ----------
    group, name : str
        What is changed, and to what.
    estimator : str
        Name of an estimator in the study's table of fits.
    scale : str
        `PROPORTIONAL`, `LOG` or `RATE`; empty where a study has one scale alone.
    sample : mapping of str
        What is changed in the study's rules of the sample.
    options : mapping of str
        What is passed to the estimator, or done to the data before it.
    """

    group: str
    name: str
    estimator: str = ""
    scale: str = PROPORTIONAL
    sample: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
