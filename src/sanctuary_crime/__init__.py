"""The package `analysis` under a name that no folder of yours will hide.

A folder ``analysis/`` in the working directory is found before the installed package of that name.
``from sanctuary_crime.estimators import group_time`` runs the same files and works beside it. Use one of the
two names in a program: each loads its own copy of the classes.

Examples
--------
>>> from sanctuary_crime.estimators import EstimationError
>>> EstimationError.__module__
'sanctuary_crime.estimators.errors'
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[1] / "analysis")]
