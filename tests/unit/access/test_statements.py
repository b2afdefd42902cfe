"""Statements that close what was found, with names that need quoting."""

from __future__ import annotations

import pytest

from pgtenant.access import statements
from pgtenant.access.model import Group, Kind, Membership, Signature

ODD = 'x"; DROP'


@pytest.mark.parametrize(
    ("group", "privileges", "expected"),
    [
        (
            Group(Kind.TABLE, "s", "o", ("a", ODD)),
            ["INSERT", "SELECT"],
            'REVOKE INSERT, SELECT ON TABLE "s"."a", "s"."x""; DROP" FROM "r"',
        ),
        (
            Group(Kind.COLUMN, "s", "o", ("a", "b"), table="t"),
            ["SELECT", "UPDATE"],
            'REVOKE SELECT ("a", "b"), UPDATE ("a", "b") ON TABLE "s"."t" FROM "r"',
        ),
        (
            Group(
                Kind.FUNCTION, "s", "o", ("f",), signatures=(Signature((("pg_catalog", "int4"),)),)
            ),
            ["EXECUTE"],
            'REVOKE EXECUTE ON ROUTINE "s"."f"("pg_catalog"."int4") FROM "r"',
        ),
        (
            Group(Kind.PARAMETER, "", "o", ("a.b",)),
            ["ALTER SYSTEM", "SET"],
            'REVOKE ALTER SYSTEM, SET ON PARAMETER "a"."b" FROM "r"',
        ),
        (
            Group(Kind.LARGE_OBJECT, "", "o", ("7", "11")),
            ["SELECT"],
            'REVOKE SELECT ON LARGE OBJECT 7, 11 FROM "r"',
        ),
        (
            Group(Kind.TABLE, "s", "o", tuple(f"t{n}" for n in range(1001))),
            ["SELECT"],
            'REVOKE SELECT ON ALL TABLES IN SCHEMA "s" FROM "r"',
        ),
    ],
)
def test_a_revoke_names_its_objects(group: Group, privileges: list[str], expected: str) -> None:
    assert statements.revoke(group, privileges, "r") == expected


def test_everyone_is_a_keyword_and_an_option_has_its_own_words() -> None:
    group = Group(Kind.SCHEMA, "", "o", ("s",))
    assert statements.revoke(group, ["CREATE"], "public", option_only=True, cascade=True) == (
        'REVOKE GRANT OPTION FOR CREATE ON SCHEMA "s" FROM PUBLIC CASCADE'
    )


def test_a_membership_is_ended_as_its_grantor_from_16_on() -> None:
    item = Membership("g", "m", "by")
    assert statements.revoke_membership(item, 15) == 'REVOKE "g" FROM "m"'
    assert statements.revoke_membership(item, 16) == 'REVOKE "g" FROM "m" GRANTED BY "by"'


def test_what_no_statement_can_hold_has_none() -> None:
    assert statements.revoke(Group(Kind.TABLE, "s", "o", ("a\udcff",)), ["SELECT"], "r") == ""


def test_a_foreign_server_is_given_away_as_a_server() -> None:
    group = Group(Kind.SERVER, "", "o", ("far",))
    assert statements.give_to(group, "p") == 'ALTER SERVER "far" OWNER TO "p"'
