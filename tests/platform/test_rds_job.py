"""`scripts/rds_job.py`, as far as it goes without a cluster."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import shutil
import socket
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from support.laid_out import LaidOut
from support.manifests import Manifest, one, pod_of

MY_APP = {"my_app": {"database_name": "my_app", "username": "my_app_user"}}
SCRIPT = ("python3", "scripts/rds_job.py")

pytestmark = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="there is no kubectl on this machine"
)


def rendered(laid_out: LaidOut, *arguments: str, **extra: str) -> list[Manifest]:
    done = laid_out.run(
        *SCRIPT, "render", "--env", "dev", "--run-number", "42", *arguments, **extra
    )
    assert done.code == 0, done.output
    return list(yaml.safe_load_all(done.out))


def bundled(config_map: Manifest) -> dict[str, bytes]:
    packed = base64.b64decode(config_map["binaryData"]["project.tar.gz"])
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
        contents = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: content.read() for name, content in contents.items() if content}


def test_the_job_has_the_catalog_of_the_checkout(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP)
    (laid_out.root / "schemas").mkdir()
    (laid_out.root / "schemas" / "mine.sql").write_text("SELECT 1;\n")
    (laid_out.root / "envs" / "dev-rds" / "tenants.txt").write_text("acme\n")
    (laid_out.root / ".secrets").mkdir()
    (laid_out.root / ".secrets" / "key").write_text("fake")
    manifests = rendered(laid_out, "--build-id", "7", "--git-ref", "c0ffee")
    config_map, job = one(manifests, "ConfigMap"), one(manifests, "Job")
    assert job["metadata"]["name"] == "rds-provision-dev-42"
    assert job["metadata"]["namespace"] == "platform-system"
    assert config_map["metadata"]["name"] == "rds-provision-dev-42"
    assert config_map["immutable"] is True
    files = bundled(config_map)
    assert set(files) == {
        *("pgtenant.toml", "envs/dev-rds/terraform.tfvars", "schemas/mine.sql"),
        *("envs/dev-rds/tenants.txt", "certs/README.md", "certs/rds-global-bundle.pem"),
    }
    for name, content in files.items():
        assert content == (laid_out.root / name).read_bytes()
    assert config_map["data"] == {
        "ENVIRONMENT": "dev",
        "PGTENANT_BUILD_ID": "7",
        "GITHUB_SHA": "c0ffee",
    }
    [container] = pod_of(job)["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "rds-provision-dev-42"}}]
    assert not list(laid_out.root.glob(".rds-job-*"))


def test_the_same_checkout_makes_the_same_job(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP)
    assert rendered(laid_out) == rendered(laid_out)


def test_only_what_is_meant_to_is_passed_on(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP)
    manifests = rendered(
        laid_out,
        *("--dry-run", "--image", "local/pgtenant:test"),
        ALLOW_DB_PROVISION="true",
        PGTENANT_APPROVED_BY='Jane "J" Doe: $(id)',
        GITHUB_ACTOR="octocat",
        GITHUB_RUN_ID="99",
        GITHUB_TOKEN="fake-token",
    )
    assert one(manifests, "ConfigMap")["data"] == {
        "ALLOW_DB_PROVISION": "true",
        "PGTENANT_APPROVED_BY": 'Jane "J" Doe: $(id)',
        "GITHUB_ACTOR": "octocat",
        "ENVIRONMENT": "dev",
        "PGTENANT_BUILD_ID": "99",
    }
    pod = pod_of(one(manifests, "Job"))
    assert pod["containers"][0]["args"][-1] == "--dry-run"
    images = {container["image"] for container in pod["containers"] + pod["initContainers"]}
    assert images == {"local/pgtenant:test"}


def test_another_catalog_of_the_settings(laid_out: LaidOut) -> None:
    settings = laid_out.root / "pgtenant.toml"
    text = settings.read_text()
    settings.write_text(text.replace("envs/{env}-rds/terraform.tfvars", "catalogs/{env}.yaml"))
    (laid_out.root / "catalogs").mkdir()
    (laid_out.root / "catalogs" / "dev.yaml").write_text("application_databases: {}\n")
    files = bundled(one(rendered(laid_out), "ConfigMap"))
    assert "catalogs/dev.yaml" in files
    assert "envs/dev-rds/terraform.tfvars" not in files


def test_a_certificate_elsewhere_goes_along(laid_out: LaidOut) -> None:
    trust(laid_out, "tls/ca.pem")
    (laid_out.root / "tls").mkdir()
    (laid_out.root / "tls" / "ca.pem").write_text("fake")
    assert "tls/ca.pem" in bundled(one(rendered(laid_out), "ConfigMap"))


def test_what_does_not_reach_the_job_is_refused(laid_out: LaidOut, tmp_path: Path) -> None:
    other = {"PGTENANT_PROJECT_CATALOG": "other.tfvars"}
    assert laid_out.run(*SCRIPT, "render", "--env", "dev", **other).code == 64
    (tmp_path / "ca.pem").write_text("fake")
    trust(laid_out, str(tmp_path / "ca.pem"))
    done = laid_out.run(*SCRIPT, "render", "--env", "dev")
    assert done.code == 64
    assert "is not in this repository" in done.err


def trust(laid_out: LaidOut, path: str) -> None:
    settings = laid_out.root / "pgtenant.toml"
    text = settings.read_text()
    assert '"certs/rds-global-bundle.pem"' in text
    settings.write_text(text.replace('"certs/rds-global-bundle.pem"', f'"{path}"'))


@pytest.mark.parametrize(
    "arguments",
    [
        ("render",),
        ("render", "--env", "nope"),
        ("render", "--env", "dev;id"),
        ("render", "--env", "dev", "--run-number", "4" * 60),
        ("render", "--env", "dev", "--component", "nowhere"),
        ("destroy", "--env", "dev"),
    ],
    ids=["no environment", "no catalog", "no name", "too long", "no component", "no action"],
)
def test_wrong_usage(arguments: tuple[str, ...], laid_out: LaidOut) -> None:
    done = laid_out.run(*SCRIPT, *arguments)
    assert done.code == 64, done.output
    assert "Traceback" not in done.output


def test_a_catalog_that_fits_nowhere_is_refused(laid_out: LaidOut) -> None:
    noise = base64.b64encode(os.urandom(1_500_000))
    (laid_out.root / "schemas").mkdir()
    (laid_out.root / "schemas" / "noise.sql").write_bytes(noise)
    done = laid_out.run(*SCRIPT, "render", "--env", "dev")
    assert done.code == 64
    assert "too large for a ConfigMap" in done.err


def test_without_kubectl_there_is_no_kubernetes(laid_out: LaidOut, tmp_path: Path) -> None:
    script = (sys.executable, SCRIPT[1])
    nowhere = {"PATH": str(tmp_path)}
    done = laid_out.run(*script, "run", "--env", "dev", **nowhere)
    assert done.code == 69
    assert "there is no kubectl" in done.err
    assert laid_out.run(*script, "render", "--env", "dev", **nowhere).code == 64


def test_without_kubernetes_the_same_is_done_from_here(laid_out: LaidOut, tmp_path: Path) -> None:
    laid_out.write(MY_APP)
    config = tmp_path / "kubeconfig"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server = f"https://127.0.0.1:{closed.getsockname()[1]}"
    cluster = {"name": "gone", "cluster": {"server": server}}
    context = {"name": "gone", "context": {"cluster": "gone", "user": ""}}
    config.write_text(
        json.dumps(
            {"kind": "Config", "clusters": [cluster], "contexts": [context],
             "current-context": "gone"}
        )
    )  # fmt: skip
    done = laid_out.run(*SCRIPT, "run", "--env", "dev", KUBECONFIG=str(config))
    assert done.code == 69, done.output
    assert "nothing was created" in done.err
    assert done.out == ""
    fallback = laid_out.run("python3", "scripts/rds_provision.py", "--env", "dev")
    assert fallback.code == 0, fallback.output
    with laid_out.tenant("my_app_user", "my_app"):
        pass
    assert {row["status"] for row in laid_out.audit_rows()} == {"success"}
