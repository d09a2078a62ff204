"""Specifications are plain, frozen, hashable, and named by what they hold."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pickle
import pkgutil
from dataclasses import dataclass

import pytest

from analysis import studies
from analysis.errors import ImpossibleValueError
from analysis.studies.designs.specification import Specification
from analysis.studies.designs.study_spec import Frozen, StudySpec, cached_by_spec

MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(studies.__path__, "analysis.studies.")
    if module.name.endswith("spec") and not module.name.endswith("study_spec")
]
SPECS = {
    f"{module.__name__}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, StudySpec) and not name.startswith("_")
}


@dataclass(frozen=True)
class Inner(StudySpec):
    names: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Outer(StudySpec):
    floor: int = 10
    level: float = 0.95
    windows: tuple[int, ...] = (1, 2)
    inner: Inner = dataclasses.field(default_factory=lambda: Inner({"a": "A", "b": "B"}))
    only: bool = True


def test_there_are_the_specifications_of_every_study():
    rooms = {name.split(".")[2] for name in SPECS}
    assert rooms >= {"uar2017", "cap2017", "staggered_cities", "staggered_counties", "multiverse"}
    assert rooms >= {"measurement", "synthetic"}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_specification_is_frozen_hashable_and_survives_pickling(spec):
    field = dataclasses.fields(spec)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(spec, field, None)
    again = pickle.loads(pickle.dumps(spec))
    assert again == spec and hash(again) == hash(spec) and again.key() == spec.key()
    assert json.loads(spec.key())["kind"] == type(spec).__name__


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_field_of_a_specification_has_a_part_in_its_name(spec):
    told = json.loads(spec.key())
    assert set(told) - {"kind"} == {field.name for field in dataclasses.fields(spec)}


@pytest.mark.parametrize(
    "change",
    [
        {"floor": 11},
        {"level": 0.9},
        {"windows": (2, 1)},
        {"only": False},
        {"inner": Inner({"b": "B", "a": "A"})},
        {"inner": Inner({"a": "A"})},
    ],
)
def test_another_value_is_another_name(change):
    changed = Outer().replace(**change)
    assert changed != Outer() and changed.key() != Outer().key()
    assert Outer().replace().key() == Outer().key()


def test_lists_and_mappings_are_frozen():
    made = Outer(windows=[1, 2], inner=Inner(names={"a": "A", "b": "B"}))
    assert made == Outer() and made.windows == (1, 2) and isinstance(made.inner.names, Frozen)
    with pytest.raises(TypeError):
        made.inner.names["c"] = "C"
    assert Frozen({"a": 1, "b": 2}) != Frozen({"b": 2, "a": 1})
    assert ({"z": 0} | Frozen({"a": 1}))["a"] == 1 and (Frozen({"a": 1}) | {"a": 2})["a"] == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"flor": 1}, "has no field 'flor'"),
        ({"floor": 10.5}, "stands where a int"),
        ({"floor": True}, "stands where a int"),
        ({"only": 1}, "stands where a bool"),
        ({"windows": 3}, "stands where a tuple"),
        ({"inner": {"a": "A"}}, "stands where a Inner"),
        ({"windows": (1, object())}, "not plain data"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    with pytest.raises(ImpossibleValueError, match=words):
        Outer().replace(**change)


def test_a_whole_number_serves_as_a_decimal_and_is_the_same_name():
    assert Outer().replace(level=1).key() == Outer().replace(level=1.0).key()


def test_a_result_is_cached_by_its_specification():
    calls = []

    @cached_by_spec
    def run(spec: Outer = Outer()) -> list:
        calls.append(spec)
        return [spec.floor]

    assert run() is run(Outer()) is run(spec=Outer(floor=10))
    assert run(Outer(floor=11)) == [11] and len(calls) == 2


def test_specifications_of_estimates_differ_by_options():
    one = Specification("a", "b", options={"weights": "equal"})
    assert one == Specification("a", "b", options=Frozen({"weights": "equal"}))
    assert one != Specification("a", "b") and hash(one) != hash(Specification("a", "b"))
