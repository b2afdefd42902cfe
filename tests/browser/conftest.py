"""A headless Chromium."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from pgtenant.report.html import page
from unit.report.pages import of

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # as root there is none
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--window-size=1400,1000",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser, and what it has been asked to show."""

    driver: webdriver.Chrome

    def open(self, path: Path, scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", {"media": "", "features": features})
        self.driver.get(path.as_uri())

    def send(self, command: str, parameters: dict[str, Any]) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    @property
    def focus(self) -> WebElement:
        return self.driver.switch_to.active_element

    def tab_to(self, selector: str, most: int = 60) -> WebElement:
        """Press Tab until the focus is there."""
        for _ in range(most):
            if self.run("return document.activeElement.matches(arguments[0])", selector):
                return self.focus
            self.press(Keys.TAB)
        raise AssertionError(f"{selector} is not reached by {most} Tabs")

    def shown(self, selector: str) -> list[str]:
        """The text of what is there and visible."""
        found = self.run(
            "return Array.from(document.querySelectorAll(arguments[0]))"
            ".filter((element) => element.checkVisibility())"
            ".map((element) => element.innerText)",
            selector,
        )
        return [str(text) for text in found]

    def pdf(self) -> bytes:
        made = self.send("Page.printToPDF", {"preferCSSPageSize": True})
        return base64.b64decode(made["data"])

    def complaints(self) -> list[str]:
        """What the console has said since it was last asked: errors, and refusals of the policy."""
        return [str(entry["message"]) for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since it was last asked."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, kind: str) -> Any:
        return self.driver.get_log(kind)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of the process."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an instance of 200 databases with some of everything."""
    path = tmp_path_factory.mktemp("pages") / "large.html"
    path.write_text(page(of(200, wounded=True)), "utf-8")
    return path
