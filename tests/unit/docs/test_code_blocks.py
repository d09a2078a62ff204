"""Every block of Python in the documentation and the README runs as printed, page by page."""

from __future__ import annotations

import re
import runpy

import matplotlib as mpl
import pytest

from analysis.paths import project_root

ROOT = project_root()
BLOCK = re.compile(
    r"^```(?:python|\{code-cell\}[^\n]*|\{code-block\} python)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
#: Pages whose blocks name a file that a reader must bring.
NEED_A_FILE = {"docs/return_a.md"}
PAGES = sorted(path for path in [*ROOT.joinpath("docs").rglob("*.md"), ROOT / "README.md"])
WITH_CODE = [path for path in PAGES if BLOCK.search(path.read_text("utf-8"))]


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_in_order(path):
    if str(path.relative_to(ROOT)) in NEED_A_FILE:
        pytest.skip("its block reads a file that the reader brings")
    names: dict = {}
    for number, block in enumerate(BLOCK.findall(path.read_text("utf-8"))):
        exec(compile(block, f"{path.name}, block {number}", "exec"), names)


def test_the_readme_has_five_lines_that_run():
    (block,) = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert len([line for line in block.splitlines() if line.strip()]) <= 5


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "gallery_source").glob("plot_*.py")), ids=lambda p: p.stem
)
def test_a_script_of_the_gallery_draws(path):
    mpl.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    runpy.run_path(str(path))
    assert plt.get_fignums(), "no figure"
    plt.close("all")
