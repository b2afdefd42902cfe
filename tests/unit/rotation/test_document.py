"""A secret's new text: the password everywhere it was, and nothing else touched."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pgtenant.rotation.document import renewed
from pgtenant.rotation.logins import other_login
from pgtenant.rotation.passwords import ALPHABET, LENGTH, new_password
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


def rotated(fields: dict[str, Any], **other: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(renewed(json.dumps(fields), NEW, **other))
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
    back = json.loads(renewed(json.dumps(after), OLD.replace(" ", ""), username="shop_user"))
    assert back["username"] == "shop_user"
    assert urlsplit(back["connection_uri"]).username == "shop_user"


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
