"""The figures of the paper's section on what policies did, where, and what crime did there."""

from __future__ import annotations

from typing import Any

from ...results import stored
from ..cities_in_counties import exhibits as inside
from ..cities_in_counties import study as cities_in_counties
from ..cities_to_2024 import exhibits as later
from ..cities_to_2024 import study as cities_to_2024
from ..dose import exhibits as dose_exhibits
from ..dose import study as dose
from ..first_stage import exhibits as door
from ..first_stage import study as first_stage
from ..states_to_2023 import exhibits as states
from ..states_to_2023 import study as states_to_2023


@stored
def figures() -> dict[str, Any]:
    """Return every figure that `report.stage` may name, effects in percent."""
    found = first_stage.run()
    ratios = door.ratios_table(found).set_index("sample").loc[next(iter(found.spec.samples))]
    shares = found.shares.set_index(["sample", "group"]).loc[next(iter(found.spec.samples))]
    by_dose = dose.run()
    plain: dict[str, Any] = {
        "stage_per": ratios["per_100"],
        "stage_per_low": ratios["per_100_low"],
        "stage_per_high": ratios["per_100_high"],
        "stage_share": shares.loc["policy dated", "estimate"],
        "stage_share_none": shares.loc["no policy known", "estimate"],
        "stage_unlisted": len(found.decliners),
        "dose_outcomes": len(by_dose.spec.outcomes),
        "dose_failing": len(dose_exhibits.failed_before(by_dose)),
        "dose_standing": len(dose_exhibits.stand_out(by_dose)),
    }
    return (
        {name: float(value) if isinstance(value, float) else int(value) for name, value in plain.items()}
        | inside.figures(cities_in_counties.run())
        | states.figures(states_to_2023.run())
        | later.figures(cities_to_2024.run())
    )
