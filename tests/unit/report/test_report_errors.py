from __future__ import annotations

import re

from pgtenant.codes import Code
from pgtenant.errors import (
    AuthorityError,
    CatalogError,
    PgtenantError,
    Problem,
    ServerError,
)
from pgtenant.report.errors import error_text

CATALOG = "help: pgtenant explain PGT-0205 (docs/errors/settings-and-catalog.md#pgt-0205)\n"
LOST = "help: pgtenant explain PGT-0704 (docs/errors/statements.md#pgt-0704)\n"
FILE = "envs/dev-rds/terraform.tfvars"


def problems(number: int, message: str = "is not a name") -> CatalogError:
    return CatalogError(
        tuple(Problem(FILE, 10 + n, f"entry-{n:03}", "username", message) for n in range(number)),
        hint="see the reference",
    )


def test_each_problem_has_its_line() -> None:
    assert error_text(problems(2)) == (
        "error: 2 errors in the catalog\n"
        f"{FILE}:10: entry-000.username: is not a name\n"
        f"{FILE}:11: entry-001.username: is not a name\n"
        f"hint: see the reference\n{CATALOG}"
    )


def test_what_is_not_known_is_left_out() -> None:
    error = CatalogError((Problem(FILE, 0, "", "", "is empty"), Problem(FILE, 3, "", "x", "odd")))
    assert error_text(error) == (
        f"error: 2 errors in the catalog\n{FILE}: is empty\n{FILE}:3: x: odd\n{CATALOG}"
    )


def test_many_problems_stay_short_and_whole() -> None:
    text = error_text(problems(500))
    assert len(text) < 3000
    lines = text.splitlines()
    kept = [item for item in lines if item.startswith(FILE)]
    assert all(re.fullmatch(r"\S+:\d+: entry-\d{3}\.username: is not a name", k) for k in kept)
    assert lines[-3] == f"and {500 - len(kept)} more"


def test_huge_problems_stay_short_too() -> None:
    assert len(error_text(problems(9, "x" * 5000))) < 3000
    hinted = CatalogError(problems(500).problems, hint="h" * 9000)
    assert len(error_text(hinted)) < 3000


def test_control_characters_and_false_lines_do_not_get_through() -> None:
    text = error_text(problems(1, "a\x1b[2J\nerror: b\u202e"))
    assert "a\\x1b[2J\\nerror: b\\u202e" in text
    text = error_text(
        PgtenantError("first\nerror: second\x07", hint="do\n\tthis", code=Code.CONNECTION_LOST)
    )
    assert text == "error: first\n  error: second\\x07\nhint: do\n      this\n" + LOST


def test_the_sqlstate_is_told_once() -> None:
    def told(message: str, sqlstate: str | None) -> str:
        return error_text(ServerError(message, sqlstate=sqlstate, code=Code.CONNECTION_LOST))

    assert told("refused", "42501") == f"error: refused (SQLSTATE 42501)\n{LOST}"
    assert told("refused: 42501", "42501") == f"error: refused: 42501\n{LOST}"
    assert told("refused", None) == f"error: refused\n{LOST}"


def test_a_hint_is_whole() -> None:
    statement = "\n".join(f'GRANT "role_{n}" TO "admin" WITH ADMIN OPTION;' for n in range(200))
    assert "role_199" in error_text(AuthorityError("may not", hint=statement))
