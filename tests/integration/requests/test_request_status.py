"""`pgtenant request status`, in a project that is only files."""

from __future__ import annotations

from support.requests import CATALOG, Requests


def test_the_audit_moves_the_status(requests: Requests) -> None:
    requests.add()
    requests.add("dev", database_name="broken", username="broken_user")
    requests.add("dev", database_name="unseen", username="unseen_user")
    requests.audit(
        ("r1", "inventory_service", "inventory_user", "create_role", "error"),
        ("r2", "inventory_service", "inventory_user", "create_role", "success"),
        ("r2", "broken", "broken_user", "create_role", "success"),
        ("r2", "broken", "broken_user", "create_database", "error"),
        ("r3", "unseen", "unseen_user", "create_role", "dry_run"),
    )
    assert requests.run("status", "-e", "dev", "--from-audit").code == 0
    keys = ("inventory_service", "broken", "unseen")
    statuses = [requests.record("dev", key)["metadata"]["status"] for key in keys]
    assert statuses == ["active", "failed", "pending"]
    before = requests.files()
    assert requests.run("status", "-e", "dev", "--from-audit").code == 0
    assert requests.files() == before
    for least in ("approved", "provisioning", "approved"):
        found = requests.run("status", "-e", "dev", "--from-audit", "--at-least", least)
        assert found.code == 0
        statuses = [requests.record("dev", key)["metadata"]["status"] for key in keys]
        assert statuses[:2] == ["active", "failed"]
        assert statuses[2] == ("approved" if "was pending" in found.out else "provisioning")
    alone = requests.run("status", "-e", "dev", "unseen", "active", "--at-least", "approved")
    assert alone.code == 64


def test_runs_before_the_request_are_of_an_earlier_entry(requests: Requests) -> None:
    requests.add()
    row = ("r1", "inventory_service", "inventory_user", "create_role", "success")
    requests.audit(row, at="2000-01-01T10:00:00Z")
    told = requests.run("status", "-e", "dev", "--from-audit", "--at-least", "approved")
    assert "is now approved" in told.out
    requests.audit(row)
    assert "is now active" in requests.run("status", "-e", "dev", "--from-audit").out
    for status in ("decommissioning", "decommissioned"):
        requests.run("status", "-e", "dev", "inventory_service", status)
    requests.write(CATALOG.format("dev"), "application_databases = {}\n")
    # Of today, and before the name is asked for again.
    day = requests.record("dev", "inventory_service")["metadata"]["created_date"]
    requests.audit(row, at=f"{day}T")
    requests.add()
    told = requests.run("status", "-e", "dev", "--from-audit", "--at-least", "approved")
    assert "was pending, is now approved" in told.out
    created = requests.record("dev", "inventory_service")["metadata"]["created_date"]
    requests.audit(row, at=created)
    assert "is now active" in requests.run("status", "-e", "dev", "--from-audit").out


def test_what_was_dropped_makes_nothing_of_what_is_declared_since(requests: Requests) -> None:
    requests.add()
    whose = ("inventory_service", "inventory_user")
    gone = [("r2", *whose, "drop_database", "success"), ("r2", *whose, "drop_role", "success")]
    requests.audit(("r1", *whose, "create_role", "success"), *gone)
    assert "now" not in requests.run("status", "-e", "dev", "--from-audit").out
    requests.write(CATALOG.format("dev"), "application_databases = {}\n")
    told = requests.run("status", "-e", "dev", "--from-audit")
    assert "was pending, is now decommissioned" in told.out


def test_a_record_without_an_entry_follows_nothing_else(requests: Requests) -> None:
    requests.add()
    requests.write(CATALOG.format("dev"), "application_databases = {}\n")
    requests.audit(("r1", "inventory_service", "inventory_user", "create_role", "success"))
    told = requests.run("status", "-e", "dev", "--from-audit", "--at-least", "approved")
    assert (told.code, "now" in told.out) == (0, False)
    assert requests.record("dev", "inventory_service")["metadata"]["status"] == "pending"


def test_a_status_that_can_not_follow(requests: Requests) -> None:
    requests.add()
    assert requests.run("status", "-e", "dev", "inventory_service", "active").code == 0
    result = requests.run("status", "-e", "dev", "inventory_service", "pending")
    assert result.code == 64
    assert "failed, decommissioning" in result.err
    assert requests.run("status", "-e", "dev", "nobody", "active").code == 64


def test_a_name_that_is_free_again_starts_anew(requests: Requests) -> None:
    requests.add()
    for status in ("active", "decommissioning", "decommissioned"):
        assert requests.run("status", "-e", "dev", "inventory_service", status).code == 0
    requests.write(CATALOG.format("dev"), "application_databases = {}\n")
    listed = requests.run("list", "-e", "dev").out
    assert "decommissioned, not in the catalog" in listed
    assert requests.add("dev", owner="web-team").code == 0
    metadata = requests.record("dev", "inventory_service")["metadata"]
    assert (metadata["status"], metadata["owner"]) == ("pending", "web-team")
