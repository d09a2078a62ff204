"""The grid of admissible specifications, drawn from by seed, each with a name that never changes."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

from .rules import RULED, RULES
from .spec import SPEC, MultiverseSpec

T = TypeVar("T")


def spec_hash(choice: Mapping[str, str]) -> str:
    """Return a specification's name: it depends on the levels chosen, not on their order."""
    text = "\n".join(f"{name}={choice[name]}" for name in sorted(choice))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def forbidden(choice: Mapping[str, str]) -> str:
    """Return why a combination is not admitted; empty when it is."""
    return next((rule.reason for rule in RULES if rule.forbids(choice)), "")


def fits_of(sample: Mapping[str, str], *, spec: MultiverseSpec) -> list[dict[str, str]]:
    """Return the admissible ways to fit a sample, in the order of the forks."""
    return [dict(fit) for fit in _admitted(tuple(sample[name] for name in RULED), spec=spec)]


@functools.cache
def _admitted(levels: tuple[str, ...], *, spec: MultiverseSpec) -> list[dict[str, str]]:
    sample = dict(zip(RULED, levels, strict=True))
    made = (
        dict(zip(spec.curve.fit_names, levels, strict=True))
        for levels in itertools.product(*(fork.levels for fork in spec.curve.of_fit))
    )
    return [fit for fit in made if not forbidden({**sample, **fit})]


def grid_size(spec: MultiverseSpec = SPEC) -> tuple[int, pd.DataFrame]:
    """Return how many specifications are admissible, and how many each rule forbids first.

    Combinations that agree in all that the rules look at are counted together.
    """
    seen = {*RULED, *spec.curve.fit_names}
    other = int(np.prod([len(fork.levels) for fork in spec.curve.dimensions if fork.name not in seen]))
    looked = [fork for fork in spec.curve.dimensions if fork.name in seen]
    counts = dict.fromkeys(["", *(rule.reason for rule in RULES)], 0)
    for levels in itertools.product(*(fork.levels for fork in looked)):
        counts[forbidden(dict(zip((fork.name for fork in looked), levels, strict=True)))] += other
    admitted = counts.pop("")
    return admitted, pd.DataFrame({"rule": list(counts), "combinations": list(counts.values())})


def one_step(base: Mapping[str, str] | None = None, *, spec: MultiverseSpec = SPEC) -> list[dict[str, str]]:
    """Return a specification, the headline by default, and every admissible one that differs in one choice.

    Where another level alone is not admissible, as another estimator without its errors, the fits that need
    the fewest further changes stand for it.
    """
    base = base or spec.curve.headline
    found = [dict(base)]
    for fork in spec.curve.dimensions:
        for level in fork.levels:
            found += _nearest(base, fork.name, level, spec=spec) if level != base[fork.name] else []
    return _distinct(found)


def _nearest(base: Mapping[str, str], name: str, level: str, *, spec: MultiverseSpec) -> list[dict[str, str]]:
    sample = {key: base[key] for key in spec.curve.sample_names} | (
        {name: level} if name in spec.curve.sample_names else {}
    )
    fits = [
        fit for fit in fits_of(sample, spec=spec) if name in spec.curve.sample_names or fit[name] == level
    ]
    steps = [sum(fit[key] != base[key] for key in spec.curve.fit_names) for fit in fits]
    near = [fit for fit, step in zip(fits, steps, strict=True) if step == min(steps)]
    usual = [fit for fit in near if fit["errors"] in ("placebo", spec.curve.usual_errors)]
    return [{**sample, **fit} for fit in usual or near]


def drawn(spec: MultiverseSpec = SPEC) -> list[dict[str, str]]:
    """Return at least ``drawn`` distinct admissible specifications, sample by sample.

    Treatments and outcomes are taken in turn; every other choice about the sample is drawn uniformly, then
    ``fits_each`` estimators with their scale are drawn without replacement, and a way to do each. A sample
    that no fit is admitted for is passed over: codings that cannot leave out other limits before are drawn
    half as often as the others.
    """
    random = np.random.default_rng(spec.curve.seed)
    found: dict[str, dict[str, str]] = {}
    for cell in itertools.cycle(_cells(spec=spec)):
        if len(found) >= spec.curve.drawn:
            return list(found.values())
        sample = {f.name: cell.get(f.name) or _one(random, list(f.levels)) for f in spec.curve.of_sample}
        if sample["before"] == "left_out" and not fits_of(sample, spec=spec):
            continue
        for fit in _some_fits(random, fits_of(sample, spec=spec), spec=spec):
            choice = {name: {**sample, **fit}[name] for name in spec.curve.names}
            found.setdefault(spec_hash(choice), choice)
    raise AssertionError


def _cells(*, spec: MultiverseSpec) -> Iterator[dict[str, str]]:
    treatment, outcome = (spec.curve.dimension(name) for name in ("treatment", "outcome"))
    return ({"treatment": t, "outcome": o} for t, o in itertools.product(treatment.levels, outcome.levels))


def _some_fits(
    random: np.random.Generator, fits: list[dict[str, str]], *, spec: MultiverseSpec
) -> list[dict[str, str]]:
    kinds = sorted({(fit["estimator"], fit["scale"]) for fit in fits})
    chosen = random.choice(len(kinds), size=min(spec.curve.fits_each, len(kinds)), replace=False)
    return [_one(random, [f for f in fits if (f["estimator"], f["scale"]) == kinds[k]]) for k in chosen]


def _one(random: np.random.Generator, items: list[T]) -> T:
    return items[int(random.integers(len(items)))]


def _distinct(choices: list[dict[str, str]]) -> list[dict[str, str]]:
    return list({spec_hash(choice): choice for choice in choices}.values())


def plan(spec: MultiverseSpec = SPEC) -> list[list[dict[str, str]]]:
    """Return the specifications of a run, in chunks that share a sample, the headline's neighbours first."""
    chunks: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for choice in _distinct(one_step(spec=spec) + drawn(spec)):
        chunks.setdefault(tuple(choice[name] for name in spec.curve.sample_names), []).append(choice)
    return list(chunks.values())
