"""The declaration of a panel: its name, its model, the panels it needs, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa

if TYPE_CHECKING:
    from .materials import Materials


@dataclass(frozen=True)
class Built:
    """One panel ready to be written.

    Attributes
    ----------
    frame : pandas.DataFrame
        Panel, valid under its model.
    inputs : iterable of str
        Registered raw paths, and names of panels, it was built from.
    dropped : mapping of str to int
        Source rows that did not enter, by reason.
    counts : mapping of str to int
        Further counts for the manifest, such as rows by the method that matched them.
    """

    frame: pd.DataFrame
    inputs: Iterable[str]
    dropped: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """A panel as declared.

    Attributes
    ----------
    name : str
        Name of the file.
    model : type of pandera.DataFrameModel
        Made by `analysis.panels.columns.panel_model`; its keys are the panel's.
    build : callable
        Gets the run's `Materials`, returns `Built`. It asks them for what it needs and nothing else is read.
    needs : tuple of str
        Panels whose frames it takes from ``materials.built``: they are built before it.
    """

    name: str
    model: type[pa.DataFrameModel]
    build: Callable[[Materials], Built]
    needs: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """Columns that identify a row."""
        return list(self.model.to_schema().unique or [])


def in_order(panels: Mapping[str, Panel], wanted: Iterable[str]) -> list[str]:
    """Return the wanted panels and all they need, each after what it needs; otherwise as declared.

    Raises
    ------
    graphlib.CycleError
        If panels need each other in a circle.
    KeyError
        If one needs a panel that is not declared.
    """
    graph: dict[str, tuple[str, ...]] = {}
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in graph:
            graph[name] = panels[name].needs
            left += panels[name].needs
    place = {name: number for number, name in enumerate(panels)}
    sorter, order = TopologicalSorter(graph), []
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        order += ready
        sorter.done(*ready)
    return order
