"""How results look: prose, tables and figures for notebooks, and the reports made of them.

Nothing here computes a statistic. In a notebook::

    from analysis import report

    report.say("Of {n:count} cities, {share:.1%} ...", n=..., share=...)
    report.frame_table(frame, {"population": "count"}, caption=..., label=...)
    report.event_study_plot(estimates, caption=..., alt=..., label=...)
"""

from .exhibits.charts import series_with_breaks, small_multiples, timeline
from .exhibits.comparisons import detectable_plot, differences_by_year, slope_plot
from .exhibits.curves import curves_plot
from .exhibits.estimators import comparison_plot, comparison_table
from .exhibits.figures import Figure
from .exhibits.heat_maps import coverage_heatmap, status_grid
from .exhibits.maps import albers_usa, county_map
from .exhibits.models import models_table
from .exhibits.plots import balance_plot, event_study_plot, forest_plot
from .exhibits.spec_curve import shares_plot, specification_curve
from .exhibits.style import house_style
from .exhibits.tables import Table, frame_table
from .exhibits.values import number
from .exhibits.verdicts import verdicts_table
from .prose import Prose, escape, listed, say

__all__ = [
    "Figure",
    "Prose",
    "Table",
    "albers_usa",
    "balance_plot",
    "comparison_plot",
    "comparison_table",
    "county_map",
    "coverage_heatmap",
    "curves_plot",
    "detectable_plot",
    "differences_by_year",
    "escape",
    "event_study_plot",
    "forest_plot",
    "frame_table",
    "house_style",
    "listed",
    "models_table",
    "number",
    "say",
    "series_with_breaks",
    "shares_plot",
    "slope_plot",
    "small_multiples",
    "specification_curve",
    "status_grid",
    "timeline",
    "verdicts_table",
]
