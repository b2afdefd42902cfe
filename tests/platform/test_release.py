"""The workflow that makes a release of pgtenant itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgtenant import __version__
from support.platform_tools import lint, programs
from tools.pythons import supported

ROOT = Path(__file__).parents[2]
FILE = ROOT / ".github" / "workflows" / "release.yml"


@pytest.fixture
def workflow() -> Any:
    return yaml.safe_load(FILE.read_text())


def test_the_linters_find_nothing() -> None:
    how = ("--offline", "--persona", "auditor", "--no-progress")
    lint("zizmor", *how, ".github", repository=ROOT)
    lint(
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        str(FILE),
        repository=ROOT,
    )


def test_no_program_has_an_expression_in_it(workflow: Any) -> None:
    assert [program for program in programs(workflow) if "${{" in program] == []


def test_it_runs_on_every_supported_python(workflow: Any) -> None:
    assert workflow["jobs"]["pythons"]["strategy"]["matrix"]["python"] == supported()


@pytest.mark.parametrize(
    ("tag", "heading", "complaint"),
    [
        ("v1.2.0", "## 1.2.0 (2026-01-31)", ""),
        ("v1.2", "## 1.2.0", "the tag is v1.2, and src/pgtenant/__init__.py has 1.2.0"),
        ("v1.2.0", "## Unreleased", "CHANGELOG.md has no section '## 1.2.0'"),
    ],
)
def test_the_tag_has_to_be_the_version(
    tag: str, heading: str, complaint: str, workflow: Any, tmp_path: Path
) -> None:
    [check] = [one for one in programs(workflow["jobs"]["build"]) if "CHANGELOG.md" in one]
    init = (ROOT / "src/pgtenant/__init__.py").read_text().replace(__version__, "1.2.0")
    (tmp_path / "src" / "pgtenant").mkdir(parents=True)
    (tmp_path / "src" / "pgtenant" / "__init__.py").write_text(init)
    log = f"# Changelog\n\n{heading}\n\n### Added\n\n- This.\n\n## 1.1.0\n\n- That.\n"
    (tmp_path / "CHANGELOG.md").write_text(log)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", check],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag},
        check=False,
        capture_output=True,
        text=True,
    )
    assert complaint in done.stdout
    assert done.returncode == bool(complaint)
    if not complaint:
        assert (tmp_path / "notes.md").read_text().strip() == "### Added\n\n- This."
