"""Panel regression and difference-in-differences inference, as true of tractors as of crime.

Every function takes a data frame first, then keywords from one vocabulary (``outcome, treatment,
unit, time, cohort, covariates, effects, weights, offset, cluster, control, anticipation, draws,
level, seed``) and returns a frozen `Estimates`.
"""

from ._conley import Conley
from ._result import Estimates, Sample
from .balance import balance_table, balance_tests, effective_sample_sizes
from .coarsened import coarsened_exact, subclassify
from .conformal import conformal_intervals
from .efficient_timing import efficient_timing
from .entropy import entropy_balance
from .errors import (
    ColumnError,
    EstimationError,
    FewClustersWarning,
    KeyNotUniqueError,
    NotConvergedError,
    NotIdentifiedError,
    TooFewClustersError,
)
from .extended_twfe import extended_twfe
from .full_matching import full_match
from .genetic import genetic_match
from .group_time import GroupTime, group_time
from .imputation import imputation, two_stage
from .interaction_weighted import interaction_weighted
from .local_projection import local_projection
from .matching import match
from .multiple import adjust_p_values, romano_wolf
from .ols import ols
from .poisson import poisson
from .power import equivalence_test, minimum_detectable_effect, sign_and_magnitude_errors
from .randomization import randomization_test
from .score import score_bootstrap
from .stacked import stacked
from .synthetic_control import synthetic_control
from .synthetic_did import synthetic_did
from .wild import wild_bootstrap

__all__ = [
    "ColumnError",
    "Conley",
    "Estimates",
    "EstimationError",
    "FewClustersWarning",
    "GroupTime",
    "KeyNotUniqueError",
    "NotConvergedError",
    "NotIdentifiedError",
    "Sample",
    "TooFewClustersError",
    "adjust_p_values",
    "balance_table",
    "balance_tests",
    "coarsened_exact",
    "conformal_intervals",
    "effective_sample_sizes",
    "efficient_timing",
    "entropy_balance",
    "equivalence_test",
    "extended_twfe",
    "full_match",
    "genetic_match",
    "group_time",
    "imputation",
    "interaction_weighted",
    "local_projection",
    "match",
    "minimum_detectable_effect",
    "ols",
    "poisson",
    "randomization_test",
    "romano_wolf",
    "score_bootstrap",
    "sign_and_magnitude_errors",
    "stacked",
    "subclassify",
    "synthetic_control",
    "synthetic_did",
    "two_stage",
    "wild_bootstrap",
]
