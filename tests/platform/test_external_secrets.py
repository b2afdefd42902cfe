"""A real API server, with the operator's own definition, takes the manifests."""

from __future__ import annotations

from pathlib import Path

import yaml

from pgtenant.cli import main
from support.cluster import Cluster
from support.project import render_catalog


def test_a_real_api_server_takes_them(cluster: Cluster, tmp_path: Path) -> None:
    cluster.define("externalsecrets.yaml", "externalsecrets.external-secrets.io")
    catalog = tmp_path / "envs" / "dev-rds" / "terraform.tfvars"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(
        render_catalog({"my_app": {"database_name": "my_app", "username": "my_app_user"}})
    )
    file = tmp_path / "manifest.yaml"
    command = ["render", "external-secret", "-e", "dev", "my_app", "--namespace", "default"]
    assert main([*command, "--out", str(file), "--project", str(tmp_path)]) == 0
    how = ("create", "--dry-run=server", "--output=json", "--filename=-")
    done = cluster(*how, given=file.read_text())
    assert done.code == 0, done.err
    # The server would drop without a word what it does not know.
    sent, kept = yaml.safe_load(file.read_text()), yaml.safe_load(done.out)
    assert kept["spec"]["dataFrom"][0]["extract"]["key"] == "goldenpath/dev/my_app/postgres"
    assert kept["spec"]["target"]["template"]["data"] == sent["spec"]["target"]["template"]["data"]
    wrong = sent | {"spec": sent["spec"] | {"dataFrom": [{"extract": {}}]}}
    assert cluster(*how, given=yaml.safe_dump(wrong)).code != 0
