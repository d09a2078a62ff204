"""The explorer as a person uses it: look up, choose, move, download, go back, share."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest

from analysis.panels import load
from analysis.studies.multiverse import study as multiverse
from analysis.studies.places import county_paths
from analysis.studies.staggered_counties.sample import PANELS, county_sample
from analysis.studies.staggered_counties.spec import SPEC

pytestmark = pytest.mark.browser
SAN_FRANCISCO, COOK = "CA0380100", "17031"
VIEWS = (
    "#/",
    f"#/city/{SAN_FRANCISCO}",
    f"#/county/{COOK}",
    "#/map",
    "#/detainers",
    "#/specifications",
    "#/forest",
    "#/power",
)


@pytest.fixture(scope="module")
def city_year() -> pd.DataFrame:
    return load("city_year")


def test_a_place_is_found_by_typing_and_enter(site, chromium):
    chromium.size(1280)
    chromium.view(site)
    field = chromium.one("#lookup")
    field.send_keys("san franc ca")
    chromium.wait(lambda: chromium.all(".results a"))
    assert chromium.one(".results a").text == "San Francisco, CA"
    field.send_keys("\ue007")
    chromium.wait(lambda: "San Francisco, California" in chromium.text("#view"))
    assert chromium.script("return location.hash") == f"#/city/{SAN_FRANCISCO}"


def test_a_place_that_does_not_exist_is_said_not_to_exist(site, chromium):
    chromium.view(site, "#/city/XX0000000")
    assert "There is no city with the code XX0000000" in chromium.text("#view")
    chromium.one("#lookup").send_keys("no such place whatever")
    chromium.wait(lambda: "No place of that name" in chromium.text(".lookup"))


@pytest.mark.parametrize("ori", [SAN_FRANCISCO, "NY0303000", "ILCPD0000", "AK0010100"])
@pytest.mark.parametrize("offense", ["robbery", "violent", "violent_without_rape", "property"])
def test_the_csv_of_a_city_is_the_panel_to_the_last_digit(site, chromium, city_year, ori, offense):
    chromium.size(1280)
    chromium.view(site, f"#/city/{ori}?offense={offense}")
    path = chromium.downloaded(chromium.button("CSV"), ".csv")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    panel = city_year[city_year["ori"].eq(ori)].sort_values("year")
    assert [int(row["year"]) for row in rows] == panel["year"].tolist()
    compared = 0
    for row, truth in zip(rows, panel.to_dict("records"), strict=True):
        for name in row.keys() & truth.keys():
            given = truth[name]
            if pd.isna(given):
                assert row[name] == "", (row["year"], name)
            else:
                assert float(row[name]) == float(given), (row["year"], name)
            compared += 1
    assert f"{offense}_per_100k" in rows[0] and compared > 14 * len(rows)


def test_every_city_of_a_state_holds_the_panel(site, chromium, city_year):
    chromium.view(site, "#/city/VT0040100")
    codes = sorted(city_year.loc[city_year["state"].eq("VT"), "ori"].unique())[:12]
    columns = ["year", "population", "homicide", "larceny", "property", "violent"]
    for ori in codes:
        chromium.script("location.hash = arguments[0]", f"#/city/{ori}?offense=property")
        chromium.wait(lambda ori=ori: ori in chromium.text("#view .facts"))
        rows = chromium.script("return SC.view.rows")
        panel = city_year[city_year["ori"].eq(ori)].sort_values("year")
        shown = [[row.get(name) for name in columns] for row in rows]
        truth = [
            [None if pd.isna(v) else int(v) for v in row] for row in panel[columns].itertuples(index=False)
        ]
        assert shown == truth, ori
        rates = [row.get("property_per_100k") for row in rows]
        assert rates == [None if pd.isna(v) else v for v in panel["property_per_100k"]], ori


def test_the_json_of_a_county_is_the_panel(site, chromium):
    chromium.view(site, f"#/county/{COOK}?offense=robbery")
    rows = json.loads(chromium.downloaded(chromium.button("JSON"), ".json").read_text("utf-8"))
    panel = load("county_year").query("fips == @COOK").sort_values("year")
    names = {"robbery": "robbery_imputed", "property": "property_imputed", "population": "population_covered"}
    names |= {"violent_kaplan_per_100k": "violent_kaplan_per_100k", "coverage": "coverage"}
    for name, column in names.items():
        shown = [row.get(name) for row in rows]
        assert shown == [None if pd.isna(v) else v for v in panel[column]], name


def test_stable_addresses_hold_the_panel(site, city_year):
    path = site / "data" / "city" / f"{SAN_FRANCISCO}.csv"
    given = pd.read_csv(path)
    panel = city_year[city_year["ori"].eq(SAN_FRANCISCO)].reset_index(drop=True)
    assert len(given) == len(panel)
    for name in ("robbery", "robbery_per_100k", "property_per_100k"):
        assert given[name].tolist() == panel[name].tolist()
    document = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert len(document["rows"]) == len(panel) and document["policies"]


def test_a_county_that_adopted_is_drawn_beside_what_its_study_expects(site, chromium):
    frame = county_sample({name: load(name) for name in PANELS}, spec=SPEC).frame
    paths = county_paths(frame)
    fips = str(paths["fips"].iloc[0])
    own = paths[paths["fips"].eq(fips)]
    chromium.size(1280)
    chromium.view(site, f"#/county/{fips}?offense=property")
    shown = chromium.script("return SC.get('compared').paths[arguments[0]]", fips)
    assert shown["year"] == own["year"].tolist() and shown["property"] == own["property"].tolist()
    assert "the rate expected of the county" in chromium.text("#view")
    never = str(frame.loc[frame["cohort"].eq(0), "fips"].iloc[0])
    chromium.view(site, f"#/county/{never}")
    assert "is not among its adopters" in chromium.text("#view")


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "#/"])
def test_every_view_links_numbers_at_addresses_that_stay(site, chromium, view):
    chromium.view(site, view)
    links = chromium.script(
        "return [...document.querySelectorAll('.stable a')].map((a) => a.getAttribute('href'))"
    )
    kinds = {link.rsplit(".", 1)[1] for link in links}
    assert kinds & {"csv", "zip"} and (kinds & {"json", "zip"})
    for link in links:
        path = (site / "explorer" / link).resolve()
        assert path.is_file() and path.stat().st_size > 100, link
        if path.suffix == ".json":
            assert json.loads(path.read_text("utf-8"))
    assert chromium.text(".cite") and "<iframe" in chromium.script(
        "return document.querySelector('.cite code').textContent"
    )


def test_the_comparison_is_the_study_s_own(site, chromium):
    chromium.size(1280)
    pairs = chromium
    chromium.view(site, "#/city/CT0009300")
    roles = chromium.text("#view")
    assert "Urban Affairs Review, rebuilt" in roles
    note = pairs.text("#view .note") if pairs.all("#view .note") else ""
    assert "matched with" in roles or "expected of the city" in roles or "No study here compares" in note


def test_ticks_move_the_estimate_and_the_address(site, chromium):
    chromium.size(1280)
    chromium.view(site, "#/specifications")
    frame = multiverse.admitted(multiverse.results())
    own = frame[frame["outcome"].eq("violent_without_rape")]
    status = chromium.text(".answer")
    assert status.startswith(
        f"{len(own):,} specifications: median {own['percent'].median():+.1f}%".replace("-", "−")
    )
    tick = chromium.one("#f-treatment-0")
    chromium.script("arguments[0].click()", tick)
    left = own[own["treatment"].ne("status_inquiry")]
    chromium.wait(lambda: chromium.text(".answer").startswith(f"{len(left):,} specifications"))
    assert "treatment-a" in chromium.script("return location.hash")
    rows = chromium.script("return SC.view.rows.map((row) => [row.spec, row.percent])")
    assert dict(map(tuple, rows)) == dict(zip(left["spec"], left["percent"], strict=True))


def test_the_headline_alone_is_the_headline(site, chromium):
    chromium.view(site, "#/specifications")
    chromium.script("arguments[0].click()", chromium.button("The headline alone"))
    chromium.wait(lambda: chromium.text(".answer").startswith(("One specification", "No admitted")))
    assert chromium.text(".answer").startswith("One specification")


def test_the_slider_of_the_map_counts_what_is_in_force(site, chromium):
    chromium.size(1280)
    chromium.view(site, "#/map?what=detainers&year=2012")
    policies = load("policies").query("definition == 'detainers'")

    def expected(year: int) -> str:
        ended = policies["ended_year"].le(year).fillna(False).astype(bool)
        counts = policies[policies["adopted_year"].le(year) & ~ended]["kind"].value_counts()
        return f"{counts.get('county', 0)} county"

    chromium.wait(lambda: expected(2012) in chromium.text("#view"))
    slider = chromium.one("#year")
    slider.send_keys("\ue014\ue014\ue014")
    chromium.wait(lambda: expected(2015) in chromium.text("#view"))
    assert "year=2015" in chromium.script("return location.hash")


@pytest.mark.parametrize("width", [390, 1280])
def test_every_estimate_is_named_in_full(site, chromium, width):
    chromium.size(width)
    chromium.view(site, "#/forest")
    names = chromium.script("return SC.view.rows.map((row) => row.name)")
    drawn = "return [...document.querySelectorAll('.drawing svg text')].map((one) => one.textContent)"

    def missing() -> set[str]:
        # A name in two lines is two pieces of text with nothing between them.
        return {name.replace(" ", "") for name in names} - {
            text.replace(" ", "") for text in chromium.script(drawn)
        }

    assert names and chromium.wait(lambda: not missing(), 10)


def test_the_list_of_views_says_where_one_is(site, chromium):
    for address, name in ((f"#/city/{SAN_FRANCISCO}", "Places"), ("#/map", "Map")):
        chromium.view(site, address)
        assert [one.text for one in chromium.all("nav.views [aria-current]")] == [name]


def test_power_follows_the_slider(site, chromium):
    chromium.view(site, "#/power?effect=0.1")
    assert "10.0%" in chromium.text("#view")
    chromium.one("#effect").send_keys("\ue014")
    chromium.wait(lambda: "10.5%" in chromium.text("#view"))


def test_back_leads_to_the_view_before(site, chromium):
    chromium.view(site, f"#/city/{SAN_FRANCISCO}")
    chromium.script("location.hash = '#/forest'")
    chromium.wait(lambda: "Estimates side by side" in chromium.text("#view"))
    chromium.driver.back()
    chromium.wait(lambda: "San Francisco, California" in chromium.text("#view"))


def test_a_link_opens_the_very_view(site, chromium):
    chromium.view(site, f"#/city/{SAN_FRANCISCO}?offense=burglary&unit=count")
    assert chromium.script("return document.getElementById('s-offense').value") == "burglary"
    assert chromium.script("return document.getElementById('s-unit').value") == "count"
    chromium.view(site, f"#/city/{SAN_FRANCISCO}?embed=1")
    assert not chromium.one(".top").is_displayed() and chromium.one("#view h2").is_displayed()


def test_the_keyboard_alone_is_enough(site, chromium):
    chromium.size(1280)
    chromium.view(site)
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys):
        ActionChains(chromium.driver).send_keys(*keys).perform()

    press(Keys.TAB)
    assert chromium.script("return document.activeElement.className") == "skip"
    for _ in range(20):
        press(Keys.TAB)
        if chromium.script("return document.activeElement.id") == "lookup":
            break
    press("oakland")
    chromium.wait(lambda: chromium.all(".results a"))
    press(Keys.TAB)
    assert chromium.script("return document.activeElement.textContent").startswith("Oakland")
    press(Keys.ENTER)
    chromium.wait(lambda: "Oakland, California" in chromium.text("#view"))
    assert chromium.script("return document.activeElement.tagName") == "H2"


def test_a_picture_can_be_taken(site, chromium):
    chromium.view(site, f"#/city/{SAN_FRANCISCO}")
    path = chromium.downloaded(chromium.button("Picture"), ".png")
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 20_000


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_every_view_is_clean(site, chromium, view, width, dark):
    chromium.size(width, dark=dark)
    chromium.complaints(), chromium.requests()
    chromium.view(site, view)
    chromium.wait(
        lambda: chromium.script(
            "return [...document.querySelectorAll('.drawing')].every((b) => b.querySelector('svg'))"
        )
    )
    assert chromium.script("return document.documentElement.scrollWidth") <= width
    assert chromium.violations() == []
    drawings = chromium.all(".drawing")
    if drawings:
        from selenium.webdriver.common.action_chains import ActionChains

        chromium.script("arguments[0].scrollIntoView({block: 'center'})", drawings[0])
        ActionChains(chromium.driver).move_to_element(drawings[0]).perform()
        assert chromium.violations() == [], "after the pointer"
    assert chromium.complaints() == []
    outside = [u for u in chromium.requests() if not u.startswith(("file:", "data:", "blob:", "about:"))]
    assert outside == []
