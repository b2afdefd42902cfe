"""What the templates become."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest
import yaml

from pgtenant import settings
from pgtenant.catalog.load import parse
from pgtenant.catalog.model import FIELDS
from pgtenant.platform.layout import ENVIRONMENTS, LaidOut, layout
from pgtenant.platform.options import check_options

DEFAULT = layout(check_options({}))
CHOSEN = layout(
    check_options(
        {
            "prefix": "acme-db",
            "region": "us-east-1",
            "account": "000000000042",
            "state_bucket": "acme-states",
            "repository": "acme/platform",
            "team": "@acme/dba",
        }
    )
)


def content(files: tuple[LaidOut, ...], path: str) -> str:
    return {str(file.path): file.content for file in files}[path].decode()


def test_the_paths_that_the_documents_name() -> None:
    paths = {str(file.path) for file in DEFAULT}
    module = "infrastructure/terraform/rds"
    wanted = ("main", "parameter-group", "subnet-group", "secrets", "variables", "outputs")
    assert {f"{module}/{name}.tf" for name in wanted} <= paths
    assert {f"envs/{env}-rds/terraform.tfvars" for env in ENVIRONMENTS} <= paths
    assert {
        "infrastructure/README.md",
        "pgtenant.toml",
        ".gitignore",
        ".github/CODEOWNERS",
        "Makefile",
        "scripts/rds_provision.py",
        "gitops/kustomize/bases/namespaces.yaml",
        "gitops/kustomize/platform-system/rds-provisioner-rbac.yaml",
    } <= paths


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        ("venv.py", True),  # python would take it before its own
        ("schemas", True),  # a link
        ("notes/x.tf", True),
        ("makefile", True),  # make would
        ("envs/dev-rds/x.md", True),
        (".github/workflows/x.yml", True),
        ("docs/20-contracts/resource-catalogs/rds-catalog.yaml", True),
        ("docs/20-contracts/.gitattributes", True),
        ("docs/.gitattributes", True),
        ("backstage/databases/dev/orders.yaml", True),
        ("README.md", False),
        ("docs/index.html", False),
    ],
)
def test_what_has_a_code_owner(path: str, owned: bool) -> None:
    text = content(DEFAULT, ".github/CODEOWNERS")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    fit = [owners for pattern, *owners in lines if _fits(pattern, path)]
    assert bool(fit[-1]) is owned


def _fits(pattern: str, path: str) -> bool:
    """Tell whether a line is about a path, as GitHub does with the patterns that are there."""
    if pattern.endswith("/"):
        return path.startswith(pattern.removeprefix("/"))
    if pattern.startswith("/"):
        return path == pattern.removeprefix("/")
    return fnmatch(path.rpartition("/")[2], pattern)


@pytest.mark.parametrize("file", CHOSEN, ids=lambda file: str(file.path))
def test_every_file(file: LaidOut) -> None:
    assert not file.path.is_absolute()
    assert ".." not in file.path.parts
    text = file.content.decode()
    assert text.endswith("\n")
    assert "\r" not in text
    assert "@@" not in text + str(file.path)
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert file.executable == text.startswith("#!")
    for default in ("goldenpath", "eu-west-2", "123456789012", "example-org"):
        assert default not in text.replace("iam::123456789012:oidc-provider/oidc.eks.REGION", "")


def test_the_same_options_give_the_same_files_in_order() -> None:
    assert layout(check_options({})) == DEFAULT
    assert [file.path for file in DEFAULT] == sorted(file.path for file in DEFAULT)


def test_settings_agree_with_the_secrets_that_terraform_makes(tmp_path: Path) -> None:
    (tmp_path / "pgtenant.toml").write_text(content(CHOSEN, "pgtenant.toml"))
    loaded = settings.load(tmp_path, environ={})
    assert loaded.admin_secret("dev") == "acme-db/dev/rds/master"
    assert loaded.app_secret("dev", "inventory") == "acme-db/dev/inventory/postgres"
    assert {env: loaded.approval_required(env) for env in ENVIRONMENTS} == {
        "dev": False,
        "test": True,
        "staging": True,
        "prod": True,
    }
    assert 'name                    = "${var.prefix}/${var.environment}/rds/master"' in content(
        CHOSEN, "infrastructure/terraform/rds/secrets.tf"
    )
    assert '"${var.prefix}/${var.environment}/${key}/postgres"' in content(
        CHOSEN, "infrastructure/terraform/app-secrets/main.tf"
    )
    database = loaded.server.maintenance_database
    variables = content(CHOSEN, "infrastructure/terraform/rds/variables.tf")
    assert re.search(rf'variable "database_name" {{[^}}]*default     = "{database}"', variables)
    for env in ENVIRONMENTS:
        assert str(loaded.catalog_path(env)) in {str(tmp_path / file.path) for file in CHOSEN}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_catalogs_are_empty_on_purpose_and_can_be_read(env: str) -> None:
    path = f"envs/{env}-rds/terraform.tfvars"
    assert parse(content(DEFAULT, path).encode(), display=path).entries == ()


def test_terraform_knows_every_field_of_the_catalog_and_its_rule() -> None:
    module = content(DEFAULT, "infrastructure/terraform/app-secrets/variables.tf")
    root = content(DEFAULT, "envs/dev-rds/variables.tf")
    for spec in FIELDS:
        assert re.search(rf"^    {spec.name} += ", module, re.MULTILINE)
        assert re.search(rf"^    {spec.name} += ", root, re.MULTILINE)
    rules = {spec.name: spec for spec in FIELDS}
    for name in ("database_name", "username"):
        assert f'can(regex("{rules[name].pattern}", entry.{name}))' in module
    for name in ("access_level", "auth", "rotation", "risk"):
        choices = ", ".join(f'"{choice}"' for choice in rules[name].choices)
        assert f"contains([{choices}], entry.{name})" in module


def test_what_is_yaml_or_toml_can_be_read() -> None:
    for file in DEFAULT:
        if file.path.suffix in {".yaml", ".yml"}:
            list(yaml.safe_load_all(file.content))
        elif file.path.suffix == ".toml":
            tomllib.loads(file.content.decode())


def test_only_one_environment_has_the_parameter_groups_plain_name() -> None:
    ends = {
        env: re.findall(r'suffix = "(.*)"', content(DEFAULT, f"envs/{env}-rds/terraform.tfvars"))
        for env in ENVIRONMENTS
    }
    assert ends == {"dev": ["-dev"], "test": ["-test"], "staging": ["-staging"], "prod": [""]}


def test_states_are_apart() -> None:
    keys = set()
    for env in ENVIRONMENTS:
        text = content(CHOSEN, str(PurePosixPath("envs", f"{env}-rds", "main.tf")))
        assert 'bucket       = "acme-states"' in text
        keys |= set(re.findall(r'key          = "(.*)"', text))
    assert len(keys) == len(ENVIRONMENTS)


def test_the_workflows_install_what_the_image_has() -> None:
    ours = (Path(__file__).parents[3] / "requirements" / "image.txt").read_text()
    [laid_out] = [one for one in layout(check_options({})) if one.path.name == "dependencies.txt"]
    assert laid_out.content.decode().partition("\n")[2] == ours
