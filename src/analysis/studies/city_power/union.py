"""Status inquiries, detainers and statewide rules in one stack: the trial's two figures, and the estimate.

Every city enters at its first limit, its own or its state's. The union answers another question than the two
policies apart (any limit) and so does not compete with the candidates of `specification`; it was made after
the choice and is reported by the same two figures. A statewide rule treats all cities of a state, so that no
other state, and hardly all others together, has cities enough to take California's place in permuted data:
every state enters with its largest adopting cities alone, at most `MOST` of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...results import stored
from ..designs.specification import Specification
from ..staggered_cities.spec import SPEC as CITIES
from .choice import chosen
from .estimates import CityDesign, TInference
from .headline import samples
from .permutations import Assignments, by_state
from .specification import BY_SIZE, BY_STATE, DRAWS, OUTCOME, POOLED, SEED
from .trial import Bench
from .windows import Windows

#: Most adopting cities of a state: enough states without any limit have twice as many cities.
MOST = 6
NAME = "The design chosen, on all limits and statewide rules in one stack"


def stack(outcome: str = OUTCOME) -> pd.DataFrame:
    """Return the sample's frame in which a statewide rule treats every city of its state."""
    one = CITIES.headline
    changed = Specification(
        **{name: getattr(one, name) for name in ("group", "name", "estimator", "scale", "options")},
        sample={**one.sample, "include_state_laws": True},
    )
    return samples().of(POOLED, outcome, changed).frame


def thinned(frame: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """Return the frame with at most so many adopting cities of each state, the largest."""
    cities = frame.drop_duplicates("ori")
    adopters = cities[cities["cohort"].gt(0)].sort_values(["residents", "ori"], ascending=[False, True])
    surplus = adopters[adopters.groupby("state").cumcount().ge(most)]
    return frame[~frame["ori"].isin(set(surplus["ori"]))].reset_index(drop=True)


def blocks(table: Windows, *, draws: int, seed: int) -> Assignments:
    """Give all dates of an adopting state to cities of one other state, as `permutations.by_state` does.

    More states adopt here than have no limit and cities enough: a state takes the place of two where none is
    left, and where none is large enough the one with the most cities that can be compared is taken.
    """
    return by_state(table, draws=draws, seed=seed, again=True)


@stored
def figures() -> dict[str, Any]:
    """Return the union's rejection rates and detectable change on permuted data, and its estimate.

    Returns
    -------
    dict
        ``candidate``; ``by_size, by_state`` (share of data sets without an effect in which a 5% test
        rejects);
        ``detectable`` (log points, permuted by size); ``most``; ``cities, states, effective``; ``estimate,
        conf_low, conf_high`` (log points).
    """
    frame = thinned(stack())
    bench = Bench(frame)
    bench.data[BY_STATE, False] = blocks(bench.table, draws=DRAWS, seed=SEED)
    sized, moved = (bench.run(chosen(), how) for how in (BY_SIZE, BY_STATE))
    made = CityDesign(frame, chosen())
    fits = made.fits
    found = TInference(float(fits.estimate[0]), float(fits.jackknife[0]), float(fits.df[0]))
    row = found.row(float(np.log1p(CITIES.margin_share)))
    return {
        "candidate": NAME,
        "by_size": sized.rejection(),
        "by_state": moved.rejection(),
        "detectable": sized.detectable(),
        "most": MOST,
        "cities": made.drawn.rows.shape[1],
        "states": int(fits.df[0]) + 1,
        "effective": float(fits.effective[0]),
        **{name: row[name] for name in ("estimate", "conf_low", "conf_high")},
    }
