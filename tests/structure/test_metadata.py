"""Version, license and title are the same in every file that states them."""

from __future__ import annotations

import json
import re
import tomllib

from analysis.paths import project_root


def test_the_metadata_agree():
    root = project_root()
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (root / "CITATION.cff").read_text("utf-8")
    zenodo = json.loads((root / ".zenodo.json").read_text("utf-8"))
    codemeta = json.loads((root / "codemeta.json").read_text("utf-8"))
    stated = set(re.findall(r"^\s*version: (\S+)$", citation, flags=re.MULTILINE))
    assert {project["version"], zenodo["version"], codemeta["version"], *stated} == {project["version"]}
    assert zenodo["license"] == project["license"] == codemeta["license"].rsplit("/", 1)[1]
    assert codemeta["description"] == project["description"]
    assert f'title: "{zenodo["title"]}"' in citation
    released = set(re.findall(r"^\s*date-released: (\S+)$", citation, flags=re.MULTILINE))
    assert released == {codemeta["datePublished"]}
