"""What every result can do: a line, a text, a table in four formats, a file that gives it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from ..errors import EstimationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TYPST_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\#*_`$<>@[]~"})


class Reported:
    """Base of results: a subclass has ``tidy()``, one row for each estimate, and ``glance()``, one row."""

    __slots__ = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row for each estimate."""
        raise NotImplementedError

    def glance(self) -> pd.DataFrame:
        """Return one row about the result as a whole."""
        raise NotImplementedError

    def __repr__(self) -> str:
        row = self.glance().iloc[0]
        said = ", ".join(f"{name}={_short(value)}" for name, value in row.items() if _is_known(value))
        return f"{type(self).__name__}({said})"

    def summary(self) -> str:
        """Return the result as text: the one-line description and the rows of `tidy`."""
        return f"{self!r}\n\n{self.tidy().to_string(index=False, float_format='{:.4g}'.format)}"

    def to_markdown(self, digits: int = 4) -> str:
        """Return the rows of `tidy` as a Markdown table with `digits` significant digits."""
        return str(self.tidy().to_markdown(index=False, floatfmt=f".{digits}g"))

    def to_latex(self, digits: int = 4) -> str:
        """Return the rows of `tidy` as a LaTeX table (package ``booktabs``) with `digits` digits."""
        from tabulate import tabulate

        table = self.tidy()
        return str(
            tabulate(
                table.to_numpy(dtype=object),
                [str(name) for name in table.columns],
                tablefmt="latex_booktabs",
                floatfmt=f".{digits}g",
            )
        )

    def to_html(self, digits: int = 4) -> str:
        """Return the rows of `tidy` as an HTML table with `digits` significant digits."""
        return str(self.tidy().to_html(index=False, border=0, float_format=f"{{:.{digits}g}}".format))

    def to_typst(self, digits: int = 4) -> str:
        """Return the rows of `tidy` as a Typst table with `digits` significant digits."""
        table = self.tidy()
        rows = [list(table.columns), *table.itertuples(index=False)]
        lines = [", ".join(f"[{_typst(value, digits)}]" for value in row) for row in rows]
        return (
            f"#table(columns: {len(table.columns)}, table.header({lines[0]}),\n  "
            + ",\n  ".join([*lines[1:], ""]).rstrip()
            + "\n)"
        )

    def save(self, path: str | Path) -> None:
        """Write the result to a file that `load` reads: arrays and JSON, nothing that runs.

        Functions inside a result (tests that it can still run) are not written; a warning names them.
        """
        from .saved import write

        write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the result that `save` wrote, equal to the bit.

        Raises
        ------
        EstimationError
            The file holds something else.
        """
        from .saved import read

        found = read(Path(path))
        if not isinstance(found, cls):
            raise EstimationError(f"{path} holds a {type(found).__name__}, not a {cls.__name__}")
        return found


def plot_rows(table: pd.DataFrame, label: str, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw ``estimate`` with ``conf_low`` to ``conf_high`` against `label`, one color for each value of `by`.

    Parameters
    ----------
    table : pandas.DataFrame
    label : str
        Numbers go along the horizontal axis, texts down the vertical one.
    by : str, optional
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when omitted.
    """
    from matplotlib import pyplot

    ax = pyplot.subplots()[1] if ax is None else ax
    groups = [("", table)] if by is None else list(table.groupby(by, sort=False))
    across = pd.api.types.is_numeric_dtype(table[label])
    places = {value: place for place, value in enumerate(dict.fromkeys(table[label]))}
    for shift, (name, rows) in enumerate(groups):
        place = rows[label] if across else rows[label].map(places)
        at = place.to_numpy(dtype=float) + (shift - (len(groups) - 1) / 2) * 0.6 / max(len(groups), 1)
        estimate = rows["estimate"].to_numpy(dtype=float)
        half = [estimate - rows["conf_low"], rows["conf_high"] - estimate]
        ends: dict[str, Any] = {
            "yerr" if across else "xerr": half,
            "fmt": "o",
            "markersize": 4,
            "label": str(name),
        }
        ax.errorbar(*((at, estimate) if across else (estimate, at)), **ends)
    (ax.axhline if across else ax.axvline)(0, color="0.6", linewidth=0.8, zorder=0)
    _label_axes(ax, label, across, places)
    if by is not None:
        ax.legend(title=by, frameon=False, fontsize="small")
    return ax


def new_axes(ax: Axes | None, **labels: str) -> Axes:
    """Return `ax`, or the axes of a new figure, with its labels set."""
    from matplotlib import pyplot

    ax = pyplot.subplots()[1] if ax is None else ax
    ax.set(**labels)
    return ax


def _label_axes(ax: Axes, label: str, across: bool, places: dict[Any, int]) -> None:
    if across:
        ax.set(xlabel=label.replace("_", " "), ylabel="estimate")
        return
    ax.set_yticks(list(places.values()), [str(value) for value in places])
    ax.set(xlabel="estimate", ylim=(len(places) - 0.5, -0.5))


def _is_known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and value != value)


def _short(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    return f"{value:,.0f}" if isinstance(value, float | int) and abs(value) != float("inf") else str(value)


def _typst(value: Any, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value).translate(_TYPST_MARKS)
