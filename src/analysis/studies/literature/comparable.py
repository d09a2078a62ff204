"""Which published claims are effects on recorded crime with a standard error, and why the others are not.

Every figure of ``published/*.csv`` stands under one class: `COMPARABLE`, or the first reason why it is not.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from scipy import stats

from ...errors import ImpossibleValueError
from ..published.claims import TABLES, Claim, claims

LEVEL = 0.95
COMPARABLE = "effect on recorded crime with a standard error"
#: The one specification of the published tables that enters with ours: the fullest.
PREFERRED = "dd2_4"
ARELLANO = "arellano2017"

_SIZES = (
    "counties",
    "cities",
    "persons",
    "interviews",
    "tracts",
    "calendar year",
    "county-quarters",
    "states",
)
#: Studies whose subject is another policy or another outcome than recorded crime under limits on cooperation.
_OTHER_POLICY = ("miles2014", "treyger2014", "hines2019", "goncalves2024", "jacome2022")
_OTHER_OUTCOME = (
    *("baumer2023", "wong2019", "martinez2021", "camarota", "amuedo_arenas"),
    *("hausman2020_deportations", "hausman2020_removals", "hausman2020_prevented", "hausman2020_clearance"),
    *("manning2022_avoided", "cap_income", "cap_poverty", "cap_unemployment", "cap_children", "cap_public"),
    *("cap_labor", "cap_employment"),
)


def sorted_claims() -> pd.DataFrame:
    """Return every published claim once with its class: `COMPARABLE`, or the first reason against it."""
    every = claims(*TABLES)
    columns = ["claim", "study", "quantity", "kind", "unit", "printed", "citation"]
    rows = [
        {name: getattr(claim, name) for name in columns} | {"class": _class(claim, every)}
        for claim in every.values()
    ]
    return pd.DataFrame(rows)


def _class(claim: Claim, every: Mapping[str, Claim]) -> str:
    tests = {
        "size or years of a sample": claim.exhibit in ("design", "sample")
        or claim.unit in _SIZES
        or claim.claim.endswith(("_n", "_n_first", "_n_second")),
        "standard error of another row": claim.claim.endswith("_se"),
        "another policy": claim.study in _OTHER_POLICY
        or claim.claim.startswith(("baumer2023_secure", "baumer2023_task", "baumer2023_jail")),
        "another outcome than recorded crime": claim.exhibit in ("clearance", "balance")
        or claim.claim.startswith(_OTHER_OUTCOME),
        "part of a sample, or an interaction": claim.exhibit == "by Hispanic share"
        or "interaction" in claim.claim
        or claim.claim.endswith("_born")
        or claim.study == "amuedo2022",
        "words only, no number": claim.figure is None,
        "a number without a standard error": f"{claim.claim}_se" not in every,
    }
    return next((reason for reason, holds in tests.items() if holds), COMPARABLE)


def comparable(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return the published estimates with a standard error; normal intervals at `LEVEL`."""
    every = claims(*TABLES)
    half = stats.norm.ppf(0.5 + LEVEL / 2)
    rows = []
    for name in ledger.loc[ledger["class"].eq(COMPARABLE), "claim"]:
        value, error = (_value(every[key]) for key in (name, f"{name}_se"))
        rows.append(
            {
                "claim": name,
                "study": every[name].study,
                "name": every[name].quantity,
                "outcome": name.removeprefix(f"{ARELLANO}_").removeprefix("type_").split("_dd")[0],
                "estimate": value,
                "std_error": error,
                "conf_low": value - half * error,
                "conf_high": value + half * error,
                "preferred": name.endswith(PREFERRED),
            }
        )
    return pd.DataFrame(rows)


def _value(claim: Claim) -> float:
    if claim.figure is None:
        raise ImpossibleValueError("No figure is printed.", where=claim.claim)
    return float(claim.figure.value)
