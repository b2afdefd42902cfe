"""`pgtenant report` on real servers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import versions
from support.project import Project, Result, password_of

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"
ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
    "billing_reader": {
        "database_name": "billing",
        "username": "billing_reader",
        "access_level": "reader",
    },
}


@pytest.fixture
def shops(project: Project) -> Project:
    project.write(ENTRIES)
    project.converge()
    return project


def written(project: Project, *arguments: str) -> str:
    path = project.root / "report.html"
    result = project.run("report", "-e", "dev", "--out", str(path), *arguments)
    assert result.code == 0, result.output
    text = path.read_text("utf-8")
    assert not [n for n in path.parent.iterdir() if n.name.startswith(".report")]
    for entry in ENTRIES.values():
        assert password_of(entry["username"]) not in text
    assert "http://" not in text
    assert "https://" not in text
    return text


@pytest.mark.every_major
def test_without_holes(shops: Project, instance: Instance) -> None:
    before = versions(instance, ["orders", "billing"])
    text = written(shops, "--verify")
    assert versions(instance, ["orders", "billing"]) == before
    assert "<title>dev: Isolated</title>" in text
    assert "Nothing was found." in text
    assert "No entry is blocked." in text
    assert "From the journal" in text
    assert "billing_reader" in text


def test_with_some_of_everything(shops: Project, instance: Instance) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        owner.autocommit = True
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(HOSTILE)))
    instance.su("GRANT CONNECT ON DATABASE billing TO PUBLIC")
    instance.su("CREATE DATABASE legacy")
    shops.write(
        ENTRIES
        | {
            "legacy": {"database_name": "legacy", "username": "legacy_user"},
            "coming": {"database_name": "coming", "username": "coming_user"},
        }
    )
    text = written(shops)
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in text
    assert "<title>dev: Not isolated</title>" in text
    assert "Blocked entries (1)" in text
    assert "not made yet" in text
    assert "REVOKE" in text
    assert written(shops).count("open: CONNECT, TEMPORARY") == 1
    shops.apply()
    assert "closed to PUBLIC" in written(shops)


def test_a_record_is_shown(shops: Project, tmp_path: Path) -> None:
    path = tmp_path / "isolation.json"
    assert shops.run("verify", "-e", "dev", "--out", str(path)).code == 0
    assert "<title>dev: Isolated</title>" in written(shops, "--verification", str(path))
    shops.write(ENTRIES | {"new": {"database_name": "fresh", "username": "fresh_user"}})
    assert "the catalog has changed since" in written(shops, "--verification", str(path))


def test_a_record_that_can_not_be_trusted(shops: Project, tmp_path: Path) -> None:
    path = tmp_path / "isolation.json"
    assert shops.run("verify", "-e", "dev", "--out", str(path)).code == 0
    record = json.loads(path.read_text())
    for text, why in (
        ("{}", "not a record"),
        (json.dumps(record | {"verdict": "failed"}), "was changed after it was written"),
    ):
        path.write_text(text)
        result = refused(shops, "--verification", str(path))
        assert why in result.err


def test_a_bad_secret_stops_nothing(shops: Project) -> None:
    shops.secret_path("orders/postgres").unlink()
    text = written(shops)
    assert "bad secret" in text


def test_a_damaged_journal_is_said(shops: Project) -> None:
    journal = shops.audit.with_suffix(".journal.jsonl")
    journal = next(iter(shops.audit.parent.glob("*journal*")), journal)
    journal.write_bytes(journal.read_bytes().replace(b"orders_user", b"orders_usex", 1))
    assert "does not say what was written" in written(shops)


def test_bad_usage(shops: Project, tmp_path: Path) -> None:
    assert shops.run("report", "-e", "dev").code == 64
    nowhere = shops.run("report", "-e", "dev", "--out", str(tmp_path / "no" / "report.html"))
    assert nowhere.code == 64
    assert "can't be written" in nowhere.err
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    unread = shops.run("report", "-e", "dev", "--out", str(fifo))
    assert (unread.code, "nobody reads from this pipe" in unread.err) == (64, True)
    assert "a pipe that nobody writes to" in refused(shops, "--verification", str(fifo)).err
    assert "is a directory" in refused(shops, "--verification", str(tmp_path)).err
    record = tmp_path / "isolation.json"
    record.write_text("{}")
    both = refused(shops, "--verify", "--verification", str(record))
    assert "either --verify or --verification" in both.err


def test_a_server_that_is_gone(shops: Project) -> None:
    admin = shops.instance.admin
    shops.write_secret("rds/master", admin.user, admin.password, admin.dbname, port=1)
    result = shops.run("report", "-e", "dev", "--out", str(shops.root / "report.html"))
    assert result.code == 1
    assert not (shops.root / "report.html").exists()


def refused(project: Project, *arguments: str) -> Result:
    path = project.root / "report.html"
    result = project.run("report", "-e", "dev", "--out", str(path), *arguments)
    assert result.code == 64, result.output
    assert not path.exists()
    return result
