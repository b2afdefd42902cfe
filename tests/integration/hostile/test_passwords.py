"""Passwords are learned by logging in, and set only when they are known to be wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import pq

from pgtenant.postgres.connect import Endpoint, Gate, Login
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.options import Timeouts
from pgtenant.postgres.probe import try_login
from pgtenant.postgres.scram import verifier
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, can_log_in

STORED = "SELECT rolpassword FROM pg_authid WHERE rolname = 'shop_user'"


@pytest.mark.parametrize("kind", ["md5", "wrong", "none"])
def test_a_password_that_does_not_log_in_is_set(
    project: Project, instance: Instance, kind: str
) -> None:
    project.write(SHOP)
    project.converge()
    match kind:
        case "md5":
            instance.su("ALTER ROLE shop_user PASSWORD 'md5" + "0" * 32 + "'")
        case "wrong":
            instance.su("ALTER ROLE shop_user PASSWORD 'somebody typed this'")
        case _:
            instance.su("ALTER ROLE shop_user PASSWORD NULL")
    assert not can_log_in(instance, "shop_user", "shop")
    assert [c["kind"] for c in project.plan().json["changes"]] == ["update_password"]
    project.converge()
    assert can_log_in(instance, "shop_user", "shop")
    assert instance.su(STORED)[0][0].startswith("SCRAM-SHA-256$")
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("state", ["full", "expired", "closed to it"])
def test_a_refusal_that_proves_nothing_resets_nothing(
    project: Project, instance: Instance, state: str
) -> None:
    project.write(SHOP | {"shop": {**SHOP["shop"], "connection_limit": 1}})
    project.converge()
    before = instance.su(STORED)
    if state == "expired":
        instance.su("ALTER ROLE shop_user VALID UNTIL '2001-01-01'")
        plan, applied = project.plan("--detailed-exitcode"), project.apply()
    elif state == "full":
        with instance.connect("shop_user", password_of("shop_user"), "shop"):
            plan, applied = project.plan("--detailed-exitcode"), project.apply()
    else:
        instance.su("REVOKE CONNECT ON DATABASE platform FROM PUBLIC")
        instance.su("GRANT CONNECT ON DATABASE platform TO platform_admin")
        plan, applied = project.plan("--detailed-exitcode"), project.apply()
    assert (plan.code, applied.code) == (0, 0), plan.output
    assert instance.su(STORED) == before
    reported = [d for d in plan.json["drift"] if d["kind"] in {"password", "expired"}]
    assert bool(reported) == (state != "closed to it")


@pytest.mark.every_major
@pytest.mark.parametrize("password", ["fake-secret", " ~'\\\t$ ", "sécret ﬁ"])
def test_a_verifier_and_its_keys(instance: Instance, pg_major: int, password: str) -> None:
    """The server takes the password, and what it was computed from; not those of another salt."""

    async def work() -> None:
        async with await Connection.connect(instance.admin_conninfo()) as admin:
            made, other = (verifier(admin, "keyed", password) for _ in range(2))
        stored = made.literal.as_string(None)
        instance.su(f"CREATE ROLE keyed LOGIN PASSWORD {stored}".encode())
        instance.su("GRANT CONNECT ON DATABASE platform TO keyed")
        endpoint = Endpoint(
            host=instance.host,
            port=instance.port,
            sslmode="verify-full",
            sslrootcert=str(instance.ca_file),
            timeouts=Timeouts(connect=10, lock=5, statement=30),
        )
        gate = Gate.of(endpoint, 2).knowing(pg_major)
        logins = {
            "password": Login("keyed", password),
            "keys": Login("keyed", password, made.keys),
        }
        for how, login in logins.items():
            outcome = await try_login(gate, login, "platform")
            assert outcome.connected, (how, outcome)
        if made.keys is not None and pq.version() >= 180000:
            outcome = await try_login(gate, Login("keyed", password, other.keys), "platform")
            assert outcome.sqlstate == "28P01"

    asyncio.run(work())
    assert repr(Login("keyed", password)) == "Login(user='keyed', keys=None, acts_as='')"


def test_a_server_that_asks_for_clear_text(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    """It can't be answered with what was derived from the password."""
    instance = private_instance(
        hba=["host all rdsadmin all scram-sha-256", "host all all all password"]
    )
    project = Project(root=tmp_path, instance=instance)
    project.write(SHOP)
    applied = project.apply()
    assert applied.code == 0, applied.output
    proofs = [row for row in project.audit_rows() if row["action"] == "update_password"]
    assert [row["status"] for row in proofs] == []
    assert can_log_in(instance, "shop_user", "shop")


def test_a_malformed_verifier_never_leaves() -> None:
    """PostgreSQL would take it for the password itself."""

    class Lying:
        class pgconn:  # noqa: N801
            @staticmethod
            def encrypt_password(*_: bytes) -> bytes:
                return b"SCRAM-SHA-256$4096:salt$short:keys"

    with pytest.raises(AssertionError, match="no SCRAM-SHA-256 verifier"):
        verifier(Lying(), "shop_user", "sécret")  # type: ignore[arg-type]
