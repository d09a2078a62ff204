"""Write sources/registry/control_totals.csv anew from the registered files (ANALYSIS_RAW_DIR).

Run it after a file was registered or a reader changed on purpose, and read the difference before committing.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

from analysis.sources import clearance, estimated_state, estimated_state_2023, rtci
from analysis.sources.census import crosswalk, geography, places, places_2000, population
from analysis.sources.county import (
    acs,
    bea,
    city_counties,
    county_mean,
    county_rates,
    elections,
    health_rankings,
    icpsr,
    laus,
    medsl,
    nchs,
    nibrs_rates,
    opportunity_insights,
    saipe,
)
from analysis.sources.fbi_table8 import table8
from analysis.sources.ice import detainers
from analysis.sources.policy import lists
from analysis.sources.registry import totals
from analysis.sources.registry.files import family_files

#: Readers, and the positional arguments they are called with.
CALLS = [
    *[(estimated_state.read, ()), (estimated_state_2023.read, ()), (clearance.read, ()), (rtci.read, ())],
    *[(crosswalk.read_agency_crosswalk, ()), (crosswalk.read_agency_names, ())],
    *[(crosswalk.read_place_counties, ()), (crosswalk.read_county_names, ())],
    *[(geography.read, ("counties",)), (geography.read, ("states",))],
    *[
        (places.read_intercensal_places, ()),
        (places.read_postcensal_places, ()),
        (places.read_acs_places, ()),
    ],
    *[(places.read_race_places, ()), (places.read_acs_cities, ()), (places_2000.read, ())],
    *[(population.read_counties, ()), (acs.read_2010, ()), (acs.read_2015, ()), (acs.read_non_citizens, ())],
    *[(bea.read_file, (file.path,)) for file in family_files("bea_cainc1")],
    *[(city_counties.read_city_counties, ()), (county_mean.read, ()), (county_rates.read, ())],
    *[(elections.read_year, (year,)) for year in elections.ROWS],
    *[(laus.read_year, (year,)) for year in laus.YEARS],
    *[(health_rankings.read, ()), (medsl.read, ()), (nchs.read, ())],
    *[(nibrs_rates.read, ()), (opportunity_insights.read_characteristics, ())],
    *[(opportunity_insights.read_table_12, ()), (saipe.read, ())],
    *[(icpsr.read_year, (year,)) for year in icpsr.studies()],
    *[(table8.read_workbook, (year,)) for year in table8.YEARS],
    *[(detainers.read_declined, ()), (detainers.read_other_outcomes, ()), (detainers.read_fiscal_2015, ())],
    *[(detainers.read_pennsylvania, ()), (detainers.read_pooled, ())],
    *[(lists.read_secure_communities, ()), (lists.read_dhs_list, ()), (lists.read_doj_list, ())],
]


def main() -> None:
    """Write the table."""
    totals.registered.cache_clear()
    totals.require_totals = lambda frame, key, where: rows.extend(totals.rows_of(key, frame))
    rows: list[tuple] = []
    for read, arguments in CALLS:
        read(*arguments)
    place = Path(str(files("analysis.sources.registry").joinpath(totals.FILE)))
    with place.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(totals.FIELDS)
        writer.writerows(rows)
    print(f"{place}: {len(rows):,} columns")


if __name__ == "__main__":
    main()
