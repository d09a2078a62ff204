"""Several estimators of one effect, drawn and tabled side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .figures import Figure
from .plots import event_study_plot, forest_plot
from .style import CYCLE
from .tables import Table, frame_table

if TYPE_CHECKING:
    from ...estimators import Comparison

NAMES = {
    "group_time": "Group-time",
    "interaction_weighted": "Interaction-weighted",
    "extended_twfe": "Extended two-way",
    "imputation": "Imputation",
    "two_stage": "Two-stage",
    "stacked": "Stacked",
    "local_projection": "Local projection",
    "switchers": "Switchers",
    "efficient_timing": "Random timing",
    "two_way": "Two-way fixed effects",
}


def comparison_plot(
    comparison: Comparison,
    *,
    caption: str,
    alt: str,
    label: str,
    unit: str,
    by: str = "overall",
    spec: str = ",.2f",
    names: Mapping[str, str] = NAMES,
) -> Figure:
    """Return the estimators' average effects under one another, or their event times side by side.

    Parameters
    ----------
    comparison : Comparison
        What `compare_estimators` returns.
    caption, alt, label : str
        See `Figure`.
    unit : str
        What is estimated, with its unit: the axis label.
    by : {"overall", "event"}
        Average effects, or effects by event time.
    spec : str
        Format of printed values.
    names : mapping of str to str
        Printed names of estimators; two-way fixed effects are drawn in the second colour.

    Returns
    -------
    Figure
        With caption, description in words and, where the figure has numbers, their table.
    """
    if by == "event":
        if len(comparison.events) > len(CYCLE):
            raise ValueError(
                f"{len(comparison.events)} series, {len(CYCLE)} colours: compare fewer estimators"
            )
        series = {names.get(name, name): result for name, result in comparison.events.items()}
        return event_study_plot(series, caption=caption, alt=alt, label=label, ylabel=unit, height=3.8)
    table = comparison.table("overall")
    rows = table[["conf_low", "conf_high", "estimate"]].assign(
        name=table["estimator"].map(lambda name: names.get(name, name)),
        highlight=table["estimator"] == "two_way",
    )
    return forest_plot(rows, caption=caption, alt=alt, label=label, xlabel=unit, spec=spec)


def comparison_table(
    comparison: Comparison,
    *,
    caption: str,
    label: str,
    spec: str = ",.2f",
    names: Mapping[str, str] = NAMES,
) -> Table:
    """Return the average effects with errors, intervals and samples; skipped estimators in the notes.

    Parameters
    ----------
    comparison : Comparison
        What `compare_estimators` returns.
    caption, label : str
        See `Table`.
    spec : str, optional
        Format of printed values.
    names : mapping of str to str, optional
        Printed names of estimators.

    Returns
    -------
    Table
        With caption and notes; ends a notebook cell as it is.
    """
    table = comparison.table("overall").assign(
        estimator=lambda d: d["estimator"].map(lambda name: names.get(name, name))
    )
    kinds = {
        "estimator": "text",
        "estimand": "text",
        "estimate": spec,
        "std_error": spec,
        "conf_low": spec,
        "conf_high": spec,
        "n": "count",
        "clusters": "count",
    }
    notes = [f"{names.get(name, name)} not run: {why}." for name, why in comparison.skipped.items()]
    return frame_table(table[list(kinds)], kinds, caption=caption, label=label, notes=notes)
