"""Imported once by the server that workers are forked from, so that no worker imports or parses it again."""

from __future__ import annotations

import IPython.core.interactiveshell  # noqa: F401

from ... import estimators, report  # noqa: F401
from ...results import dependencies
from ...studies import graph
from . import execute, typeset  # noqa: F401

dependencies.fingerprint({result.module for result in graph.RESULTS.values()})
for _name in estimators.__all__:
    getattr(estimators, _name)
