"""Counties that decline detainers and that no policy, law or list names, as a committed file.

``decliners_without_row.csv`` holds leads for the list of policies: counties with `FirstStageSpec.decliner`
recorded declines or more by July 2015. It changes when the list of policies gains a row for one of them, and
is then written anew: ``python -m analysis.studies.first_stage.leads``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pandas as pd

from .study import FirstStage, run

NAME = "decliners_without_row.csv"
_COUNTS = ("declined", "first_year", "last_year", "declined_2015", "detainers_2015")
_WHOLE = dict.fromkeys(_COUNTS, "Int64")
_TEXT = {"fips": "str", "county_name": "str", "state": "str"}


def leads(study: FirstStage) -> pd.DataFrame:
    """Return the counties, most declines first: counts and years as whole numbers.

    ``fips, county_name, state, declined, first_year, last_year, declined_2015, detainers_2015, exposed_from``
    (the year after 2015 from which some row, list or law names the county; missing: none).
    """
    return study.decliners.astype(_TEXT | _WHOLE | {"exposed_from": "Int64"}).reset_index(drop=True)


def committed() -> pd.DataFrame:
    """Return the committed file."""
    with files(__package__).joinpath(NAME).open(encoding="utf-8") as text:
        return pd.read_csv(text, dtype=_TEXT | _WHOLE | {"exposed_from": "Int64"})


def write(path: Path | None = None) -> Path:
    """Write the counties of the committed panels, by default over the committed file."""
    path = path or Path(str(files(__package__).joinpath(NAME)))
    leads(run()).to_csv(path, index=False, lineterminator="\n")
    return path


if __name__ == "__main__":
    write()
