"""A merge whose pgtenant runs as a Job in a real cluster; Terraform is left out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from support import github_api
from support.cluster import Cluster
from support.in_cluster import let_in
from support.instance import Instance
from support.leaks import leaks
from support.moto import Moto
from support.project import Project, password_of, render_catalog
from support.workflows import GitHub

INVENTORY = {"inventory": {"database_name": "inventory", "username": "inventory_user"}}


def test_a_merge_is_applied_and_verified_by_jobs(
    repository: Path,
    tmp_path: Path,
    moto_server: Moto,
    private_instance: Callable[[], Instance],
    cluster: Cluster,
) -> None:
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    terraform = home / "bin" / "terraform"
    terraform.write_text("#!/bin/sh\n")
    terraform.chmod(0o755)
    # An environment that no other test has in the cluster, which all share.
    project = Project(root, private_instance(), env="staging", moto=moto_server)
    admin = project.instance.admin
    project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
    shutil.copy(project.instance.ca_file, root / "certs/rds-global-bundle.pem")
    with github_api.serve() as api:
        github = GitHub(root, home, api)
        github.environ = moto_server.env | {"TEST_KUBECONFIG": cluster.environ["KUBECONFIG"]}
        github.variables = {"AWS_ROLE_ARN": "any", "EKS_CLUSTER": "platform"}
        let_in(cluster, github, moto_server)
        github.begin()
        before = github.git("rev-parse", "HEAD")
        password = password_of("inventory_user")
        project.write_secret("inventory/postgres", "inventory_user", password, "inventory")
        project.write_catalog(render_catalog(INVENTORY))
        merged = github.commit("a database")
        api.review("staging", "jane-doe")
        ran = github.push(before)
    github.pull()
    assert ran.code == 0, ran.said
    assert ran.said.count("exit code 0 (Job in the cluster)") >= 2
    with project.tenant("inventory_user", "inventory") as session:
        session.execute("CREATE TABLE stock (item text)")
    assert {row["status"] for row in project.audit_rows()} == {"success"}
    job = f"rds-provision-staging-{github.run_number(1)}"
    assert {row["run_id"].rpartition("-")[0] for row in project.audit_rows()} == {job}
    journal = project.audit.with_suffix(".journal.jsonl").read_text().splitlines()
    [began] = [one for one in map(json.loads, journal) if one["kind"] == "run_started"]
    assert (began["approver"], began["git_commit"]) == ("jane-doe", merged)
    there = cluster("get", "jobs,pods,configmaps", "--namespace=platform-system", "--output=json")
    assert job in there.out
    assert leaks(ran.log + there.out, [password, admin.password]) == []
