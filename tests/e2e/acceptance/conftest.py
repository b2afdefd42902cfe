"""An instance as the criteria want it: in AWS, on a live server, with an entry that has tenants."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from support.instance import Instance
from support.moto import REGION, Moto
from support.project import Project, Result, password_of
from support.qualisys import DATABASE, ENTRY, USER

if TYPE_CHECKING:
    from types_boto3_rds import RDSClient

NAME: Final = "qualisys-db"
GROUP: Final = {
    "max_connections": "200",
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "work_mem": "65536",
    "maintenance_work_mem": "524288",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
}


@dataclass(frozen=True, slots=True)
class World:
    """A project with the entry `qualisys`, its instance, and what AWS says of it."""

    project: Project
    moto: Moto

    @property
    def instance(self) -> Instance:
        return self.project.instance

    def describe(self, insights: int = 7, **other: Any) -> None:
        """Make the instance in AWS; `other` replaces what it is made with."""
        with self.rds() as rds:
            rds.create_db_parameter_group(
                DBParameterGroupName="qualisys-postgres",
                DBParameterGroupFamily=f"postgres{self.instance.major}",
                Description="of the test",
            )
            rds.modify_db_parameter_group(
                DBParameterGroupName="qualisys-postgres",
                Parameters=[
                    {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate"}
                    for name, value in GROUP.items()
                ],
            )
            wanted: dict[str, Any] = {
                "DBInstanceIdentifier": NAME,
                "Engine": "postgres",
                "EngineVersion": self.version,
                "DBInstanceClass": "db.t3.medium",
                "DBParameterGroupName": "qualisys-postgres",
                "MasterUsername": "platform_admin",
                "MasterUserPassword": "not-a-real-password",
                "MultiAZ": False,
                "BackupRetentionPeriod": 7,
                "PreferredBackupWindow": "03:00-04:00",
                "StorageEncrypted": True,
                "KmsKeyId": "arn:aws:kms:eu-west-2:123456789012:key/of-the-test",
                "PubliclyAccessible": False,
                "DeletionProtection": True,
                "MonitoringInterval": 60,
                "MonitoringRoleArn": "arn:aws:iam::123456789012:role/of-the-test",
            }
            rds.create_db_instance(**(wanted | other))
        # moto takes what it is told of Performance Insights, and forgets it.
        from moto.rds.models import rds_backends

        backend: Any = rds_backends["123456789012"][REGION]
        made = backend.databases[NAME]
        made.performance_insights_enabled = insights > 0
        made.performance_insights_retention_period = insights

    @property
    def version(self) -> str:
        """The server's version, as RDS spells one."""
        ((number,),) = self.instance.su("SELECT current_setting('server_version_num')::int")
        return f"{number // 10000}.{number % 10000}"

    @contextlib.contextmanager
    def rds(self) -> Iterator[RDSClient]:
        """A client of the fake AWS."""
        import boto3

        client = boto3.client(
            "rds",
            endpoint_url=self.moto.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        with contextlib.closing(client):
            yield client

    def write_uri(self, **other: Any) -> None:
        """Store the entry's secret with a connection_uri; `other` replaces what it says."""
        parts: dict[str, Any] = {
            "user": USER,
            "password": password_of(USER),
            "host": self.instance.host,
            "port": self.instance.port,
            "dbname": DATABASE,
        } | other
        uri = "postgresql://{user}:{password}@{host}:{port}/{dbname}?sslmode=require".format(
            **{name: quote(str(value), safe="") for name, value in parts.items()}
        )
        self.project.write_secret(
            "qualisys/postgres", USER, password_of(USER), DATABASE, connection_uri=uri
        )

    def verify(self, *arguments: str, rds: str | None = NAME) -> Result:
        """Run the command; JSON unless it is told otherwise."""
        style = () if "--format" in arguments else ("--format", "json")
        named = () if rds is None else ("--rds", rds)
        return self.project.run(
            "verify", "instance", "-e", self.project.env, *named, *style, *arguments
        )

    def checks(self, *arguments: str, rds: str | None = NAME) -> dict[str, dict[str, str]]:
        """Return every check by its criterion, or by its subject where it has none."""
        told = self.verify(*arguments, rds=rds)
        assert "acceptance" in told.json, told.output
        return {check["criterion"] or check["subject"]: check for check in told.json["acceptance"]}


@pytest.fixture
def world(aws_project: Project, moto_server: Moto) -> World:
    """An applied entry on the shared instance, whose settings are not as wanted."""
    return _applied(aws_project, moto_server)


@pytest.fixture
def right(
    aws_project: Project,
    moto_server: Moto,
    private_instance: Callable[..., Instance],
) -> World:
    """The same on a server with the settings that are wanted."""
    aws_project.instance = private_instance(
        settings={
            "max_connections": "200",
            "shared_buffers": "960MB",
            "work_mem": "64MB",
            "maintenance_work_mem": "512MB",
        }
    )
    return _applied(aws_project, moto_server)


def _applied(project: Project, moto: Moto) -> World:
    project.write({"qualisys": ENTRY})
    project.converge()
    world = World(project, moto)
    world.write_uri()
    return world
