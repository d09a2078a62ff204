"""Panel regression and difference-in-differences inference, as true of tractors as of crime.

Every function takes a data frame first, then keywords from one vocabulary (``outcome, treatment,
unit, time, cohort, covariates, effects, weights, offset, cluster, control, anticipation, draws,
level, seed``) and returns a frozen `Estimates`.
"""

from .core.result import Estimates, Sample
from .errors import (
    ColumnError,
    EstimationError,
    FewClustersWarning,
    KeyNotUniqueError,
    NotConvergedError,
    NotIdentifiedError,
    TooFewClustersError,
)
from .matching.balance import balance_table, balance_tests, effective_sample_sizes
from .matching.coarsened import coarsened_exact, subclassify
from .matching.entropy import entropy_balance
from .matching.full import full_match
from .matching.genetic import genetic_match
from .matching.nearest import match
from .regression.cluster_diagnostics import ClusterDiagnostics, cluster_diagnostics
from .regression.conley import Conley
from .regression.event_study import event_study, two_by_two
from .regression.negative_binomial import negative_binomial
from .regression.ols import ols
from .regression.panel_models import (
    between,
    driscoll_kraay,
    first_differences,
    hausman,
    mundlak,
    random_effects,
)
from .regression.poisson import poisson
from .regression.wald import WaldTest, joint_test
from .resampling.multiple_testing import adjust_p_values, romano_wolf
from .resampling.randomization import randomization_test
from .resampling.score_bootstrap import score_bootstrap
from .resampling.wild_bootstrap import wild_bootstrap
from .sensitivity.honest_did import breakdown_value, honest_bounds
from .sensitivity.omitted_variables import omitted_variable_bounds
from .sensitivity.power import equivalence_test, minimum_detectable_effect, sign_and_magnitude_errors
from .sensitivity.pretest_power import PretestPower, pretest_power
from .sensitivity.rosenbaum_evalue import e_value, rosenbaum_bounds
from .staggered.cohorts import adoption_cohort, ended_cohort
from .staggered.compare import ESTIMATORS, Comparison, compare_estimators
from .staggered.efficient_timing import efficient_timing
from .staggered.exposure_rings import exposure_rings
from .staggered.extended_twfe import extended_twfe
from .staggered.goodman_bacon import bacon_decomposition
from .staggered.group_time import GroupTime, group_time
from .staggered.imputation import imputation, two_stage
from .staggered.interaction_weighted import interaction_weighted
from .staggered.local_projection import local_projection
from .staggered.refits import Refits, leave_one_out, placebo_dates
from .staggered.stacked import stacked
from .staggered.switchers import switchers
from .staggered.twfe_weights import CellWeights, twfe_weights
from .synthetic.conformal import conformal_intervals
from .synthetic.synthetic_control import synthetic_control
from .synthetic.synthetic_did import synthetic_did

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
