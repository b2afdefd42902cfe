"""From a merge to a database that the application uses: everything real but GitHub and AWS.

The workflow runs under act, Terraform with the real provider on moto, pgtenant on real PostgreSQLs:
as a Job in a real cluster where there is a kit for one. Without it, or with
PGTENANT_TEST_MERGE=runner, it is on the runner. One test, because an instance takes the provider
minutes even where it costs nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support import cluster as clusters
from support import github_api
from support.cluster import Cluster
from support.fake_aws import SENTINEL
from support.in_cluster import let_in
from support.instance import Instance
from support.leaks import files_below, leaks
from support.moto import Moto
from support.platform_world import PATH_STYLE, World
from support.project import Project
from support.terraform import Terraform
from support.workflows import GitHub, Ran

INVENTORY = {"inventory": {"database_name": "inventory_service", "username": "inventory_user"}}
# By environment.
APPROVERS = {"staging": "john-roe", "test": "jane-doe"}
ORDERS = INVENTORY | {"orders": {"database_name": "orders", "username": "orders_user"}}


@dataclass(slots=True)
class Company:
    """A repository on GitHub, two environments on AWS, a cluster if there is one."""

    github: GitHub
    worlds: dict[str, World]
    cluster: Cluster | None
    note: Callable[[str, object], None]
    seen: dict[str, bytes] = field(default_factory=dict)

    def merge(self, catalogs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Ran:
        """Merge these catalogs; the run that follows has to succeed."""
        self.github.pull()
        before = self.github.git("rev-parse", "HEAD")
        for env, entries in catalogs.items():
            self.worlds[env].write_catalog(entries)
        self.github.commit("Add a database")
        ran = self.github.push(before)
        self.github.pull()
        return ran

    def rows(self, env: str) -> list[dict[str, str]]:
        return Project(self.github.root, self.worlds[env].instance, env=env).audit_rows()


@pytest.fixture
def company(
    repository: Path,
    aws: Moto,
    terraform: Terraform,
    private_instance: Callable[[], Instance],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> Iterator[Company]:
    """Both environments have their instance, and no database yet."""
    without = os.environ.get("PGTENANT_TEST_MERGE") == "runner" or clusters.missing(os.environ)
    cluster: Cluster | None = None if without else request.getfixturevalue("cluster")
    root = tmp_path / "work"
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(repository, root)
    worlds = {env: World(root, aws, terraform, private_instance(), env=env) for env in APPROVERS}
    with github_api.serve() as api:
        github = GitHub(root, home, api)
        github.environ = terraform.environ | {"TF_CLI_ARGS_init": PATH_STYLE}
        github.variables = {
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/rds-apply",
            "AWS_REGION": "eu-west-2",
            "EKS_CLUSTER": "platform",
        }
        for world in worlds.values():
            world.prepare()
            world.write_catalog({})
        with ThreadPoolExecutor() as pool:
            if cluster is not None:
                pool.submit(cluster.image)  # in the meantime: an instance takes its time here too
            assert all(pool.map(World.apply, worlds.values()))
        for world in worlds.values():
            world.be_rds()
        if cluster is not None:
            let_in(cluster, github, aws)
        github.begin("infrastructure/terraform/rds/moto_override.tf")
        yield Company(github, worlds, cluster, record_property)


def test_from_a_merge_to_a_database(company: Company) -> None:
    two_environments_in_one_merge(company)
    the_same_again_changes_nothing(company)
    without_kubernetes_nothing_is_lost(company)
    no_password_is_anywhere(company)


def two_environments_in_one_merge(company: Company) -> None:
    where = "on the runner"
    if company.cluster is not None:
        company.github.environ["TEST_KUBECONFIG"] = company.cluster.environ["KUBECONFIG"]
        where = "Job in the cluster"
    for env, approver in APPROVERS.items():
        company.github.api.review(env, approver)
    began = time.monotonic()
    ran = company.merge(dict.fromkeys(APPROVERS, INVENTORY))
    took = time.monotonic() - began
    assert ran.code == 0, ran.said
    company.note("from a merge to two databases", f"{took:.0f} s, pgtenant {where}")
    assert ran.said.count(f"exit code 0 ({where})") >= 4
    for env in company.worlds:
        usable(company, env, "inventory")
        done = [row["status"] for row in company.rows(env)]
        assert done
        assert set(done) == {"success"}
        assert started(company, env)[-1]["approver"] == APPROVERS[env]
        assert started(company, env)[-1]["git_commit"] == company.github.pushed


def usable(company: Company, env: str, entry: str) -> None:
    secret = company.worlds[env].secret(f"{entry}/postgres")
    with psycopg.connect(secret["connection_uri"]) as session:
        session.execute("CREATE TABLE IF NOT EXISTS stock (item text)")
        session.execute("INSERT INTO stock VALUES ('bolt')")


def started(company: Company, env: str) -> list[dict[str, Any]]:
    journal = company.github.root / f"governance/{env}/rds_provision_audit.journal.jsonl"
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    return [one for one in records if one["kind"] == "run_started"]


def the_same_again_changes_nothing(company: Company) -> None:
    before = len(company.rows("staging"))
    event = {"ref": "refs/heads/development", "inputs": {"environment": "staging"}}
    ran = company.github.run("workflow_dispatch", "rds-database-apply.yml", event)
    company.github.pull()
    assert ran.code == 0, ran.said
    assert "0 added, 0 changed, 0 destroyed" in ran.said
    assert [row["status"] for row in company.rows("staging")[before:]] == ["no_change"]
    assert "Provision test" not in ran.said


def without_kubernetes_nothing_is_lost(company: Company) -> None:
    company.github.environ["TEST_KUBECONFIG"] = ""
    before = len(company.rows("staging"))
    ran = company.merge({"staging": ORDERS})
    assert ran.code == 0, ran.said
    assert "exit code 0 (on the runner)" in ran.said
    usable(company, "staging", "orders")
    added = [row for row in company.rows("staging")[before:] if row["database"] == "orders"]
    assert {row["status"] for row in added} == {"success"}


def no_password_is_anywhere(company: Company) -> None:
    for number, ran in enumerate(company.github.runs):
        company.seen[f"log of run {number}"] = ran.log.encode()
    company.seen |= files_below(company.github.home, but="providers")
    for world in company.worlds.values():
        company.seen |= dict(world.states())
    if company.cluster is not None:
        kinds = "jobs,pods,configmaps,events"
        in_cluster = company.cluster("get", kinds, "--namespace=platform-system", "--output=json")
        assert f"rds-provision-staging-{company.github.run_number(1)}" in in_cluster.out
        company.seen["cluster"] = in_cluster.out.encode()
    # The search finds what is there.
    assert any(b"inventory_user" in content for content in company.seen.values())
    found = {where: leaks(content, [SENTINEL]) for where, content in company.seen.items()}
    assert {where: leaked for where, leaked in found.items() if leaked} == {}
