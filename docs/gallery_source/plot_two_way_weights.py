"""
Negative weights of two-way fixed effects
=========================================

When adoption is staggered, the two-way coefficient is a weighted sum of effects in which some
weights are negative.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis.estimators import twfe_weights
from analysis.report import house_style

draw = np.random.default_rng(5)
units = pd.DataFrame({"unit": range(120), "cohort": draw.choice([0, 2004, 2012], 120, p=[0.2, 0.5, 0.3])})
frame = units.merge(pd.DataFrame({"year": range(2000, 2016)}), how="cross")
frame["d"] = ((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])).astype(float)
frame["y"] = frame["d"] + draw.normal(size=len(frame))

weights = twfe_weights(frame, outcome="y", treatment="d", effects=["unit", "year"]).tidy(
    frame, ["cohort", "year"]
)

with house_style():
    drawing, axes = plt.subplots(figsize=(6.5, 3))
    treated = weights[(weights["cohort"] > 0) & (weights["year"] >= weights["cohort"])]
    for cohort, rows in treated.groupby(["cohort", "year"])["weight"].sum().groupby("cohort"):
        years = rows.index.get_level_values("year")
        axes.plot(years, rows, marker="o", ms=3, label=f"adopted in {cohort}")
    axes.axhline(0, lw=0.7)
    axes.set(xlabel="Year", ylabel="Weight of the cell")
    axes.legend()
    plt.show()
