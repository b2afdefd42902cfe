"""The settings of one project, checked and typed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from pgtenant.codes import Code
from pgtenant.errors import SettingsError
from pgtenant.settings.acceptance import AcceptanceSettings
from pgtenant.settings.cnpg import HYPHENATED, CnpgSettings
from pgtenant.settings.requests import RequestsSettings
from pgtenant.settings.templates import expand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ENVIRONMENT_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

DELEGATED: Final = "rds/provisioner"
"""How the name of the delegated admin's secret ends."""

OTHER_SUFFIXES: Final = (".tfvars.json", ".yaml", ".yml")
"""Of catalogs that are looked for where there is no `.tfvars` and nobody set another."""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """`[project]`: templates of paths, relative to the project.

    Attributes:
        catalog_explicit: whether somebody set it, in whichever place.
        audit_s3: `s3://bucket/prefix`, where the journal's runs go as well, or None.
        audit_log: whether the journal's records are lines on stderr as well.
    """

    catalog: str
    catalog_explicit: bool
    audit: str
    audit_s3: str | None
    audit_log: bool


@dataclass(frozen=True, slots=True)
class SecretsSettings:
    """`[secrets]`: which store, and templates of secret names.

    Attributes:
        directory: of the file store, relative to the project.
    """

    store: Literal["aws", "file"]
    directory: str
    admin: str
    app: str

    @property
    def master(self) -> str:
        """Return the template of the master's secret, where the admin is the delegated one."""
        return f"{self._beside_applications}rds/master"

    @property
    def delegated(self) -> str:
        """Return the template of the delegated admin's secret.

        Its place follows from the applications' (`init --prefix`). Where it is the admin already,
        it stays where it is.
        """
        is_admin = self.admin.endswith(DELEGATED)
        return self.admin if is_admin else f"{self._beside_applications}{DELEGATED}"

    @property
    def _beside_applications(self) -> str:
        before = self.app.partition("{entry}")[0].rpartition("/")
        beside = f"{before[0]}{before[1]}"
        # Two environments must never share one.
        return beside if "{env}" in beside else "goldenpath/{env}/"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`[server]`: how connections are made.

    Attributes:
        maintenance_database: None means the database that the admin's secret names.
        connections: the most that are ever open at once; at least 2.
        connect_timeout: seconds.
        preflight: whether DNS and TCP are tried before the first connection.
        lock_timeout: seconds.
        statement_timeout: seconds.
        sslmode: one of libpq's. For a connection, ask `effective_sslmode`.
        sslmode_explicit: whether somebody set it, in whichever place.
        sslrootcert: an absolute or project-joined path, libpq's `system`, or None.
        close_app_databases: whether databases that applications made are closed to `PUBLIC`.
    """

    maintenance_database: str | None
    connections: int
    connect_timeout: float
    preflight: bool
    lock_timeout: float
    statement_timeout: float
    sslmode: str
    sslmode_explicit: bool
    sslrootcert: str | None
    close_app_databases: bool

    def effective_sslmode(self, host: str) -> str:
        """Return the sslmode for a host: `prefer` on this machine when nobody set another."""
        # libpq takes a host that starts with / or @ for a Unix socket.
        local = host.lower() in _LOCAL_HOSTS or host.startswith(("/", "@"))
        return "prefer" if local and not self.sslmode_explicit else self.sslmode


@dataclass(frozen=True, slots=True)
class NamingSettings:
    """`[naming]`: regular expressions; a name has to match one as a whole.

    Attributes:
        explicit: which of them somebody set, in whichever place.
    """

    key: str
    database_name: str
    username: str
    explicit: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RetireSettings:
    """`[retire]`: how entries are taken away.

    Attributes:
        days: between disabling and dropping.
        programs: the directory of `pg_dump` and `pg_restore`, or None to look for them.
        timeout: seconds that each of them may take.
    """

    days: int
    programs: str | None
    timeout: float


@dataclass(frozen=True, slots=True)
class RotationSettings:
    """`[rotation]`: how many days a password is in use, by the risk of its entry.

    Attributes:
        days: of entries without a risk, and of the admin.
    """

    days: int
    none: int
    low: int
    medium: int
    high: int
    access: int


@dataclass(frozen=True, slots=True)
class Environment:
    """`[environments.<name>]`.

    Attributes:
        approval: whether `apply` needs an approval there.
        wave: when its turn is among several, the lowest first; None when nobody said.
        instance_class: its instance's; None when nobody said.
        engine: what its instance is.
    """

    approval: bool
    wave: int | None = None
    instance_class: str | None = None
    engine: str = "rds"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `pgtenant.toml`, the environment and the flags say.

    Attributes:
        root: the project's directory, as the user gave it.
        environments: those that have settings of their own; any other may be used as well.
    """

    root: Path
    project: ProjectSettings
    secrets: SecretsSettings
    server: ServerSettings
    naming: NamingSettings
    requests: RequestsSettings
    retire: RetireSettings
    rotation: RotationSettings
    cnpg: CnpgSettings
    acceptance: AcceptanceSettings
    environments: Mapping[str, Environment]

    def environment(self, env: str) -> Environment:
        """Return the settings of an environment, by default those of its name.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        known = self.environments.get(check_environment(env))
        return known if known is not None else Environment(approval=default_approval(env))

    def approval_required(self, env: str) -> bool:
        """Tell whether `apply` needs an approval in this environment.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        return self.environment(env).approval

    def naming_of(self, env: str) -> NamingSettings:
        """Return which names an environment's catalog may use: those of a cluster have hyphens.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        naming = self.naming
        if self.environment(env).engine != "cnpg":
            return naming
        if "database_name" not in naming.explicit:
            naming = replace(naming, database_name=HYPHENATED)
        return naming if "username" in naming.explicit else replace(naming, username=HYPHENATED)

    def wave(self, env: str) -> int:
        """Return when an environment's turn is; one that needs no approval comes first.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        known = self.environment(env)
        return known.wave or (2 if known.approval else 1)

    def catalog_path(self, env: str) -> Path:
        """Return the path of an environment's catalog.

        Where nobody set it, a catalog in JSON or YAML is found by itself: without
        `terraform.tfvars` it is the `terraform.tfvars.json`, `.yaml` or `.yml` beside it.

        Raises:
            SettingsError: the name can't be an environment's, or more than one could be meant.
        """
        path = self.root / expand(self.project.catalog, {"env": check_environment(env)})
        if self.project.catalog_explicit or _is_there(path):
            return path
        others = [path.with_suffix(suffix) for suffix in OTHER_SUFFIXES]
        found = [other for other in others if _is_there(other)]
        if len(found) > 1:
            raise SettingsError(
                f"there is more than one catalog in {path.parent}:"
                f" {', '.join(other.name for other in found)}",
                hint="keep one of them, or name it in [project] catalog",
                code=Code.SEVERAL_CATALOGS,
            )
        return found[0] if found else path

    def audit_path(self, env: str) -> Path:
        """Return the path of an environment's audit file.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        return self.root / expand(self.project.audit, {"env": check_environment(env)})

    def entity_path(self, env: str, entry: str) -> Path:
        """Return the path of an entry's Backstage entity, by the entry's key.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        template = self.requests.entity
        return self.root / expand(template, {"env": check_environment(env), "entry": entry})

    def instance_name(self, env: str) -> str:
        """Return the name that an environment's instance has in Backstage.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        return expand(self.requests.instance, {"env": check_environment(env)})

    def instance_class(self, env: str) -> str:
        """Return the class of an environment's instance; without a setting, the documents' one.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        usual = "db.r5.large" if env == "prod" else "db.t3.medium"
        return self.environment(env).instance_class or usual

    def is_production(self, env: str) -> bool:
        """Tell whether an environment's instance has to be as production's."""
        return env in self.acceptance.production

    def admin_secret(self, env: str) -> str:
        """Return the name of the admin's secret.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        return expand(self.secrets.admin, {"env": check_environment(env)})

    def app_secret(self, env: str, entry: str) -> str:
        """Return the name of the secret of an entry, by the entry's key.

        Raises:
            SettingsError: the name can't be an environment's.
        """
        return expand(self.secrets.app, {"env": check_environment(env), "entry": entry})


def default_approval(env: str) -> bool:
    """Tell whether an environment needs an approval when nobody said."""
    return env != "dev"


def check_environment(env: str) -> str:
    """Return the name of an environment if it can be one; it becomes part of paths.

    Raises:
        SettingsError: it can't.
    """
    if _ENVIRONMENT_NAME.fullmatch(env):
        return env
    raise SettingsError(
        f"{env[:60]!r} can't be the name of an environment",
        hint="use 1 to 31 lower-case letters, digits and hyphens, with a letter first",
        code=Code.ENVIRONMENT,
    )


def _is_there(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # no path of this system's; whoever opens it says so
        return False
