"""Front page, paper, data and documentation in the browser; links, requests and weights of the whole folder."""

from __future__ import annotations

import pytest

from analysis.report.site import checks

pytestmark = pytest.mark.browser
#: First view of the explorer: page, script, style, and what the start loads.
FIRST = ("index.html", "explorer.js", "explorer.css", "data/index.js")
PAGES = (
    "index.html",
    "data/index.html",
    "paper/index.html",
    "paper/05_staggered_cities.html",
    "docs/index.html",
    "docs/get_started.html",
    "docs/reference/panel_city_year.html",
    "docs/reference/api/analysis.estimators.group_time.html",
    "docs/reference/api/analysis.estimators.stacked.html",
    "docs/gallery/plot_event_study.html",
    "docs/coming_from.html",
)


def test_nothing_is_asked_of_another_host(site):
    assert list(checks.outside_requests(site)) == []


def test_every_link_leads_somewhere(site):
    assert checks.broken_links(site) == []


def test_the_explorer_is_light(site):
    place = site / "explorer"
    assert checks.weight((place / name for name in FIRST), compressed=True) < 1_000_000
    assert checks.weight(path for path in place.rglob("*") if path.is_file()) < 10_000_000


def test_the_first_page_of_the_paper_is_light(site):
    files = [site / "paper" / name for name in ("index.html", "page.css", "page.js")]
    assert checks.weight(iter(files)) < 1_000_000


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_every_kind_of_page_is_clean(site, chromium, page, width, dark):
    chromium.size(width, dark=dark)
    chromium.complaints(), chromium.requests()
    chromium.open(site / page)
    assert chromium.script("return document.documentElement.scrollWidth") <= width
    assert chromium.violations() == []
    assert chromium.complaints() == []
    outside = [u for u in chromium.requests() if not u.startswith(("file:", "data:", "blob:", "about:"))]
    assert outside == []


def test_contents_are_folded_on_a_phone_and_open_on_a_screen(site, chromium):
    chromium.size(390)
    chromium.open(site / "paper" / "index.html")
    title = chromium.one(".report-title")
    assert title.location["y"] + title.size["height"] < 900
    assert not chromium.one(".contents nav").is_displayed()
    chromium.size(1280)
    chromium.open(site / "paper" / "index.html")
    assert chromium.one(".contents nav").is_displayed()


def test_the_paper_can_be_searched(site, chromium):
    chromium.size(1280)
    chromium.open(site / "paper" / "index.html")
    chromium.one("#search").send_keys("equivalence")
    chromium.wait(lambda: chromium.all("#found a"))
    link = chromium.one("#found a").get_attribute("href")
    assert ".html#" in link


def test_figures_keep_their_size_on_a_phone(site, chromium):
    chromium.size(390)
    chromium.open(site / "paper" / "index.html")
    sizes = chromium.script(
        "return [...document.querySelectorAll('.drawing svg')].map((s) => s.getBoundingClientRect().width / s.viewBox.baseVal.width)"
    )
    assert sizes and min(sizes) > 1.2, "letters of 8 points come out smaller than 9 pixels"
    assert chromium.script("return document.documentElement.scrollWidth") <= 390


def test_a_table_wider_than_a_phone_says_that_it_scrolls(site, chromium):
    chromium.size(390)
    chromium.open(site / "paper" / "02_urban_affairs_review.html")
    said = chromium.script(
        "return [...document.querySelectorAll('.table-float')].map((t) => "
        "[t.scrollWidth > t.clientWidth + 1, !t.nextElementSibling.hidden])"
    )
    assert any(wide for wide, _ in said)
    assert all(wide == hint for wide, hint in said)


def test_code_is_folded_and_opens(site, chromium):
    chromium.size(1280)
    chromium.open(site / "paper" / "02_urban_affairs_review.html")
    folded = chromium.all("details.report-code, .report-code details, details")
    assert folded and not any(
        one.get_attribute("open") for one in folded if one.get_attribute("class") != "contents"
    )


def test_the_reference_says_what_functions_take(site):
    pages = sorted((site / "docs" / "reference" / "api").glob("analysis.estimators.*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text("utf-8")
        assert 'class="sig' in text and ".. currentmodule" not in text, page.name
    assert "Parameters" in (site / "docs/reference/api/analysis.estimators.group_time.html").read_text(
        "utf-8"
    )


def test_formulas_are_set_without_another_host(site, chromium):
    chromium.open(site / "docs/reference/api/analysis.estimators.stacked.html")
    formulas = "return document.querySelectorAll('mjx-container svg').length"
    assert chromium.wait(lambda: chromium.script(formulas)) == len(chromium.all(".math"))


def test_nothing_but_the_site_is_in_its_folder(site):
    names = {path.name for path in site.iterdir()}
    assert names == {"index.html", "front.css", "card.png", "paper", "figures", "explorer", "data", "docs"}


def test_the_brief_has_two_pages_in_both_sizes(site):
    pypdf = pytest.importorskip("pypdf")
    for name, width in (("brief-a4.pdf", 595), ("brief-letter.pdf", 612)):
        pages = pypdf.PdfReader(site / "paper" / name).pages
        assert len(pages) == 2 and round(float(pages[0].mediabox.width)) == width


def test_every_exhibit_offers_its_files(site, chromium):
    chromium.open(site / "paper" / "index.html")
    tools = chromium.script(
        "return [...document.querySelectorAll('figure, .table-float')].map((box) => "
        "(box.tagName === 'FIGURE' ? box : box.parentElement).querySelectorAll('.exhibit-tools a').length)"
    )
    assert tools and min(tools) >= 2


def test_the_front_page_says_the_answer_with_its_interval(site, chromium):
    chromium.open(site / "index.html")
    answer = chromium.text(".sentence")
    assert "95% interval" in answer and "%" in answer
    assert chromium.script("return document.querySelector('meta[property=\"og:image\"]').content").endswith(
        "card.png"
    )
    assert (site / "card.png").read_bytes().startswith(b"\x89PNG")
    assert chromium.all("#cannot") and chromium.all("#avoid")
