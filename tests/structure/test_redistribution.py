"""No panel draws on a restricted file without a written basis, and the page that says so is current."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.panels import basis, readme
from analysis.panels.basis import restricted_families
from analysis.panels.catalog import panel_names
from analysis.panels.store import manifest_of, write_panel
from analysis.panels.sums import read_sums
from analysis.paths import processed_dir, project_root
from analysis.sources.registry.files import raw_files, sha256_of
from analysis.sources.registry.redistribution import bases, restricted


@pytest.mark.parametrize("name", panel_names())
def test_every_restricted_input_has_a_written_basis_in_the_manifest(name):
    manifest = manifest_of(name)
    needed = restricted_families(manifest["inputs"], processed_dir())
    told = {family: bases()[family].sentence for family in needed if family in bases()}
    assert set(told) == set(needed), (
        f"{name}: write a line for {set(needed) - set(told)} in redistribution.csv"
    )
    assert manifest.get("basis", {}) == told, "run analysis.panels.basis.write_bases()"


def test_panels_that_rest_on_restricted_files_through_others_say_so_too():
    families = {name: set(manifest_of(name).get("basis", {})) for name in panel_names()}
    assert families["county_year"] == {"icpsr_county"} and families["places"] >= {"crosswalk"}
    assert families["policies"] >= {"dated_policies", "crosswalk", "opportunity_insights"}
    assert families["state_year"] == set()


def test_a_panel_of_a_restricted_file_without_a_basis_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(basis, "bases", dict)
    path = next(path for path, file in raw_files().items() if file.family == "icpsr_county")
    frame = pd.DataFrame({"fips": ["01001"]})
    with pytest.raises(AnalysisError, match="without a written basis: icpsr_county"):
        write_panel("invented", frame, keys=["fips"], inputs=[path], dropped={}, directory=tmp_path)
    assert not list(tmp_path.glob("*.parquet"))


def test_a_changed_line_reaches_the_manifest_and_its_digest(tmp_path):
    path = next(path for path, file in raw_files().items() if file.family == "icpsr_county")
    write_panel(
        "invented",
        pd.DataFrame({"fips": ["01001"]}),
        keys=["fips"],
        inputs=[path],
        dropped={},
        directory=tmp_path,
    )
    place = tmp_path / "invented.manifest.json"
    good = place.read_text("utf-8")
    place.write_text(good.replace("facts to be judged", "permission"), "utf-8")
    assert basis.write_bases(tmp_path) == [place] and place.read_text("utf-8") == good
    assert read_sums(tmp_path)[place.name] == sha256_of(place) and basis.write_bases(tmp_path) == []


def test_restricted_inputs_are_found():
    assert restricted(list(manifest_of("county_year")["inputs"])) == ["icpsr_county"]
    assert restricted(list(manifest_of("state_bans")["inputs"])) == []


def test_the_page_is_the_rendered_one():
    assert (project_root() / "data" / "README.md").read_text("utf-8") == readme.render()
