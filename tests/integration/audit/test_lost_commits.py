"""A connection that is lost in a COMMIT: the run can't know what became of it, the next one can."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.faults.bench import Relayed
from support.faults.proxy import Proxy, Session
from support.instance import Instance
from support.project import Project
from support.siege import state

from .journals import ENTRIES, SCHEMA, forget, of_run, planned, recorded, records, settled

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(instance: Instance) -> Iterator[Proxy]:
    proxy = Proxy(instance.host, instance.port)
    with proxy.listening():
        yield proxy


@pytest.fixture
def project(instance: Instance, proxy: Proxy, tmp_path: Path) -> Project:
    of_server = {one.name: getattr(instance, one.name) for one in dataclasses.fields(instance)}
    relayed = Relayed(**{**of_server, "host": "127.0.0.1"}, through=proxy.port)
    project = Project(root=tmp_path, instance=relayed)
    project.settings = {"server": {"sslmode": "disable", "connections": 2}}
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "mine.sql").write_text(SCHEMA)
    project.write(ENTRIES)
    return project


def after(session: Session) -> None:
    session.ask()
    session.cut()


def before(session: Session) -> None:
    session.cut()


def ends(proxy: Proxy) -> list[int]:
    """Return the numbers of the statements that make something permanent."""
    return [one.number for one in proxy.seen if one.sql.startswith(("COMMIT", "CREATE DATABASE"))]


@pytest.mark.parametrize("fault", [after, before])
def test_at_every_commit(project: Project, instance: Instance, proxy: Proxy, fault: object) -> None:
    project.converge()
    wanted = state(instance, "shop")
    forget(project, instance)
    proxy.arm()
    project.converge()
    numbers = ends(proxy)
    assert len(numbers) >= 5
    lost = 0
    for number in numbers:
        forget(project, instance)
        proxy.arm(number, fault)  # type: ignore[arg-type]
        failed = project.apply("--run-id", "lost")
        assert failed.code == 1, failed.output
        hit = proxy.hit
        assert hit is not None
        proxy.arm()
        project.converge("--run-id", "next")
        assert state(instance, "shop") == wanted
        project.converge("--run-id", "third")
        found = records(project)
        doubtful = [
            key
            for one in of_run(found, "lost", "record")
            if one.get("in_doubt")
            for key in one["changes"]
        ]
        if hit.sql.startswith(("COMMIT", "CREATE DATABASE")) and doubtful:
            lost += 1
            assert settled(found, "next") == (doubtful if fault is after else [])
        once = [key for key in recorded(found, "lost") if key not in doubtful]
        once += settled(found, "next") + recorded(found, "next")
        assert sorted(once) == sorted(planned(found, "lost"))
        assert settled(found, "third") == []
        listed = project.run("audit", "runs", "-e", "dev")
        assert listed.code == 0
        assert "planned change" not in listed.out
        assert f"exit code 1{', settled by run next' if doubtful else ''}\n" in listed.out
        assert project.run("audit", "verify", "-e", "dev").code == 0
    assert lost >= 5
