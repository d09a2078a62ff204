"""Panels that only check others: county rates 2021-2023 from incident reports, homicide clearance by state."""

from __future__ import annotations

from ...sources import clearance
from ...sources.county import nibrs_rates
from ..columns import panel_model, validate
from ..panel import Built

COUNTY_KEYS, STATE_KEYS = ["fips", "year"], ["state", "year"]
CountyNibrs = panel_model(
    "CountyNibrs",
    [*COUNTY_KEYS, "violent_nibrs_quality", "property_nibrs_quality"],
    keys=COUNTY_KEYS,
    doc="One row a county and year 2021-2023: who reports. The rates stay in the raw file, which has no licence.",
)
StateClearance = panel_model(
    "StateClearance",
    [*STATE_KEYS, "homicide_clearance_share", "is_clearance_missing"],
    keys=STATE_KEYS,
    doc="One row a state and year 1995-2020; 38 states.",
)


def build_county_nibrs() -> Built:
    """Return the validated qualities; codes of Connecticut's planning regions of 2022 are counted apart."""
    rates = nibrs_rates.read()
    regions = rates["fips"].str.startswith("091")
    frame = rates.loc[~regions, list(CountyNibrs.to_schema().columns)].sort_values(
        COUNTY_KEYS, ignore_index=True
    )
    dropped = {"planning region of Connecticut, which is no county": int(regions.sum())}
    return Built(validate(frame, CountyNibrs), [nibrs_rates.PATH], dropped)


def build_state_clearance() -> Built:
    """Return the validated clearance shares; every row of the sheets enters."""
    return Built(validate(clearance.read(), StateClearance), [clearance.PATH], {})
