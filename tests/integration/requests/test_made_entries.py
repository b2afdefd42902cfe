"""An entry that another one makes is nobody's request."""

from __future__ import annotations

import pytest

from support.requests import CATALOG, Requests

WITH_RUNTIME = """application_databases = {
  qualisys = {
    database_name = "qualisys_master"
    username      = "app_user"
    tenancy       = { runtime_role = true }
  }
}
"""
MADE = "key: is made by tenancy.runtime_role of qualisys; ask for a change of that one"


@pytest.fixture
def given(requests: Requests) -> Requests:
    requests.write(CATALOG.format("dev"), WITH_RUNTIME)
    return requests


def test_it_is_in_no_list(given: Requests) -> None:
    told = given.run("list", "-e", "dev", "--format", "json")
    assert told.code == 0, told.output
    assert "qualisys" in told.out
    assert "qualisys_runtime" not in told.out


def test_it_can_neither_be_asked_for_nor_changed(given: Requests) -> None:
    before = given.files()
    for done in (
        given.add(key="qualisys_runtime", database_name="another_db", username="another_user"),
        given.run("change", "-e", "dev", "qualisys_runtime", "--risk", "high"),
    ):
        assert done.code == 64
        assert MADE in done.err
    assert given.files() == before


def test_its_names_are_taken(given: Requests) -> None:
    done = given.add(key="another", database_name="another_db", username="app_user_runtime")
    assert done.code == 64
    assert (
        'makes the login "app_user_runtime", which is already used by entry "another"' in done.err
    )
