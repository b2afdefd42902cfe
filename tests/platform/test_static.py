"""What can be said of the files without running them, of Terraform's without its provider."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_hcl
import yaml

from pgtenant.settings import load
from pgtenant.settings.model import OTHER_SUFFIXES


def test_every_file_is_hcl(repository: Path) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
    files = [*repository.rglob("*.tf"), *repository.rglob("*.hcl"), *repository.rglob("*.tfvars")]
    assert len(files) > 20
    broken = [file for file in files if parser.parse(file.read_bytes()).root_node.has_error]
    assert not broken


def test_every_file_is_formatted(repository: Path) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on this machine")
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(repository)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_no_argument_keeps_a_password(repository: Path) -> None:
    """Only what an ephemeral resource made is a password, which Terraform refuses to store."""
    for file in repository.rglob("*.tf"):
        text = file.read_text()
        assert not re.search(r"^\s*secret_(string|binary)\s*=", text, re.MULTILINE), file
        assert not re.search(r'^(resource|data) ".*random_password"', text, re.MULTILINE), file
        for value in re.findall(r"^\s*password\s*=\s*(.*)", text, re.MULTILINE):
            assert value.startswith("ephemeral."), file


def test_every_skip_of_a_check_has_its_reason(repository: Path) -> None:
    for file in repository.rglob("*.tf"):
        for skip in re.findall(r"checkov:skip=.*", file.read_text()):
            assert re.fullmatch(r"checkov:skip=CKV2?_AWS_\d+:[A-Z].*\.", skip), (file, skip)


def test_all_look_for_catalogs_of_the_same_names(repository: Path, tmp_path: Path) -> None:
    """Otherwise some would see a merge that others do not."""
    names = {f"terraform{suffix}" for suffix in (".tfvars", *OTHER_SUFFIXES)}
    github = repository / ".github"
    workflow = yaml.safe_load((github / "workflows/rds-database-apply.yml").read_text())
    paths = workflow[True]["push"]["paths"]  # YAML 1.1 has `on` for a boolean
    assert {Path(path).name for path in paths if path.startswith("envs/")} == names
    changed = (github / "scripts/changed_environments.py").read_text()
    [pattern] = re.findall(r'^CATALOG = re.compile\(r"(.*)"\)$', changed, re.MULTILINE)
    assert [name for name in names if not re.fullmatch(pattern, f"envs/dev-rds/{name}")] == []
    assert not re.fullmatch(pattern, "envs/dev-rds/terraform.json")
    current = (github / "scripts/still_current.sh").read_text()
    [suffixes] = re.findall(r"/terraform\.\{(.*)\}\)", current)
    assert {f"terraform.{suffix}" for suffix in suffixes.split(",")} == names
    assert f'.get("catalog", "{load(tmp_path, environ={}).project.catalog}")' in current
    job = runpy.run_path(str(repository / "scripts/job_manifests.py"))
    assert {Path(job["CATALOG"]).name, *job["OTHER_CATALOGS"]} == names


def test_the_windows_stand_literally(repository: Path) -> None:
    text = (repository / "infrastructure/terraform/rds/main.tf").read_text()
    assert '"03:00-04:00"' in text
    assert '"sun:04:00-sun:05:00"' in text
