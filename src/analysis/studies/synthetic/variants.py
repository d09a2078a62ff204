"""The joint design of statewide rules under every variant, as the study computed it."""

from __future__ import annotations

import pandas as pd

from . import state_laws


def variants() -> pd.DataFrame:
    """Return `StateStudy.joint` of the study: one row a variant, outcome and scale."""
    return state_laws.run().joint
