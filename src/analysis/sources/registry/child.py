"""Run by `tables` as a process of its own: parse one unverified file within bounds, and write it as JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

from .tables import CHILD_BYTES, CHILD_SECONDS, cells_of, rdata_of


def main(kind: str, path: str, out: str) -> None:
    """Parse a workbook (``cells``) or an R file (``rdata``)."""
    with contextlib.suppress(ImportError):  # no such bounds on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (CHILD_BYTES, CHILD_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CHILD_SECONDS, CHILD_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    made: object
    if kind == "cells":
        made = cells_of(Path(path)).tolist()
    else:
        made = {name: frame.to_dict("list") for name, frame in rdata_of(Path(path)).items()}
    with open(out, "w", encoding="utf-8") as handle:
        json.dump(made, handle, default=str)


if __name__ == "__main__":
    main(*sys.argv[1:])
