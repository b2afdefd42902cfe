"""The form in Backstage, rendered by the library that renders it there, filled in like a person."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from pgtenant.platform.layout import layout
from pgtenant.platform.options import check_options
from pgtenant.requests.backstage import PATH
from support import node

from .conftest import Browser

_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>PostgreSQL database</title>
<style>
  body {{ font: 15px sans-serif; max-width: 44rem; margin: 2rem auto }}
  input, select {{ display: block; font: inherit; width: 24rem }}
  .error-detail {{ color: #a00 }}
  th {{ text-align: left; padding-right: 2rem }}
</style>
<div id="root"></div>
<script>window.template = {template};</script>
<script src="form.js"></script>
</html>
"""
TYPED = {
    "database_name": "inventory_service",
    "username": "inventory_user",
    "owner": "app-team",
    "requester": "daniel-deans",
    "domain": "application",
}
CHOSEN = {"environment": "dev", "risk": "medium"}


@pytest.fixture(scope="session")
def form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with the template that `pgtenant init` lays out."""
    packages = node.packages(node.FORM)
    place = tmp_path_factory.mktemp("form")
    script = node.beside(packages, node.FORM / "page.js")
    esbuild = [str(packages / "node_modules" / ".bin" / "esbuild"), str(script), "--bundle"]
    options = ["--minify", '--define:process.env.NODE_ENV="production"', "--log-level=warning"]
    subprocess.run([*esbuild, *options, f"--outfile={place / 'form.js'}"], check=True)
    [file] = [one for one in layout(check_options({})) if str(one.path) == PATH]
    template = json.dumps(yaml.safe_load(file.content)).replace("<", "\\u003c")
    page = place / "form.html"
    page.write_text(_PAGE.format(template=template))
    return page


def test_the_documents_example_is_filled_in_reviewed_and_sent(browser: Browser, form: Path) -> None:
    browser.complaints()
    browser.requests()
    browser.open(form)
    labels = ["Database name", "Username", "Owner", "Requester", "Environment", "Domain", "Risk"]
    assert browser.shown("label") == [*(f"{one}*" for one in labels), "Initial schema"]
    assert _options(browser, "environment") == ["dev", "test", "staging", "prod"]
    assert _options(browser, "risk") == ["none", "low", "medium", "high", "access"]
    assert _value(browser, "initial_schema") == "none"
    _fill(browser)
    _press(browser, "Next")
    assert browser.shown("legend") == ["Advanced"]
    assert browser.shown("label") == ["Size"]
    assert _value(browser, "size") == "small"
    _press(browser, "Review")
    reviewed = dict(zip(browser.shown("#review th"), browser.shown("#review td"), strict=True))
    assert reviewed == TYPED | CHOSEN | {"initial_schema": "none", "size": "small"}
    assert browser.run("return window.sent ?? null") is None
    browser.driver.find_element("id", "create").click()
    assert browser.run("return window.sent") == reviewed
    assert browser.complaints() == []
    assert {request.partition(":")[0] for request in browser.requests()} == {"file"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("database_name", "Inventory", "must be 3 to 63 lower-case letters, digits and underscore"),
        ("database_name", "pg_inventory", "is reserved"),
        ("database_name", "", "must have required property 'Database name'"),
        ("username", "x" * 32, "must be 3 to 31 lower-case letters, digits and underscores"),
        ("owner", "app team", "must be the name of a team, such as app-team"),
        ("requester", "daniel\u200bdeans", "must not contain invisible characters"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_sent(
    browser: Browser, form: Path, field: str, value: str, message: str
) -> None:
    browser.open(form)
    _fill(browser, **{field: value})
    _press(browser, "Next")
    assert browser.shown("legend") == ["The database"]
    [error] = browser.shown(f"#root_{field}__error li")
    assert error.startswith(message)
    assert len(browser.shown(".error-detail li")) == 1
    assert browser.run("return window.sent ?? null") is None
    # Mended, it goes on.
    _type(browser, field, TYPED[field])
    _press(browser, "Next")
    assert browser.shown("legend") == ["Advanced"]


def _fill(browser: Browser, **changed: str) -> None:
    for field, value in (TYPED | changed).items():
        _type(browser, field, value)
    for field, value in CHOSEN.items():
        Select(browser.driver.find_element("id", f"root_{field}")).select_by_visible_text(value)


def _type(browser: Browser, field: str, value: str) -> None:
    element = browser.driver.find_element("id", f"root_{field}")
    element.send_keys(Keys.CONTROL, "a")
    element.send_keys(Keys.DELETE, value)


def _press(browser: Browser, name: str) -> None:
    browser.driver.find_element("xpath", f"//button[text()='{name}']").click()


def _options(browser: Browser, field: str) -> list[str]:
    options = Select(browser.driver.find_element("id", f"root_{field}")).options
    return [option.text for option in options if option.text]


def _value(browser: Browser, field: str) -> str:
    select = Select(browser.driver.find_element("id", f"root_{field}"))
    return select.first_selected_option.text
