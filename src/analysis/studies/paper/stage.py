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
from ..first_stage import exhibits as door_tables
from ..first_stage import study as first_stage
from ..states_to_2023 import exhibits as states
from ..states_to_2023 import study as states_to_2023


def door(found: first_stage.FirstStage, by_dose: dose.Dose) -> dict[str, float]:
    """Return the figures of declines, of dates held against them, and of crime by dose.

    Dates are judged by the mark of the specification. ``stage_misdated``: declines began before the date or
    late. ``dose_detectable``: the change of violent crime without rape found with `DoseSpec.power` in the
    highest class, as a share.
    """
    whole, spec = next(iter(found.spec.samples)), by_dose.spec
    ratios: Any = door_tables.ratios_table(found).set_index("sample").loc[whole]
    shares: Any = found.shares.set_index(["sample", "group"]).loc[whole]
    seen: Any = found.by_mark.set_index("mark").loc[found.spec.begins_with]
    power: Any = by_dose.power.set_index(["dose_class", "outcome"])["detectable_share"]
    return {
        "stage_per": float(ratios["per_100"]),
        "stage_per_low": float(ratios["per_100_low"]),
        "stage_per_high": float(ratios["per_100_high"]),
        "stage_share": float(shares.loc["policy dated", "estimate"]),
        "stage_share_none": float(shares.loc["no policy known", "estimate"]),
        "stage_unlisted": len(found.decliners),
        "stage_seen": int(seen["seen"]),
        "stage_agrees": float(seen["agrees"]),
        "stage_misdated": float(seen["declines_came_before"] + seen["declines_came_late"]),
        "stage_inert": float(seen["inert"]),
        "dose_outcomes": len(spec.outcomes),
        "dose_failing": len(dose_exhibits.failed_before(by_dose)),
        "dose_standing": len(dose_exhibits.stand_out(by_dose)),
        "dose_detectable": float(power[spec.classes[-1], "violent_without_rape"]),
        "dose_power": spec.power,
    }


@stored
def figures() -> dict[str, Any]:
    """Return every figure that `report.stage` may name, effects in percent."""
    return (
        door(first_stage.run(), dose.run())
        | inside.figures(cities_in_counties.run())
        | states.figures(states_to_2023.run())
        | later.figures(cities_to_2024.run())
    )
