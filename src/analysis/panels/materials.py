"""What several panels are built from, read once a run and only when asked for."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from ..sources.fbi_table8.table8 import YEARS, Workbook, read_workbook
from .agencies.index import agency_index
from .agencies.matching import AgencyMatch, match_agencies
from .agencies.place_index import place_index, place_populations
from .crime.city_year import CityYears, build_city_year, row_matches
from .panel import Built
from .policies.build import build_policies
from .policies.gazetteer import gazetteer


class Materials:
    """Parsed workbooks, matches, and the panels built before in this run (`built`, by name)."""

    def __init__(self) -> None:
        self.built: dict[str, Built] = {}

    @cached_property
    def workbooks(self) -> list[Workbook]:
        """Table 8 of every year."""
        return [read_workbook(year) for year in YEARS]

    @cached_property
    def table8(self) -> pd.DataFrame:
        """Every printed city-year."""
        return pd.concat([book.frame for book in self.workbooks], ignore_index=True)

    @cached_property
    def matches(self) -> pd.DataFrame:
        """Agency, place and county of every printed city-year."""
        return row_matches(self.table8, self.match)

    @cached_property
    def match(self) -> AgencyMatch:
        """Table 8's rows matched to agencies, and what is left."""
        return match_agencies(self.table8, self.agencies, self.place_series[0])

    @cached_property
    def place_index(self) -> pd.DataFrame:
        """Every Census place by FIPS code."""
        return place_index()

    @cached_property
    def agencies(self) -> pd.DataFrame:
        """Every agency by ORI."""
        return agency_index(self.place_index)

    @cached_property
    def place_series(self) -> tuple[pd.DataFrame, dict[str, int]]:
        """Census population of places 2000-2019, and the places left out."""
        return place_populations(self.place_index)

    @cached_property
    def city_years(self) -> CityYears:
        """The city panel and its unmatched rows."""
        return build_city_year(self.table8, self.matches, self.built["series_breaks"].frame)

    @cached_property
    def policies(self) -> dict[str, pd.DataFrame]:
        """The panels of the list of dated policies by name."""
        return build_policies(self.gazetteer)

    @cached_property
    def gazetteer(self) -> pd.DataFrame:
        """Every place a policy may belong to."""
        return gazetteer(self.built["places"].frame, self.built["counties"].frame)
