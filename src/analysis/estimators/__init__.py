"""Panel regression and difference-in-differences inference, as true of tractors as of crime.

Every function takes a data frame first, then keywords from one vocabulary (``outcome, treatment,
unit, time, cohort, covariates, effects, weights, offset, cluster, control, anticipation, draws,
level, seed``) and returns a frozen `Estimates`.
"""

from ._result import Estimates, Sample
from .errors import (
    ColumnError,
    EstimationError,
    KeyNotUniqueError,
    NotConvergedError,
    NotIdentifiedError,
    TooFewClustersError,
)
from .group_time import GroupTime, group_time
from .matching import match

__all__ = [
    "ColumnError",
    "Estimates",
    "EstimationError",
    "GroupTime",
    "KeyNotUniqueError",
    "NotConvergedError",
    "NotIdentifiedError",
    "Sample",
    "TooFewClustersError",
    "group_time",
    "match",
]
