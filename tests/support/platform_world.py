"""An environment that Terraform made on moto, with a real PostgreSQL in the place of RDS."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from psycopg import sql

from support.instance import Instance
from support.moto import REGION, Moto
from support.project import Project, Result, render_catalog
from support.terraform import Terraform

STATES = "goldenpath-terraform-state"
# The host names that a fake on loopback can't have.
PATH_STYLE = "-backend-config=use_path_style=true"
# What moto differs in from AWS, each seen as an error or as a difference that never ends. It takes
# windows that touch for overlapping ones; it forgets parameters, Performance Insights and the
# descriptions of rules. And the provider gives an instance its certificate in a second step, with a
# second wait of eighty seconds.
MOTO_IS_NO_AWS = """\
resource "aws_db_instance" "this" {
  maintenance_window = "sun:04:01-sun:05:00"
  ca_cert_identifier = null

  lifecycle {
    ignore_changes = [
      performance_insights_enabled,
      performance_insights_kms_key_id,
      performance_insights_retention_period,
    ]
  }
}

resource "aws_db_parameter_group" "this" {
  lifecycle {
    ignore_changes = [parameter]
  }
}
"""
RULES = {
    "rds": ("ingress_rule.cluster", "ingress_rule.peered"),
    "rotation": (
        *("ingress_rule.database", "egress_rule.database"),
        *("ingress_rule.endpoint", "egress_rule.endpoint"),
    ),
}
FORGETS_DESCRIPTIONS = """\
resource "aws_vpc_security_group_%s" "%s" {
  lifecycle {
    ignore_changes = [description]
  }
}
"""


@dataclass(slots=True)
class World:
    """The repository, the fake AWS, and the server of one environment.

    Attributes:
        rotation: whether it has a function that rotates; what it does is tried elsewhere.
    """

    root: Path
    aws: Moto
    terraform: Terraform
    instance: Instance
    env: str = "dev"
    network: str = ""
    rotation: bool = False

    @property
    def environment(self) -> Path:
        return self.root / "envs" / f"{self.env}-rds"

    def client(self, service: str) -> Any:
        make: Any = boto3.client  # its overloads take no name that is not literal
        return make(
            service,
            endpoint_url=self.aws.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def prepare(self) -> None:
        """Make what the repository's README asks for before the first apply."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        nodes = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)
        s3 = self.client("s3")
        if not s3.list_buckets()["Buckets"]:
            s3.create_bucket(
                Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        oidc = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/E"
        self.network = "\n".join(
            (
                'account_id             = "123456789012"',
                f'vpc_id = "{vpc}"',
                f"database_subnet_ids = {json.dumps(subnets)}",
                f'cluster_security_group_ids = {{ eks = "{nodes["GroupId"]}" }}',
                'peered_cidrs = ["10.20.0.0/16"]',
                f'cluster_oidc_provider_arn = "{oidc}"',
                f'parameter_group_suffix = "-{self.env}"',
                self._package() if self.rotation else "",
                # The server that stands in for the instance; RDS would be at its own endpoint.
                "secret_endpoint = {",
                f'  host = "{self.instance.host}"',
                f"  port = {self.instance.port}",
                "}",
                "",
            )
        )
        for module, rules in RULES.items():
            text = "".join(FORGETS_DESCRIPTIONS % tuple(rule.split(".")) for rule in rules)
            override = self.root / "infrastructure/terraform" / module / "moto_override.tf"
            override.write_text(text + (MOTO_IS_NO_AWS if module == "rds" else ""))
        shutil.copy(self.instance.ca_file, self.root / "certs" / "rds-global-bundle.pem")
        self.terraform(self.environment, "init", "-no-color", PATH_STYLE)

    def _package(self) -> str:
        """Name a package of the rotation function; nothing of it is run here."""
        package = self.root.parent / "rotation.zip"
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("empty.txt", "")
        return f"rotation_package = {{ file = {json.dumps(str(package))} }}"

    def write_catalog(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        text = self.network + render_catalog(entries)
        (self.environment / "terraform.tfvars").write_text(text)

    def plan(self) -> list[str]:
        """Return the addresses that an apply would change, from a plan file that is kept."""
        done = self.terraform(self.environment, "plan", "-json", "-out=run.tfplan")
        return _changed(done.output, "planned_change", "change")

    def apply(self, *plan: str) -> list[str]:
        """Apply a plan file, or what is to be changed; return the addresses that were."""
        done = self.terraform(self.environment, "apply", "-json", "-auto-approve", *plan)
        return _changed(done.output, "apply_complete", "hook")

    def secret(self, name: str) -> dict[str, Any]:
        secrets = self.client("secretsmanager")
        value = secrets.get_secret_value(SecretId=f"goldenpath/{self.env}/{name}")
        fields: dict[str, Any] = json.loads(value["SecretString"])
        return fields

    def put_password(self, name: str, password: str) -> None:
        """Rotate by hand."""
        changed = self.secret(name) | {"password": password}
        self.client("secretsmanager").put_secret_value(
            SecretId=f"goldenpath/{self.env}/{name}", SecretString=json.dumps(changed)
        )

    def be_rds(self) -> None:
        """Give the master the password that Terraform gave the instance in moto."""
        master = self.secret("rds/master")
        self.instance.su(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(master["username"]), sql.Literal(master["password"])
            )
        )

    def pgtenant(self, *arguments: str) -> Result:
        project = Project(self.root, self.instance, moto=self.aws)
        return project.spawn(*arguments, "-e", self.env)

    def everything_kept(self) -> Iterator[tuple[str, bytes]]:
        """Yield all that Terraform left behind or printed, by where it is."""
        for number, output in enumerate(self.terraform.said):
            yield f"output {number}", output.encode()
        for file in self.environment.rglob("*"):
            if file.is_file() and "providers" not in file.parts:
                yield str(file), file.read_bytes()
        with zipfile.ZipFile(self.environment / "run.tfplan") as plan:
            for name in plan.namelist():
                yield f"run.tfplan: {name}", plan.read(name)
        yield from self.states()

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Yield what the bucket of the states holds, by where it is."""
        s3 = self.client("s3")
        for item in s3.list_objects_v2(Bucket=STATES)["Contents"]:
            stored = s3.get_object(Bucket=STATES, Key=item["Key"])
            yield f"s3: {item['Key']}", stored["Body"].read()


def _changed(output: str, kind: str, part: str) -> list[str]:
    """Return the addresses in Terraform's messages of a kind; what it only reads is left out."""
    messages = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    acted = [one[part] for one in messages if one["type"] == kind]
    acts = {"create", "update", "delete", "replace"}
    return sorted(one["resource"]["addr"] for one in acted if one["action"] in acts)
