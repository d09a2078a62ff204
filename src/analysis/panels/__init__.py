"""Joins, rates and treatment dates: the committed panels and how they are built.

`list` says which there are, `describe` what their columns mean, `load` reads one, `study_frame` makes one
ready for an estimator.
"""

from .catalog import describe
from .catalog import list_panels as list
from .catalog import load_described as load
from .store import manifest_of
from .study_frame import study_frame

__all__ = ["describe", "list", "load", "manifest_of", "study_frame"]
