"""What every study does with each place, and why: one row per place and study."""

from .county_comparisons import cells_of, county_comparisons
from .expected_paths import expected_paths
from .roles import STUDIES, city_roles, county_roles, state_roles

__all__ = [
    "STUDIES",
    "cells_of",
    "city_roles",
    "county_comparisons",
    "county_roles",
    "expected_paths",
    "state_roles",
]
