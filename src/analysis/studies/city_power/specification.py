"""How the headline design for cities is chosen: candidates, permuted data and the rule, frozen before use.

Written and committed before any candidate was applied to the cities that adopted. What decides is how each
candidate behaves on permuted data, in which the years of adoption are given to cities that never adopt: how
often it rejects the absence of an effect, and the smallest effect it finds with 80% power. Neither uses a
crime count of an adopting city after, or before, it adopted.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The outcome on which candidates are compared: the total all designs share and no change of the definition
#: of rape disturbs. The treatments are the two studied apart.
OUTCOME, TREATMENTS = "violent_without_rape", ("status_inquiry", "detainers")
#: Permuted data sets per treatment and way to permute; fewer for candidates that fit a model by iteration.
DRAWS, FEW_DRAWS, SEED = 1_999, 199, 20_261_124
LEVEL, POWER = 0.95, 0.8
#: Ways to permute. Either each adopter's date goes to a never-adopting city of its size class, or all dates
#: of a state go to never-adopting cities of one other state, so that neighbors stay neighbors.
BY_SIZE, BY_STATE = "by size", "by state"
#: The rule. A candidate is admitted if, for both treatments and both ways to permute, a 5% test rejects in
#: at most this share of the permuted data sets. Among the admitted the smallest detectable change wins (mean
#: of the two treatments, permuted by size); within `TIE` log points the one that rejects closer to 5%.
HIGHEST_SIZE, TIE = 0.08, 0.0025
#: Without an admitted candidate the one with the lowest largest rejection rate is taken, and that is said.

COUNTS, PRECISION, HIERARCHICAL, TIMING, SYNTHETIC = (
    "counts",
    "precision",
    "hierarchical",
    "efficient_timing",
    "synthetic_did",
)
#: Inference: a t statistic with standard errors clustered by state, or left out in turn; or the quantiles of
#: the estimates on data permuted by size.
CLUSTER, JACKKNIFE, PLACEBO = "t, clustered by state", "t, states left out in turn", "placebo quantiles"


@dataclass(frozen=True)
class Candidate:
    """One design that may become the headline.

    Attributes
    ----------
    name, estimand : str
        In words.
    estimator : str
        One of the names above.
    inference : str
    trend : tuple of str
        Columns of the city table within whose cells the counterfactual trend is estimated; empty: pooled.
    weights : str
        ``cell`` (inverse variance among never-adopters of the size class at the date), ``model`` (inverse of
        a size-class variance plus sampling variance of the counts) or empty.
    """

    name: str
    estimand: str
    estimator: str
    inference: str
    trend: tuple[str, ...] = ()
    weights: str = ""


_BY_CRIMES = "Adopting cities weighted by the crimes expected of them"
_BY_INFORMATION = "Adopting cities weighted by the information they carry"
_ALIKE = "Adopting cities weighted alike, given a complete series"

CANDIDATES: tuple[Candidate, ...] = (
    Candidate("Counts, pooled trend", _BY_CRIMES, COUNTS, PLACEBO),
    Candidate("Counts, trend by size", _BY_CRIMES, COUNTS, PLACEBO, ("size",)),
    Candidate("Counts, trend by region", _BY_CRIMES, COUNTS, PLACEBO, ("region",)),
    *(
        Candidate(f"Log ratios, {trend}, {weights} weights, {kind}", _BY_INFORMATION, PRECISION, how, by, key)
        for trend, by in {
            "pooled trend": (),
            "trend by size": ("size",),
            "trend by region": ("region",),
        }.items()
        for weights, key in {"size and date": "cell", "size and counts": "model"}.items()
        for kind, how in {"clustered": CLUSTER, "jackknife": JACKKNIFE, "placebo": PLACEBO}.items()
    ),
    Candidate("Hierarchical Poisson, pooled trend", _BY_INFORMATION, HIERARCHICAL, PLACEBO),
    Candidate("Hierarchical Poisson, trend by region", _BY_INFORMATION, HIERARCHICAL, PLACEBO, ("region",)),
    Candidate("Efficient under random timing", _ALIKE, TIMING, "normal, Neyman variance"),
    Candidate("Synthetic difference-in-differences, pooled", _ALIKE, SYNTHETIC, PLACEBO),
)
#: The policies pooled in one stack, each city at its first limit: the winner's design applied to the union
#: definition. Reported by the same two figures and always beside the headline; it answers another question
#: (any limit) and so does not compete with it.
POOLED = "any_limit"
