"""The joint design of statewide rules under every variant, on the committed panels, computed once."""

from __future__ import annotations

import pandas as pd

from ...results import stored
from . import state_laws


@stored
def variants() -> pd.DataFrame:
    """Return `state_laws.joint`: one row a variant, outcome and scale."""
    return state_laws.joint()
