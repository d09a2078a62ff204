"""No panel draws on a restricted file without a written basis, and the page that says so is current."""

from __future__ import annotations

import pytest

from analysis.panels import readme
from analysis.panels.catalog import panel_names
from analysis.panels.store import manifest_of
from analysis.paths import project_root
from analysis.sources.registry.redistribution import bases, restricted


@pytest.mark.parametrize("name", panel_names())
def test_every_restricted_input_has_a_written_basis(name):
    missing = set(restricted(list(manifest_of(name)["inputs"]))) - set(bases())
    assert not missing, f"{name}: write a line for {missing} in redistribution.csv"


def test_restricted_inputs_are_found():
    assert restricted(list(manifest_of("county_year")["inputs"])) == ["icpsr_county"]
    assert restricted(list(manifest_of("state_bans")["inputs"])) == []


def test_the_page_is_the_rendered_one():
    assert (project_root() / "data" / "README.md").read_text("utf-8") == readme.render()
