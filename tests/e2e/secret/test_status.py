"""One table of all secrets: how old, when due, and whether the password works."""

from __future__ import annotations

import asyncio
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, Literal

import pytest

from pgtenant.secrets.versioned import VersionedStore, open_versions
from support.leaks import leaks
from support.moto import Moto
from support.oracle import changing
from support.project import Project, Result, password_of
from support.sockets import most_sessions

ENTRIES: dict[str, dict[str, Any]] = {
    "billing": {"database_name": "billing", "username": "billing_user", "risk": "high"},
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
}


def status(project: Project, *arguments: str) -> Result:
    return project.run("secret", "status", "-e", "dev", "--format", "json", *arguments)


def by_entry(result: Result) -> dict[str, Any]:
    return {one["entry"]: one for one in result.json["secrets"]}


def made(project: Project, key: str, days: int) -> datetime:
    """Make a secret's file as old as that."""
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)
    os.utime(project.secret_path(key), (moment.timestamp(), moment.timestamp()))
    return moment


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_all_of_them_work(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    since = made(project, "billing/postgres", 15)
    made(project, "orders/postgres", 15)
    mark = project.instance.log_mark()
    done = status(project)
    assert done.code == 0, done.output
    found = by_entry(done)
    assert list(found) == ["", "billing", "orders", "orders_ro"]
    assert found[""]["login"] == project.instance.admin.user
    current = found["billing"]["versions"]["current"]
    assert found["billing"] == {
        "entry": "billing",
        "secret": "goldenpath/dev/billing/postgres",
        "login": "billing_user",
        "rotation": "single",
        "versions": {
            "current": {"id": current["id"], "created": stamp(since)},
            "pending": None,
            "previous": None,
            "automatic": False,
            "owner": "",
        },
        "due": {
            "days": 14,
            "since": stamp(since),
            "at": stamp(since + timedelta(days=14)),
            "is_due": True,
        },
        "works": "yes",
        "note": "",
    }
    assert not found["orders"]["due"]["is_due"]
    assert done.json["summary"] == {"yes": 4, "no": 0, "unproven": 0, "unused": 0, "due": 1}
    assert changing(project.instance.log_since(mark)) == []


def test_the_table(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    ages = {"rds/master": 1, "billing/postgres": 15, "orders/postgres": 80, "orders_ro/postgres": 0}
    made_at = [made(project, name, days) for name, days in ages.items()]
    allowed = (90, 14, 90, 90)
    admins, billings, orders, readers = (
        (moment + timedelta(days=days)).date()
        for moment, days in zip(made_at, allowed, strict=True)
    )
    project.instance.su("ALTER ROLE orders_reader PASSWORD 'set by hand'")
    done = project.run("secret", "status", "-e", "dev")
    assert done.code == 1
    admin = project.instance.admin.user
    assert done.out == (
        "Secrets of dev\n"
        "\n"
        "entry      login           rotation  age      due                versions  password\n"
        f"(admin)    {admin:<14}  single    1 day    {admins}         current   works\n"
        f"billing    billing_user    single    15 days  {billings} (past)  current   works\n"
        f"orders     orders_user     single    80 days  {orders}         current   works\n"
        f"orders_ro  orders_reader   single    0 days   {readers}         current   does not work\n"
        "\n"
        "* orders_ro: the server refuses the password; `pgtenant apply` sets the one\n"
        "    that is stored\n"
        "\n"
        "4 secrets · 3 proven · 1 not working · 1 due: `pgtenant rotate -e dev --due`\n"
    )


def test_some_of_them(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    found = by_entry(status(project, "orders_ro", "orders"))
    assert list(found) == ["orders", "orders_ro"]
    refused = status(project, "nobody")
    assert refused.code == 64
    assert "no entry nobody" in refused.err


def test_what_is_wrong_with_each(project: Project) -> None:
    entries = ENTRIES | {
        key: {"database_name": key, "username": f"{key}_user"}
        for key in ("absent", "broken", "lost", "retired", "undone")
    }
    tokens = {"database_name": "orders", "username": "tokens_user", "access_level": "reader"}
    project.write(entries | {"tokens": tokens | {"auth": "iam"}})
    project.converge("--only", "retired")
    project.converge("--only", "undone")
    assert project.run("retire", "-e", "dev", "retired", "--stage", "disable").code == 0
    project.instance.su("ALTER ROLE undone_user NOLOGIN")
    project.secret_path("lost/postgres").unlink()
    project.secret_path("broken/postgres").write_text('{"password": "fake-sentinel"')
    done = status(project)
    assert done.code == 1
    found = by_entry(done)
    works = {key: (one["works"], one["note"]) for key, one in found.items()}
    assert works["absent"] == ("no", "the role is not there; `pgtenant apply` makes it")
    assert works["retired"] == ("unused", "the entry is out of service")
    assert works["tokens"] == ("unused", "logs in with IAM tokens")
    assert works["lost"][0] == "no"
    assert "does not exist" in works["lost"][1]
    assert works["broken"] == ("unproven", "secret goldenpath/dev/broken/postgres is not JSON")
    assert works["undone"][0] == "unproven"
    assert "not permitted to log in" in works["undone"][1]
    assert found["lost"]["versions"] is found["lost"]["due"] is None
    assert found["tokens"]["due"] is found["tokens"]["rotation"] is None
    text = project.run("secret", "status", "-e", "dev").output
    passwords = [*(password_of(str(one["username"])) for one in entries.values()), "fake-sentinel"]
    assert leaks(text + done.output, passwords) == []


def test_a_server_that_lets_nobody_in(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    admin = project.instance.admin
    project.write_secret("rds/master", admin.user, "fake-wrong", admin.dbname)
    done = status(project)
    assert done.code == 1
    found = by_entry(done)
    assert found[""]["works"] == "no"
    assert found["orders"]["works"] == "unproven"
    assert "the admin could not log in" in found["orders"]["note"]
    assert found["orders"]["versions"]["current"]
    project.secret_path("rds/master").unlink()
    lost = status(project)
    assert lost.code == 1
    assert lost.json["secrets"] == []
    assert "goldenpath/dev/rds/master" in lost.json["error"]["message"]


def test_no_more_logins_at_once_than_the_budget(project: Project) -> None:
    project.settings = {"server": {"connections": 3}}
    project.write(
        {f"app{n}": {"database_name": f"app{n}", "username": f"app{n}_user"} for n in range(8)}
    )
    project.converge()
    done = Event()
    with ThreadPoolExecutor(1) as pool:
        most = pool.submit(most_sessions, project.instance.port, done)
        try:
            assert status(project).code == 0
        finally:
            done.set()
        assert most.result() <= 3


@pytest.mark.parametrize("store", ["file", pytest.param("aws", marks=pytest.mark.slow)])
def test_a_rotation_under_way(
    store: Literal["file", "aws"], project: Project, moto_server: Moto
) -> None:
    """The stages of both stores; a password that nobody set yet is not the current one."""
    project.moto = moto_server if store == "aws" else None
    project.write(ENTRIES)
    project.converge()
    name = "goldenpath/dev/orders/postgres"

    async def propose(versions: VersionedStore) -> None:
        await versions.propose(name, str(uuid.uuid4()), '{"password": "fake-next-sentinel"}')

    with pytest.MonkeyPatch.context() as patch:
        for variable, value in project.variables().items():
            patch.setenv(variable, value)
        asyncio.run(propose(open_versions(store, directory=".secrets", project=project.root)))
    done = status(project)
    assert done.code == 0, done.output
    found = by_entry(done)["orders"]
    assert found["versions"]["pending"] is not None
    assert found["versions"]["previous"] is None
    assert found["works"] == "yes"
    assert datetime.fromisoformat(found["versions"]["current"]["created"]) <= datetime.now(UTC)
    assert "fake-next-sentinel" not in done.output
    text = project.run("secret", "status", "-e", "dev", "orders").out
    assert "current, pending" in text
