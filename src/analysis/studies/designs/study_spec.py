"""What a study was told to do: every constant of it in one frozen value, hashable and with a name that lasts.

A study takes its specification as an argument and keeps it in its results, so that what is printed is what
was used. To try another choice, change one field: ``run(SPEC.replace(floor=200_000))``. Nothing reads a
module's constants behind an argument's back, and a field cannot be assigned.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar

from ...errors import ImpossibleValueError

K = TypeVar("K")
V = TypeVar("V")


class Frozen(Mapping[K, V]):
    """A mapping that keeps its order, cannot change, and equals and hashes by its items in order.

    Parameters
    ----------
    items : mapping
        Values may be numbers, texts, tuples and further mappings, which are frozen too.

    Examples
    --------
    >>> names = Frozen({"homicide": "Homicide", "robbery": "Robbery"})
    >>> names["robbery"], list(names)
    ('Robbery', ['homicide', 'robbery'])
    """

    def __init__(self, items: Mapping[K, V]) -> None:
        self._items: dict[K, Any] = {key: frozen(value) for key, value in items.items()}

    def __getitem__(self, key: K) -> V:
        """Return the value of a key."""
        value: V = self._items[key]
        return value

    def __iter__(self) -> Iterator[K]:
        """Iterate over the keys in order."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def __hash__(self) -> int:
        """Return a hash of the items in order."""
        return hash(tuple(self._items.items()))

    def __eq__(self, other: object) -> bool:
        """Tell whether another frozen mapping has the same items in the same order."""
        return isinstance(other, Frozen) and list(self.items()) == list(other.items())

    def __or__(self, other: Mapping[K, V]) -> Frozen[K, V]:
        """Return a mapping with the items of another put over these."""
        return Frozen({**self, **other})

    def __ror__(self, other: Mapping[K, V]) -> Frozen[K, V]:
        """Return a mapping with these items put over those of another."""
        return Frozen({**other, **self})

    def __repr__(self) -> str:
        """Return the items as they would be typed."""
        return repr(self._items)


def frozen(value: Any) -> Any:
    """Return a value with lists made tuples and mappings made `Frozen`, at every depth."""
    if isinstance(value, Mapping) and not isinstance(value, Frozen):
        return Frozen(value)
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    return value


class StudySpec:
    """Base of the frozen dataclasses that hold a study's constants: plain data alone, at every depth."""

    def __post_init__(self) -> None:
        """Freeze what was given, and refuse what is not plain data."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = frozen(getattr(self, field.name))
            _plain(value, f"{type(self).__name__}.{field.name}")
            object.__setattr__(self, field.name, value)

    def replace(self, **changes: Any) -> Self:
        """Return the specification with some fields changed.

        Parameters
        ----------
        **changes
            Fields by name, each of the kind it has now: a number for a number, a mapping for a mapping.

        Raises
        ------
        ImpossibleValueError
            If no field has the name, or the value is of another kind.
        """
        kind = type(self).__name__
        for name, value in changes.items():
            if name not in self.__dict__:
                raise ImpossibleValueError(
                    f"{kind} has no field {name!r}.",
                    where=kind,
                    remedy=f"Fields: {', '.join(self.__dict__)}.",
                )
            changes[name] = _same_kind(self.__dict__[name], frozen(value), f"{kind}.{name}")
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    def key(self) -> str:
        """Return the specification as canonical JSON: equal specifications, and only these, share it."""
        return json.dumps(_plain(self, type(self).__name__), ensure_ascii=True, separators=(",", ":"))


def _plain(value: Any, where: str) -> Any:
    """Return a value in the types of JSON; mappings as lists of pairs, since their order counts."""
    if isinstance(value, StudySpec):
        fields = {name: _plain(item, f"{where}.{name}") for name, item in value.__dict__.items()}
        return {"kind": type(value).__name__} | fields
    if isinstance(value, Mapping):
        return [[_plain(k, where), _plain(v, where)] for k, v in value.items()]
    if isinstance(value, tuple):
        return [_plain(item, where) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ImpossibleValueError(
        f"A {type(value).__name__} is not plain data.",
        where=where,
        remedy="Give numbers, texts, tuples, mappings or nested specifications.",
    )


def _same_kind(old: Any, new: Any, where: str) -> Any:
    """Return the new value, a whole number as a decimal where one is wanted; refuse another kind of value."""
    if isinstance(old, float) and type(new) is int:
        return float(new)
    if None not in (old, new) and not (
        isinstance(new, type(old)) and isinstance(new, bool) == isinstance(old, bool)
    ):
        raise ImpossibleValueError(
            f"A {type(new).__name__} stands where a {type(old).__name__} is wanted: {new!r}.", where=where
        )
    return new
