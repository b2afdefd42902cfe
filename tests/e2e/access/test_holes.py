"""Each kind of hole is found, and its own statement closes it; without holes there is none."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from pgtenant.access import Closer, Hole, HoleKind
from support.instance import Instance

from .conftest import Analyse
from .planted import HOLES, SU, Planted

pytestmark = pytest.mark.slow


@pytest.mark.every_major
def test_without_holes_there_are_no_findings(holes: Analyse) -> None:
    assert holes() == ()


@pytest.mark.major(max=15)
def test_each_hole_where_memberships_have_no_options(instance: Instance, holes: Analyse) -> None:
    _plant_and_close(instance, holes)


def test_each_hole_is_found_and_its_statement_closes_it(instance: Instance, holes: Analyse) -> None:
    _plant_and_close(instance, holes)


def _plant_and_close(instance: Instance, holes: Analyse) -> None:
    for name, planted in HOLES.items():
        for user, database, statement in planted.sql:
            _run(instance, user, database, statement)
        found = holes()
        matching = [h for h in found if (h.kind, h.who, h.database) == _key(planted)]
        assert len(matching) == 1, (name, found)
        (hole,) = matching
        assert planted.what in hole.what, name
        assert hole.severity is planted.severity, name
        # Up to 15 CREATEROLE ends every membership.
        member = instance.major < 16 and planted.kind is HoleKind.MEMBERSHIP
        assert hole.closable_by is (Closer.ADMIN if member else planted.closer), name
        assert _closed(found, instance, holes) == (), name


def _closed(found: tuple[Hole, ...], instance: Instance, holes: Analyse) -> tuple[Hole, ...]:
    """Run what the findings say; what a revoke uncovers is closed in its turn."""
    for _ in range(3):
        for hole in found:
            _run(instance, hole.executor, hole.database or "platform", hole.statement)
        found = holes()
        if not found:
            break
    return found


def _key(planted: Planted) -> tuple[HoleKind, str, str]:
    return planted.kind, planted.who, planted.database


def _run(instance: Instance, user: str, database: str, statement: str) -> None:
    """Run a statement as whoever has to run it; a superuser becomes a tenant without a login."""
    if user in {SU, "a superuser"}:
        instance.su(statement, dbname=database)
    elif user == instance.admin.user:
        with instance.connect(user, instance.admin.password, database) as session:
            session.execute(sql.SQL(statement))
    else:
        with psycopg.connect(instance.superuser_conninfo(database), autocommit=True) as session:
            session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(user)))
            session.execute(statement)
