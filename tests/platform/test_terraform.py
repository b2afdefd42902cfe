"""Every root and module, with the real provider: `validate`, and the modules' own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgtenant.platform.layout import ENVIRONMENTS
from support.terraform import Terraform


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_root_is_valid_without_its_backend(
    env: str, repository: Path, terraform: Terraform
) -> None:
    root = repository / "envs" / f"{env}-rds"
    terraform(root, "init", "-backend=false", "-no-color")
    assert "Success!" in terraform(root, "validate", "-no-color").output


def test_a_module_without_tests_is_valid_alone(repository: Path, terraform: Terraform) -> None:
    root = repository / "infrastructure" / "terraform" / "provisioner-role"
    terraform(root, "init", "-backend=false", "-no-color")
    assert "Success!" in terraform(root, "validate", "-no-color").output


@pytest.mark.parametrize("module", ["rds", "app-secrets", "rotation"])
def test_a_modules_own_tests(module: str, repository: Path, terraform: Terraform) -> None:
    root = repository / "infrastructure" / "terraform" / module
    terraform(root, "init", "-backend=false", "-no-color")
    assert "0 failed" in terraform(root, "test", "-no-color").output
