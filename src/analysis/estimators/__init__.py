"""Panel regression and difference-in-differences inference, as true of tractors as of crime.

Every function takes a data frame first, then keywords from one vocabulary (``outcome, treatment,
unit, time, cohort, covariates, effects, weights, offset, cluster, control, anticipation, draws,
level, seed``) and returns a frozen `Estimates`.
"""

from ._conley import Conley
from ._result import Estimates, Sample
from .errors import (
    ColumnError,
    EstimationError,
    KeyNotUniqueError,
    NotConvergedError,
    NotIdentifiedError,
    TooFewClustersError,
)
from .extended_twfe import extended_twfe
from .group_time import GroupTime, group_time
from .interaction_weighted import interaction_weighted
from .matching import match
from .ols import ols

__all__ = [
    "ColumnError",
    "Conley",
    "Estimates",
    "EstimationError",
    "GroupTime",
    "KeyNotUniqueError",
    "NotConvergedError",
    "NotIdentifiedError",
    "Sample",
    "TooFewClustersError",
    "extended_twfe",
    "group_time",
    "interaction_weighted",
    "match",
    "ols",
]
