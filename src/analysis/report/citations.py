"""Citations as a notebook can show them: names and years from the bibliography, with a link."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ..paths import reports_dir

_ENTRY = re.compile(r"@\w+\{(?P<key>[^,\s]+),(?P<body>.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r"^\s*(\w+)\s*=\s*[{\"](.*?)[}\"],?\s*$", re.MULTILINE | re.DOTALL)
_CITED = re.compile(r"@([\w:.-]+)")
_FLOATS = ("fig:", "tbl:", "sec:")


def cited(group: str) -> str:
    """Return the inside of one ``[...]`` with its keys replaced: ``(Wong 2017; Manning 2022, p. 4)``.

    A reference to a figure, table or section keeps its place; a key without an entry is shown as it is, for
    the report refuses it when it is typeset.
    """
    parts = [_CITED.sub(_one, part.strip()) for part in group.split(";")]
    return f"({'; '.join(parts)})"


def _one(found: re.Match[str]) -> str:
    key = found[1]
    if key.startswith(_FLOATS):
        return found[0]
    entry = entries().get(key)
    return entry or found[0]


def named(key: str) -> str:
    """Return what stands for ``@key`` in a sentence, empty for a key without an entry."""
    return entries().get(key, "")


@cache
def entries(path: Path | None = None) -> dict[str, str]:
    """Return "Names Year" by key, linked where the entry has a DOI or address."""
    source = path or reports_dir() / "references.bib"
    if not source.is_file():
        return {}
    found = {}
    for entry in _ENTRY.finditer(source.read_text("utf-8")):
        fields = {name.lower(): " ".join(text.split()) for name, text in _FIELD.findall(entry["body"])}
        found[entry["key"]] = _linked(f"{_names(fields)} {fields.get('year', 'n.d.')}", fields)
    return found


def _names(fields: dict[str, str]) -> str:
    people = [_family(one) for one in re.split(r"\s+and\s+", fields.get("author", fields.get("editor", "")))]
    plain = [one for one in people if one]
    if not plain:
        return re.sub(r"[{}\\]", "", fields.get("title", "Anonymous"))[:40]
    if len(plain) > 3:
        return f"{plain[0]} et al."
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} and {plain[-1]}"


def _family(name: str) -> str:
    whole = name.startswith("{") and name.endswith("}")
    text = re.sub(r"[{}\\]", "", name)
    return text if whole or " " not in text else (text.split(",")[0] if "," in text else text.split()[-1])


def _linked(text: str, fields: dict[str, str]) -> str:
    address = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url", "")
    return f"[{text}]({address})" if address else text
