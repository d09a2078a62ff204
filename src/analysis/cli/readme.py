"""Write the computed sentences and the figure of README.md anew from the studies."""

from __future__ import annotations

import argparse
from pathlib import Path

BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when the README is not current"
    )


def block() -> str:
    """Return the computed part of the README."""
    from ..report import stage
    from ..report.front import CAVEAT, sentences
    from ..studies.paper.readme import headline
    from ..studies.paper.stage import figures

    *found, tally = sentences(headline())
    found.append(stage.findings(figures()))
    return "\n\n".join([*(f"- {text.markdown}" for text in found), f"{tally.markdown} {CAVEAT}"])


def readme(text: str) -> str:
    """Return the README's text with its computed part made anew."""
    start, stop = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:start] + "\n\n" + block() + "\n\n" + text[stop:]


def run(options: argparse.Namespace) -> int:
    """Write or check the README."""
    from ..paths import project_root
    from ..placing import write_text
    from ..report.front import headline_figure
    from ..studies.paper.readme import forest_rows

    place = project_root() / "README.md"
    old = place.read_text("utf-8")
    new = readme(old)
    if options.check:
        return int(new != old)
    write_text(place, new)
    figure: Path = project_root() / "docs" / "figures" / "headline.svg"
    figure.parent.mkdir(parents=True, exist_ok=True)
    write_text(figure, headline_figure(forest_rows()).svg)
    print(f"{place}\n{figure}")
    return 0
