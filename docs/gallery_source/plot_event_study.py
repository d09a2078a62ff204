"""
Event study with a staggered treatment
======================================

Group-time effects, averaged by time since adoption, on made-up data whose true effect grows by one a year.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis.estimators import group_time
from analysis.report import house_style

draw = np.random.default_rng(11)
units = pd.DataFrame({"unit": range(300), "cohort": draw.choice([0, 2008, 2011, 2014], 300)})
frame = units.merge(pd.DataFrame({"year": range(2003, 2019)}), how="cross")
since = (frame["year"] - frame["cohort"]).where(frame["cohort"] > 0, -1)
frame["y"] = draw.normal(size=300)[frame["unit"]] + (since + 1).clip(lower=0) + draw.normal(size=len(frame))

events = (
    group_time(frame, outcome="y", unit="unit", time="year", cohort="cohort", base="universal")
    .aggregate("event")
    .tidy()
)

with house_style():
    drawing, axes = plt.subplots(figsize=(6.5, 3.4))
    axes.errorbar(
        events["event_time"],
        events["estimate"],
        yerr=[events["estimate"] - events["conf_low"], events["conf_high"] - events["estimate"]],
        fmt="o",
        capsize=2,
    )
    axes.axhline(0, lw=0.7)
    axes.axvline(-0.5, lw=0.7, ls=":")
    axes.set(xlabel="Years since adoption", ylabel="Effect")
    plt.show()
