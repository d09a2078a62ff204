"""The door of every public function: any data frame, a formula, and the words of other packages."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import pandas as pd

from ..errors import ColumnError, EstimationError
from .dates import DOCUMENTATION, pop_frequency

F = TypeVar("F", bound=Callable[..., Any])

#: Words of R's did, Stata's csdid and reghdfe, pyfixest and statsmodels, and ours.
WORDS = {
    "outcome": ("y", "Y", "yname", "yvar", "depvar", "dep_var", "dependent", "endog", "lhs"),
    "unit": ("i", "id", "idname", "ivar", "entity", "panel_id", "group"),
    "time": ("t", "tname", "tvar", "time_id", "period", "year"),
    "cohort": ("g", "gname", "gvar", "first_treat", "first_treated", "adopted", "cohort_name"),
    "treatment": ("d", "D", "Tr", "dname", "treat", "treated", "treat_var", "x"),
    "covariates": ("xformla", "xfml", "controls", "xvar", "exog", "covars", "X"),
    "effects": ("fe", "fixef", "absorb", "fixed_effects"),
    "cluster": ("clustervars", "clustervar", "cluster_var", "clustid", "vce", "vcov", "clusters", "cl"),
    "covariance": ("cov_type", "vcov_type", "se_type"),
    "weights": ("weightsname", "weight", "w"),
    "control": ("control_group", "notyet"),
    "method": ("est_method",),
    "correction": ("ssc", "small_sample"),
    "draws": ("biters", "reps", "n_boot", "nboot", "B", "n_bootstrap"),
    "seed": ("rseed", "random_state", "rng"),
    "level": ("alpha", "alp", "conf_level"),
    "window": ("horizons", "pre_window", "post_window", "event_window", "leads", "lags"),
    "panel": ("allow_unbalanced_panel", "unbalanced"),
    "neighbours": ("ratio", "M", "n_neighbors", "neighbors", "k"),
    "replace": ("replacement", "with_replacement"),
    "anticipation": ("anticip",),
    "base": ("base_period",),
}
_OURS = {word: ours for ours, words in WORDS.items() for word in words}


_FREQUENCY = {
    "frequency": inspect.Parameter(
        "frequency", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="str | None"
    )
}


def takes_frame(function: F, *, counts_periods: bool = True) -> F:
    """Decorate a public function of ``data``: pandas, polars, pyarrow and DuckDB frames are all taken.

    Columns are read through narwhals, and only those that the call names. A keyword that the function lacks
    is answered with the one it probably means; a function with ``outcome``, ``covariates`` and ``effects``
    also takes ``("y ~ x | unit + time", data)``, and one with ``time`` takes dates with a ``frequency``.
    """
    parameters = inspect.signature(function).parameters
    has_time = counts_periods and (
        "cohort" in parameters or _is_required(parameters.get("time", parameters["data"]), "time")
    )
    allowed = parameters | _FREQUENCY if has_time else parameters
    place = list(parameters).index("data")
    by_formula = {"outcome", "covariates", "effects"} <= set(parameters)

    @functools.wraps(function)
    def entered(*args: Any, **options: Any) -> Any:
        if by_formula and args and isinstance(args[0], str):
            args, options = _from_formula(function.__name__, args, options)
        _require_known(function.__name__, allowed, options, len(args) - place - 1)
        if len(args) > place:
            data = _as_frame(args[place], options)
        elif "data" in options:
            data = _as_frame(options.pop("data"), options)
        else:
            return function(*args, **options)
        data, options = pop_frequency(data, options, has_time)
        return function(*args[:place], data, *args[place + 1 :], **options)

    if has_time:
        _document(entered, function)
    return entered  # type: ignore[return-value]


def takes_labels(function: F) -> F:
    """Decorate a public function whose ``time`` only tells rows apart, so that any label of a period does."""
    return takes_frame(function, counts_periods=False)


def _is_required(parameter: inspect.Parameter, name: str) -> bool:
    return parameter.name == name and parameter.default is inspect.Parameter.empty


def _as_frame(data: Any, options: Mapping[str, Any]) -> pd.DataFrame:
    return data if isinstance(data, pd.DataFrame) else to_pandas(data, options)


def _document(entered: Any, function: Callable[..., Any]) -> None:
    """Add ``frequency``, which the door itself takes, to the signature and the documented parameters."""
    signature = inspect.signature(function)
    own = list(signature.parameters.values())
    at = next((i for i, p in enumerate(own) if p.kind is inspect.Parameter.VAR_KEYWORD), len(own))
    entered.__signature__ = signature.replace(parameters=[*own[:at], *_FREQUENCY.values(), *own[at:]])
    text = function.__doc__ or ""
    if "\n\n    Returns\n" in text:
        head, _, tail = text.partition("\n\n    Returns\n")
        entered.__doc__ = f"{head}\n    {DOCUMENTATION.rstrip()}\n\n    Returns\n{tail}"


def to_pandas(data: Any, options: Mapping[str, Any]) -> pd.DataFrame:
    """Return a pandas frame of the columns that the options name (of all, where an option is an object).

    Raises
    ------
    ColumnError
        The data is no frame that narwhals knows.
    """
    import narwhals as nw

    try:
        frame: Any = nw.from_native(data)
        known = frame.collect_schema().names()
    except (TypeError, AttributeError) as error:
        raise ColumnError(
            f"data must be a pandas, polars or pyarrow frame or a DuckDB relation, not {type(data).__name__}"
        ) from error
    named = list(_words(options.values()))
    if all(isinstance(name, str) for name in named):
        frame = frame.select([name for name in known if name in set(named)] or known)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect(backend="pandas")
    return pd.DataFrame(frame.to_pandas())


def _words(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _words([*value.keys(), *value.values()])
        elif isinstance(value, list | tuple):
            yield from _words(value)
        elif not isinstance(value, bool | int | float | type(None)):
            yield value


def _require_known(
    name: str, parameters: Mapping[str, inspect.Parameter], options: Mapping[str, Any], more: int
) -> None:
    kinds = {parameter.kind for parameter in parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return
    for option in options:
        if option not in parameters:
            ours = _OURS.get(option)
            near = [ours] if ours in parameters else get_close_matches(option, list(parameters), n=1)
            hint = f": did you mean {near[0]}=?" if near else f"; it takes {', '.join(parameters)}"
            raise TypeError(f"{name}() has no argument {option!r}{hint}")
    positional = sum(p.kind is not inspect.Parameter.KEYWORD_ONLY for p in parameters.values())
    if more >= positional:
        wanted = [key for key, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY][:4]
        raise TypeError(f"{name}() takes columns by keyword: {', '.join(f'{key}=' for key in wanted)} ...")


def _from_formula(
    name: str, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Translate ``("y ~ x1 + x2 | unit + time", data)`` to a frame and keywords."""
    formula, *rest = args
    if len(rest) != 1:
        raise TypeError(f"{name}(formula, data, ...) takes the data after the formula, all else by keyword")
    if clash := {"outcome", "covariates", "effects"} & set(options):
        raise EstimationError(f"the formula already says {sorted(clash)}: give one or the other")
    model, _, effects = formula.partition("|")
    if "|" in effects:
        raise EstimationError("instruments (a second '|') are not offered")
    data = rest[0] if isinstance(rest[0], pd.DataFrame) else to_pandas(rest[0], {"all": object()})
    outcome, columns = _evaluated(model, data, has_effects=bool(effects.strip()))
    absorbed = [
        tuple(part.strip().split("^")) for part in effects.split("+") if part.strip() not in ("", "0")
    ]
    named = {
        "outcome": str(outcome.name),
        "covariates": [str(column) for column in columns],
        "effects": [effect[0] if len(effect) == 1 else effect for effect in absorbed],
    }
    other = [column for column in data.columns if column not in {outcome.name, *columns.columns}]
    return (pd.concat([data[other], outcome, columns], axis=1),), named | options


def _evaluated(model: str, data: pd.DataFrame, *, has_effects: bool) -> tuple[pd.Series, pd.DataFrame]:
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        found: Any = model_matrix(model, data, na_action="ignore")
        outcome, columns = pd.DataFrame(found.lhs), pd.DataFrame(found.rhs)
    except (FormulaicError, AttributeError) as error:
        raise EstimationError(
            f"the formula {model.strip()!r} cannot be read on this data: {error}"
        ) from error
    if outcome.shape[1] != 1:
        raise EstimationError(f"the formula {model.strip()!r} needs one outcome left of ~")
    if not has_effects and "Intercept" not in columns:
        raise EstimationError("a regression without an intercept is not offered: leave out '- 1' or '+ 0'")
    return outcome.iloc[:, 0], columns.drop(columns="Intercept", errors="ignore")
