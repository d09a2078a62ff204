"""A real Chromium on the built site, opened from disk. Without browser or site the tests are skipped, and say so.

Where ANALYSIS_BROWSER_TESTS is "required" they fail instead.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from analysis.paths import project_root

AXE = project_root() / "site" / "node_modules" / "axe-core" / "axe.min.js"
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
)
#: Seconds a view may take on a busy machine.
PATIENCE = 90


def _skip(reason: str) -> None:
    if os.environ.get("ANALYSIS_BROWSER_TESTS") == "required":
        pytest.fail(f"browser tests are required here: {reason}")
    warnings.warn(f"BROWSER TESTS SKIPPED: {reason}", stacklevel=2)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def site() -> Path:
    """Return the built site: the folder ANALYSIS_SITE_DIR names, else build/site."""
    folder = Path(os.environ.get("ANALYSIS_SITE_DIR") or project_root() / "build" / "site")
    if not (folder / "explorer" / "index.html").is_file():
        _skip(f"no site in {folder}: run `make site`")
    return folder


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[Page]:
    """Return one browser for the session."""
    if find_spec("selenium") is None:
        _skip("selenium is not installed")
    selenium = pytest.importorskip("selenium.webdriver")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        _skip("no chromium and chromedriver here: install Debian's chromium and chromium-driver")
    downloads = tmp_path_factory.mktemp("downloads")
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for switch in SWITCHES:
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(downloads), "download.prompt_for_download": False}
    )
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    made.set_script_timeout(PATIENCE)
    yield Page(made, downloads)
    made.quit()


class Page:
    """What the tests do with the browser, in their own words."""

    def __init__(self, driver, downloads: Path):
        self.driver, self.downloads = driver, downloads

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Take the shape of a phone or a screen, and its colors."""
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a file from disk as a new page."""
        self.driver.get("about:blank")
        self.driver.get(path.resolve().as_uri() + fragment)
        self.wait(lambda: self.script("return document.readyState === 'complete'"))

    def view(self, site: Path, fragment: str = "#/") -> None:
        """Open a view of the explorer and wait until it stands."""
        self.open(site / "explorer" / "index.html", fragment)
        self.settled()

    def settled(self) -> None:
        """Wait until the explorer has drawn what the address asks for."""
        self.wait(
            lambda: self.script(
                "return document.documentElement.classList.contains('ready')"
                " && !document.querySelector('[aria-busy]') && !!document.querySelector('#view h2')"
            )
        )

    def script(self, text: str, *arguments):
        """Run a script in the page."""
        return self.driver.execute_script(text, *arguments)

    def all(self, selector: str) -> list:
        """Return the elements of a selector."""
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str):
        """Return the first element of a selector."""
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str = "main") -> str:
        """Return the text of an element."""
        return self.script("return document.querySelector(arguments[0]).innerText", selector)

    def button(self, name: str):
        """Return a button by its text."""
        return next(one for one in self.all("button") if one.text == name)

    def wait(self, holds: Callable[[], object], seconds: float = PATIENCE):
        """Wait until something holds, and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := holds():
                return found
            time.sleep(0.05)
        raise AssertionError("it did not come to hold in time")

    def downloaded(self, click, suffix: str) -> Path:
        """Click and return the file that arrives."""
        before = set(self.downloads.iterdir())
        self.script("arguments[0].click()", click)
        self.wait(lambda: [p for p in set(self.downloads.iterdir()) - before if p.suffix == suffix])
        return next(p for p in set(self.downloads.iterdir()) - before if p.suffix == suffix)

    def complaints(self) -> list[str]:
        """Return the warnings and errors of the console since last asked."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Return the addresses asked for since last asked."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def violations(self) -> list[str]:
        """Return what axe finds against the page, as ``rule: first element``."""
        if not AXE.is_file():
            _skip("axe-core is not installed: run npm ci in site/")
        self.script(AXE.read_text("utf-8"))
        result = self.driver.execute_async_script(
            "axe.run(document, {resultTypes: ['violations'], preload: false}).then(arguments[arguments.length - 1])"
        )
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]} ({one['nodes'][0]['target']})"
            for one in result["violations"]
        ]
