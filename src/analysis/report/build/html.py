"""All chapters as one HTML page that works offline: MathML, inline SVG, embedded type, no script."""

from __future__ import annotations

import base64
import html as html_module
import io
from pathlib import Path

from ...paths import reports_dir
from ..exhibits.style import font_files
from .convert import to_html

_FACES = (
    ("Source Sans Pro", "font_source_sans_pro", "-Regular", 400, "normal"),
    ("Source Sans Pro", "font_source_sans_pro", "-Semibold", 600, "normal"),
    ("Source Serif Pro", "font_source_serif_pro", "-Regular", 400, "normal"),
    ("Source Serif Pro", "font_source_serif_pro", "-It", 400, "italic"),
    ("Source Serif Pro", "font_source_serif_pro", "-Semibold", 600, "normal"),
)
_CHARACTERS = [
    *range(0x20, 0x17F),
    0x2212,
    *range(0x2010, 0x2027),
    0x2032,
    0x2264,
    0x2265,
    0xD7,
    0x221E,
    0x2020,
]


def page(text: str, *, title: str, subtitle: str, notice: str, directory: Path, bibliography: Path) -> str:
    """Return the page of a Markdown text of all chapters."""
    template = directory / "page.html"
    template.write_text(_filled_template(), "utf-8")
    options = ["--standalone", f"--template={template}", "--toc", "--toc-depth=2"]
    options += ["--syntax-highlighting=none"]
    for name, value in (("pagetitle", title), ("heading", title), ("subtitle", subtitle), ("notice", notice)):
        options += ["-V", f"{name}={html_module.escape(value)}"]
    return to_html(text, directory=directory, bibliography=bibliography, options=[*options, "-V", "lang=en"])


def _filled_template() -> str:
    place = reports_dir() / "template"
    css = (place / "page.css").read_text("utf-8").replace("$", "$$")
    return (place / "page.html").read_text("utf-8").replace("/* style */", _fonts_css() + css)


def _fonts_css() -> str:
    rules = []
    for family, package, face, weight, style in _FACES:
        for path in (p for p in font_files(package) if p.stem.endswith(face)):
            data = base64.b64encode(_subset(path)).decode()
            rules.append(
                f"@font-face{{font-family:'{family}';font-weight:{weight};font-style:{style};"
                f"src:url(data:font/woff;base64,{data}) format('woff')}}"
            )
    return "\n".join(rules) + "\n"


def _subset(path: Path) -> bytes:
    from fontTools import subset, ttLib

    options = subset.Options(flavor="woff", layout_features=["kern", "liga", "tnum", "lnum"], hinting=False)
    font = ttLib.TTFont(path, recalcTimestamp=False)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=_CHARACTERS)
    worker.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()
