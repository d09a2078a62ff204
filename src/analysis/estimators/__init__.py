"""Panel regression and difference-in-differences inference, as true of tractors as of crime.

Every function takes a data frame first, then keywords from one vocabulary (``outcome, treatment,
unit, time, cohort, covariates, effects, weights, offset, cluster, control, anticipation, draws,
level, seed``) and returns a frozen `Estimates`.
"""

from ._conley import Conley
from ._result import Estimates, Sample
from ._wald import WaldTest, joint_test
from .bacon import bacon_decomposition
from .balance import balance_table, balance_tests, effective_sample_sizes
from .cluster_diagnostics import ClusterDiagnostics, cluster_diagnostics
from .coarsened import coarsened_exact, subclassify
from .cohorts import adoption_cohort, ended_cohort
from .compare import ESTIMATORS, Comparison, compare_estimators
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
from .event import event_study, two_by_two
from .exposure import exposure_rings
from .extended_twfe import extended_twfe
from .full_matching import full_match
from .genetic import genetic_match
from .group_time import GroupTime, group_time
from .honest_bounds import breakdown_value, honest_bounds
from .imputation import imputation, two_stage
from .interaction_weighted import interaction_weighted
from .local_projection import local_projection
from .matching import match
from .multiple import adjust_p_values, romano_wolf
from .negative_binomial import negative_binomial
from .ols import ols
from .omitted_variables import omitted_variable_bounds
from .panel_models import between, driscoll_kraay, first_differences, hausman, mundlak, random_effects
from .poisson import poisson
from .power import equivalence_test, minimum_detectable_effect, sign_and_magnitude_errors
from .pretest_power import PretestPower, pretest_power
from .randomization import randomization_test
from .score import score_bootstrap
from .sensitivity import e_value, rosenbaum_bounds
from .stability import Refits, leave_one_out, placebo_dates
from .stacked import stacked
from .switchers import switchers
from .synthetic_control import synthetic_control
from .synthetic_did import synthetic_did
from .twfe_weights import CellWeights, twfe_weights
from .wild import wild_bootstrap

__all__ = [
    "ESTIMATORS",
    "CellWeights",
    "ClusterDiagnostics",
    "ColumnError",
    "Comparison",
    "Conley",
    "Estimates",
    "EstimationError",
    "FewClustersWarning",
    "GroupTime",
    "KeyNotUniqueError",
    "NotConvergedError",
    "NotIdentifiedError",
    "PretestPower",
    "Refits",
    "Sample",
    "TooFewClustersError",
    "WaldTest",
    "adjust_p_values",
    "adoption_cohort",
    "bacon_decomposition",
    "balance_table",
    "balance_tests",
    "between",
    "breakdown_value",
    "cluster_diagnostics",
    "coarsened_exact",
    "compare_estimators",
    "conformal_intervals",
    "driscoll_kraay",
    "e_value",
    "effective_sample_sizes",
    "efficient_timing",
    "ended_cohort",
    "entropy_balance",
    "equivalence_test",
    "event_study",
    "exposure_rings",
    "extended_twfe",
    "first_differences",
    "full_match",
    "genetic_match",
    "group_time",
    "hausman",
    "honest_bounds",
    "imputation",
    "interaction_weighted",
    "joint_test",
    "leave_one_out",
    "local_projection",
    "match",
    "minimum_detectable_effect",
    "mundlak",
    "negative_binomial",
    "ols",
    "omitted_variable_bounds",
    "placebo_dates",
    "poisson",
    "pretest_power",
    "random_effects",
    "randomization_test",
    "romano_wolf",
    "rosenbaum_bounds",
    "score_bootstrap",
    "sign_and_magnitude_errors",
    "stacked",
    "subclassify",
    "switchers",
    "synthetic_control",
    "synthetic_did",
    "twfe_weights",
    "two_by_two",
    "two_stage",
    "wild_bootstrap",
]
