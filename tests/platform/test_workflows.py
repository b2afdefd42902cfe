"""The workflows under act, on real PostgreSQLs; in Terraform's place is a program that takes notes.

`test_merge_to_ready.py` has the real one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import github_api
from support.github_api import GitHubApi
from support.instance import Instance
from support.leaks import leaks
from support.moto import Moto
from support.platform_tools import lint, programs
from support.project import Project, password_of, render_catalog
from support.workflows import GitHub, Ran

ROLE = "arn:aws:iam::123456789012:role/rds-apply"
EVERY = ["dev", "prod", "staging", "test"]
DEV = "envs/dev-rds/terraform.tfvars"
INVENTORY = {"inventory": {"database_name": "inventory", "username": "inventory_user"}}
RECORDS = "docs/20-contracts/resource-catalogs/rds-catalog.yaml"
ORDERS = {"orders": {"database_name": "orders", "username": "orders_user"}}


class Place:
    """A platform repository on GitHub, and the instances of its environments."""

    def __init__(self, github: GitHub, aws: Moto, start: Callable[[], Instance]) -> None:
        self.github = github
        self.aws = aws
        self.start = start
        self.projects: dict[str, Project] = {}

    def make(self, *environments: str) -> None:
        """Start an instance for each of these environments."""
        for env in environments:
            project = Project(self.github.root, self.start(), env=env, moto=self.aws)
            self.projects[env] = project
            admin = project.instance.admin
            project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
            shutil.copy(project.instance.ca_file, self.github.root / "certs/rds-global-bundle.pem")

    def declare(self, env: str, entries: dict[str, dict[str, str]]) -> None:
        """Write a catalog, and the secrets that Terraform would make of it."""
        project = self.projects[env]
        project.write_catalog(render_catalog(entries))
        for key, entry in entries.items():
            user = entry["username"]
            project.write_secret(f"{key}/postgres", user, password_of(user), entry["database_name"])

    def recorded(self, **statuses: str) -> None:
        """Write the catalog of resources: the same entry in every environment."""
        keys = {env: {"inventory": {"metadata": {"status": s}}} for env, s in statuses.items()}
        path = self.github.root / RECORDS
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump({"databases": keys}))

    def statuses(self) -> dict[str, str]:
        """Return what it says of that entry."""
        found = yaml.safe_load((self.github.root / RECORDS).read_text())["databases"]
        return {env: keys["inventory"]["metadata"]["status"] for env, keys in found.items()}

    def journal(self, env: str, kind: str) -> list[dict[str, Any]]:
        """Return the journal's records of a kind."""
        path = self.projects[env].audit.with_suffix(".journal.jsonl")
        records = [json.loads(line) for line in path.read_text().splitlines()]
        return [one for one in records if one["kind"] == kind]

    def terraform_calls(self) -> list[str]:
        path = self.github.home / "terraform-calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if not line.endswith(" version")]


@pytest.fixture
def place(
    repository: Path,
    tmp_path: Path,
    moto_server: Moto,
    private_instance: Callable[[], Instance],
) -> Iterator[Place]:
    """Nothing declared yet, and the first commit made."""
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "terraform"
    program.write_text('#!/bin/sh\necho "$ENVIRONMENT $*" >> "$TEST_TERRAFORM"\n')
    program.chmod(0o755)
    with github_api.serve() as api:
        github = GitHub(root, home, api)
        github.environ = moto_server.env | {"TEST_TERRAFORM": str(home / "terraform-calls")}
        github.variables = {"AWS_ROLE_ARN": ROLE, "AWS_REGION": "eu-west-2"}
        yield Place(github, moto_server, private_instance)


def test_zizmor_finds_nothing(repository: Path) -> None:
    how = ("--offline", "--persona", "auditor", "--no-progress")
    lint("zizmor", *how, ".github", repository=repository)


def test_every_workflow_is_one_of_githubs(repository: Path) -> None:
    workflows = [str(path) for path in (repository / ".github/workflows").glob("*.yml")]
    actions = [str(path) for path in (repository / ".github/actions").glob("*/action.yml")]
    assert len(workflows) == 8
    for schema, files in (("workflows", workflows), ("actions", actions)):
        how = ("--builtin-schema", f"vendor.github-{schema}")
        lint("check-jsonschema", *how, *files, repository=repository)


def test_no_program_has_an_expression_of_githubs_in_it(repository: Path) -> None:
    """What somebody chose a name for would be run."""
    for path in (repository / ".github").rglob("*.yml"):
        document = yaml.safe_load(path.read_text())
        for program in programs(document):
            assert "${{" not in program, path


def test_the_scripts_are_typed(repository: Path) -> None:
    scripts = sorted((repository / ".github/scripts").glob("*.py"))
    assert scripts
    for script in scripts:  # each is a program: `main` of one is not that of another
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(script)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (["envs/dev-rds/terraform.tfvars"], ["dev"]),
        (["envs/dev-rds/terraform.tfvars", "envs/prod-rds/terraform.tfvars"], ["dev", "prod"]),
        (["envs/test-rds/terraform.tfvars.json", "README.md"], ["test"]),
        (["envs/test-rds/terraform.yaml", "envs/test-rds/terraform.yml"], ["test"]),
        (["envs/dev-rds/main.tf", "envs/dev-rds/nested/terraform.tfvars", "x"], []),
        (["docs/20-contracts/resource-catalogs/rds-catalog.yaml"], EVERY),
        (["docs/20-contracts/resource-catalogs/rds-catalog.yaml", DEV], ["dev"]),
        (["envs/gone-rds/terraform.tfvars"], []),
    ],
)
def test_every_changed_environment_is_found(
    changed: list[str], found: list[str], repository: Path, tmp_path: Path
) -> None:
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    github = GitHub(root, tmp_path / "home", GitHubApi())
    github.home.mkdir()
    github.begin()
    before = github.git("rev-parse", "HEAD")
    for name in changed:  # each in a commit of its own: a push may have many
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        with (root / name).open("a") as file:
            file.write("# changed\n")
        github.commit(name)
    shutil.rmtree(root / "envs" / "gone-rds", ignore_errors=True)
    assert environments(github, BEFORE=before) == found
    never_seen = "0" * 40
    assert environments(github, BEFORE=never_seen) == EVERY
    assert environments(github, ASKED_FOR="prod") == ["prod"]
    assert environments(github, ASKED_FOR="all") == EVERY


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (["envs/dev-rds/main.tf"], ["dev"]),
        (["envs/dev-rds/variables.tf", "envs/prod-rds/terraform.tfvars"], ["dev", "prod"]),
        (["infrastructure/terraform/rds/variables.tf", DEV], EVERY),
        (["pgtenant.toml"], EVERY),
        (["schemas/mine.sql"], EVERY),
        ([".github/workflows/rds-plan.yml"], EVERY),
        (["README.md", "governance/dev/rds_provision_audit.csv"], []),
        (["envs/gone-rds/main.tf"], []),
    ],
)
def test_every_environment_whose_plan_may_change_is_found(
    changed: list[str], found: list[str], repository: Path, tmp_path: Path
) -> None:
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    github = GitHub(root, tmp_path / "home", GitHubApi())
    github.home.mkdir()
    github.begin()
    for name in changed:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        with (root / name).open("a") as file:
            file.write("# changed\n")
    github.commit("propose")
    shutil.rmtree(root / "envs" / "gone-rds", ignore_errors=True)
    assert environments(github, "--plan", BEFORE="HEAD^1") == found


def environments(github: GitHub, *arguments: str, **given: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, ".github/scripts/changed_environments.py", *arguments],
        cwd=github.root,
        env=os.environ | {"GITHUB_SHA": github.git("rev-parse", "HEAD"), **given},
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_two_environments_changed_in_one_merge_are_both_applied(place: Place) -> None:
    place.make("dev", "test")
    place.github.begin()
    before = place.github.git("rev-parse", "HEAD")
    place.recorded(dev="pending", test="pending", prod="pending")
    place.declare("dev", INVENTORY)
    place.github.commit("dev first")
    place.declare("test", INVENTORY)
    merged = place.github.commit("then test")
    place.github.api.review("test", "jane-doe")

    ran = place.github.push(before)

    assert ran.code == 0, ran.said
    place.github.pull()
    for env, project in place.projects.items():
        with project.tenant("inventory_user", "inventory") as session:
            session.execute("CREATE TABLE stock (n int)")
        assert {row["status"] for row in project.audit_rows()} == {"success"}
        [began] = place.journal(env, "run_started")
        assert began["git_commit"] == merged
        assert began["actor"] == "a-person"
        assert began["approver"] == ("jane-doe" if env == "test" else "")
        assert began["build_id"] == "1001"
    assert place.github.roles == [
        f"rds-dev-1001 {ROLE} eu-west-2",
        f"rds-test-1001 {ROLE} eu-west-2",
    ]
    for env in ("dev", "test"):
        calls = [call for call in place.terraform_calls() if call.startswith(f"{env} ")]
        assert [call.split()[2] for call in calls] == ["init", "plan", "apply"]
        assert calls[-1].endswith("run.tfplan")
    assert place.statuses() == {"dev": "active", "test": "active", "prod": "pending"}
    # No record of the second environment was lost to the first one's.
    authors = place.github.git("log", "--format=%an", "-2", "--", "governance").splitlines()
    assert authors == ["github-actions[bot]"] * 2
    passwords = [password_of("inventory_user")] + [
        project.instance.admin.password for project in place.projects.values()
    ]
    assert leaks(ran.log, passwords) == []


def test_prod_is_refused_before_terraform_when_nobody_approved(place: Place) -> None:
    place.make("prod")
    place.github.api.review("prod", "jane-doe", state="pending")
    place.github.api.review("staging", "john-roe")
    ran = declared(place, "prod")
    assert ran.code != 0
    assert "prod needs an approval and nobody gave one" in ran.said
    assert place.terraform_calls() == []
    assert place.github.roles == []
    untouched(place.projects["prod"])


def test_prod_is_refused_by_pgtenant_when_the_workflow_lets_it_through(place: Place) -> None:
    place.make("prod")
    gate = place.github.root / ".github/workflows/rds-environment.yml"
    asked = 'pgtenant fleet approval --env "$ENVIRONMENT" >>'
    assert asked in gate.read_text()
    gate.write_text(gate.read_text().replace(asked, "printf 'approved_by=\\nallow=\\n' >>"))
    ran = declared(place, "prod")
    assert ran.code != 0
    assert "exit code 3 (on the runner)" in ran.said
    assert "is changed only with an approval; nothing was touched" in ran.said
    assert "the log has no record of a run's journal" in ran.said
    untouched(place.projects["prod"])
    place.github.pull()
    assert not (place.github.root / "governance").exists()


def test_a_catalog_that_the_branch_has_moved_on_from_is_refused(place: Place) -> None:
    place.make("dev")
    place.github.begin()
    before = place.github.git("rev-parse", "HEAD")
    place.declare("dev", INVENTORY)
    late = place.github.commit("one")
    place.declare("dev", ORDERS)
    place.github.commit("another, while the first one waits")
    place.github.git("checkout", "--quiet", late)
    ran = place.github.push(before)
    assert ran.code != 0
    assert "has changed on the branch since: nothing was touched" in ran.said
    assert place.terraform_calls() == []
    untouched(place.projects["dev"])


def test_a_run_with_a_blocked_entry_is_red_and_recorded(place: Place) -> None:
    place.make("dev")
    place.projects["dev"].instance.su("CREATE ROLE inventory_user LOGIN")
    ran = declared(place, "dev")
    assert ran.code != 0
    assert "exit code 4 (on the runner)" in ran.said
    assert "blocked" in {row["status"] for row in place.projects["dev"].audit_rows()}


def test_a_pull_request_gets_its_plans_in_one_comment(place: Place) -> None:
    place.make("dev")
    place.github.begin()
    base = place.github.git("rev-parse", "HEAD")
    for entries in (INVENTORY, ORDERS):
        place.declare("dev", entries)
        place.github.commit("propose")
        repository = {"full_name": "example-org/platform"}
        pull = {"number": 7, "base": {"sha": base}, "head": {"repo": repository}}
        event = {"pull_request": pull, "repository": repository}
        ran = place.github.run("pull_request", "rds-plan.yml", event)
        assert ran.code == 0, ran.said
    [comment] = place.github.api.comments
    assert "## dev" in comment["body"]
    assert "orders_user" in comment["body"]
    assert "inventory_user" not in comment["body"]
    untouched(place.projects["dev"])
    assert not [call for call in place.terraform_calls() if " apply " in call]


def test_a_pull_request_with_a_broken_catalog_fails_and_says_where(place: Place) -> None:
    place.make("dev")
    place.github.begin()
    base = place.github.git("rev-parse", "HEAD")
    place.projects["dev"].write_catalog("application_databases = {\n  a = { nme = 1 }\n}\n")
    place.github.commit("propose")
    pull = {"number": 7, "base": {"sha": base}}
    ran = place.github.run("pull_request", "rds-plan.yml", {"pull_request": pull})
    assert ran.code != 0
    assert "envs/dev-rds/terraform.tfvars:2" in ran.said
    assert place.github.roles == []


def test_what_differs_is_one_issue_and_a_plan_that_failed_is_said_in_it(place: Place) -> None:
    place.make("dev")
    place.declare("dev", INVENTORY)
    place.github.begin()
    ran = place.github.run("schedule", "rds-drift.yml", {"schedule": "15 6 * * *"})
    assert ran.code != 0  # the others have no instance
    [issue] = place.github.api.issues.values()
    assert [label["name"] for label in issue["labels"]] == ["rds-drift"]
    assert "4 environments: 3 not known, 1 not as declared" in issue["body"]
    assert "create database inventory" in issue["body"]
    assert "/example-org/platform/actions/runs/1001)" in issue["body"]
    assert f"rds-drift-dev-1001 {ROLE} eu-west-2" in place.github.roles
    untouched(place.projects["dev"])
    assert leaks(ran.log + issue["body"], [password_of("inventory_user")]) == []


def declared(place: Place, env: str) -> Ran:
    """Merge an entry into an environment."""
    place.github.begin()
    before = place.github.git("rev-parse", "HEAD")
    place.declare(env, INVENTORY)
    place.github.commit("a database")
    ran = place.github.push(before)
    place.github.pull()
    return ran


def untouched(project: Project) -> None:
    [found] = project.instance.su(
        "SELECT count(*) FROM pg_roles WHERE rolname IN ('inventory_user', 'orders_user')"
    )
    assert found == (0,)
