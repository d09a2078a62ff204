"""Panel regression and difference-in-differences inference, as true of tractors as of crime.

Every function takes a data frame first, then keywords from one vocabulary (``outcome, treatment,
unit, time, cohort, covariates, effects, weights, offset, cluster, control, anticipation, draws,
level, seed``) and returns a frozen `Estimates`.

Names are imported when first asked for: importing this package loads neither pandas nor scipy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from .overview.staggered_report import StaggeredReport, staggered_report
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
    "StaggeredReport",
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
    "staggered_report",
    "subclassify",
    "switchers",
    "synthetic_control",
    "synthetic_did",
    "twfe_weights",
    "two_by_two",
    "two_stage",
    "wild_bootstrap",
]

_MODULES = {
    "CellWeights": ".staggered.twfe_weights",
    "ClusterDiagnostics": ".regression.cluster_diagnostics",
    "ColumnError": ".errors",
    "Comparison": ".staggered.compare",
    "Conley": ".regression.conley",
    "ESTIMATORS": ".staggered.compare",
    "Estimates": ".core.result",
    "EstimationError": ".errors",
    "FewClustersWarning": ".errors",
    "GroupTime": ".staggered.group_time",
    "KeyNotUniqueError": ".errors",
    "NotConvergedError": ".errors",
    "NotIdentifiedError": ".errors",
    "PretestPower": ".sensitivity.pretest_power",
    "Refits": ".staggered.refits",
    "Sample": ".core.result",
    "StaggeredReport": ".overview.staggered_report",
    "TooFewClustersError": ".errors",
    "WaldTest": ".regression.wald",
    "adjust_p_values": ".resampling.multiple_testing",
    "adoption_cohort": ".staggered.cohorts",
    "bacon_decomposition": ".staggered.goodman_bacon",
    "balance_table": ".matching.balance",
    "balance_tests": ".matching.balance",
    "between": ".regression.panel_models",
    "breakdown_value": ".sensitivity.honest_did",
    "cluster_diagnostics": ".regression.cluster_diagnostics",
    "coarsened_exact": ".matching.coarsened",
    "compare_estimators": ".staggered.compare",
    "conformal_intervals": ".synthetic.conformal",
    "driscoll_kraay": ".regression.panel_models",
    "e_value": ".sensitivity.rosenbaum_evalue",
    "effective_sample_sizes": ".matching.balance",
    "efficient_timing": ".staggered.efficient_timing",
    "ended_cohort": ".staggered.cohorts",
    "entropy_balance": ".matching.entropy",
    "equivalence_test": ".sensitivity.power",
    "event_study": ".regression.event_study",
    "exposure_rings": ".staggered.exposure_rings",
    "extended_twfe": ".staggered.extended_twfe",
    "first_differences": ".regression.panel_models",
    "full_match": ".matching.full",
    "genetic_match": ".matching.genetic",
    "group_time": ".staggered.group_time",
    "hausman": ".regression.panel_models",
    "honest_bounds": ".sensitivity.honest_did",
    "imputation": ".staggered.imputation",
    "interaction_weighted": ".staggered.interaction_weighted",
    "joint_test": ".regression.wald",
    "leave_one_out": ".staggered.refits",
    "local_projection": ".staggered.local_projection",
    "match": ".matching.nearest",
    "minimum_detectable_effect": ".sensitivity.power",
    "mundlak": ".regression.panel_models",
    "negative_binomial": ".regression.negative_binomial",
    "ols": ".regression.ols",
    "omitted_variable_bounds": ".sensitivity.omitted_variables",
    "placebo_dates": ".staggered.refits",
    "poisson": ".regression.poisson",
    "pretest_power": ".sensitivity.pretest_power",
    "random_effects": ".regression.panel_models",
    "randomization_test": ".resampling.randomization",
    "romano_wolf": ".resampling.multiple_testing",
    "rosenbaum_bounds": ".sensitivity.rosenbaum_evalue",
    "score_bootstrap": ".resampling.score_bootstrap",
    "sign_and_magnitude_errors": ".sensitivity.power",
    "stacked": ".staggered.stacked",
    "staggered_report": ".overview.staggered_report",
    "subclassify": ".matching.coarsened",
    "switchers": ".staggered.switchers",
    "synthetic_control": ".synthetic.synthetic_control",
    "synthetic_did": ".synthetic.synthetic_did",
    "twfe_weights": ".staggered.twfe_weights",
    "two_by_two": ".regression.event_study",
    "two_stage": ".staggered.imputation",
    "wild_bootstrap": ".resampling.wild_bootstrap",
}
"""Where each public name is defined; `analysis.results.dependencies` reads this table off the source."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, and keep it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
