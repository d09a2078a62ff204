"""data/raw/README.md says what the registry says, of every file."""

from __future__ import annotations

import pytest

from analysis.errors import LayoutError
from analysis.sources.registry.files import families, raw_files
from analysis.sources.registry.readme import (
    ACCESS,
    check_family,
    how_to_get,
    readme_path,
    render_readme,
    write_readme,
)


def test_the_committed_page_is_current():
    assert readme_path().read_text("utf-8") == render_readme(), (
        "run analysis.sources.registry.readme.write_readme()"
    )


def test_every_file_is_listed_with_size_and_digest():
    page = render_readme()
    assert raw_files() and all(
        f"| `{f.path}` | {f.bytes:,} | `{f.sha256}` |" in page for f in raw_files().values()
    )


def test_every_family_has_what_a_reader_needs():
    assert {file.family for file in raw_files().values()} == set(families())
    for name, family in families().items():
        check_family(name, family)
        assert f"## {name}\n" in render_readme() and how_to_get(family).startswith(ACCESS[family["access"]])
    assert families()["icpsr_county"]["may_redistribute"] is False


@pytest.mark.parametrize("change", [{"access": "free"}, {"may_redistribute": "yes"}, {"title": None}])
def test_an_incomplete_family_is_refused(change):
    family = {k: v for k, v in (families()["nchs"] | change).items() if v is not None}
    with pytest.raises(LayoutError, match="Family nchs"):
        check_family("nchs", family)


def test_writing_gives_the_same_page(tmp_path):
    assert write_readme(tmp_path / "new" / "README.md").read_text("utf-8") == render_readme()
