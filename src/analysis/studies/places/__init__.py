"""What every study does with each place, and why: one row per place and study."""

from .county_comparisons import county_paths
from .expected_paths import expected_paths
from .roles import STUDIES, city_roles, county_roles, state_roles

__all__ = [
    "STUDIES",
    "city_roles",
    "county_paths",
    "county_roles",
    "expected_paths",
    "state_roles",
]
