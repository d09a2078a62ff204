"""
Balance before and after matching
=================================

Standardized differences of covariates between treated and comparison units, before and after matching.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis.estimators import balance_table, match
from analysis.report import house_style

draw = np.random.default_rng(2)
frame = pd.DataFrame(draw.normal(size=(600, 3)), columns=["income", "density", "age"])
frame["treated"] = (
    draw.random(600) < 1 / (1 + np.exp(1.5 - frame["income"] - 0.5 * frame["density"]))
).astype(int)
frame["y"] = frame["income"] + draw.normal(size=600)
names = ["income", "density", "age"]

matched = match(frame, outcome="y", treatment="treated", covariates=names, method="nearest")
table = balance_table(frame, treatment="treated", covariates=names, weights=matched.extra["weights"])

with house_style():
    drawing, axes = plt.subplots(figsize=(6.5, 2.2))
    axes.plot(table["smd_before"], table["covariate"], "o", mfc="white", label="before")
    axes.plot(table["smd_after"], table["covariate"], "o", label="after")
    axes.axvline(0, lw=0.7)
    axes.set(xlabel="Standardized difference")
    axes.legend()
    plt.show()
