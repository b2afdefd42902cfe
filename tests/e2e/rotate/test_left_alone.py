"""What a rotation does not touch, and what it says about it."""

from __future__ import annotations

import json

from psycopg import sql

from e2e.rotate.shop import SHOP, rotate, stored, write_shop
from pgtenant.rotation.stages import PENDING
from support.instance import Instance
from support.moto import Moto
from support.project import Project, Result, password_of


def blocked(result: Result, reason: str) -> None:
    assert result.code == 4, result.output
    (one,) = result.json["rotation"]
    assert one["state"] == "blocked"
    assert reason in one["reason"]
    assert result.json["records"][-1]["status"] == "blocked"


def test_a_role_that_is_not_there_yet(project: Project) -> None:
    write_shop(project)
    blocked(rotate(project, "shop"), "is not there yet: `pgtenant apply` makes it")
    result = rotate(project, "--due")
    assert result.code == 0, result.output
    assert {one["state"] for one in result.json["rotation"]} == {"nothing"}


def test_a_role_that_is_somebody_elses(files: Project, instance: Instance) -> None:
    before = stored(files)
    for comment in ("", '{"managed_by":"pgtenant","environment":"prod","entry":"shop"}'):
        instance.su(sql.SQL("COMMENT ON ROLE shop_user IS {}").format(sql.Literal(comment)))
        blocked(rotate(files, "shop"), "is not managed as this entry")
        assert stored(files) == before


def test_a_role_that_is_out_of_service(files: Project) -> None:
    retired = files.run("retire", "-e", "dev", "shop-ro", "--stage", "disable")
    assert retired.code == 0, retired.output
    blocked(rotate(files, "shop-ro"), "is out of service")


def test_logins_through_iam_have_no_password(project: Project, instance: Instance) -> None:
    instance.su("GRANT rds_iam TO platform_admin WITH ADMIN OPTION")
    entries = {"shop": SHOP["shop"] | {"auth": "iam"}}
    project.write(entries)
    result = rotate(project, "shop")
    assert result.code == 0, result.output
    assert [one["state"] for one in result.json["rotation"]] == ["nothing"]


def test_a_secret_that_rds_keeps_itself(project: Project, moto_server: Moto) -> None:
    project.moto = moto_server
    write_shop(project)
    project.converge()
    with moto_server.secrets() as client:
        client.tag_resource(
            SecretId=project.secret_name("rds/master"),
            Tags=[{"Key": "aws:secretsmanager:owningService", "Value": "rds"}],
        )
    before = stored(project, "rds/master")
    blocked(rotate(project, "--admin"), "belongs to the service rds, which rotates it by itself")
    assert stored(project, "rds/master") == before


def test_a_secret_that_is_for_somebody_else(files: Project) -> None:
    path = files.secret_path("shop/postgres")
    path.write_text(json.dumps(stored(files) | {"username": "shop_reader"}))
    result = rotate(files, "--all")
    assert result.code == 1
    assert "field 'username' is not 'shop_user'" in result.err
    assert stored(files, "shop-ro/postgres", "AWSPREVIOUS") == {}

    result = rotate(files, "--all", "--no-fail-fast")
    assert result.code == 1
    assert [one["state"] for one in result.json["rotation"]] == ["failed", "rotated"]


def test_a_secret_that_says_its_login_in_an_unclear_way(files: Project) -> None:
    path = files.secret_path("shop/postgres")
    now = stored(files) | {"note": f"shop_user/{password_of('shop_user')} in shop_user"}
    path.write_text(json.dumps(now | {"dbname": "shop", "engine": "shop_user"}))
    before = stored(files)
    write_shop(files, rotation="alternate")
    files.converge()
    blocked(rotate(files, "shop"), "field 'note' names the login shop_user and its password")
    assert stored(files) == before
    assert stored(files, stage=PENDING) == {}

    result = rotate(files, "--all")
    assert result.code == 4, result.output
    assert [one["state"] for one in result.json["rotation"]] == ["blocked", "rotated"]
    assert password_of("shop_user") not in result.output
