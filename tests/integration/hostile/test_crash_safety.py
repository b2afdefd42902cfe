"""A run that dies at any statement: the next one finishes, and nobody got in meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest

from support.faults.guillotine import Guillotine, Killed
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, ask, standing, state

ENTRIES = {**SHOP, "shop": {**SHOP["shop"], "initial_schema": "mine.sql"}}
SCHEMA = "CREATE TABLE public.orders (id int); INSERT INTO public.orders VALUES (1);"


def dies(project: Project) -> None:
    """Apply, and insist that the run was killed."""
    try:
        project.apply()
    except Killed:
        return
    except BaseExceptionGroup as group:
        if group.subgroup(Killed):
            return
        raise
    pytest.fail("the run lived")


def forget(instance: Instance) -> None:
    """Take away what the runs made."""
    instance.su("DROP DATABASE IF EXISTS shop WITH (FORCE)")
    instance.su("DROP ROLE IF EXISTS shop_user, shop_reader")


@contextlib.contextmanager
def knocking(instance: Instance, user: str, password: str) -> Iterator[list[str]]:
    """Try to log in to the new database again and again; the list tells each success."""
    entered: list[str] = []
    over = threading.Event()
    tries = 0

    def knock() -> None:
        nonlocal tries
        while not over.is_set():
            tries += 1
            with contextlib.suppress(psycopg.OperationalError):
                instance.connect(user, password, "shop", sslmode="disable").close()
                entered.append(user)

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield entered
    finally:
        over.set()
        thread.join()
    assert tries > 20, "hardly anybody knocked"


@pytest.fixture
def guillotine(monkeypatch: pytest.MonkeyPatch) -> Guillotine:
    return Guillotine(monkeypatch)


@pytest.mark.every_major
def test_nobody_enters_a_database_while_it_is_made(project: Project, instance: Instance) -> None:
    """PUBLIC may connect to a new database, unless it is closed before it exists."""
    instance.su("CREATE ROLE outsider LOGIN PASSWORD 'x'")
    project.write(SHOP)
    with knocking(instance, "outsider", "x") as entered:
        for _ in range(2):
            project.converge()
            forget(instance)
        project.converge()
    assert entered == []


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_the_next_run_continues_after_any_statement(
    project: Project, instance: Instance, guillotine: Guillotine, turn: int
) -> None:
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "mine.sql").write_text(SCHEMA)
    project.write(ENTRIES)
    project.converge()
    wanted, last = state(instance, "shop"), guillotine.count
    assert last >= 20
    instance.su("CREATE ROLE outsider LOGIN PASSWORD 'x'")
    for number in range(1 + turn, last + 1, 3):
        forget(instance)
        guillotine.before(number)
        dies(project)
        broken_at = guillotine.texts[-1]
        assert standing(instance) == [], broken_at
        with pytest.raises(psycopg.OperationalError):
            instance.connect("outsider", "x", "shop")
        guillotine.before(0)
        result = project.apply()
        assert result.code == 0, f"after {broken_at}: {result.output}"
        assert ask(instance, "SELECT count(*) FROM orders", "shop") == [(1,)], broken_at
        instance.connect("shop_user", password_of("shop_user"), "shop").close()
        found = [row for row in state(instance, "shop") if row[1] != "outsider"]
        assert found == wanted, f"after {broken_at}"


def test_a_run_that_dies_again_and_again_arrives(
    project: Project, instance: Instance, guillotine: Guillotine
) -> None:
    project.write(SHOP)
    project.converge()
    wanted = state(instance, "shop")
    forget(instance)
    for _ in range(12):
        guillotine.before(guillotine.count % 7 + 1)
        with contextlib.suppress(Killed, BaseExceptionGroup):
            project.apply()
    guillotine.before(0)
    project.converge()
    assert state(instance, "shop") == wanted
    assert project.plan("--detailed-exitcode").code == 0
