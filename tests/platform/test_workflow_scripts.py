"""The workflows' scripts on their own: what they refuse."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pgtenant import __version__
from support.github_api import GitHubApi
from support.project import Result
from support.workflows import BRANCH, GitHub, script


@pytest.fixture
def github(repository: Path, tmp_path: Path) -> GitHub:
    """A repository whose branch may move on."""
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    (root / "schemas").mkdir()
    (root / "schemas/mine.sql").write_text("SELECT 1;\n")
    github = GitHub(root, tmp_path / "home", GitHubApi())
    github.home.mkdir()
    return github


def moved_on(github: GitHub, *changed: str) -> Result:
    """Change files on the branch while a run for prod waits, and let that run go on."""
    github.begin()
    late = github.git("rev-parse", "HEAD")
    for name in changed:
        (github.root / name).parent.mkdir(parents=True, exist_ok=True)
        with (github.root / name).open("a") as file:
            file.write("# changed\n")
        github.commit(name)
    github.git("checkout", "--quiet", late)
    github.git("clone", "--quiet", "--branch", BRANCH, str(github.origin), ".tip")
    return script(github.root, "still_current.sh", ENVIRONMENT="prod")


@pytest.mark.parametrize(
    "changed",
    [
        "envs/prod-rds/terraform.tfvars",
        "envs/prod-rds/variables.tf",
        "envs/prod-rds/terraform.yaml",
        "infrastructure/terraform/rds/main.tf",
        "pgtenant.toml",
        "schemas/mine.sql",
    ],
)
def test_what_the_branch_has_moved_on_from_is_refused(changed: str, github: GitHub) -> None:
    done = moved_on(github, changed)
    assert done.code == 1
    assert "has changed on the branch since: nothing was touched" in done.out


def test_what_changed_for_others_stops_nobody(github: GitHub) -> None:
    done = moved_on(github, "envs/dev-rds/terraform.tfvars", "governance/prod/x.csv", "README.md")
    assert done.code == 0, done.output
    assert not (github.root / ".tip").exists()


def test_a_catalog_elsewhere_is_compared_there(github: GitHub) -> None:
    elsewhere(github)
    done = moved_on(github, "catalogs/prod.yaml")
    assert done.code == 1
    assert "catalogs/prod.yaml has changed" in done.out


def test_a_catalog_elsewhere_of_others_stops_nobody(github: GitHub) -> None:
    elsewhere(github)
    assert moved_on(github, "catalogs/dev.yaml").code == 0


def test_without_a_catalog_nothing_can_be_compared(github: GitHub) -> None:
    (github.root / "envs/prod-rds/terraform.tfvars").unlink()
    done = moved_on(github)
    assert done.code == 1
    assert "there is no catalog" in done.out


def elsewhere(github: GitHub) -> None:
    settings = github.root / "pgtenant.toml"
    text = settings.read_text()
    settings.write_text(text.replace("envs/{env}-rds/terraform.tfvars", "catalogs/{env}.yaml"))
    (github.root / "catalogs").mkdir()
    for env in ("dev", "prod"):
        (github.root / f"catalogs/{env}.yaml").write_text("application_databases: {}\n")


def validate(github: GitHub, **environ: str) -> Result:
    temporary = str(github.home)
    return script(github.root, "validate_catalogs.sh", RUNNER_TEMP=temporary, **environ)


def test_valid_catalogs_are_valid(github: GitHub) -> None:
    done = validate(github)
    assert done.code == 0, done.output
    assert done.out.count("the catalog is valid") == 4


@pytest.mark.parametrize(
    ("pgtenant", "code"),
    [("", "127"), ("exit 1", "1"), ("echo 'Traceback'; exit 1", "1"), ("exit 0", "0")],
    ids=["not there", "silent", "crashed", "said nothing"],
)
def test_a_broken_tool_validates_nothing(pgtenant: str, code: str, github: GitHub) -> None:
    programs = github.home / "bin"
    programs.mkdir()
    if pgtenant:
        (programs / "pgtenant").write_text(f"#!/bin/sh\n{pgtenant}\n")
        (programs / "pgtenant").chmod(0o755)
    done = validate(github, PATH=f"{programs}:/usr/bin:/bin")
    assert done.code == 1
    assert done.out.count(f"can't be told: exit code {code}") == 4


def test_a_wrong_catalog_is_named(github: GitHub) -> None:
    (github.root / "envs/dev-rds/terraform.tfvars").write_text("application_databases = 1\n")
    done = validate(github)
    assert done.code == 1
    assert "the catalog or the settings of dev are wrong" in done.out
    assert done.out.count("the catalog is valid") == 3


@pytest.mark.parametrize(
    ("version", "code"), [(__version__, 0), ("9.9.9", 1), (f"{__version__}1", 1)]
)
def test_a_runner_has_the_version_that_is_pinned(version: str, code: int, github: GitHub) -> None:
    action = yaml.safe_load((github.root / ".github/actions/pgtenant/action.yml").read_text())
    [step] = action["runs"]["steps"]
    programs = github.home / "bin"
    programs.mkdir()
    (programs / "pgtenant").write_text(f"#!/bin/sh\necho 'pgtenant, version {version}'\n")
    (programs / "pgtenant").chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=github.root,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("is not the" in done.stdout) == bool(code)


@pytest.mark.parametrize("locked", [True, False])
def test_a_provider_that_is_locked_is_the_one_that_is_taken(locked: bool, github: GitHub) -> None:
    programs = github.home / "bin"
    programs.mkdir()
    (programs / "terraform").write_text("#!/bin/sh\necho called $*\n")
    (programs / "terraform").chmod(0o755)
    if locked:
        (github.root / "envs/dev-rds/.terraform.lock.hcl").write_text("")
    path = f"{programs}:/usr/bin:/bin"
    done = script(github.root, "terraform_init.sh", ENVIRONMENT="dev", PATH=path)
    assert done.code == 0
    called = "called -chdir=envs/dev-rds init -no-color"
    assert (f"{called} -lockfile=readonly\n" in done.out) == locked
    assert ("::warning::" in done.out) == (not locked)


@pytest.mark.parametrize(
    ("name", "exits", "code"),
    [
        ("rebuild_requests.sh", 0, 0),
        ("rebuild_requests.sh", 1, 1),
        ("review_request.sh", 0, 0),
        ("review_request.sh", 1, 1),
        ("review_request.sh", 3, 0),
    ],
)
def test_what_pgtenant_says_is_no_command_to_the_runner(
    name: str, exits: int, code: int, github: GitHub
) -> None:
    programs, summary = github.home / "bin", github.home / "summary.md"
    programs.mkdir()
    said = "::add-mask::a\\n##[error]b\\n"
    shown = f"#!/bin/sh\nprintf '{said}'\nprintf 'c\\n' >&2\nexit {exits}\n"
    (programs / "pgtenant").write_text(shown)
    (programs / "pgtenant").chmod(0o755)
    environ = {"RUNNER_TEMP": str(github.home), "GITHUB_STEP_SUMMARY": str(summary)}
    done = script(github.root, name, PATH=f"{programs}:/usr/bin:/bin", **environ)
    assert done.code == code, done.output
    stop, *lines, go_on = done.out.splitlines()
    assert stop == f"::stop-commands::{go_on.strip(':')}"
    assert len(go_on.strip(":")) == 32
    assert lines == ["::add-mask::a", "##[error]b", "c"]
    fence = "`" * 8
    assert summary.read_text().splitlines() == [f"{fence}text", *lines, fence]


def test_without_a_cluster_kubectl_is_led_nowhere(github: GitHub) -> None:
    """Not to the cluster that the runner may be a pod of."""
    environ = {"RUNNER_TEMP": str(github.home), "GITHUB_ENV": str(github.home / "env")}
    done = script(github.root, "find_cluster.sh", EKS_CLUSTER="", **environ)
    assert done.code == 0, done.output
    config = github.home / "kubeconfig"
    assert (github.home / "env").read_text() == f"KUBECONFIG={config}\n"
    loaded = yaml.safe_load(config.read_text())
    assert loaded["current-context"] == loaded["contexts"][0]["name"]
    # kubectl would ask for a name and a password, and wait.
    assert loaded["users"][0]["user"]
    assert loaded["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:9"
