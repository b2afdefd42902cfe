"""Foreign servers that lead back to the instance as somebody else."""

from __future__ import annotations

import pytest

from pgtenant.access import Severity, analyse
from pgtenant.access.model import AccessModel, Database, ForeignServer, Inside, Role
from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole

HOME = "orders"
MAPPED = (("orders_user", ""),)


def found(server: ForeignServer) -> list[tuple[Severity, str]]:
    def owned(name: str, owner: str) -> tuple[DesiredDatabase, Database]:
        role = DesiredRole(
            name=owner,
            entry=name,
            database=name,
            level=AccessLevel.OWNER,
            createdb=True,
            connection_limit=-1,
            secret=name,
        )
        inside = Inside(servers=(server,)) if name == HOME else Inside()
        return DesiredDatabase(name=name, entry=name, owner=role), Database(
            name, owner, inside=inside
        )

    pairs = [owned(HOME, "orders_user"), owned("billing", "billing")]
    databases = [database for _, database in pairs]
    databases.append(Database("platform", "platform_admin", inside=Inside()))
    model = AccessModel(
        version=170000,
        admin="platform_admin",
        maintenance_database="platform",
        roles={name: Role(name) for name in ("orders_user", "billing", "platform_admin", "dba")},
        memberships=(),
        databases={database.name: database for database in databases},
        hosts=frozenset({"", "localhost", "db.internal"}),
    )
    desired = Desired(environment="dev", databases=tuple(wanted for wanted, _ in pairs))
    return [(hole.severity, hole.what) for hole in analyse(model, desired)]


def far(
    host: str = "localhost",
    database: str = "",
    mappings: tuple[tuple[str, str], ...] = MAPPED,
    wrapper: str = "postgres_fdw",
) -> ForeignServer:
    return ForeignServer("far", "orders_user", wrapper, host, database, mappings)


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (far(database="billing"), "the database billing of billing, with a stored login"),
        (far(database="platform"), "the database platform of platform_admin"),
        (far(), "the database that is called like its login"),
        (far(mappings=(("orders_user", "billing"),)), "what billing has on this instance"),
        (far(database=HOME, mappings=(("orders_user", "dba"),)), "what dba has on this instance"),
        (far("elsewhere.invalid,db.internal", "billing"), "the database billing"),
        (far("127.0.0.2", "billing"), "the database billing"),
        (far("/run/postgresql", "billing"), "the database billing"),
    ],
)
def test_what_leads_to_somebody_else_s_is_a_failure(server: ForeignServer, says: str) -> None:
    ((severity, what),) = found(server)
    assert severity is Severity.FAILURE
    assert says in what


@pytest.mark.parametrize(
    "server",
    [
        far("elsewhere.invalid", "billing"),
        far(database="billing", mappings=()),
        far(database=HOME),  # nobody but its user sees as whom
    ],
)
def test_what_may_do_so_is_a_warning(server: ForeignServer) -> None:
    ((severity, _),) = found(server)
    assert severity is Severity.WARNING


@pytest.mark.parametrize(
    "server",
    [
        far(database="not_here"),
        far(database=HOME, mappings=(("orders_user", "orders_user"),)),
        far(database=HOME, mappings=()),
        far("", mappings=(), wrapper="file_fdw"),
        far("", wrapper="mysql_fdw"),
    ],
)
def test_what_does_not_is_none(server: ForeignServer) -> None:
    assert found(server) == []
