"""Terraform makes the secrets, pgtenant the databases, and both leave alone what is right.

One environment, applied for real: Terraform with the real provider on moto, pgtenant on a real
PostgreSQL. One test, because an instance takes the provider minutes even where it costs nothing.
"""

from __future__ import annotations

import fnmatch
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.fake_aws import SENTINEL
from support.instance import Instance
from support.leaks import leaks
from support.moto import Moto
from support.platform_world import World
from support.terraform import Terraform

CATALOG = {
    "inventory": {
        "database_name": "inventory_service",
        "username": "inventory_user",
        "owner": "app-team (A & B)",
        "risk": "high",
    },
    "inventory_reader": {
        "database_name": "inventory_service",
        "username": "inventory_reader",
        "access_level": "reader",
    },
}
RENAMED = CATALOG | {
    "inventory_reader": CATALOG["inventory_reader"] | {"username": "inventory_viewer"}
}


@pytest.fixture
def world(
    repository: Path,
    aws: Moto,
    terraform: Terraform,
    private_instance: Callable[[], Instance],
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """The environment dev, before its first apply."""
    for name in ("ALLOW_DB_PROVISION", "BUILD_ID", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    world = World(repository, aws, terraform, private_instance(), rotation=True)
    world.prepare()
    return world


def test_an_environment_from_nothing_to_its_applications(world: World) -> None:
    world.write_catalog(CATALOG)
    planned = world.plan()
    assert len(planned) > 20
    assert world.apply("run.tfplan") == planned
    secrets_are_as_documented(world)
    policies_stay_in_their_environment(world)
    an_applications_policy_names_no_other_secret(world)
    every_password_is_rotated_as_its_risk_asks(world)

    world.be_rds()
    applied = world.pgtenant("apply", "--format", "json")
    assert applied.code == 0, applied.output
    applications_can_log_in(world)

    a_plan_for_a_comment_reads_no_password(world)
    assert world.pgtenant("plan", "--detailed-exitcode").code == 0

    a_rotated_password_stays(world)
    a_changed_login_gets_a_new_secret_and_no_other_does(world)
    no_password_is_kept(world)


def secrets_are_as_documented(world: World) -> None:
    secret = world.secret("inventory/postgres")
    assert set(secret) == {
        *("engine", "username", "password", "host", "port", "dbname", "connection_uri")
    }
    assert (secret["username"], secret["dbname"]) == ("inventory_user", "inventory_service")
    assert (secret["host"], secret["port"]) == (world.instance.host, world.instance.port)
    uri = urllib.parse.urlsplit(secret["connection_uri"])
    assert urllib.parse.unquote(uri.password or "") == secret["password"]
    assert secret["password"].isalnum()
    assert len(secret["password"]) == 40
    assert (uri.hostname, uri.port, uri.path) == (
        secret["host"],
        secret["port"],
        "/inventory_service",
    )
    master = world.secret("rds/master")
    assert set(master) == {"engine", "username", "password", "host", "port", "dbname"}
    assert master["username"] == world.instance.admin.user
    names = ("inventory/postgres", "inventory_reader/postgres", "rds/master")
    passwords = {world.secret(name)["password"] for name in names}
    assert len(passwords) == len(names)
    assert all(password.startswith(SENTINEL) for password in passwords)
    instances = world.client("rds").describe_db_instances()["DBInstances"]
    assert [one["DBInstanceIdentifier"] for one in instances] == ["goldenpath-platform-db-dev"]
    assert instances[0]["BackupRetentionPeriod"] == 35
    assert instances[0]["StorageEncrypted"]
    assert not instances[0]["PubliclyAccessible"]


def policies_stay_in_their_environment(world: World) -> None:
    iam = world.client("iam")
    policies = iam.list_policies(Scope="Local")["Policies"]
    assert len(policies) == 1 + len(CATALOG)
    for policy in policies:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
        statements(version["Document"])
    role = "goldenpath-dev-platform-provisioner"
    own = iam.get_role_policy(RoleName=role, PolicyName="read-the-admins-secret")
    statements(own["PolicyDocument"])
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert "system:serviceaccount:platform-system:platform-provisioner" in json.dumps(trust)


def an_applications_policy_names_no_other_secret(world: World) -> None:
    """Asked as IAM does: a resource or a condition may hold wildcards."""
    secrets = world.client("secretsmanager")
    arns = {
        entry: secrets.describe_secret(SecretId=f"goldenpath/dev/{entry}/postgres")["ARN"]
        for entry in CATALOG
    }
    for entry in CATALOG:
        document = policy(world, f"goldenpath-dev-{entry}-database-secret-reader")
        assert {other for other, arn in arns.items() if may_read(document, arn)} == {entry}
        assert {other for other, arn in arns.items() if may_decrypt(document, arn)} == {entry}
        assert not may_read(document, arns[entry].replace("/dev/", "/prod/"))
    everybody = policy(world, "goldenpath-dev-database-secrets-reader")
    assert all(may_read(everybody, arn) for arn in arns.values())


def policy(world: World, name: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::123456789012:policy/{name}"
    version = world.client("iam").get_policy_version(PolicyArn=arn, VersionId="v1")
    document: dict[str, Any] = version["PolicyVersion"]["Document"]
    return document


def may_read(document: dict[str, Any], arn: str) -> bool:
    return any(
        matches(arn, statement["Resource"])
        for statement in allowing(document, "secretsmanager:GetSecretValue")
    )


def may_decrypt(document: dict[str, Any], arn: str) -> bool:
    return any(
        matches(arn, statement["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"])
        for statement in allowing(document, "kms:Decrypt")
    )


def allowing(document: dict[str, Any], action: str) -> list[dict[str, Any]]:
    assert {statement["Effect"] for statement in document["Statement"]} == {"Allow"}
    return [one for one in document["Statement"] if matches(action, one["Action"])]


def matches(text: str, patterns: str | list[str]) -> bool:
    wanted = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in wanted)


def every_password_is_rotated_as_its_risk_asks(world: World) -> None:
    function = world.client("lambda").get_function(FunctionName="goldenpath-dev-password-rotation")[
        "Configuration"
    ]
    assert function["Handler"] == "pgtenant.rotation.handler.lambda_handler"
    assert function["Environment"]["Variables"]["PGTENANT_ENVIRONMENT"] == "dev"
    secrets = world.client("secretsmanager")
    for entry, days in {"inventory": 14, "inventory_reader": 90}.items():
        secret = secrets.describe_secret(SecretId=f"goldenpath/dev/{entry}/postgres")
        assert secret["RotationEnabled"]
        assert secret["RotationLambdaARN"] == function["FunctionArn"]
        assert secret["RotationRules"]["AutomaticallyAfterDays"] == days
    assert not secrets.describe_secret(SecretId="goldenpath/dev/rds/master").get("RotationEnabled")


def statements(document: dict[str, Any]) -> None:
    for statement in document["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            if ":secretsmanager:" in resource:
                assert ":secret:goldenpath/dev/" in resource
            else:
                assert ":kms:" in resource
                assert "*" not in resource
                assert "kms:ViaService" in statement["Condition"]["StringEquals"]


def applications_can_log_in(world: World) -> None:
    for entry in ("inventory", "inventory_reader"):
        secret = world.secret(f"{entry}/postgres")
        with psycopg.connect(secret["connection_uri"]) as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
        assert row == (secret["username"], secret["dbname"])


def a_plan_for_a_comment_reads_no_password(world: World) -> None:
    """What the role of a pull request's plan needs, and what plan.sh does therefore."""
    assert (
        "plan -lock=false -refresh=false "
        in (world.root / ".github" / "scripts" / "plan.sh").read_text()
    )
    without = asked_of_aws(world, "plan", "-refresh=false")
    assert "GetRandomPassword" in without
    assert "GetSecretValue" not in without
    # The search would find it; and a second apply changes nothing.
    assert "GetSecretValue" in asked_of_aws(world, "apply", "-auto-approve")
    assert "0 added, 0 changed, 0 destroyed" in world.terraform.said[-1]


def asked_of_aws(world: World, *arguments: str) -> str:
    """Return the provider's log of what Terraform does."""
    log = world.root.parent / f"provider-{arguments[0]}.log"
    world.terraform.environ |= {"TF_LOG_PROVIDER": "DEBUG", "TF_LOG_PATH": str(log)}
    try:
        world.terraform(world.environment, *arguments, "-no-color")
    finally:
        for name in ("TF_LOG_PROVIDER", "TF_LOG_PATH"):
            del world.terraform.environ[name]
    return log.read_text()


def a_rotated_password_stays(world: World) -> None:
    """However often it was rotated since: Secrets Manager forgets old versions."""
    for number in range(3):
        world.put_password("inventory/postgres", f"{SENTINEL}Rotated{number}")
        world.put_password("rds/master", f"{SENTINEL}Master{number}")
    world.be_rds()
    assert world.pgtenant("apply").code == 0
    assert world.apply() == []
    assert world.secret("inventory/postgres")["password"] == f"{SENTINEL}Rotated2"
    assert world.secret("rds/master")["password"] == f"{SENTINEL}Master2"
    assert world.pgtenant("plan", "--detailed-exitcode").code == 0


def a_changed_login_gets_a_new_secret_and_no_other_does(world: World) -> None:
    world.write_catalog(RENAMED)
    before = world.secret("inventory_reader/postgres")
    changed = world.apply()
    assert {address.split(".", 2)[2] for address in changed} == {
        'aws_secretsmanager_secret.app["inventory_reader"]',  # its description names the role
        'aws_secretsmanager_secret_version.app["inventory_reader"]',
    }
    after = world.secret("inventory_reader/postgres")
    assert after["username"] == "inventory_viewer"
    assert after["password"] != before["password"]
    assert world.secret("inventory/postgres")["password"] == f"{SENTINEL}Rotated2"


def no_password_is_kept(world: World) -> None:
    world.terraform(world.environment, "output", "-json")
    world.terraform(world.environment, "state", "pull")
    world.terraform(world.environment, "show", "-json", "run.tfplan")
    kept = dict(world.everything_kept())
    assert any(where.startswith("s3: dev-rds/terraform.tfstate") for where in kept)
    assert any(where.startswith("run.tfplan: ") for where in kept)
    # The search finds what is there.
    assert any(b"inventory_user" in content for content in kept.values())
    assert {where: leaks(content, [SENTINEL]) for where, content in kept.items()} == {
        where: [] for where in kept
    }
