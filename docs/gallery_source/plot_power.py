"""
What a design could have found
==============================

The chance that a two-sided test finds a true effect, by the size of the standard error.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from analysis.estimators import minimum_detectable_effect
from analysis.report import house_style

effects = np.linspace(0, 30, 121)
with house_style():
    drawing, axes = plt.subplots(figsize=(6.5, 3.2))
    for error in (3, 6, 9):
        power = stats.norm.sf(1.96 - effects / error) + stats.norm.cdf(-1.96 - effects / error)
        axes.plot(effects, power, label=f"standard error {error}")
        axes.plot(minimum_detectable_effect(error), 0.8, "o", color="black", ms=4)
    axes.axhline(0.8, lw=0.7, ls=":")
    axes.set(xlabel="True effect", ylabel="Power", ylim=(0, 1))
    axes.legend()
    plt.show()
