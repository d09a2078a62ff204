"""The grid of admissible specifications, drawn from by seed, each with a name that never changes."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from .spec import (
    DRAWN,
    FIT_FORKS,
    FITS_EACH,
    FORKS,
    HEADLINE,
    NAMES,
    RULED,
    RULES,
    SAMPLE_FORKS,
    SEED,
    USUAL_ERRORS,
)

SAMPLE_NAMES = tuple(fork.name for fork in SAMPLE_FORKS)
FIT_NAMES = tuple(fork.name for fork in FIT_FORKS)


def spec_hash(choice: Mapping[str, str]) -> str:
    """Return a specification's name: it depends on the levels chosen, not on their order or on the grid."""
    text = "\n".join(f"{name}={choice[name]}" for name in sorted(NAMES))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def forbidden(choice: Mapping[str, str]) -> str:
    """Return why a combination is not admitted; empty when it is."""
    return next((rule.reason for rule in RULES if rule.forbids(choice)), "")


def fits_of(sample: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the admissible ways to fit a sample, in the order of the forks."""
    return [dict(fit) for fit in _admitted(tuple(sample[name] for name in RULED))]


@functools.cache
def _admitted(levels: tuple[str, ...]) -> list[dict[str, str]]:
    sample = dict(zip(RULED, levels, strict=True))
    made = (
        dict(zip(FIT_NAMES, levels, strict=True))
        for levels in itertools.product(*(fork.levels for fork in FIT_FORKS))
    )
    return [fit for fit in made if not forbidden({**sample, **fit})]


def grid_size() -> tuple[int, pd.DataFrame]:
    """Return how many specifications are admissible, and how many each rule forbids first.

    Combinations that agree in all that the rules look at are counted together.
    """
    seen = {*RULED, *FIT_NAMES}
    other = int(np.prod([len(fork.levels) for fork in FORKS if fork.name not in seen]))
    looked = [fork for fork in FORKS if fork.name in seen]
    counts = dict.fromkeys(["", *(rule.reason for rule in RULES)], 0)
    for levels in itertools.product(*(fork.levels for fork in looked)):
        counts[forbidden(dict(zip((fork.name for fork in looked), levels, strict=True)))] += other
    admitted = counts.pop("")
    return admitted, pd.DataFrame({"rule": list(counts), "combinations": list(counts.values())})


def one_step(base: Mapping[str, str] = HEADLINE) -> list[dict[str, str]]:
    """Return a specification, the headline by default, and every admissible one that differs in one choice.

    Where another level alone is not admissible, as another estimator without its errors, the fits that need
    the fewest further changes stand for it.
    """
    found = [dict(base)]
    for fork in FORKS:
        for level in fork.levels:
            found += _nearest(base, fork.name, level) if level != base[fork.name] else []
    return _distinct(found)


def _nearest(base: Mapping[str, str], name: str, level: str) -> list[dict[str, str]]:
    sample = {key: base[key] for key in SAMPLE_NAMES} | ({name: level} if name in SAMPLE_NAMES else {})
    fits = [fit for fit in fits_of(sample) if name in SAMPLE_NAMES or fit[name] == level]
    steps = [sum(fit[key] != base[key] for key in FIT_NAMES) for fit in fits]
    near = [fit for fit, step in zip(fits, steps, strict=True) if step == min(steps)]
    usual = [fit for fit in near if fit["errors"] in ("placebo", USUAL_ERRORS)]
    return [{**sample, **fit} for fit in usual or near]


def drawn(count: int = DRAWN, seed: int = SEED) -> list[dict[str, str]]:
    """Return at least `count` distinct admissible specifications, sample by sample.

    Treatments and outcomes are taken in turn; every other choice about the sample is drawn uniformly, then
    `FITS_EACH` estimators with their scale are drawn without replacement, and a way to do each. A sample that
    no fit is admitted for is passed over: codings that cannot leave out other limits before are drawn half as
    often as the others.
    """
    random = np.random.default_rng(seed)
    found: dict[str, dict[str, str]] = {}
    for cell in itertools.cycle(_cells()):
        if len(found) >= count:
            return list(found.values())
        sample = {f.name: cell.get(f.name) or _one(random, list(f.levels)) for f in SAMPLE_FORKS}
        if sample["before"] == "left_out" and not fits_of(sample):
            continue
        for fit in _some_fits(random, fits_of(sample)):
            choice = {name: {**sample, **fit}[name] for name in NAMES}
            found.setdefault(spec_hash(choice), choice)
    raise AssertionError


def _cells() -> Iterator[dict[str, str]]:
    treatment, outcome = (next(f for f in FORKS if f.name == name) for name in ("treatment", "outcome"))
    return ({"treatment": t, "outcome": o} for t, o in itertools.product(treatment.levels, outcome.levels))


def _some_fits(random: np.random.Generator, fits: list[dict[str, str]]) -> list[dict[str, str]]:
    kinds = sorted({(fit["estimator"], fit["scale"]) for fit in fits})
    chosen = random.choice(len(kinds), size=min(FITS_EACH, len(kinds)), replace=False)
    return [_one(random, [f for f in fits if (f["estimator"], f["scale"]) == kinds[k]]) for k in chosen]


def _one(random: np.random.Generator, items: list):
    return items[int(random.integers(len(items)))]


def _distinct(choices: list[dict[str, str]]) -> list[dict[str, str]]:
    return list({spec_hash(choice): choice for choice in choices}.values())


def plan(count: int = DRAWN, seed: int = SEED) -> list[list[dict[str, str]]]:
    """Return the specifications of a run, in chunks that share a sample, the headline's neighbours first."""
    chunks: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for choice in _distinct(one_step() + drawn(count, seed)):
        chunks.setdefault(tuple(choice[name] for name in SAMPLE_NAMES), []).append(choice)
    return list(chunks.values())
