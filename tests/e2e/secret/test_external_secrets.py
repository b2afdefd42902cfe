"""What a cluster makes of the manifests logs in, and what does not fit is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from support.operator import secret_of
from support.project import Project

ORDERS: dict[str, Any] = {"database_name": "orders", "username": "orders_user"}
# All that a URL, a template or a shell gives a meaning to.
PASSWORD = "fake + 'p%20s:/?#@&=;s\\{{ .host }}$x\"ü"


def rendered(project: Project, *arguments: str) -> list[Any]:
    done = project.run("render", "external-secret", "-e", "dev", *arguments)
    assert done.code == 0, done.output
    return list(yaml.safe_load_all(done.out))


@pytest.mark.parametrize("field", ["dbname", "database"])
def test_the_pods_credentials_log_in(project: Project, field: str) -> None:
    project.write({"orders": ORDERS}, secrets=False)
    admin = project.instance.admin
    project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
    project.write_secret("orders/postgres", "orders_user", PASSWORD, "orders")
    path = project.secret_path("orders/postgres")
    path.write_text(path.read_text().replace('"dbname"', f'"{field}"'))
    project.converge()
    [manifest] = rendered(project, "orders")
    stored = {"goldenpath/dev/orders/postgres": path.read_text()}
    pod = secret_of(manifest, stored)
    place = {"host": project.instance.host, "port": str(project.instance.port)}
    assert {key: value for key, value in pod.items() if key != "DATABASE_URL"} == {
        "POSTGRES_USER": "orders_user",
        "POSTGRES_PASSWORD": PASSWORD,
        "POSTGRES_HOST": place["host"],
        "POSTGRES_PORT": place["port"],
        "POSTGRES_DB": "orders",
    }
    ca = str(project.instance.ca_file)
    with psycopg.connect(pod["DATABASE_URL"], sslrootcert=ca) as session:
        [row] = session.execute(
            "SELECT current_user, current_database(), ssl FROM pg_stat_ssl"
            " WHERE pid = pg_backend_pid()"
        ).fetchall()
    assert row == ("orders_user", "orders", True)
    assert "sslmode=verify-full" in pod["DATABASE_URL"]


def test_no_secret_is_read(project: Project) -> None:
    project.write({"orders": ORDERS}, secrets=False)
    [manifest] = rendered(project, "orders")
    assert manifest["metadata"] == {"name": "orders-db"}


def test_a_file(project: Project, tmp_path: Path) -> None:
    project.write({"orders": ORDERS}, secrets=False)
    file = tmp_path / "orders-db.yaml"
    assert rendered(project, "orders", "--output", str(file)) == []
    [manifest] = yaml.safe_load_all(file.read_text())
    assert manifest["kind"] == "ExternalSecret"
    done = project.run(
        *("render", "external-secret", "-e", "dev", "orders", "--out", str(tmp_path / "no" / "x"))
    )
    assert done.code == 64
    assert "can't be written" in done.err


def test_how_long_a_single_login_is_late_is_said(project: Project) -> None:
    project.write({"orders": ORDERS}, secrets=False)
    done = project.run("render", "external-secret", "-e", "dev", "orders", "--refresh", "1h")
    assert done.code == 0
    assert "up to 1h after a rotation" in done.err
    assert yaml.safe_load(done.out)["spec"]["refreshInterval"] == "1h"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nobody"], "no entry nobody"),
        (["tokens"], "logs in with IAM tokens"),
        (["my_app"], "my_app and my-app would both be my-app-db"),
        (["orders", "my_app", "--name", "x"], "--name is for one entry"),
        (["orders", "--name", "My_App"], "--name 'My_App' is no name for an object"),
        (["orders", "--namespace", "a.b"], "--namespace 'a.b' is no name for a namespace"),
        (["orders", "--store", ""], "--store '' is no name"),
        (["orders", "--refresh", "0s"], "orders: --refresh 0s reads the secret once"),
        (["orders", "--refresh", "1d"], "orders: --refresh 1d is no interval"),
        (["two", "--refresh", "169h"], "two: --refresh 169h is more than half of the 14 days"),
        ([], "Missing argument 'KEY...'"),
    ],
)
def test_what_is_refused(project: Project, arguments: list[str], complaint: str) -> None:
    entries: dict[str, dict[str, Any]] = {
        "orders": ORDERS,
        "tokens": {"database_name": "tokens", "username": "tokens_user", "auth": "iam"},
        "my_app": {"database_name": "my_app", "username": "my_app_user"},
        "my-app": {"database_name": "my_app2", "username": "my_app2_user"},
        "two": {
            "database_name": "two",
            "username": "two_user",
            "rotation": "alternate",
            "risk": "high",
        },
    }
    project.write(entries, secrets=False)
    done = project.run("render", "external-secret", "-e", "dev", *arguments)
    assert done.code == 64
    assert complaint in done.err
    assert not done.out


def test_another_name_tells_two_apart(project: Project) -> None:
    project.write(
        {
            "my_app": {"database_name": "my_app", "username": "my_app_user"},
            "my-app": {"database_name": "my_app2", "username": "my_app2_user"},
        },
        secrets=False,
    )
    [manifest] = rendered(project, "my-app", "--name", "my-app-two")
    assert manifest["spec"]["target"]["name"] == "my-app-two"
    assert json.dumps(manifest).count("goldenpath/dev/my-app/postgres") == 1
