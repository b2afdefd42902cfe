from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from pgtenant.errors import ExitCode, SettingsError
from pgtenant.settings import SPECS, Environment, Settings, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOCUMENTED = """
[project]
catalog = "envs/{env}-rds/terraform.tfvars"
audit   = "governance/{env}/rds_provision_audit.csv"
[secrets]
store = "aws"                       # or "file"
directory = ".secrets"
admin = "goldenpath/{env}/rds/master"
app   = "goldenpath/{env}/{entry}/postgres"
[server]
maintenance_database = "postgres"   # default: the admin secret's dbname
connections = 8                     # the most pgtenant ever opens at once
connect_timeout = "10s"
lock_timeout = "30s"
statement_timeout = "5min"
sslmode = "verify-full"
sslrootcert = "rds-global-bundle.pem"
[environments.prod]
approval = true
"""


def settings(
    project: Path,
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Settings:
    if text is not None:
        (project / "pgtenant.toml").write_text(text)
    return load(project, environ=environ or {}, overrides=overrides or {})


def refusal(
    project: Path,
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(project, text, environ, overrides)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value.message


def test_without_a_file_the_seeds_conventions_hold(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.catalog_path("dev") == tmp_path / "envs/dev-rds/terraform.tfvars"
    assert found.audit_path("prod") == tmp_path / "governance/prod/rds_provision_audit.csv"
    assert found.admin_secret("dev") == "goldenpath/dev/rds/master"
    assert found.app_secret("dev", "keycloak") == "goldenpath/dev/keycloak/postgres"
    assert found.secrets.store == "aws"
    assert found.secrets.directory == ".secrets"
    assert found.server.maintenance_database is None
    assert found.server.connections == 8
    assert found.server.connect_timeout == 10.0
    assert found.server.lock_timeout == 30.0
    assert found.server.statement_timeout == 300.0
    assert found.server.sslmode == "verify-full"
    assert found.server.sslrootcert is None
    assert found.server.close_app_databases is True
    assert found.environments == {}


def test_the_documented_file_says_the_defaults(tmp_path: Path) -> None:
    defaults = settings(tmp_path)
    found = settings(tmp_path, DOCUMENTED)
    assert found == dataclasses.replace(
        defaults,
        project=dataclasses.replace(defaults.project, catalog_explicit=True),
        server=dataclasses.replace(
            defaults.server,
            maintenance_database="postgres",
            sslmode_explicit=True,
            sslrootcert=str(tmp_path / "rds-global-bundle.pem"),
        ),
        environments={"prod": Environment(approval=True)},
    )


def test_every_spec_is_a_field_and_every_field_has_a_spec(tmp_path: Path) -> None:
    found = settings(tmp_path)
    for section in ("project", "secrets", "server", "naming", "requests", "cnpg"):
        fields = {field.name for field in dataclasses.fields(getattr(found, section))}
        keys = {spec.key for spec in SPECS if spec.section == section}
        assert keys == fields - {"sslmode_explicit", "catalog_explicit", "explicit"}
    assert [spec.key for spec in SPECS if spec.section == "environments"] == [
        "engine",
        "approval",
        "wave",
        "instance_class",
    ]
    assert len({spec.name for spec in SPECS}) == len({spec.variable for spec in SPECS})


def test_flags_beat_variables_beat_the_file_beats_defaults(tmp_path: Path) -> None:
    text = "[server]\nconnections = 3\nconnect_timeout = '3s'\nlock_timeout = '3s'"
    environ = {"PGTENANT_SERVER_CONNECT_TIMEOUT": "4s", "PGTENANT_SERVER_LOCK_TIMEOUT": "4s"}
    found = settings(tmp_path, text, environ, {"server.lock_timeout": "5s"}).server
    assert (found.connections, found.connect_timeout, found.lock_timeout) == (3, 4.0, 5.0)
    assert found.statement_timeout == 300.0


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("PGTENANT_SERVER_CONNECTIONS", "12", "server.connections", 12),
        ("PGTENANT_SECRETS_STORE", "file", "secrets.store", "file"),
        ("PGTENANT_PROJECT_AUDIT", "a/{env}.csv", "project.audit", "a/{env}.csv"),
        ("PGTENANT_SERVER_CLOSE_APP_DATABASES", "False", "server.close_app_databases", False),
        ("PGTENANT_SERVER_STATEMENT_TIMEOUT", "250ms", "server.statement_timeout", 0.25),
        ("PGTENANT_SERVER_MAINTENANCE_DATABASE", "42", "server.maintenance_database", "42"),
        ("PGTENANT_SERVER_CONNECTIONS", "", "server.connections", 8),
    ],
)
def test_variables(tmp_path: Path, variable: str, text: str, path: str, value: object) -> None:
    found: object = settings(tmp_path, environ={variable: text})
    for part in path.split("."):
        found = getattr(found, part)
    assert found == value


def test_approval_is_needed_everywhere_but_in_dev_unless_said_otherwise(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        "[environments.dev]\napproval = true\n[environments.eu-test]\napproval = false\n"
        "[environments.bare]\n",
        {"PGTENANT_ENVIRONMENTS_EU_PROD_APPROVAL": "false"},
    )
    needed = {env: found.approval_required(env) for env in ("dev", "eu-test", "eu-prod", "bare")}
    assert needed == {"dev": True, "eu-test": False, "eu-prod": False, "bare": True}
    bare = settings(tmp_path, "")
    assert not bare.approval_required("dev")
    assert bare.approval_required("prod")
    assert bare.environment("test") == Environment(approval=True)


@pytest.mark.parametrize("env", ["", "Prod", "../prod", "prod\n", "a" * 32, "1x", "a_b", "é"])
def test_environment_names_that_become_no_path(tmp_path: Path, env: str) -> None:
    found = settings(tmp_path)
    for use in (
        found.environment,
        found.approval_required,
        found.catalog_path,
        found.audit_path,
        found.admin_secret,
        lambda env: found.app_secret(env, "keycloak"),
    ):
        with pytest.raises(SettingsError, match="can't be the name of an environment"):
            use(env)


def test_tls_is_required_off_localhost_and_preferred_on_it(tmp_path: Path) -> None:
    server = settings(tmp_path).server
    assert not server.sslmode_explicit
    for host in ("localhost", "LOCALHOST", "127.0.0.1", "::1", "/run/postgresql", "@socket"):
        assert server.effective_sslmode(host) == "prefer"
    for host in ("db.example.com", "10.0.0.1", "localhost.example.com", ""):
        assert server.effective_sslmode(host) == "verify-full"


@pytest.mark.parametrize("place", ["file", "variable", "flag"])
def test_an_sslmode_that_was_set_holds_on_localhost_too(tmp_path: Path, place: str) -> None:
    server = settings(
        tmp_path,
        "[server]\nsslmode = 'verify-full'" if place == "file" else None,
        {"PGTENANT_SERVER_SSLMODE": "verify-full"} if place == "variable" else {},
        {"server.sslmode": "verify-full"} if place == "flag" else {},
    ).server
    assert server.sslmode_explicit
    assert server.effective_sslmode("localhost") == "verify-full"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("ca.pem", "{root}/ca.pem"), ("/etc/ca.pem", "/etc/ca.pem"), ("system", "system")],
)
def test_the_bundle_is_relative_to_the_project(tmp_path: Path, given: str, expected: str) -> None:
    found = settings(tmp_path, f'[server]\nsslrootcert = "{given}"')
    assert found.server.sslrootcert == expected.format(root=tmp_path)


def test_absolute_paths_stay(tmp_path: Path) -> None:
    found = settings(tmp_path, overrides={"project.audit": "/var/log/audit-{env}.csv"})
    assert str(found.audit_path("dev")) == "/var/log/audit-dev.csv"


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "pgtenant.toml").write_bytes(b"\xef\xbb\xbf[server]\r\nconnections = 4\r\n")
    assert settings(tmp_path).server.connections == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\nconnections = 1", ":2: server.connections = 1: must be a whole number from 2"),
        ("[server]\nconnections = true", ":2: server.connections = True: must be a whole number"),
        ("[server]\nconnections = '8'", ":2: server.connections = '8': must be a whole"),
        ("[server]\nconnections = 8.0", ":2: server.connections = 8.0: must be"),
        ("[server]\n\nlock_timeout = 30", ':3: server.lock_timeout = 30: has no unit: "30s"?'),
        ("[server]\nlock_timeout = '30'", "has no unit: 30s, 30min or 30ms?"),
        ("[server]\nlock_timeout = '30m'", "must be a duration such as"),
        ("[server]\nlock_timeout = '0s'", "outside the limits"),
        ("[server]\nsslmode = 'on'", 'one of "disable", "allow", "prefer"'),
        ("[server]\nconections = 8", ":2: server.conections is not a setting; did you mean conn"),
        ("[sever]\nconnections = 8", ":2: sever.connections is not a setting; did you mean server"),
        ("connections = 8", ":1: connections belongs in the table [server]"),
        ("server = 8", ":1: server must be inside a table, such as [server]"),
        ("server = { connections = 1 }", ":1: server.connections = 1"),
        ("server.connections = 1", ":1: server.connections = 1"),
        ("[server.connections]\nmost = 1", ":2: server.connections.most is not a setting"),
        ("[[server]]\nconnections = 8", "server must be inside a table"),
        ("[secrets]\nstore = 'vault'", 'must be "aws" or "file"'),
        ("[secrets]\nstore = ['aws']", 'must be "aws" or "file"'),
        ("[secrets]\nadmin = ''", "is empty"),
        ("[secrets]\nadmin = 7", "must be a secret name"),
        ("[secrets]\nadmin = 'x/{entry}'", "unknown placeholder {entry}"),
        ("[secrets]\napp = 'x/{env}'", "lacks the placeholder {entry}"),
        ("[secrets]\napp = 'x/{entry.__class__}{entry}'", "unknown placeholder {entry.__class__}"),
        ("[secrets]\napp = 'x/{entry!r}'", "unknown placeholder {entry!r}"),
        ("[project]\naudit = '{env'", "brace that belongs to no placeholder"),
        ("[project]\naudit = '{{env}}'", "brace"),
        ('[project]\naudit = "a\\u0000b"', "control character"),
        ("[naming]\nkey = '(['", "is not a regular expression"),
        ("[server]\nmaintenance_database = '" + "d" * 64 + "'", "63 bytes"),
        ("[environments.Prod]\napproval = true", "'Prod' can't be the name of an environment"),
        ("[environments.Prod]", "'Prod' can't be the name of an environment"),
        ("[environments.prod]\naproval = true", ":2: environments.prod.aproval is not a setting"),
        ("[environments.prod]\napproval = 'yes'", "environments.prod.approval = 'yes': must be"),
        ("[environments]\nprod = true", "must be inside a table, such as [environments.<name>]"),
        ("[environments]\napproval = true", "must be inside a table"),
        ("[server\n", "is not TOML: "),
        ("x = " + "[" * 100_000, ""),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, expected: str) -> None:
    message = refusal(tmp_path, text)
    assert expected in message
    assert message.startswith(str(tmp_path / "pgtenant.toml"))
    assert "\n" not in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PGTENANT_SERVER_CONNECTIONS", "1", "PGTENANT_SERVER_CONNECTIONS = 1: must be"),
        ("PGTENANT_SERVER_CONNECTIONS", "٣", "must be a whole number"),
        ("PGTENANT_SERVER_CLOSE_APP_DATABASES", "maybe", "must be true or false"),
        ("PGTENANT_SERVER_CONECTIONS", "8", "did you mean PGTENANT_SERVER_CONNECTIONS?"),
        ("PGTENANT_SEVER_CONNECTIONS", "8", "did you mean PGTENANT_SERVER_CONNECTIONS?"),
        ("PGTENANT_SERVER_QQQ", "8", "PGTENANT_SERVER_QQQ is not a setting"),
        ("PGTENANT_ENVIRONMENTS_PROD_APPROVAL", "perhaps", "must be true or false"),
        ("PGTENANT_ENVIRONMENTS_PROD_FOO", "x", "is not a setting"),
        ("PGTENANT_ENVIRONMENTS_1_APPROVAL", "true", "can't be the name of an environment"),
    ],
)
def test_mistakes_in_variables(tmp_path: Path, variable: str, text: str, expected: str) -> None:
    assert expected in refusal(tmp_path, environ={variable: text})


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    environ = {
        "PGTENANT_LOG_LEVEL": "debug",
        "PGTENANT_APPROVED_BY": "somebody",
        "PGTENANT_SERVER_SERVICE_HOST": "10.0.0.1",  # what Kubernetes sets for a Service
        "PGTENANT_SERVER_PORT": "tcp://10.0.0.1:5432",
        "PGTENANT_SERVER_PORT_5432_TCP_ADDR": "10.0.0.1",
        "SERVER_CONNECTIONS": "1",
    }
    assert settings(tmp_path, environ=environ) == settings(tmp_path)


def test_mistakes_in_flags(tmp_path: Path) -> None:
    message = refusal(tmp_path, overrides={"project.audt": "x", "secrets.store": "vault"})
    assert "project.audt is not a setting; did you mean project.audit?" in message
    assert "the flag for secrets.store = 'vault'" in message


def test_all_mistakes_of_all_places_at_once(tmp_path: Path) -> None:
    message = refusal(
        tmp_path,
        "[server]\nconnections = 1\nsslmode = 'on'\n[sever]\nx = 1",
        {"PGTENANT_SERVER_LOCK_TIMEOUT": "soon"},
        {"secrets.store": "vault"},
    )
    assert message.startswith("5 errors in the settings\n")
    assert len(message.splitlines()) == 6


def test_a_broken_value_is_reported_even_when_it_is_overridden(tmp_path: Path) -> None:
    text, environ = "[server]\nconnections = 1", {"PGTENANT_SERVER_CONNECTIONS": "4"}
    assert "pgtenant.toml:2" in refusal(tmp_path, text, environ)


def test_thousands_of_mistakes_are_summed_up(tmp_path: Path) -> None:
    message = refusal(tmp_path, "[server]\n" + "\n".join(f"x{n} = 1" for n in range(3000)))
    assert message.startswith("3000 errors")
    assert message.endswith("and 2975 more")


def test_projects_and_files_that_can_not_be_read(tmp_path: Path) -> None:
    assert "there is no directory" in refusal(tmp_path / "nowhere")
    (tmp_path / "plain").write_text("")
    assert "is not a directory" in refusal(tmp_path / "plain")
    (tmp_path / "pgtenant.toml").write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in refusal(tmp_path)
    (tmp_path / "pgtenant.toml").unlink()
    (tmp_path / "pgtenant.toml").mkdir()
    assert "can't be read: Is a directory" in refusal(tmp_path)


def test_settings_can_not_be_changed(tmp_path: Path) -> None:
    found = settings(tmp_path, DOCUMENTED)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.server.connections = 9  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.environments["dev"] = Environment(approval=False)  # type: ignore[index]


@pytest.mark.parametrize(
    "name", ["terraform.tfvars", "terraform.tfvars.json", "terraform.yaml", "terraform.yml"]
)
def test_the_catalog_is_found_in_any_language(tmp_path: Path, name: str) -> None:
    path = tmp_path / "envs/dev-rds" / name
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert settings(tmp_path).catalog_path("dev") == path
    set_by_somebody = settings(tmp_path, environ={"PGTENANT_PROJECT_CATALOG": "other.tfvars"})
    assert set_by_somebody.catalog_path("dev") == tmp_path / "other.tfvars"


def test_one_of_two_catalogs_is_not_guessed(tmp_path: Path) -> None:
    directory = tmp_path / "envs/dev-rds"
    directory.mkdir(parents=True)
    for name in ("terraform.yml", "terraform.tfvars.json"):
        (directory / name).write_text("{}")
    with pytest.raises(SettingsError, match=r"terraform\.tfvars\.json, terraform\.yml") as caught:
        settings(tmp_path).catalog_path("dev")
    assert caught.value.exit_code is ExitCode.USAGE
    (directory / "terraform.tfvars").write_text("")
    assert settings(tmp_path).catalog_path("dev") == directory / "terraform.tfvars"


@pytest.mark.parametrize(
    ("app", "beside"),
    [
        ("goldenpath/{env}/{entry}/postgres", "goldenpath/{env}/"),
        ("acme/{env}/{entry}/postgres", "acme/{env}/"),
        ("{env}/databases/app-{entry}", "{env}/databases/"),
        # These would be one name for all environments.
        ("acme/{entry}/{env}", "goldenpath/{env}/"),
        ("{env}-{entry}", "goldenpath/{env}/"),
    ],
)
def test_the_delegated_admins_secret_lies_beside_the_applications(
    tmp_path: Path, app: str, beside: str
) -> None:
    secrets = settings(tmp_path, f'[secrets]\napp = "{app}"').secrets
    assert secrets.delegated == f"{beside}rds/provisioner"
    assert secrets.master == f"{beside}rds/master"


def test_a_delegated_admin_keeps_the_secret_that_it_has(tmp_path: Path) -> None:
    own = "goldenpath/{env}/rds/provisioner"
    text = f'[secrets]\nadmin = "{own}"\napp = "acme/{{env}}/{{entry}}/postgres"'
    assert settings(tmp_path, text).secrets.delegated == own
