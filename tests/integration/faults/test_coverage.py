"""No statement without faults: whoever adds one has to add it to a scenario, and the table."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

import pgtenant.postgres
from pgtenant.planning.sql import statements
from pgtenant.postgres import authority, batch, execute
from support.faults import report, scenarios, shapes
from support.faults.bench import Bench
from support.faults.lab import Lab
from support.faults.trial import ADMINS

_DRIVER: Final = Path(pgtenant.postgres.__file__).parent
_WORDS: Final = {"grantee", "privileges"}
_ONLY_SHOWN: Final = {
    "change_owner",
    "close_public_schema",
    "drop_slot",
    "drop_subscription",
    "end_sessions",
    "revoke_execute",
    "rollback_prepared",
    "with_attribute",
    "without_powers",
}
"""Statements for somebody else to run."""

_OF_TENANTS_ROLES: Final = {
    "inherit",
    "join_tenant",
    "no_inheritance",
    "rename_role",
    "tenant_role",
}
"""What tenants with roles of their own take, of which one is only shown:
tests/e2e/tenant/test_own_roles_come_and_go.py ends runs at each of them."""

_OF_A_DUMP: Final = {"create_dumper", "create_scratch", "force_row_security", "grant_rights"}
_QUERIES_OF_A_DUMP: Final = {"retire_content.sql", "retire_forced.sql"}
"""What `retire --dump-to` sends around `pg_dump` and `pg_restore`, whose own sessions no trial can
number: tests/e2e/retire/test_dump.py kills runs at either program, and the next one mends it."""

_QUERIES_OF_DISABLING: Final = {"retire_provided.sql"}
"""What `retire --stage disable` asks inside a database before it closes it, and changes nothing."""

_QUERIES_OF_TENANTS: Final = {"tenant_created.sql", "tenant_touched.sql", "tenants.sql"}
"""What is asked about tenants' schemas; the work around it is `_OF_TENANTS`."""

_OF_TENANTS: Final = {"stand_ins.py", "tenant_work.py", "tenants.py"}
"""`tenants.py` reads; a tenant is made by one transaction, of which
tests/integration/tenants/test_templates.py shows that all of it stays or nothing. `stand_ins` makes
an attack's in one, and test_attack.py beside it shows that the next attack drops what is left."""

_CHANGE_NOTHING: Final = {
    "acceptance.py",
    "access.py",
    "attempts.py",
    "content.py",
    "entered_attack.py",
    "sessions.py",
    "tenant_attack.py",
    "verify_facts.py",
}
"""What `verify` and `access` send: they change no catalog. `verify --terminate` ends sessions, in
a transaction whose loan is given back. `content` counts rows for `retire --dump-to`.
`tenant_attack` and `entered_attack` make stand-ins in a transaction that they roll back."""


class Recorder:
    """Watches runs in this process: what was built, from where it was sent, what went out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.built: dict[str, set[str]] = {}
        self.called: set[tuple[str, int]] = set()
        self.sent: set[str] = set()
        self.names: set[str] = set()
        for name in set(statements.__all__) - _WORDS:
            monkeypatch.setattr(statements, name, self._building(name, getattr(statements, name)))
        for kind in (psycopg.AsyncConnection, psycopg.AsyncCursor):
            monkeypatch.setattr(kind, "execute", self._calling(kind.execute))
        for module in (authority, execute):
            monkeypatch.setattr(module, "send_together", self._calling(batch.send_together))

    def watch(self, bench: Bench, scenario: scenarios.Scenario) -> tuple[str, ...]:
        """Run a scenario; return its boundaries' names."""
        bench.clean()
        scenario.setup(bench)
        bench.proxy.arm()
        result = bench.project.run(*scenario.argv)
        assert result.code == scenario.code, result.output
        names = shapes.names(bench.proxy.seen, ADMINS)
        self.names.update(names)
        self.sent.update(_shape(boundary.sql) for boundary in bench.proxy.seen)
        bench.settled()
        return names

    def _building(self, name: str, build: Callable[..., sql.Composed]) -> Callable[..., Any]:
        def built(*args: Any, **kwargs: Any) -> sql.Composed:
            statement = build(*args, **kwargs)
            self.built.setdefault(name, set()).add(_shape(statement.as_string(None)))
            return statement

        return built

    def _calling(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        import sys

        def called(*args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            self.called.add((frame.f_code.co_filename, frame.f_lineno))
            return execute(*args, **kwargs)

        return called


Recorded = tuple[Recorder, dict[str, tuple[str, ...]]]


@pytest.fixture(scope="module")
def kept() -> dict[int, Recorded]:
    """What was recorded, by major: once is enough."""
    return {}


@pytest.fixture
def recorded(lab: Lab, pg_major: int, kept: dict[int, Recorded]) -> Recorded:
    """What every scenario does."""
    if pg_major not in kept:
        with pytest.MonkeyPatch.context() as monkeypatch:
            recorder = Recorder(monkeypatch)
            names = {
                key: recorder.watch(lab.bench(pg_major), scenario)
                for key, scenario in scenarios.ALL.items()
                if scenario.oldest <= pg_major
            }
        kept[pg_major] = recorder, names
    return kept[pg_major]


def test_every_builder_of_a_statement(recorded: Recorded) -> None:
    recorder, _ = recorded
    hit = {name for name, texts in recorder.built.items() if texts & recorder.sent}
    assert hit & _ONLY_SHOWN == set()
    elsewhere = _WORDS | _ONLY_SHOWN | _OF_A_DUMP | _OF_TENANTS_ROLES
    assert set(statements.__all__) - elsewhere - hit == set()


def test_every_query(recorded: Recorded) -> None:
    recorder, _ = recorded
    of_commands_that_change = {
        f"queries/{path.name}"
        for path in (_DRIVER / "queries").glob("*.sql")
        if not path.name.startswith(("verify_", "access_", "acceptance_"))
        and path.name not in _QUERIES_OF_A_DUMP | _QUERIES_OF_DISABLING | _QUERIES_OF_TENANTS
    }
    assert of_commands_that_change - recorder.names == set()


def test_every_place_that_sends(recorded: Recorded) -> None:
    recorder, _ = recorded
    reached = {(Path(file).name, line) for file, line in recorder.called if str(_DRIVER) in file}
    missed = [
        f"{path.name}:{first}"
        for path in sorted(_DRIVER.glob("*.py"))
        if path.name not in _CHANGE_NOTHING | _OF_TENANTS
        for first, last in _calls(path)
        if not any((path.name, line) in reached for line in range(first, last + 1))
    ]
    assert missed == []


def test_the_table_has_every_boundary(recorded: Recorded, pg_major: int) -> None:
    _, names = recorded
    known = report.load().get(str(pg_major))
    if known is None:
        pytest.skip(f"the table has nothing of PostgreSQL {pg_major}")
    for key, found in names.items():
        boundaries = known.get(key, {}).get("boundaries")
        assert boundaries == list(dict.fromkeys(found)), f"{key}: run `make faults`"


def test_the_page_is_what_was_found() -> None:
    assert report.PAGE.read_text("utf-8") == report.page(), "run `make faults`"


def _calls(path: Path) -> list[tuple[int, int]]:
    """The lines of every call of a method `execute`, and of the function for several statements."""
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr == "execute")
            or (isinstance(node.func, ast.Name) and node.func.id == "send_together")
        )
    ]


def _shape(text: str) -> str:
    return shapes.shape_of(text)
