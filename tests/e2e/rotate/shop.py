"""A shop whose passwords are rotated, and what has to hold of it afterwards."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pgtenant.rotation.stages import CURRENT, PENDING, PREVIOUS
from support.project import Project, Result, password_of

SHOP = {
    "shop": {"database_name": "shop", "username": "shop_user", "risk": "high"},
    "shop-ro": {"database_name": "shop", "username": "shop_reader", "access_level": "reader"},
}
BESIDE = {CURRENT: "", PENDING: ".pending", PREVIOUS: ".previous"}


def write_shop(project: Project, **fields: Any) -> None:
    """Write the catalog; `fields` are added to the owner's entry."""
    user = "shop_user"
    if not project.has_secret("shop/postgres"):
        where = f"{project.instance.host}:{project.instance.port}/shop"
        uri = f"postgresql://{user}:{quote(password_of(user), safe='')}@{where}"
        more = {"engine": "postgres", "connection_uri": uri, "note": "kept"}
        project.write_secret("shop/postgres", user, password_of(user), "shop", **more)
    first = not project.has_secret("rds/master")
    project.write(SHOP | {"shop": SHOP["shop"] | fields}, secrets=first)


def rotate(project: Project, *arguments: str) -> Result:
    return project.run("rotate", "-e", project.env, *arguments, "--format", "json")


def rotated(project: Project, *arguments: str) -> list[dict[str, Any]]:
    """Rotate, and insist that it worked."""
    result = rotate(project, *arguments)
    assert result.code == 0, result.output
    found: list[dict[str, Any]] = result.json["rotation"]
    return found


def stored(project: Project, name: str = "shop/postgres", stage: str = CURRENT) -> dict[str, Any]:
    """Return what a version of a secret holds; nothing where there is none."""
    full = project.secret_name(name)
    if project.moto is None:
        path = project.secret_path(name + BESIDE[stage])
        text = path.read_text() if path.exists() else "{}"
    else:
        with project.moto.secrets() as client:
            stages = client.describe_secret(SecretId=full)["VersionIdsToStages"]
            if not any(stage in labels for labels in stages.values()):
                return {}
            text = client.get_secret_value(SecretId=full, VersionStage=stage)["SecretString"]
    fields: dict[str, Any] = json.loads(text)
    return fields


def login(project: Project, fields: dict[str, Any]) -> psycopg.Connection[Any]:
    """Log in as whoever reads this version of a secret would."""
    return project.instance.connect(fields["username"], fields["password"], fields["dbname"])


def admitted(project: Project, fields: dict[str, Any]) -> None:
    login(project, fields).close()


def refused(project: Project, fields: dict[str, Any]) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(project, fields)


def in_order(project: Project, name: str = "shop/postgres") -> dict[str, Any]:
    """Insist that all is as after a whole rotation, and return the secret."""
    now = stored(project, name)
    admitted(project, now)
    assert stored(project, name, PENDING) == {}
    if "connection_uri" in now:
        uri = conninfo_to_dict(now["connection_uri"])
        assert (uri["user"], uri["password"]) == (now["username"], now["password"])
    unchanged(project)
    return now


def unchanged(project: Project) -> None:
    """Insist that an apply has nothing to do."""
    done = project.converge().json["records"]
    changed = [one for one in done if one["status"] != "no_change"]
    assert not changed, changed
