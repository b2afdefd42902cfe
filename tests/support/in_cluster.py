"""What the Jobs of a repository's workflows need in a test's cluster."""

from __future__ import annotations

import json

import yaml

from support.cluster import Cluster
from support.moto import Moto
from support.workflows import GitHub


def let_in(cluster: Cluster, github: GitHub, aws: Moto) -> None:
    """Have the cluster ready, and its pods reach this machine's loopback."""
    kustomize = github.root / "gitops" / "kustomize"
    for manifest in ("bases/namespaces.yaml", "platform-system/rds-provisioner-rbac.yaml"):
        applied = cluster("apply", f"--filename={kustomize / manifest}")
        assert applied.code == 0, applied.err
    here = kustomize / "components" / "here"
    here.mkdir()
    patch = [{"op": "add", "path": "/spec/template/spec/hostNetwork", "value": True}] + [
        {
            "op": "add",
            "path": "/spec/template/spec/containers/0/env/-",
            "value": {"name": name, "value": value},
        }
        for name, value in aws.env.items()
        if name != "AWS_REGION"
    ]
    (here / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1alpha1",
                "kind": "Component",
                "patches": [{"target": {"kind": "Job"}, "patch": json.dumps(patch)}],
            }
        )
    )
    base = kustomize / "rds-provision" / "kustomization.yaml"
    base.write_text(base.read_text() + "  - ../components/here\n")
    github.environ |= {"PGTENANT_IMAGE": cluster.image()}
