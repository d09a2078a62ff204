"""Configuration of the documentation, which `sanctuary site` builds from docs/ and generated pages."""

from __future__ import annotations

import os
import re
from importlib.metadata import version as version_of

from sphinx.ext import autosummary

_whole_summary = autosummary.extract_summary


def _without_citations(document: list[str], node: object) -> str:
    """Return the first sentence of a docstring without its citations, which stand on the page it leads to."""
    return re.sub(r"\s*\[[\w-]+\]_", "", _whole_summary(document, node))


autosummary.extract_summary = _without_citations

project = "sanctuary-crime"
author = "The sanctuary-crime project"
copyright = "2026, the sanctuary-crime project (MIT license)"
version = release = version_of("sanctuary-crime")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
# The first is what pages of the reference are written in.
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
exclude_patterns = [
    "_templates",
    "gallery_source",
    "gallery/*.ipynb",
    "gallery/*.zip",
    "gallery/*.json",
    "gallery/*.py",
    "gallery/*.md5",
    "sg_execution_times.rst",
    "gallery/sg_execution_times.rst",
]
templates_path = [os.path.join(os.path.dirname(__file__), "_templates")]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# Frames are shown as text: a table without a heading in its corner fails a check of accessibility.
nb_mime_priority_overrides = [("html", "text/plain", 0)]
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

autosummary_generate = True
autodoc_typehints = "none"
autodoc_default_options = {"members": False}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = "code"

sphinx_gallery_conf = {
    "examples_dirs": ["gallery_source"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": "plot_",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "show_memory": False,
    "min_reported_time": 10_000,
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "image_srcset": [],
    "matplotlib_animations": False,
}

#: Pages that lead to no others give their column to the text.
html_sidebars = {name: [] for name in ("index", "get_started", "coming_from", "glossary", "changelog")}
html_theme = "pydata_sphinx_theme"
html_title = "sanctuary-crime"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None
html_context = {"default_mode": "auto"}
html_baseurl = os.environ.get("ANALYSIS_SITE_URL", "") and os.environ["ANALYSIS_SITE_URL"] + "docs/"
html_favicon = "_static/icon.svg"
mathjax_path = "mathjax.js"
mathjax3_config = {"options": {"enableMenu": False}}
html_theme_options = {
    "logo": {"text": "sanctuary-crime"},
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "external_links": [],
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "navigation_with_keys": False,
}
