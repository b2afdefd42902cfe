"""What the settings say of CloudNativePG environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgtenant.errors import SettingsError
from pgtenant.settings import load
from pgtenant.settings.model import Settings

ENGINE = '[environments.dev]\nengine = "cnpg"\n'


def loaded(tmp_path: Path, text: str, **environ: str) -> Settings:
    (tmp_path / "pgtenant.toml").write_text(text)
    return load(tmp_path, environ=environ)


def test_the_engine_is_enough(tmp_path: Path) -> None:
    settings = loaded(tmp_path, ENGINE)
    assert settings.environment("dev").engine == "cnpg"
    assert settings.environment("dev").approval is False
    assert settings.environment("prod").engine == "rds"
    cnpg = settings.cnpg.of("dev")
    assert (cnpg.namespace, cnpg.cluster) == ("postgres", "postgres-shared")
    assert (cnpg.directory, cnpg.cluster_file) == (
        "infra/databases/postgres", "postgres-cluster.yaml"
    )  # fmt: skip
    assert cnpg.certificate == "infra/sealed-secrets/pub-cert.pem"
    assert cnpg.certificate_sha256 is None
    assert (cnpg.scope, cnpg.keys) == ("strict", ("username", "password"))


def test_environments_can_have_clusters_of_their_own(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path, '[cnpg]\nnamespace = "pg-{env}"\ndirectory = "clusters/{env}/pg"\n' + ENGINE
    )
    cnpg = settings.cnpg.of("test")
    assert (cnpg.namespace, cnpg.directory) == ("pg-test", "clusters/test/pg")


def test_names_have_hyphens_there_and_nowhere_else(tmp_path: Path) -> None:
    settings = loaded(tmp_path, ENGINE)
    assert settings.naming_of("dev").username == "^[a-z][a-z0-9_-]{2,62}$"
    assert settings.naming_of("dev").database_name == "^[a-z][a-z0-9_-]{2,62}$"
    assert settings.naming_of("prod") == settings.naming
    assert "-" not in settings.naming_of("prod").username.replace("a-z0-9", "").replace("a-z", "")


def test_a_rule_that_somebody_set_holds_everywhere(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[naming]\nusername = "^[a-z]+$"\n' + ENGINE)
    assert settings.naming_of("dev").username == "^[a-z]+$"
    assert settings.naming_of("dev").database_name == "^[a-z][a-z0-9_-]{2,62}$"


def test_variables_override(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        ENGINE,
        PGTENANT_ENVIRONMENTS_PROD_ENGINE="cnpg",
        PGTENANT_CNPG_KEYS="username,password,host",
        PGTENANT_CNPG_CERTIFICATE_SHA256=":".join(["AB"] * 32),
    )
    assert settings.environment("prod").engine == "cnpg"
    assert settings.environment("prod").approval is True
    assert settings.cnpg.keys == ("username", "password", "host")
    assert settings.cnpg.certificate_sha256 == "ab" * 32


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('namespace = "Postgres"', "is no name that Kubernetes takes"),
        ('cluster = "a.b"', "is no name that Kubernetes takes"),
        ("cluster = 1", "must be a name"),
        ('directory = "{entry}"', "unknown placeholder {entry}"),
        ('certificate_sha256 = "abc"', "must be 64 hexadecimal digits"),
        ("certificate_sha256 = 1", "must be 64 hexadecimal digits"),
        ('scope = "loose"', 'must be one of "strict"'),
        ('keys = ["username"]', "lacks password"),
        ('keys = ["username", "password", "token"]', "has the unknown key 'token'"),
    ],
)
def test_what_can_t_be_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, f"[cnpg]\n{line}\n")
    assert said in caught.value.message


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='must be one of "rds", "cnpg"'):
        loaded(tmp_path, '[environments.dev]\nengine = "oracle"\n')
