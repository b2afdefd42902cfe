"""A secret's new text: the password everywhere it was, and nothing else touched."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pgtenant.errors import SecretError
from pgtenant.rotation.document import renewed
from pgtenant.rotation.logins import other_login
from pgtenant.rotation.passwords import ALPHABET, LENGTH, new_password
from pgtenant.rotation.stages import MOST_BYTES
from support.random_worlds import examples

OLD = "fake-'old'-%/?:\\@pass word"
NEW = "fakeNew0123456789"
PLAIN = {
    "engine": "postgres",
    "username": "shop_user",
    "password": OLD,
    "host": "db.internal",
    "port": 5432,
    "dbname": "shop",
}


def rotated(fields: dict[str, Any], *, new: str = NEW, **other: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        renewed("shop/postgres", json.dumps(fields), new, **other)
    )
    return document


def test_only_the_password_changes_and_fields_keep_their_order() -> None:
    fields = PLAIN | {"note": "kept", "tags": ["a", {"b": None}], "ratio": 1.5, "on": True}
    after = rotated(fields)
    assert after == fields | {"password": NEW}
    assert list(after) == list(fields)


@pytest.mark.parametrize(
    "field",
    [
        {"connection_uri": f"postgresql://shop_user:{quote(OLD, safe='')}@db.internal:5432/shop"},
        {"jdbc": f"jdbc:postgresql://db/shop?user=shop_user&password={quote_plus(OLD)}&ssl=true"},
        {"dsn": r"host=db user=shop_user password='fake-\'old\'-%/?:\\@pass word' dbname=shop"},
        {"POSTGRES_PASSWORD": OLD},
        {"deep": {"list": ["x", {"password": OLD}]}},
        {"pgpass": f"db:5432:shop:shop_user:{OLD}"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_every_field_that_holds_it(field: dict[str, Any]) -> None:
    after = rotated(PLAIN | field)
    text = json.dumps(after)
    assert NEW in json.dumps({name: after[name] for name in field})
    for written in (OLD, quote(OLD, safe=""), quote_plus(OLD), r"fake-\'old"):
        assert json.dumps(written)[1:-1] not in text


def test_a_uri_still_leads_to_the_same_place() -> None:
    before = f"postgresql://shop_user:{quote(OLD, safe='')}@db.internal:5432/shop?sslmode=require"
    after = rotated(PLAIN | {"connection_uri": before})["connection_uri"]
    assert conninfo_to_dict(after) == conninfo_to_dict(before) | {"password": NEW}


@pytest.mark.parametrize("password", ["postgres", "shop_user", "shop", "5432", "p"])
def test_a_password_that_reads_like_something_else(password: str) -> None:
    uri = f"postgresql://shop_user:{password}@db.internal:5432/shop?application_name=postgres"
    fields = PLAIN | {"password": password, "connection_uri": uri, "database": "shop"}
    after = rotated(fields)
    assert after == fields | {
        "password": NEW,
        "connection_uri": uri.replace(f":{password}@", f":{NEW}@"),
    }


def test_the_other_login_comes_with_its_name() -> None:
    fields = PLAIN | {
        "connection_uri": f"postgresql://shop_user:{quote(OLD, safe='')}@db.internal/shop_user",
        "jdbc": f"jdbc:postgresql://db/shop?user=shop_user&password={quote(OLD, safe='')}",
    }
    after = rotated(fields, username="shop_user_b")
    assert after["username"] == "shop_user_b"
    assert after["connection_uri"] == f"postgresql://shop_user_b:{NEW}@db.internal/shop_user"
    assert after["jdbc"] == f"jdbc:postgresql://db/shop?user=shop_user_b&password={NEW}"
    back = rotated(after, new=OLD.replace(" ", ""), username="shop_user")
    assert back["username"] == "shop_user"
    assert urlsplit(back["connection_uri"]).username == "shop_user"


PW = "fakeOld-12345"


@pytest.mark.parametrize("old", [PW, "short", "db.internal"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pgpass", "db.internal:5432:shop:{user}:{password}"),
        ("pgpass2", "a:1:x:{user}:{password}\nb:2:x:{user}:{password}\n"),
        ("ado", "Host=db.internal;Username={user};Password={password}"),
        ("odd", "User Id={user};Password={password};"),
        ("yaml", "spring:\n  datasource:\n    username: {user}\n    password: {password}\n"),
        ("quoted", "DB_USER=\"{user}\"\nDB_PASSWORD='{password}'\n"),
        ("json", '{{"username": "{user}", "password": "{password}"}}'),
        ("ruby", "{{'login': '{user}', 'pwd': '{password}'}}"),
        ("list", '[{{"db": {{"user": "{user}", "pass": "{password}"}}}}, 1]'),
        ("uri", "postgresql://{user}:{password}@db.internal/shop_user"),
    ],
    ids=lambda one: one if one.isalnum() else "",
)
def test_a_login_is_renewed_with_its_password(name: str, text: str, old: str) -> None:
    def written(user: str, password: str) -> str:
        return text.format(user=user, password=password)

    fields = PLAIN | {"password": old, name: written("shop_user", old)}
    after = rotated(fields, username="shop_user_b")
    assert after[name] == written("shop_user_b", NEW)
    assert rotated(after, new=PW, username="shop_user")[name] == written("shop_user", PW)
    assert rotated(fields)[name] == written("shop_user", NEW)


@pytest.mark.parametrize(
    "name", ["POSTGRES_USER", "db_user", "login", "spring.datasource.username", "PGUSER", "uid"]
)
def test_fields_that_hold_the_login_alone(name: str) -> None:
    fields = PLAIN | {"deep": {name: "shop_user"}, "owner": "shop_user", "role": "shop_user"}
    after = rotated(fields, username="shop_user_b")
    assert after["deep"] == {name: "shop_user_b"}
    assert (after["owner"], after["role"]) == ("shop_user", "shop_user")
    assert rotated(after, username="shop_user") == rotated(fields)


def test_prose_that_names_both() -> None:
    fields = PLAIN | {"password": PW, "note": f"log in as shop_user with {PW}"}
    assert rotated(fields, username="shop_user_b")["note"] == f"log in as shop_user_b with {NEW}"
    # The same name means the database as well: which is which nobody can tell.
    where = fields | {"dbname": "shop_user"}
    assert rotated(where)["note"] == f"log in as shop_user with {NEW}"
    with pytest.raises(
        SecretError, match="field 'note' names the login shop_user and its"
    ) as raised:
        rotated(where, username="shop_user_b")
    assert PW not in str(raised.value)


@pytest.mark.parametrize("password", ["short", "db.internal"])
def test_a_field_that_would_keep_the_old_password(password: str) -> None:
    fields = PLAIN | {"password": password, "deep": {"note": f"shop_user / {password}"}}
    with pytest.raises(SecretError, match=r"field 'deep.note' names the login shop_user and its"):
        rotated(fields)
    assert rotated(PLAIN | {"password": password, "note": f"about {password}"})["password"] == NEW


def test_a_field_that_would_get_lost() -> None:
    twice = json.dumps(PLAIN)[:-1] + ', "note": {"a": 1, "a": 2}}'
    with pytest.raises(SecretError, match="a field is there twice"):
        renewed("shop/postgres", twice, NEW)


def test_half_of_a_character_stays() -> None:
    fields = PLAIN | {"note": "\ud83d é", "user": "shop_user"}
    text = renewed("shop/postgres", json.dumps(fields), NEW)
    assert json.loads(text.encode()) == fields | {"password": NEW}


def test_a_secret_with_no_room() -> None:
    fields = PLAIN | {"password": "p", "note": "é" * 32_600}
    text = json.dumps(fields, ensure_ascii=False)
    assert len(text.encode()) < MOST_BYTES
    assert len(renewed("shop/postgres", text, "q").encode()) < MOST_BYTES
    with pytest.raises(SecretError, match="has no room for another password"):
        renewed("shop/postgres", text, NEW * 16)


@pytest.mark.parametrize(
    "text", ["a" * 60_000, "user" * 15_000, "://" * 20_000, "user=" * 12_000, ":" * 60_000]
)
def test_no_text_takes_long(text: str) -> None:
    assert rotated(PLAIN | {"note": text}, username="shop_user_b")["note"] == text


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


@examples(100)
@given(old=TEXT, scheme=st.sampled_from(["postgresql", "postgres", "jdbc:postgresql"]))
def test_any_password_in_a_uri(old: str, scheme: str) -> None:
    uri = f"{scheme}://shop_user:{quote(old, safe='')}@db.internal:5432/shop"
    after = rotated(PLAIN | {"password": old, "connection_uri": uri})
    assert after["password"] == NEW
    parts = urlsplit(after["connection_uri"].removeprefix("jdbc:"))
    assert (parts.username, unquote(parts.password or "")) == ("shop_user", NEW)
    assert (parts.hostname, parts.port, parts.path) == ("db.internal", 5432, "/shop")


def test_passwords_need_no_escapes_and_are_all_different() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == LENGTH
        assert set(password) <= set(ALPHABET)
        assert quote(password, safe="") == password


def test_two_logins_take_turns() -> None:
    assert other_login("shop_user", "shop_user") == "shop_user_b"
    assert other_login("shop_user_b", "shop_user") == "shop_user"
    with pytest.raises(ValueError, match="not a login of shop_user"):
        other_login("someone", "shop_user")
