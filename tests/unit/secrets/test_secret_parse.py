from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.errors import ExitCode, SecretError
from pgtenant.secrets import Credentials, Secret, parse

PASSWORD = "sentinel-Pa55word"
NAME = "goldenpath/dev/keycloak/postgres"
GOOD: dict[str, Any] = {
    "username": "keycloak_user",
    "password": PASSWORD,
    "host": "db.example.com",
    "port": 5432,
    "dbname": "keycloak",
    "engine": "postgres",
    "connection_uri": f"postgresql://keycloak_user:{PASSWORD}@db.example.com/keycloak",
}


def read(changes: dict[str, Any] | None = None, *without: str) -> Credentials:
    document = {k: v for k, v in (GOOD | (changes or {})).items() if k not in without}
    return parse(NAME, json.dumps(document), expected_username="keycloak_user")


def refused(text: str, expected_username: str | None = "keycloak_user") -> SecretError:
    """Return the error, after a look at everything that is reachable from it."""
    with pytest.raises(SecretError) as caught:
        parse(NAME, text, expected_username=expected_username)
    error = caught.value
    # Frames of this test hold the text as well, so only exceptions are looked at.
    shown = "".join(traceback.format_exception(error)) + repr(error) + error.message + error.hint
    assert PASSWORD not in shown
    assert "entinel" not in shown
    assert error.__cause__ is None
    assert error.__context__ is None  # not even suppressed: JSONDecodeError holds the text
    assert NAME in error.message
    assert "\n" not in error.message
    assert error.hint
    assert error.exit_code is ExitCode.FAILED
    return error


def test_a_good_secret() -> None:
    found = read()
    assert dataclasses.replace(found, password=Secret("")) == Credentials(
        name=NAME,
        username="keycloak_user",
        password=Secret(""),
        host="db.example.com",
        port=5432,
        dbname="keycloak",
    )
    assert found.password.reveal() == PASSWORD
    assert PASSWORD not in repr(found) + str(found)


@pytest.mark.parametrize("port", [5432, "5432", 1, "65535"])
def test_ports(port: int | str) -> None:
    assert read({"port": port}).port == int(port)


@pytest.mark.parametrize(
    "port",
    [0, 65536, -1, True, None, 5432.0, "", "0", " 5432", "5432\n", "\u0665", "1e3", [], "65536"],
)
def test_no_ports(port: object) -> None:
    assert "field 'port' is not a port" in refused(json.dumps(GOOD | {"port": port})).message


def test_the_database_may_be_called_either_way() -> None:
    assert read({"database": "other"}, "dbname").dbname == "other"
    assert read({"database": "keycloak"}).dbname == "keycloak"
    assert "'dbname' is not the same as" in refused(json.dumps(GOOD | {"database": "x"})).message


def test_any_user_may_be_expected() -> None:
    assert parse(NAME, json.dumps(GOOD), expected_username=None).username == "keycloak_user"


@pytest.mark.parametrize("field", ["username", "password", "host", "port", "dbname"])
def test_every_field_is_needed(field: str) -> None:
    document = {k: v for k, v in GOOD.items() if k != field}
    assert f"field '{field}' is missing" in refused(json.dumps(document)).message


@pytest.mark.parametrize("field", ["username", "password", "host", "dbname"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is empty"),
        (None, "is null, not text"),
        (17, "is a number, not text"),
        (True, "is true or false, not text"),
        ([PASSWORD], "is a list, not text"),
        ({"x": PASSWORD}, "is an object, not text"),
        (PASSWORD + "\0", "holds a NUL"),
        (PASSWORD + "\ud800", "is not valid Unicode"),
        (PASSWORD + "\n", "ends in a line break"),
        (PASSWORD + " \r\n", "ends in a line break"),
        (PASSWORD + "\t", "begins or ends with white space"),
        (" " + PASSWORD, "begins or ends with white space"),
        ("\u00a0" + PASSWORD, "begins or ends with white space"),
    ],
)
def test_bad_fields(field: str, value: object, problem: str) -> None:
    # Without an expected user, so that it is the field itself which is refused.
    error = refused(json.dumps(GOOD | {field: value}), expected_username=None)
    assert f"field '{field}' {problem}" in error.message


@pytest.mark.parametrize("host", ["a,b", "a b", "a\nb", "a\tb"])
def test_bad_hosts(host: str) -> None:
    assert "field 'host'" in refused(json.dumps(GOOD | {"host": host})).message


def test_a_password_in_the_wrong_field_is_not_shown() -> None:
    error = refused(json.dumps(GOOD | {"username": PASSWORD}))
    assert error.message.endswith("field 'username' is not 'keycloak_user'")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        (PASSWORD, "is not JSON"),
        (json.dumps(GOOD)[:-1], "is not JSON"),
        (json.dumps(GOOD) + PASSWORD, "is not JSON"),
        ("\ufeff" + json.dumps(GOOD), "starts with a byte order mark"),
        ("\ufeff", "starts with a byte order mark"),
        (json.dumps(GOOD).encode("utf-16-le").decode(), "is not JSON"),
        (json.dumps(GOOD) * 2, "is not JSON"),
        (json.dumps(GOOD).replace('"', "'"), "is not JSON"),
        (json.dumps(GOOD)[:-1] + ",}", "is not JSON"),
        (json.dumps(GOOD | {"x": "x" * 2**20}), "larger than 64 KiB"),
        ("x" * 2**20, "larger than 64 KiB"),
        (json.dumps([GOOD]), "is not a JSON object"),
        (json.dumps(json.dumps(GOOD)), "is not a JSON object"),
        ("NaN", "is not a JSON object"),
        ("1e999", "is not a JSON object"),
        (f'"{PASSWORD}"', "is not a JSON object"),
        (f'["{PASSWORD}"]', "is not a JSON object"),
        ("null", "is not a JSON object"),
        ("[" * 60_000, "is not JSON"),
        ("9" * 60_000, "is not JSON"),
        (json.dumps(GOOD | {"x": "é" * 40_000}, ensure_ascii=False), "larger than 64 KiB"),
        (json.dumps(GOOD | {"x": "x" * 70_000}), "larger than 64 KiB"),
        (json.dumps(GOOD | {"x": "x"}) + "\ud800", "is not JSON"),
    ],
)
def test_what_is_no_secret_at_all(text: str, problem: str) -> None:
    assert problem in refused(text).message


@pytest.mark.parametrize("port", ["NaN", "Infinity", "-Infinity", "1e999", "5432.0", "5.432e3"])
def test_ports_that_are_no_whole_numbers(port: str) -> None:
    text = json.dumps(GOOD).replace("5432", port)
    assert "field 'port' is not a port" in refused(text).message


@pytest.mark.parametrize("value", [{"x": [PASSWORD]}, [[PASSWORD]], [{}], {}, [None]])
@pytest.mark.parametrize("field", ["username", "password", "host", "port", "dbname"])
def test_nested_values(field: str, value: object) -> None:
    error = refused(json.dumps(GOOD | {field: value}), expected_username=None)
    assert f"field '{field}'" in error.message


@pytest.mark.parametrize("field", ["username", "password", "host", "port", "dbname", "database"])
@pytest.mark.parametrize("second", [PASSWORD, None, {}])
def test_a_field_that_is_there_twice(field: str, second: object) -> None:
    both = GOOD | {"database": GOOD["dbname"]}
    text = json.dumps(both)[:-1] + f", {json.dumps(field)}: {json.dumps(second)}}}"
    assert refused(text).message.endswith(f"field '{field}' is there twice")


def test_what_else_a_secret_holds_is_left_alone() -> None:
    odd = '"x": NaN, "x": {"username": 1, "username": 2}, "\\u0000": 1e999, "y": [[[]]]'
    assert parse(NAME, json.dumps(GOOD)[:-1] + f", {odd}}}", expected_username=None).port == 5432


def test_a_secret_cut_anywhere() -> None:
    whole = json.dumps(GOOD | {"password": PASSWORD + "\u00e9\U0001f600"})
    for length in range(len(whole)):
        refused(whole[:length])
        if length:
            refused(whole[length:])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.text() | JSON.map(json.dumps))
def test_arbitrary_text_is_refused_with_a_secret_error(text: str) -> None:
    with pytest.raises(SecretError):
        parse(NAME, text, expected_username=None)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "database"], JSON)))
def test_arbitrary_fields_are_refused_with_a_secret_error_or_make_sense(
    fields: dict[str, Any],
) -> None:
    try:
        found = parse(NAME, json.dumps(GOOD | fields), expected_username=None)
    except SecretError:
        return
    assert found.username
    assert found.password.reveal()
    assert 1 <= found.port <= 65_535
    "".join((found.username, found.password.reveal(), found.host, found.dbname)).encode()


def test_a_password_may_have_spaces_inside() -> None:
    assert read({"password": "correct  horse\tbattery"}).password.reveal().count(" ") == 2


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
        lambda text: text == text.strip()
    )
)
def test_any_other_password_is_kept_as_it_is(password: str) -> None:
    assert read({"password": password}).password.reveal() == password


def test_a_secret_shows_nothing() -> None:
    secret = Secret(PASSWORD)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret:>40}",
        "%s" % secret,  # noqa: UP031
        repr([secret]),
        repr({"x": secret}),
    ]
    assert PASSWORD not in "".join(shown)
    assert f"{Secret('a'):>40}" == str(Secret("b" * 30)) == f"{secret}"


def test_a_secret_goes_nowhere() -> None:
    secret = Secret(PASSWORD)
    for use in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash):
        with pytest.raises(TypeError) as caught:
            use(secret)
        assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(TypeError):
        dataclasses.asdict(read())
    assert not hasattr(secret, "__dict__")


def test_secrets_are_compared_with_secrets_only() -> None:
    assert Secret(PASSWORD) == Secret(PASSWORD)
    assert Secret(PASSWORD) != Secret("other")
    assert Secret("pässword") == Secret("pässword")
    assert Secret(PASSWORD) != PASSWORD
    assert read() == read()
