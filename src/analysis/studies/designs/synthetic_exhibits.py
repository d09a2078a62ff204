"""What notebooks show of synthetic controls: forests, paths, tables of estimates and of what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from .specification import LOG
from .synthetic_cases import METHODS, Fitted


def forest(
    estimates: pd.DataFrame,
    key: str,
    outcomes: Mapping[str, str],
    *,
    scale: str = LOG,
    method: str = "synthetic_did",
) -> pd.DataFrame:
    """Return rows for `report.forest_plot`, outcomes as groups; those with p of 5% or less stand out."""
    rows = estimates[estimates["scale"].eq(scale) & estimates["method"].eq(method)]
    rows = pd.concat([rows[rows["outcome"].eq(outcome)] for outcome in outcomes])
    return pd.DataFrame(
        {
            "name": rows[key],
            "group": rows["outcome"].map(outcomes),
            "estimate": rows["estimate"],
            "conf_low": rows["conf_low"],
            "conf_high": rows["conf_high"],
            "highlight": rows["p_value"].le(0.05),
        }
    ).reset_index(drop=True)


def beside(estimates: pd.DataFrame, key: str, outcomes: Mapping[str, str], scale: str) -> pd.DataFrame:
    """Return both methods side by side, one row a case and outcome, by outcome."""
    rows = estimates[estimates["scale"].eq(scale)]
    wide = rows.pivot(index=[key, "outcome"], columns="method", values=["estimate", "p_value", "detectable"])
    table = pd.DataFrame(
        {f"{name}_{method}": wide[(name, method)] for method in METHODS for name in ("estimate", "p_value")}
    )
    table["p_value_ratio"] = rows[rows["method"].eq("synthetic_control")].set_index([key, "outcome"])[
        "p_value_ratio"
    ]
    table["detectable"] = wide[("detectable", "synthetic_did")]
    table = table.reset_index()
    order = {name: at for at, name in enumerate(outcomes)}
    table["order"] = table["outcome"].map(order)
    first = {name: at for at, name in enumerate(rows[key].unique())}
    table = table.assign(place=table[key].map(first)).sort_values(["order", "place"])
    return (
        table.assign(outcome=table["outcome"].map(outcomes))
        .drop(columns=["order", "place"])
        .reset_index(drop=True)
    )


def paths(
    fits: Mapping[tuple[str, str, str, str], Fitted], outcome: str, scale: str
) -> dict[str, dict[str, pd.Series]]:
    """Return treated and synthetic series by case, for `report.small_multiples`."""
    found = {}
    for (case, of, on, method), one in fits.items():
        if (of, on, method) == (outcome, scale, "synthetic_control"):
            path = one.result.extra["path"].set_index("time")
            found[case] = {"as recorded": path["treated"], "synthetic control": path["synthetic"]}
    return found


def donor_weights(one: Fitted, names: Mapping[str, str] | pd.Series) -> pd.Series:
    """Return the weights of one fit by name of donor."""
    weights = one.result.extra["unit_weights"]
    return pd.Series(
        weights["weight"].to_numpy(), index=[str(names.get(unit, unit)) for unit in weights["unit"]]
    )


def donors_left_out(donors: pd.DataFrame, reasons: Sequence[str] = ()) -> pd.DataFrame:
    """Return, by law, donors and the states that are none, by first reason."""
    table = donors.assign(reason=donors["reason"].replace("", "donor"))
    wide = table.groupby(["law", "reason"], sort=False).size().unstack(fill_value=0)
    ordered = ["donor", *[name for name in wide.columns if name != "donor"]]
    return wide[ordered].rename_axis(columns=None).reset_index()


def share_below(estimates: pd.DataFrame, level: float = 0.05) -> pd.DataFrame:
    """Return, by method, how many tests have p of `level` or less, and how many chance would give."""
    parts = {
        METHODS["synthetic_did"]: estimates.loc[estimates["method"].eq("synthetic_did"), "p_value"],
        METHODS["synthetic_control"]: estimates.loc[estimates["method"].eq("synthetic_control"), "p_value"],
        f"{METHODS['synthetic_control']}, ratio": estimates["p_value_ratio"].dropna(),
    }
    return pd.DataFrame(
        {"test": name, "tests": len(p), "below": int((p <= level).sum()), "by_chance": level * len(p)}
        for name, p in parts.items()
    )
