"""Every figure as SVG, PNG and CSV and every table as CSV, under names that stay, for readers to reuse."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..exhibits.figures import Figure
from ..exhibits.style import font_files
from ..exhibits.tables import Table
from .notebooks import Chapter

#: Pixels per inch of the PNG: figures of 6.5 inches are 1,950 pixels wide.
PIXELS_PER_INCH = 300
_PAGE = """#set page(width: auto, height: auto, margin: 6pt, fill: white)
#image("{file}")
"""


def exhibit_name(kind: str, chapter: str, label: str) -> str:
    """Return the file stem of an exhibit: ``fig-00-answers`` for ``answers`` of notebook ``00_paper``."""
    return f"{kind}-{chapter.split('_')[0]}-{label}"


def exhibits_of(chapters: Sequence[Chapter]) -> Iterator[tuple[str, Figure | Table]]:
    """Yield the file stem and the exhibit of every figure and table, in order."""
    for chapter in chapters:
        for block in chapter.blocks:
            if isinstance(block, Figure):
                yield exhibit_name("fig", chapter.name, block.label), block
            elif isinstance(block, Table):
                yield exhibit_name("tbl", chapter.name, block.label), block


def exhibit_names(chapters: Sequence[Chapter]) -> set[str]:
    """Return the names that `exhibit_files` gives its files, without making them."""
    names = set()
    for name, exhibit in exhibits_of(chapters):
        drawn = (
            ("svg", "png", *(("csv",) if exhibit.data else ())) if isinstance(exhibit, Figure) else ("csv",)
        )
        names |= {f"{name}.{kind}" for kind in drawn}
    return names


def exhibit_files(chapters: Sequence[Chapter], work: Path) -> dict[str, bytes]:
    """Return the bytes of every exhibit's files, by file name.

    Parameters
    ----------
    chapters : sequence of Chapter
        Executed notebooks.
    work : pathlib.Path
        A directory for what is in between; `pdf.prepare` need not have run.
    """
    (work / "fonts").mkdir(exist_ok=True)
    for path in font_files("font_source_sans_pro"):
        (work / "fonts" / path.name).write_bytes(path.read_bytes())
    made: dict[str, bytes] = {}
    for name, exhibit in exhibits_of(chapters):
        if isinstance(exhibit, Figure):
            made[f"{name}.svg"] = exhibit.svg.encode()
            made[f"{name}.png"] = png_of(exhibit.svg, work)
            if exhibit.data:
                made[f"{name}.csv"] = exhibit.data.encode()
        else:
            made[f"{name}.csv"] = table_csv(exhibit).encode()
    return made


def png_of(svg: str, work: Path) -> bytes:
    """Return a drawing as PNG on white, the same bytes on every run."""
    import typst

    (work / "exhibit.svg").write_text(svg, "utf-8")
    source = work / "exhibit.typ"
    source.write_text(_PAGE.format(file="exhibit.svg"), "utf-8")
    return typst.compile(
        source,
        root=work,
        format="png",
        ppi=PIXELS_PER_INCH,
        font_paths=[work / "fonts"],
        ignore_system_fonts=True,
    )


def table_csv(table: Table) -> str:
    """Return a table as CSV, cells as printed; a group's heading is the first column of its rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    grouped = bool(table.groups)
    writer.writerow((["group"] if grouped else []) + table.columns)
    group = ""
    for number, row in enumerate(table.rows):
        group = table.groups.get(number, group)
        writer.writerow(([group] if grouped else []) + row)
    return buffer.getvalue()
