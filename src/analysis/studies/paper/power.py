"""What each design could have seen: detectable effects, margins and the published figures on one scale.

Every design of the report, and the published comparisons, as shares of the mean rate they refer to. An
estimate that is not significant says something only where an effect that matters would have been found; here
the effect a design finds four times in five is set beside margins from outside, and the power is drawn for
every size of effect. Pre-tests are judged alike: how large a drift before adoption they would have missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ...estimators import minimum_detectable_effect
from ...results import stored
from ..cap2017 import study as cap2017
from ..cap2017.results import CountyStudy
from ..city_power import headline as city_headline
from ..published.claims import claims
from ..published.margins import published_size
from ..staggered_cities import study as staggered_cities
from ..staggered_cities.spec import SPEC as CITIES
from ..uar2017 import study as uar2017
from ..uar2017.matching import ONE_TO_ONE
from ..uar2017.results import Results
from ..uar2017.spec import SPEC as UAR_SPEC

UAR, CAP, STAGGERED = "Cities before and after, matched", "Counties in one year", "Cities, staggered"
COUNTIES = "Counties, staggered"
#: Designs whose estimates are log points: an effect that is a share of the mean is its log one plus share.
PROPORTIONAL = (STAGGERED, COUNTIES)
#: Outcomes of the first design shown here.
UAR_OUTCOMES = ("violent_without_rape", "property", "homicide", "robbery", "motor_vehicle_theft")
#: True effects for which power is drawn, shares of the mean.
EFFECTS = np.round(np.arange(0.0, 0.601, 0.01), 2)
#: The outcome on which designs of cities are compared in the figure.
SHOWN = "violent_without_rape"


_SCALED = ["estimate", "std_error", "conf_low", "conf_high"]
_NAMES = ["design", "outcome", "used", "mean", *_SCALED, "df"]


@dataclass(frozen=True)
class PowerStudy:
    """What every design could have seen.

    Attributes
    ----------
    designs : pandas.DataFrame
        One row a design and outcome, all numbers shares of the mean: ``study, design, outcome, unit, mean``
        (in the unit), ``estimate, std_error, df, conf_low, conf_high, detectable, smallest_margin`` and
        ``power_share`` (chance to find an effect of the margin).
    curves : pandas.DataFrame
        ``study, design, outcome, effect, power``.
    published : pandas.DataFrame
        Published effects: ``claim, what, effect`` (in ``unit``), ``mean`` and ``share`` (of it).
    pretests : pandas.DataFrame
        By treatment and outcome: the drift that single leads find with the study's power, and its bias.
    """

    designs: pd.DataFrame
    curves: pd.DataFrame
    published: pd.DataFrame
    pretests: pd.DataFrame


@stored
def run() -> PowerStudy:
    """Run the study on the committed panels, once a process."""
    trends = staggered_cities.precision()[1]
    return study(uar2017.run(), cap2017.run(), city_headline.table(), trends)


def study(cities: Results, counties: CountyStudy, headline: pd.DataFrame, trends: pd.DataFrame) -> PowerStudy:
    """Put three studies' designs on one scale; `headline` is `city_power.headline.table`."""
    raw = pd.concat([_uar(cities), _cap(counties), _staggered(headline)], ignore_index=True)
    designs = judge(raw)
    return PowerStudy(
        designs=designs,
        curves=curves(designs),
        published=_published(designs),
        pretests=trends[["definition", "outcome", "leads_p", "slope", "bias"]],
    )


def power_at(effect: np.ndarray, std_error: float, df: float, level: float = CITIES.level) -> np.ndarray:
    """Return the chance that a two-sided t test finds each true effect, its error taken as known.

    Parameters
    ----------
    effect : numpy.ndarray
        True effects, in the unit of `std_error`.
    std_error, df : float
        Of the estimate; infinite df: normal.
    level : float
        One less the size of the test.
    """
    critical = stats.t.ppf(0.5 + level / 2, df)
    shift = np.asarray(effect, float) / std_error
    found: np.ndarray = stats.t.sf(critical - shift, df) + stats.t.cdf(-critical - shift, df)
    return found


def _uar(results: Results) -> pd.DataFrame:
    changes = results.before_after
    period = UAR_SPEC.paper_period
    own = changes[
        changes["coding"].eq(UAR_SPEC.main) & changes["period"].eq(period) & changes["window"].eq(1)
    ]
    pairs = results.differences
    pairs = pairs[
        pairs["coding"].eq(UAR_SPEC.main) & pairs["estimator"].eq(ONE_TO_ONE) & pairs["year"].isna()
    ]
    parts = {
        "Year after less year before": own,
        "Matched pairs, while in force": pairs[pairs["group"].eq("after")],
        "Matched pairs, change": pairs[pairs["group"].eq("change")],
    }
    table = pd.concat(parts, names=["design"]).reset_index("design")
    table = table[table["outcome"].isin(UAR_OUTCOMES)]
    return table[_NAMES].assign(study=UAR, unit="per 100,000")


def _cap(results: CountyStudy) -> pd.DataFrame:
    table = results.main.rename(columns={"treated": "used", "comparison_mean": "mean"})
    df = table["states"] - 1
    named = table.assign(design=table["design"].str.capitalize(), outcome="crime", df=df)
    return named[_NAMES].assign(study=CAP, unit="per 10,000")


def _staggered(headline: pd.DataFrame) -> pd.DataFrame:
    """Return the headline rows; log points stand for shares of the mean."""
    table = headline[headline["definition"].isin(CITIES.main_treatments)]
    scaled = table.assign(
        design=table["definition"].map(CITIES.treatments),
        used=table["compared"],
        mean=table["rate_expected"],
        **{name: table[name] * table["rate_expected"] for name in _SCALED},
    )
    return scaled[_NAMES].assign(study=STAGGERED, unit="per 100,000")


def judge(raw: pd.DataFrame) -> pd.DataFrame:
    """Return estimates as shares of their means, with what each could find and what it rules out.

    Parameters
    ----------
    raw : pandas.DataFrame
        ``study, mean, df``, and in its unit ``estimate, std_error, conf_low, conf_high``.
    """
    shares = raw[_SCALED].div(raw["mean"], axis=0)
    estimate, error = shares["estimate"], shares["std_error"]
    one_sided = stats.t.ppf(CITIES.level, raw["df"]) * error
    pairs = list(zip(error, raw["df"], strict=True))
    return raw.assign(
        **shares,
        detectable=[
            float(np.ravel(minimum_detectable_effect(e, power=CITIES.power, level=CITIES.level, df=d))[0])
            for e, d in pairs
        ],
        p_value=2 * stats.t.sf((estimate / error).abs(), raw["df"]),
        smallest_margin=estimate.abs() + one_sided,
        power_share=[
            float(power_at(on_scale(np.array([CITIES.margin_share]), study), e, d)[0])
            for study, (e, d) in zip(raw["study"], pairs, strict=True)
        ],
    ).reset_index(drop=True)


def on_scale(effect: np.ndarray, study: str) -> np.ndarray:
    """Return effects, shares of the mean, in the unit of a study's estimates."""
    return np.log1p(effect) if study in PROPORTIONAL else effect


def curves(designs: pd.DataFrame) -> pd.DataFrame:
    """Return ``study, design, outcome, effect, power`` of designs that `judge` has judged."""
    keys = ["study", "design", "outcome"]
    parts = [
        pd.DataFrame(
            {
                "effect": EFFECTS,
                "power": power_at(on_scale(EFFECTS, row["study"]), row["std_error"], row["df"]),
            }
        ).assign(**{key: row[key] for key in keys})
        for row in designs.to_dict("records")
    ]
    return pd.concat(parts, ignore_index=True)[[*keys, "effect", "power"]]


def _published(designs: pd.DataFrame) -> pd.DataFrame:
    """Return the published effects as shares of the means of the design nearest to each."""
    mean = designs.set_index(["study", "design", "outcome"])["mean"]
    county = float(mean.loc[(CAP, "Unadjusted", "crime")])
    city = float(mean.loc[(STAGGERED, CITIES.treatments["detainers"], SHOWN)])
    crime = abs(float(claims("cap2017")["cap_crime"].figure.value))  # type: ignore[union-attr]
    rows = [
        (
            "manning2022_violent",
            "Violent crime, counties of 2014",
            published_size(CITIES.margin_claim),
            "per 100,000",
            city,
        ),
        ("cap_crime", "All crime, counties in 2015", crime, "per 10,000", county),
    ]
    table = pd.DataFrame(rows, columns=["claim", "what", "effect", "unit", "mean"])
    return table.assign(share=table["effect"] / table["mean"])


def outcome_names() -> dict[str, str]:
    """Return names of the outcomes of all designs."""
    return {**CITIES.outcomes, "crime": "All crime"}
