"""Prose whose figures come from results: `say` fills a sentence and shows it as Markdown."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .exhibits.values import number

MIME = "application/vnd.analysis.report+json"
_GROUP = re.compile(r"\[((?:[^\[\]@]*@[\w:.-]+[^\[\]@]*)+)\](?!\()")
_BARE = re.compile(r"(?<![\w\\@/.])@(?!fig:|tbl:|sec:)([\w:-]+)")
_SECTION = re.compile(r"(?<![\w\\])@sec:(\w+)")
_FLOAT = re.compile(r"(?<![\w\\])@(fig|tbl):([\w-]+)")
_FLOATS = {"fig": "figure", "tbl": "table"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>@$#^~|])")


@dataclass(frozen=True)
class Prose:
    """A paragraph, or several, of Markdown made by `say`."""

    markdown: str

    def __str__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return resolved(self.markdown)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: {"kind": "prose", "markdown": self.markdown}, "text/markdown": resolved(self.markdown)}


def say(template: str, /, **values: Any) -> Prose:
    """Fill a Markdown template with figures taken from results.

    Parameters
    ----------
    template : str
        Markdown with ``{name}`` or ``{name:,.1f}`` where a value goes. Citations are ``[@key]``,
        references ``@fig:label`` and ``@tbl:label``.
    **values : object
        What the names stand for. Numbers take the specifications of `analysis.report.exhibits.values.number`;
        texts are escaped; a list of texts is joined with commas and "and".

    Returns
    -------
    Prose
        Shown as Markdown when it ends a notebook cell.

    Raises
    ------
    KeyError
        If the template names a value that was not given, or a value given is not used.

    Examples
    --------
    >>> say("Of {n:count} cities, {share:.0%} adopted.", n=1200, share=0.25).markdown
    'Of 1,200 cities, 25% adopted.'
    """
    names = {
        field.split(".")[0].split("[")[0] for _, field, _, _ in string.Formatter().parse(template) if field
    }
    if unused := sorted(set(values) - names):
        raise KeyError(f"given to say() but not in the text: {', '.join(unused)}")
    return Prose(_Formatter().vformat(template, (), values))


def listed(texts: Any) -> str:
    """Return texts joined as a sentence does: ``a, b and c``.

    Parameters
    ----------
    texts : iterable of object
        In order; "none" when there are none.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["homicide", "robbery", "burglary"])
    'homicide, robbery and burglary'
    """
    items = [str(text) for text in texts]
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else "none"


def escape(text: str) -> str:
    """Return text with the characters Markdown gives a meaning escaped.

    Parameters
    ----------
    text : str
        Any text, such as the name of a place.

    Returns
    -------
    str

    Examples
    --------
    >>> escape("ori*year")
    'ori\\\\*year'
    """
    return _SPECIAL.sub(r"\\\1", text)


def resolved(markdown: str) -> str:
    """Return Markdown for a notebook, which knows no references: citations by name, labels in words.

    ``[@wong2017]`` becomes (Wong 2017) with a link, ``@tbl:left`` becomes "table *left*", ``@sec:05`` becomes
    "notebook 05". The report makes its own references from the text as it stands, so what a notebook shows
    and what is typeset differ in this alone.
    """
    from .citations import cited, named

    text = _GROUP.sub(lambda found: cited(found[1]), markdown)
    text = _BARE.sub(lambda found: named(found[1]) or found[0], text)
    text = _SECTION.sub(r"notebook \1", text)
    return _FLOAT.sub(lambda found: f"{_FLOATS[found[1]]} *{found[2]}*", text)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Prose):
            return value.markdown
        if isinstance(value, str):
            return escape(value)
        if isinstance(value, (list, tuple)):
            return escape(listed(value))
        return number(value, format_spec)

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if not isinstance(key, str):
            raise KeyError("say() takes named values only: write {name}, not {}")
        return kwargs[key]
