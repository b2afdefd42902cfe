"""libpq's environment variables decide nothing: where to connect to is in the secret."""

from __future__ import annotations

import socket

import pytest

from support.project import Project
from support.siege import SHOP

VARIABLES = {
    "PGSERVICE": "elsewhere",
    "PGSERVICEFILE": "/nonexistent",
    "PGPASSFILE": "/nonexistent",
    "PGSSLMODE": "disable",
    "PGSSLCERT": "/nonexistent/client.crt",
    "PGSSLKEY": "/nonexistent/client.key",
    "PGSSLROOTCERT": "/nonexistent/ca.crt",
    "PGOPTIONS": "-c nonsense=1",
    "PGCLIENTENCODING": "SQL_ASCII",
    "PGTARGETSESSIONATTRS": "standby",
    "PGREQUIREAUTH": "none",
    "PGCHANNELBINDING": "nonsense",
    "PGDATESTYLE": "nonsense",
    "PGTZ": "nonsense",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_changes_nothing(project: Project, name: str) -> None:
    project.write(SHOP)
    project.environ = {name: VARIABLES[name]}
    planned = project.spawn("plan", "-e", "dev", "--format", "json")
    assert planned.code == 0, planned.output


def test_the_admins_login_goes_to_nobody_else(project: Project) -> None:
    project.settings = {"server": {"sslmode": "prefer"}}
    project.write(SHOP)
    with socket.create_server(("127.0.0.2", project.instance.port)) as thief:
        thief.settimeout(0.1)
        project.environ = {"PGHOSTADDR": "127.0.0.2", "PGCONNECT_TIMEOUT": "2"}
        planned = project.spawn("plan", "-e", "dev", "--format", "json")
        with pytest.raises(TimeoutError):
            thief.accept()
    assert planned.code == 0, planned.output
