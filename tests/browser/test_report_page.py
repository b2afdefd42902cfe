"""The page of 200 databases, used by somebody without a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from .conftest import Browser

_CONTRAST = """
const bright = (value) =>
  value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const channel = (value) => bright(value / 255);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const colour = (text) => text.match(/[\\d.]+/g).map(Number);
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const found = colour(getComputedStyle(at).backgroundColor);
    if (found.length < 4 || found[3] > 0) return found;
  }
  throw new Error("nothing behind the text");
};
const worst = new Map();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  if (["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) continue;
  const pair = [light(colour(getComputedStyle(element).color)), light(ground(element))];
  const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  const key = element.tagName + "." + element.className;
  if (ratio < (worst.get(key) ?? 99)) worst.set(key, ratio);
}
return Object.fromEntries(worst);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_asks_nothing_of_the_network(
    browser: Browser, large: Path, scheme: str
) -> None:
    browser.complaints()
    browser.requests()
    browser.open(large, scheme)
    assert browser.requests() == [large.as_uri()]
    assert browser.complaints() == []
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(246, 246, 243)", "dark": "rgb(19, 22, 26)"}[scheme]
    ratios = browser.run(_CONTRAST)
    assert len(ratios) > 20
    assert {key: ratio for key, ratio in ratios.items() if ratio < 4.5} == {}  # WCAG 2.2 AA


def test_hostile_names_do_nothing(browser: Browser, large: Path) -> None:
    browser.open(large)
    assert len(browser.run("return Array.from(document.scripts)")) == 1
    assert browser.run("return document.images.length") == 0
    assert any("<script>alert(1)</script>" in text for text in browser.shown(".tile .title"))


def test_the_policy_is_in_force(browser: Browser, large: Path) -> None:
    browser.open(large)
    browser.run(
        "const script = document.createElement('script');"
        "script.textContent = 'window.caught = true'; document.body.append(script);"
        "const image = new Image(); image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='"
    )
    assert browser.run("return window.caught") is None
    assert len(browser.complaints()) == 2


def test_searching(browser: Browser, large: Path) -> None:
    browser.open(large)
    assert len(browser.shown(".tile")) == 205
    browser.press("/")
    assert browser.focus.get_attribute("id") == "find"
    browser.press(*"orders_03")
    titles = browser.shown(".tile .title")
    assert titles == ["orders_03"]
    rows = browser.shown("#access tbody tr")
    assert len(rows) == 3
    assert all("orders_03" in row for row in rows)
    assert browser.shown("#find-hint")[0].endswith(" found")
    browser.press(Keys.ESCAPE)
    assert len(browser.shown(".tile")) == 205
    assert browser.focus.get_attribute("value") == ""


def test_filtering(browser: Browser, large: Path) -> None:
    browser.open(large)
    everything = len(browser.shown("#access tbody tr"))
    browser.tab_to("#access-standing", most=120)
    browser.press("b", "e")  # "beyond the catalog", by its first letters
    beyond = browser.shown("#access tbody tr")
    assert 0 < len(beyond) < everything
    assert all("beyond the catalog" in row for row in beyond)
    assert browser.shown("#access-hint")[0].startswith(f"{len(beyond)} of ")
    browser.tab_to("#access-power")
    browser.press("own")
    assert len(browser.shown("#access tbody tr")) < len(beyond)
    browser.open(large)
    browser.tab_to("#map-state")
    browser.press("blocked")
    assert browser.shown(".tile .title") == ["analytics_03", "analytics_04"]
    assert len(browser.shown("#map h3")) == 1


def test_sorting(browser: Browser, large: Path) -> None:
    browser.open(large)
    heading = browser.tab_to("#access th:nth-child(2) button", most=120)
    assert heading.text == "Role"
    sort = "return document.querySelector('#access th:nth-child(2)').getAttribute('aria-sort')"
    assert browser.run(sort) is None
    for way, key in (("ascending", Keys.ENTER), ("descending", Keys.SPACE)):
        browser.press(key)
        assert browser.run(sort) == way
        roles = browser.shown("#access tbody td.who-cell")
        users = [role for role in roles if role.endswith("_user") and role.islower()]
        assert users == sorted(users, reverse=way == "descending")
        assert len(roles) > 380
    assert browser.run("return document.querySelectorAll('[aria-sort]').length") == 1


def test_the_map_is_one_stop_and_leads_to_the_table(browser: Browser, large: Path) -> None:
    browser.open(large)
    browser.tab_to(".tile")
    first = browser.shown(".tile .title")
    assert _title(browser) == first[0]
    browser.press(Keys.ARROW_RIGHT)
    assert _title(browser) == first[1]
    browser.press(Keys.END)
    assert _title(browser) == first[199]
    browser.press(Keys.HOME, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert _title(browser) == first[2]
    browser.press(Keys.ENTER)
    rows = browser.shown("#access tbody tr")
    assert len(rows) == 4  # its two roles, a thief and the platform's admin
    assert all(row.startswith(first[2]) for row in rows)
    assert browser.run("return document.activeElement.className") == "only"
    browser.press(Keys.ENTER)
    assert len(browser.shown("#access tbody tr")) > 380


def _title(browser: Browser) -> str:
    title = browser.run("return document.activeElement.querySelector('.title').innerText")
    return str(title)


def test_every_stop_has_a_name_and_none_is_a_trap(browser: Browser, large: Path) -> None:
    browser.open(large)
    browser.run("document.body.tabIndex = -1; document.body.focus()")
    names: list[str] = []
    for _ in range(150):
        browser.press(Keys.TAB)
        if browser.run("return document.activeElement === document.body"):
            break
        element = browser.focus
        names.append(element.accessible_name)
        assert names[-1].strip(), element.get_attribute("outerHTML")
        outline = element.value_of_css_property("outline-style")
        assert outline != "none", element.get_attribute("outerHTML")
    assert names[0] == "Skip to the findings"
    assert 40 < len(names) < 150


def test_on_paper(browser: Browser, large: Path) -> None:
    browser.open(large, "dark")
    made = browser.pdf()
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") > 10
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("return document.querySelectorAll('details:not([open])').length") == 0
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("return document.querySelectorAll('details:not([open])').length") > 0
    browser.send("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert browser.shown(".top") == browser.shown(".controls") == []
    assert browser.shown("#access thead button") == []
    assert {key for key, ratio in browser.run(_CONTRAST).items() if ratio < 4.5} == set()


def test_on_a_telephone_nothing_is_cut_off(browser: Browser, large: Path) -> None:
    browser.open(large)
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.send("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert browser.run("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.send("Emulation.clearDeviceMetricsOverride", {})


def test_without_javascript(browser: Browser, large: Path) -> None:
    browser.send("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(large)
        assert len(browser.shown(".tile")) == 205
        assert browser.shown(".controls") == browser.shown(".find") == []
        assert len(browser.shown("#access tbody tr")) == 585
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", {"value": False})
