"""`verify gitops` where no cluster can be asked; tests/platform has one."""

from __future__ import annotations

import json

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.cli import main
from pgtenant.report.schema import schema
from support.cnpg import SHOP, GitOps

NOWHERE = """\
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere}}]
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
"""


def test_what_can_not_be_asked_is_named_and_does_not_pass(
    gitops: GitOps, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gitops.write("kubeconfig", NOWHERE)
    monkeypatch.setenv("KUBECONFIG", str(gitops.root / "kubeconfig"))
    reader = {"database_name": "shop_orders", "username": "shop-bi", "access_level": "reader"}
    gitops.declare({"shop": SHOP, "shop_bi": reader})
    gitops.rendered()
    command = ["verify", "gitops", "-e", "dev", "--project", str(gitops.root)]
    assert main([*command, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, schema("verify-gitops"))
    assert found["summary"] == {"good": 0, "bad": 0, "unknown": 7}
    assert [one["what"] for one in found["checks"]] == [
        "Secret postgres/shop-db-creds",
        "Secret shop/shop-db-creds",
        "role shop-user",
        "Database postgres/shop-db",
        "Secret postgres/shop-bi-db-creds",
        "Secret shop-bi/shop-bi-db-creds",
        "role shop-bi",
    ]
    assert all(one["message"] for one in found["checks"])
    assert main(command) == 1
    assert "0 as they should be, 0 not, 7 could not be checked" in capsys.readouterr().out
