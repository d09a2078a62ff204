"""Prose whose figures come from results: `say` fills a sentence and shows it as Markdown."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Any

from .exhibits.values import number

MIME = "application/vnd.analysis.report+json"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>@$#^~|])")


@dataclass(frozen=True)
class Prose:
    """A paragraph, or several, of Markdown made by `say`."""

    markdown: str

    def __str__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        return {MIME: {"kind": "prose", "markdown": self.markdown}, "text/markdown": self.markdown}


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
    """
    names = {
        field.split(".")[0].split("[")[0] for _, field, _, _ in string.Formatter().parse(template) if field
    }
    if unused := sorted(set(values) - names):
        raise KeyError(f"given to say() but not in the text: {', '.join(unused)}")
    return Prose(_Formatter().vformat(template, (), values))


def listed(texts: Any) -> str:
    """Return texts joined as a sentence does: ``a, b and c``."""
    items = [str(text) for text in texts]
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else "none"


def escape(text: str) -> str:
    """Return text with the characters Markdown gives a meaning escaped."""
    return _SPECIAL.sub(r"\\\1", text)


class _Formatter(string.Formatter):
    def format_field(self, value, format_spec):
        if isinstance(value, Prose):
            return value.markdown
        if isinstance(value, str):
            return escape(value)
        if isinstance(value, (list, tuple)):
            return escape(listed(value))
        return number(value, format_spec)

    def get_value(self, key, args, kwargs):
        if not isinstance(key, str):
            raise KeyError("say() takes named values only: write {name}, not {}")
        return kwargs[key]
