"""What the study of measurement returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .spec import MeasurementSpec


@dataclass(frozen=True)
class MeasurementStudy:
    """What was found; log points.

    Attributes
    ----------
    spec : MeasurementSpec
        What the study was told to do.
    choices : pandas.DataFrame
        ``unit`` (`CITY` or `COUNTY`), ``definition, outcome, group, name``, estimate with interval,
        ``treated``, ``shift`` and ``against``.
    yardsticks : pandas.DataFrame
        By ``unit, definition``: ``hispanic_share`` of adopters' residents, and what a change of reporting by
        Hispanic victims of the published size makes of all crimes reported: ``same`` (the published size with
        the other sign), ``undone`` (the published fall undone), and ``recorded`` (the change of recorded
        crime at ``same``, log points, if offending answers to reporting as published).
    bounds : pandas.DataFrame
        By ``unit, definition, outcome`` and ``reporting``: the effect on crimes, recorded or not.
    break_even : pandas.DataFrame
        By ``unit, definition, outcome``: the change of reporting at which crimes did not change, and those
        below and above which the interval lies wholly above and below zero; ``same`` and the effect on crimes
        at it, ``recorded`` and whether the interval of the recorded effect holds it.
    """

    spec: MeasurementSpec
    choices: pd.DataFrame
    yardsticks: pd.DataFrame
    bounds: pd.DataFrame
    break_even: pd.DataFrame
