"""The Argo templates: what a server with the real definition takes, and what their programs do."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import crds
from support.cluster import Cluster
from support.manifests import Manifest, kustomized

SYSTEM = Path("gitops/kustomize/platform-system")
NAMES = ("rds-provision", "rds-provision-fleet")
# What Argo itself knows, wherever a template uses it.
GLOBAL = {"workflow.name", "pod.name", "item"}


@pytest.fixture(scope="module")
def templates(repository: Path) -> dict[str, Manifest]:
    """The workflow templates by name, as kustomize makes them."""
    manifests = kustomized(repository / SYSTEM)
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == "WorkflowTemplate"}


def test_the_parameters_are_the_documents(templates: dict[str, Manifest]) -> None:
    assert set(templates) == set(NAMES)
    parameters = templates["rds-provision"]["spec"]["arguments"]["parameters"]
    assert [one["name"] for one in parameters] == [
        *("environment", "build_id", "run_id", "dry_run", "git_ref")
    ]
    assert "value" not in parameters[0]


@pytest.mark.parametrize("name", NAMES)
def test_argos_own_definition_takes_it(name: str, templates: dict[str, Manifest]) -> None:
    directory = crds.directory(os.environ)
    if directory is None:
        pytest.skip("no definition of Argo's: PGTENANT_TEST_KIT names no kit")
    definition = directory / "argo_workflowtemplates.yaml"
    assert crds.complaints(definition, templates[name]) == []
    broken = templates[name] | {"spec": templates[name]["spec"] | {"entrypint": "main"}}
    [complaint] = crds.complaints(definition, broken)
    assert "entrypint" in complaint


def test_a_real_api_server_takes_them(templates: dict[str, Manifest], cluster: Cluster) -> None:
    cluster.define("argo_workflowtemplates.yaml", "workflowtemplates.argoproj.io")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "platform-system"}}
    cluster("create", "--filename=-", given=yaml.safe_dump(namespace))
    for template in templates.values():
        how = ("apply", "--server-side", "--dry-run=server", "--filename=-")
        done = cluster(*how, given=yaml.safe_dump(template))
        assert done.code == 0, done.err


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_somewhere(name: str, templates: dict[str, Manifest]) -> None:
    spec = templates[name]["spec"]
    by_name = {one["name"]: one for one in spec["templates"]}
    ours = {f"workflow.parameters.{one['name']}" for one in spec["arguments"]["parameters"]}
    assert spec["entrypoint"] in by_name
    assert spec.get("onExit", spec["entrypoint"]) in by_name
    used = {spec["entrypoint"], spec.get("onExit", spec["entrypoint"])}
    for template in spec["templates"]:
        known = GLOBAL | ours | inputs_of(template)
        for step in steps_of(template):
            used.add(step["template"])
            called = by_name[step["template"]]
            given = {one["name"] for one in step.get("arguments", {}).get("parameters", [])}
            needed = {
                one["name"]
                for one in called.get("inputs", {}).get("parameters", [])
                if "value" not in one
            }
            assert needed <= given, step["name"]
            known |= outputs_of(step["name"], called)
        asked = set(re.findall(r"\{\{([^}]+)\}\}", yaml.safe_dump(template)))
        assert asked <= known, template["name"]
    assert used == set(by_name)


def inputs_of(template: Manifest) -> set[str]:
    parameters = template.get("inputs", {}).get("parameters", [])
    return {f"inputs.parameters.{one['name']}" for one in parameters}


def outputs_of(step: str, template: Manifest) -> set[str]:
    parameters = template.get("outputs", {}).get("parameters", [])
    made = {f"steps.{step}.outputs.parameters.{one['name']}" for one in parameters}
    return made | ({f"steps.{step}.outputs.result"} if "container" in template else set())


def steps_of(template: Manifest) -> Iterator[Manifest]:
    for group in template.get("steps", []):
        yield from group


def containers(template: Manifest) -> dict[str, Any]:
    return {
        one["name"]: one["container"] for one in template["spec"]["templates"] if "container" in one
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_containers_are_locked(name: str, templates: dict[str, Manifest]) -> None:
    template = templates[name]
    assert template["spec"]["securityContext"]["runAsNonRoot"]
    assert template["spec"]["serviceAccountName"] == "platform-provisioner"
    for container in containers(template).values():
        assert container["image"].startswith("123456789012.dkr.ecr.")
        assert container["resources"]["limits"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        # Nothing of a parameter stands in a program.
        assert "{{" not in str(container.get("args", [])) + str(container["command"])


def test_the_fleet_goes_in_waves_and_stops_on_a_failure(templates: dict[str, Manifest]) -> None:
    by_name = {one["name"]: one for one in templates["rds-provision-fleet"]["spec"]["templates"]}
    assert by_name["in-turn"]["parallelism"] == 1
    assert by_name["in-turn"]["failFast"]
    assert by_name["side-by-side"]["parallelism"] > 1
    assert by_name["side-by-side"]["failFast"]


@pytest.mark.parametrize("name", NAMES)
def test_the_pods_stay_whose_logs_hold_the_records(
    name: str, templates: dict[str, Manifest]
) -> None:
    """Were they gone with the workflow's success, so would the audit be."""
    spec = templates[name]["spec"]
    assert "podGC" not in spec
    assert not [one for one in spec["templates"] if "podGC" in one]
    assert spec["ttlStrategy"] == {"secondsAfterCompletion": 7 * 24 * 60 * 60}
    [environ] = [
        {one["name"]: one["value"] for one in container["env"]}
        for step, container in containers(templates[name]).items()
        if step == "provision"
    ]
    assert environ["PGTENANT_PROJECT_AUDIT_LOG"] == "true"


@pytest.mark.parametrize("code", [0, 1, 3, 4, 64])
def test_a_wave_ends_with_what_stops_apply_all(
    code: int, templates: dict[str, Manifest], tmp_path: Path
) -> None:
    provision = {"DRY_RUN": "false", "ENVIRONMENT": "dev", "PGTENANT_APPROVED_BY": ""}
    in_fleet = containers(templates["rds-provision-fleet"])["provision"]
    said = run(in_fleet, tmp_path, f"echo '{{}}'; exit {code}", **provision)
    assert said.returncode == (0 if code == 4 else code)
    assert said.stdout == "{}\n"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("dry_run", "approver", "flag", "allowed"),
    [
        ("false", "jane-doe", "", "true"),
        ("false", "", "", "unset"),
        ("true", "", "--dry-run", "unset"),
        ("no", "", "--dry-run", "unset"),
        ("false $(touch broken)", "`touch broken`; x", "--dry-run", "true"),
    ],
)
def test_the_program_of_a_run(
    name: str,
    dry_run: str,
    approver: str,
    flag: str,
    allowed: str,
    templates: dict[str, Manifest],
    tmp_path: Path,
) -> None:
    container = containers(templates[name])["provision"]
    said = run(
        container,
        tmp_path,
        'echo "$*|${ALLOW_DB_PROVISION-unset}"; exit 1',
        DRY_RUN=dry_run,
        ENVIRONMENT="prod",
        PGTENANT_APPROVED_BY=approver,
    )
    assert said.returncode == 1
    arguments, _, allow = said.stdout.strip().partition("|")
    assert arguments.startswith("apply --env prod --project /project --audit /tmp/audit.csv")
    assert arguments.endswith(flag)
    assert ("--dry-run" in arguments) == bool(flag)
    assert allow == allowed
    assert not (tmp_path / "broken").exists()


def test_the_report_expects_every_environment(
    templates: dict[str, Manifest], tmp_path: Path
) -> None:
    container = containers(templates["rds-provision-fleet"])["report"]
    for name in ("dev", "prod"):
        (tmp_path / f"{name}.json").write_text("{}")
    said = run(
        container,
        tmp_path,
        '[ "$2" = waves ] && printf "dev\\ntest staging\\nprod\\n" || echo "$*"',
        results=str(tmp_path),
    )
    assert said.stdout.split() == [
        *("fleet", "report", "--project", "/project"),
        *("--expect", "dev", "--expect", "test", "--expect", "staging", "--expect", "prod"),
        *(str(tmp_path / "dev.json"), str(tmp_path / "prod.json")),
    ]


def run(
    container: Manifest, home: Path, pgtenant: str, results: str = "/results", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a container's program with another pgtenant; its /tmp and /results are the test's."""
    program = home / "bin" / "pgtenant"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{pgtenant}\n")
    program.chmod(0o755)
    [script] = container["args"]
    script = script.replace("/results/", f"{results}/").replace(
        "/tmp/result.json", f"{home}/result"
    )
    return subprocess.run(
        [*container["command"], script],
        cwd=home,
        env={"PATH": f"{program.parent}:{os.environ['PATH']}", **environ},
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
