"""Published estimates beside ours, on one scale where they can be compared, and why most cannot.

Ours are brought to log points: designs in rates by the ratio of estimate and interval to the mean of the
comparison (held fixed), designs in logarithms as they are. Random-effects means follow Paule and Mandel with
Hartung and Knapp's interval, by `statsmodels`. They are taken over places of one design (cities, laws); over
designs they describe how far answers lie apart and are no pooled truth: the same cities and counties stand in
several, so that the errors are too small.

The staggered city study enters when `analysis.studies.staggered_cities` is there and otherwise leaves no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from ...estimators.core.intervals import t_interval
from ...panels.store import load
from ...results import stored
from ..cap2017 import study as cap2017
from ..designs.specification import LOG
from ..synthetic import nine_cities, state_laws
from ..uar2017 import study as uar2017
from ..uar2017.findings import before_after, difference
from .comparable import LEVEL, comparable, sorted_claims

#: Outcomes by their published names. Violent crime holds rape in the published tables, in ours of cities not.
OUTCOMES = {"violent": "Violent", "property": "Property"}
_OURS = {"violent": "violent_without_rape", "property": "property"}
ALL_DESIGNS, OUR_DESIGNS = "All designs", "Our designs alone"
STAGGERED = "analysis.studies.staggered_cities"
_STAGGERED = __name__.partition(".")[0] + STAGGERED.removeprefix("analysis")


@dataclass(frozen=True)
class Literature:
    """Every table of the study; effects in log points unless said.

    Attributes
    ----------
    ledger : pandas.DataFrame
        ``claim, study, quantity, kind, unit, printed, citation, class``: every published claim once.
    published : pandas.DataFrame
        Comparable estimates: ``claim, study, name, outcome, estimate, std_error, conf_low, conf_high,
        preferred``.
    ours : pandas.DataFrame
        ``design, treatment, outcome, estimate, std_error, conf_low, conf_high, error`` (what the error is).
    places : pandas.DataFrame
        Single cities and laws: ``design, place, outcome, estimate, std_error``.
    summaries : pandas.DataFrame
        ``over, outcome`` and the values of `pooled`.
    per_100k : pandas.DataFrame
        Violent crimes per 100,000: ours as estimated, for the published differences that print no error.
    has_staggered : bool
    """

    ledger: pd.DataFrame
    published: pd.DataFrame
    ours: pd.DataFrame
    places: pd.DataFrame
    summaries: pd.DataFrame
    per_100k: pd.DataFrame
    has_staggered: bool


@stored
def run() -> Literature:
    """Run the study on the committed panels and the other studies' results, once a process."""
    ledger = sorted_claims()
    published = comparable(ledger)
    places = single_places()
    summaries = _over_places(places)
    ours = pd.concat([_cities(), _counties(), _from_summaries(summaries), _staggered()], ignore_index=True)
    return Literature(
        ledger=ledger,
        published=published,
        ours=ours,
        places=places,
        summaries=pd.concat([summaries, _over_designs(published, ours)], ignore_index=True),
        per_100k=_per_100k(),
        has_staggered=find_spec(_STAGGERED) is not None,
    )


def pooled(estimate: np.ndarray, std_error: np.ndarray, level: float = LEVEL) -> dict[str, float]:
    """Return the random-effects mean of independent estimates, and how far they differ.

    Parameters
    ----------
    estimate, std_error : numpy.ndarray, shape (k,)
    level : float

    Returns
    -------
    dict
        ``k``; ``estimate, std_error, conf_low, conf_high`` (Paule-Mandel variance between [1]_; Hartung-Knapp
        error but never less than the plain random-effects one, t with k - 1 degrees of freedom); ``tau``
        (standard deviation between), ``i2`` (share of the variance that is between, not below 0), ``q, p_q``
        (Cochran's test that all are equal); ``pred_low, pred_high`` (prediction interval for a further place,
        t with k - 2 degrees of freedom; missing with fewer than three).

    References
    ----------
    .. [1] Paule, R. C., and J. Mandel (1982). Consensus values and weighting factors. Journal of Research of
       the National Bureau of Standards 87(5). doi:10.6028/jres.087.022
    """
    found = combine_effects(
        np.asarray(estimate, float), np.asarray(std_error, float) ** 2, method_re="iterated"
    )
    k, mean, tau2 = len(estimate), float(found.mean_effect_re), max(float(found.tau2), 0.0)
    error = max(float(found.sd_eff_w_re), float(found.sd_eff_w_re_hksj))
    inside = t_interval(mean, error, k - 1, level)
    spread = float(np.hypot(np.sqrt(tau2), error))
    further = t_interval(mean, spread, k - 2, level) if k > 2 else dict.fromkeys(inside, np.nan)
    return {
        "k": k,
        "estimate": mean,
        "std_error": error,
        "conf_low": inside["conf_low"],
        "conf_high": inside["conf_high"],
        "tau": float(np.sqrt(tau2)),
        "i2": max(float(found.i2), 0.0),
        "q": float(found.q),
        "p_q": float(stats.chi2.sf(found.q, k - 1)),
        "pred_low": further["conf_low"],
        "pred_high": further["conf_high"],
    }


def single_places() -> pd.DataFrame:
    """Return each city's and law's effect in log points with the standard deviation of its placebos."""
    parts = []
    for design, table, key in (
        ("Single cities", nine_cities.run().estimates, "case"),
        ("Single states", state_laws.run().estimates, "law"),
    ):
        rows = table[table["scale"].eq(LOG) & table["method"].eq("synthetic_did")]
        rows = rows[rows["outcome"].isin(list(_OURS.values()))]
        parts.append(
            pd.DataFrame(
                {
                    "design": design,
                    "place": rows[key],
                    "outcome": rows["outcome"].map({ours: name for name, ours in _OURS.items()}),
                    "estimate": rows["estimate"],
                    "std_error": rows["placebo_sd"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _over_places(places: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "over": design,
            "outcome": outcome,
            **pooled(rows["estimate"].to_numpy(), rows["std_error"].to_numpy()),
        }
        for (design, outcome), rows in places.groupby(["design", "outcome"], sort=False)
    )


def _over_designs(published: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    groups = {ALL_DESIGNS: pd.concat([published[published["preferred"]], ours]), OUR_DESIGNS: ours}
    rows = []
    for over, table in groups.items():
        for outcome in OUTCOMES:
            one = table[table["outcome"].eq(outcome)]
            found = pooled(one["estimate"].to_numpy(), one["std_error"].to_numpy())
            rows.append({"over": over, "outcome": outcome, **found})
    return pd.DataFrame(rows)


def relative(row: Mapping[str, float] | pd.Series, mean: float) -> dict[str, float]:
    """Return an estimate and interval in a rate as log points of a mean that is held fixed.

    The error is that of the ratio by the delta method.
    """
    share = {name: float(row[name]) / mean for name in ("estimate", "conf_low", "conf_high")}
    error = float(row["std_error"]) / mean / (1 + share["estimate"])
    bounds = {name: float(np.log1p(max(value, -0.999))) for name, value in share.items()}
    return bounds | {"std_error": error}


def _cities() -> pd.DataFrame:
    study = uar2017.run()
    rows = []
    for outcome, own in _OURS.items():
        change = before_after(study, own)
        level = difference(study, own, group="after")
        rows += [
            _ours(
                "Cities, before and after", "status inquiry", outcome, relative(change, change["mean_before"])
            ),
            _ours(
                "Cities, one-to-one matched",
                "status inquiry",
                outcome,
                relative(level, level["mean_control"]),
            ),
        ]
    return pd.DataFrame(rows)


def _counties() -> pd.DataFrame:
    table = cap2017.run().offenses
    rows = []
    for design, name in (("matched", "Counties, matched"), ("within states", "Counties, within states")):
        for outcome in OUTCOMES:
            found = table[table["design"].eq(design) & table["outcome"].eq(f"{outcome}_per_10k")].iloc[0]
            rows.append(_ours(name, "detainers", outcome, relative(found, found["comparison_mean"])))
    return pd.DataFrame(rows)


def _ours(
    design: str, treatment: str, outcome: str, values: Mapping[str, float], error: str = "as its study"
) -> dict[str, Any]:
    return {"design": design, "treatment": treatment, "outcome": outcome, **values, "error": error}


def _from_summaries(summaries: pd.DataFrame) -> pd.DataFrame:
    names = ["estimate", "std_error", "conf_low", "conf_high"]
    rows = [
        _ours(
            f"{row['over']}, synthetic DiD",
            "any limit",
            row["outcome"],
            {name: row[name] for name in names},
            "random effects over places",
        )
        for row in summaries.to_dict("records")
    ]
    return pd.DataFrame(rows)


def _staggered() -> pd.DataFrame:
    """Return the headline of the staggered city study, or nothing where that study is not there.

    The hook uses two names of that study: ``Samples`` and its specification, ``SPEC``.
    """
    if find_spec(_STAGGERED) is None:
        return pd.DataFrame()
    study, module, fits = (import_module(_STAGGERED + end) for end in (".study", ".spec", ".fits"))
    spec = module.SPEC
    samples = study.Samples({name: load(name) for name in study.PANELS})
    rows = []
    for treatment in spec.main_treatments:
        for outcome, own in _OURS.items():
            found = fits.estimate(samples.of(treatment, own).frame, spec.headline, spec=spec)
            values = {name: found[name] for name in ("estimate", "std_error", "conf_low", "conf_high")}
            kind = spec.treatments[treatment].lower()
            rows.append(_ours(f"Cities, staggered ({kind})", kind, outcome, values))
    return pd.DataFrame(rows)


def _per_100k() -> pd.DataFrame:
    """Return our differences in violent crimes per 100,000, the scale of a published figure without error."""
    study, counties = uar2017.run(), cap2017.run().offenses
    matched = counties[counties["design"].eq("matched") & counties["outcome"].eq("violent_per_10k")].iloc[0]
    joint = state_laws.run().joint
    laws = joint[
        joint["variant"].eq("Main") & joint["outcome"].eq("violent_without_rape") & joint["scale"].eq("rate")
    ].iloc[0]
    own = _OURS["violent"]
    named = {
        "Cities, before and after": (before_after(study, own), 1.0),
        "Cities, one-to-one matched": (difference(study, own, group="after"), 1.0),
        "Counties, matched": (matched, 10.0),
        "States, all laws since 2014": (laws, 1.0),
    }
    names = ["estimate", "std_error", "conf_low", "conf_high"]
    return pd.DataFrame(
        {"name": design, **{name: factor * float(row[name]) for name in names}}
        for design, (row, factor) in named.items()
    )
