"""
A city's record, with its breaks
================================

Robberies per 100,000 residents of one city; the line is broken where the FBI says that years
cannot be compared.
"""

import matplotlib.pyplot as plt

from analysis import panels
from analysis.report import house_style
from analysis.studies.designs.city_series import city_series

ORI, OFFENSE = "CA0380100", "robbery"
cities, breaks = panels.load("city_year"), panels.load("series_breaks")
series = city_series(cities, breaks, [ORI], [OFFENSE], range(1999, 2025))
values, segments = series.values[OFFENSE].loc[ORI], series.segments[OFFENSE].loc[ORI]

with house_style():
    drawing, axes = plt.subplots(figsize=(6.5, 3.2))
    for _, years in segments.dropna().groupby(segments):
        axes.plot(years.index, values[years.index], marker="o", ms=3, color="#1f5c99")
    axes.set(xlabel="Year", ylabel="Robberies per 100,000 residents", ylim=(0, None))
    plt.show()
