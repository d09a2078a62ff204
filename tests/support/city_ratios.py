"""The design of cities, log ratios weighted by information, computed by loops and plain arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd


def by_hand(frame: pd.DataFrame, cell: str | None, skip: int = 0) -> tuple[float, float, int]:
    """Return estimate, jackknife error and degrees of freedom by loops over cities, with plain arithmetic."""
    cities = frame.drop_duplicates("ori").set_index("ori").sort_index()
    names = ["year", "count", "population", "unit"]
    rows = {ori: [part[name].to_numpy() for name in names] for ori, part in frame.groupby("ori")}
    curve = poisson_years(frame[frame["cohort"].eq(0)])
    dates = sorted(cities.loc[cities["cohort"].gt(0), "cohort"].unique())
    table = [
        {"ori": ori, "date": date} | found
        for ori, part in rows.items()
        for date in dates
        if (found := window(part, date, curve, skip))
    ]
    made = pd.DataFrame(table).join(cities[["cohort", "state", "size"]], on="ori")
    made["cell"] = made["ori"].map(cities[cell]) if cell else 0
    never = made[made["cohort"].eq(0)]
    spread = never.groupby(["size", "date"])["ratio"].agg(["var", "size"])
    spread = spread["var"].where(spread["size"].ge(5), np.inf).rename("var")
    made = made.join(spread, on=["size", "date"])
    made["weight"] = 1 / made["var"].fillna(np.inf)

    def estimate(kept: pd.DataFrame) -> float:
        others = kept[kept["cohort"].eq(0)]
        total = others.assign(x=others["weight"] * others["ratio"]).groupby(["date", "cell"])[["weight", "x"]]
        mean = total.sum().eval("x / weight").rename("mean")
        own = kept[kept["cohort"].eq(kept["date"])].join(mean, on=["date", "cell"]).dropna(subset="mean")
        own = own[own["weight"].gt(0)]
        return float(np.average(own["ratio"] - own["mean"], weights=own["weight"]))

    treated = made[made["cohort"].eq(made["date"]) & made["weight"].gt(0)]["state"].unique()
    full = estimate(made)
    left = np.array([estimate(made[made["state"].ne(state)]) for state in treated])
    count = len(treated)
    return full, float(np.sqrt((count - 1) / count * ((left - full) ** 2).sum())), count - 1


def window(part: list[np.ndarray], date: int, curve: pd.Series, skip: int) -> dict[str, float] | None:
    """Return a city's log ratio at a date from the stretch of its series that reaches the date."""
    year, count, people, unit = part
    if not (year < date).any():
        return None
    same = unit == unit[year < date][-1]
    early = same & (year >= date - 5) & (year < date)
    late = same & (year >= date + skip) & (year <= date + 5)
    if early.sum() < 3 or not late.any() or count[early].sum() == 0:
        return None
    trend = curve.to_numpy()[np.searchsorted(curve.index.to_numpy(), year)]
    expected = count[early].sum() / (people * trend)[early].sum() * (people * trend)[late].sum()
    return {"ratio": float(np.log((count[late].sum() + 0.5) / (expected + 0.5)))}


def poisson_years(never: pd.DataFrame) -> pd.Series:
    """Return year effects of a Poisson regression with city effects, its equations solved in turn."""
    y = never.pivot(index="ori", columns="year", values="count").fillna(0.0)
    n = never.pivot(index="ori", columns="year", values="population").fillna(0.0)
    trend = pd.Series(1.0, index=y.columns)
    for _ in range(300):
        level = y.sum(axis=1) / (n @ trend)
        trend = y.sum() / (n.T @ level)
        trend = trend / trend.iloc[0]
    return trend
