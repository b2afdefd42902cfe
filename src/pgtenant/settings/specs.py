"""Every setting, once: what is parsed, overridden, checked and documented comes from `SPECS`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from pgtenant.settings.cnpg import (
    ALWAYS,
    ENGINES,
    OPTIONAL,
    PLACES,
    SCOPES,
    parse_fingerprint,
    parse_keys,
    parse_name,
    parse_role,
)
from pgtenant.settings.durations import parse_duration
from pgtenant.settings.requests import (
    parse_branch,
    parse_repository,
    parse_routes,
    parse_words,
)
from pgtenant.settings.templates import check_template

if TYPE_CHECKING:
    from collections.abc import Callable

SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
STORES: Final = ("aws", "file")
ENVIRONMENTS: Final = "environments"
BUCKET_URL: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


@dataclass(frozen=True, slots=True)
class Spec:
    """One setting.

    Attributes:
        section: the TOML table; `environments` stands for each `[environments.<name>]`.
        key: the key in that table.
        type: `text`, `whole number`, `true or false`, `duration`, `names` or `routes`.
        default: as a user would write it in the file; None when there is none.
        rule: what a right value is, as the end of "must be ...".
        doc: what it does, one sentence for the reference.
        parse: from the TOML value to the value in `Settings`; raises `ValueError`, with
            what is wrong as its message or with none when the rule says it all.
    """

    section: str
    key: str
    type: str
    default: str | int | bool | None
    rule: str
    doc: str
    parse: Callable[[object], object]

    @property
    def name(self) -> str:
        """As messages and `overrides` call it: `server.connections`."""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable; for `environments`, `<NAME>` is the environment's."""
        middle = "ENVIRONMENTS_<NAME>" if self.section == ENVIRONMENTS else self.section.upper()
        return f"PGTENANT_{middle}_{self.key.upper()}"

    def from_text(self, text: str) -> object:
        """Turn the text of a variable or a flag into the TOML value it stands for.

        What does not look like one stays text, which `parse` then refuses.
        """
        if self.type == "whole number" and re.fullmatch(r"[0-9]{1,18}", text):
            return int(text)
        if self.type == "true or false":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
        return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("")
    if not value.strip():
        raise ValueError("is empty")
    if not value.isprintable():
        raise ValueError("holds a control character")
    return value


def _choice(value: object, *, among: tuple[str, ...]) -> str:
    if value not in among:
        raise ValueError("")
    return str(value)


def _database(value: object) -> str:
    name = _text(value)
    if len(name.encode()) > 63:
        raise ValueError("is longer than PostgreSQL's 63 bytes")
    return name


def _whole(value: object, *, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError("")
    return value


_connections: Final = partial(_whole, least=2, most=1000)
_days: Final = partial(_whole, least=0, most=3650)
_many: Final = partial(_whole, least=1, most=1000)
_MANY: Final = "a whole number from 1 to 1000"


def _bucket(value: object) -> str:
    text = _text(value)
    if not BUCKET_URL.fullmatch(text):
        raise ValueError("")
    return text


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("")
    return value


def _duration(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'has no unit: "{value}s"?')
    return parse_duration(_text(value))


def _pattern(value: object) -> str:
    text = _text(value)
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression ({error})") from None
    return text


def _template(value: object, *, allowed: tuple[str, ...], required: tuple[str, ...]) -> str:
    return check_template(_text(value), allowed=allowed, required=required)


_PER_ENVIRONMENT: Final = partial(_template, allowed=("env",), required=())
_PER_PAIR: Final = partial(_template, allowed=("env", "entry"), required=("env", "entry"))
_PER_ENTRY: Final = partial(_template, allowed=("env", "entry"), required=("entry",))

_A_PATH = "a path, in which {env} is the environment"
_A_ROLE = "the name of a role"
_A_NAME = "a name that Kubernetes takes, in which {env} is the environment"
_A_DURATION = 'a duration such as "250ms", "10s", "5min" or "1h"'
_NAMES = "a list of names, in a variable with commas between them"
_A_PATTERN = "a regular expression, which the whole name has to match"


SPECS: Final = (
    Spec("project", "catalog", "text", "envs/{env}-rds/terraform.tfvars", _A_PATH,
         "The catalog of an environment, by its suffix HCL (.tfvars), JSON or YAML. When it is not "
         "set and that file is missing, `terraform.tfvars.json`, `terraform.yaml` and "
         "`terraform.yml` beside it are looked for.", _PER_ENVIRONMENT),
    Spec("project", "audit", "text", "governance/{env}/rds_provision_audit.csv", _A_PATH,
         "The CSV file that every run appends its records to; the journal stands beside it.",
         _PER_ENVIRONMENT),
    Spec("project", "audit_s3", "text", None, "s3://bucket or s3://bucket/prefix",
         "Where every run's part of the journal goes as well: `<prefix>/<env>/<run id>.jsonl`.",
         _bucket),
    Spec("project", "audit_log", "true or false", False, "true or false",
         "Whether every record of the journal is also a line on stderr, for `pgtenant audit "
         "collect`: in a Kubernetes Job, whose files go with its pod.", _boolean),
    Spec("secrets", "store", "text", "aws", '"aws" or "file"',
         "Where secrets are read: AWS Secrets Manager, or JSON files below `directory`.",
         partial(_choice, among=STORES)),
    Spec("secrets", "directory", "text", ".secrets", "a path",
         "The directory of the file store; a secret is `<directory>/<secret name>.json`, or a "
         "directory of that name without `.json` with a file for each field.", _text),
    Spec("secrets", "admin", "text", "goldenpath/{env}/rds/master",
         "a secret name, in which {env} is the environment",
         "The secret of the role that pgtenant logs in as.", _PER_ENVIRONMENT),
    Spec("secrets", "app", "text", "goldenpath/{env}/{entry}/postgres",
         "a secret name with {entry} in it, and {env} for the environment",
         "The secret of an entry's role, unless the entry names its own.", _PER_ENTRY),
    Spec("server", "maintenance_database", "text", None, "the name of a database",
         "The database of the first connection and the run lock; without it, the one that the "
         "admin's secret names.", _database),
    Spec("server", "connections", "whole number", 8, "a whole number from 2 to 1000",
         "The most connections that pgtenant ever opens at once.", _connections),
    Spec("server", "connect_timeout", "duration", "10s", _A_DURATION,
         "How long to wait for a connection.", _duration),
    Spec("server", "preflight", "true or false", True, "true or false",
         "Whether the host's name and its port are tried before the first connection, and the "
         "hosts of the entries' secrets compared with it; `--skip-preflight` is the flag for "
         "false. The checks of what the admin may do are made always.", _boolean),
    Spec("server", "lock_timeout", "duration", "30s", _A_DURATION,
         "How long to wait for another run, or for a lock on an object.", _duration),
    Spec("server", "statement_timeout", "duration", "5min", _A_DURATION,
         "How long one statement may take; and how long a commit may wait for a synchronous "
         "standby, before the run stops and says what stands.", _duration),
    Spec("server", "sslmode", "text", "verify-full",
         "one of " + ", ".join(f'"{mode}"' for mode in SSLMODES),
         "TLS of every connection, as libpq names it; when it is not set, `prefer` holds for a "
         "server on localhost.", partial(_choice, among=SSLMODES)),
    Spec("server", "sslrootcert", "text", None, 'a path, or "system"',
         "The certificates of the authorities that a server's certificate may come from.", _text),
    Spec("server", "close_app_databases", "true or false", True, "true or false",
         "Whether databases that applications made themselves are closed to PUBLIC.", _boolean),
    Spec("naming", "key", "text", "^[a-z][a-z0-9_-]{0,62}$", _A_PATTERN,
         "What an entry's key may be.", _pattern),
    Spec("naming", "database_name", "text", "^[a-z][a-z0-9_]{2,62}$", _A_PATTERN,
         "What a database may be called.", _pattern),
    Spec("naming", "username", "text", "^[a-z][a-z0-9_]{2,30}$", _A_PATTERN,
         "What a role may be called.", _pattern),
    Spec("requests", "catalog", "text", "docs/20-contracts/resource-catalogs/rds-catalog.yaml",
         "a path", "The catalog of resources, in which every request is recorded.", _text),
    Spec("requests", "entity", "text", "backstage/databases/{env}/{entry}.yaml",
         "a path with {env} for the environment and {entry} for the entry's key",
         "The Backstage entity of a database.", _PER_PAIR),
    Spec("requests", "instance", "text", "goldenpath-platform-db-{env}",
         "a name, in which {env} is the environment",
         "The Backstage name of an environment's instance, which its databases depend on.",
         _PER_ENVIRONMENT),
    Spec("requests", "teams", "names", "", _NAMES,
         "The teams that may own a database; without it, any.", parse_words),
    Spec("requests", "domains", "names", "", _NAMES,
         "The domains that a database may belong to; without it, any.", parse_words),
    Spec("requests", "approvers", "names", "platform-team", _NAMES,
         "Who approves a request that no route is about.", parse_words),
    Spec("requests", "routes", "routes", None,
         "tables [[requests.routes]] with `environments`, `risks`, `sizes` and `approvers`, in a "
         "variable as JSON",
         "Who approves: all approvers of all routes that fit, and nobody when those have none. The "
         "default is in docs/requests.md.", parse_routes),
    Spec("requests", "repository", "text", None,
         "owner/name, with the host before it where that is not github.com",
         "The project's repository on GitHub, whose workflow the Backstage form starts.",
         parse_repository),
    Spec("requests", "base", "text", "development", "the name of a branch",
         "The branch that the pull requests of requests target.", parse_branch),
    Spec("retire", "days", "whole number", 7, "a whole number from 0 to 3650",
         "How many days an entry has to be disabled before `retire --stage drop` drops it.", _days),
    Spec("retire", "programs", "text", None, "a path",
         "The directory of `pg_dump` and `pg_restore`; without it, the oldest on this machine that "
         "can dump the server: on the PATH, below `/usr/lib/postgresql` or `/usr/pgsql-*`, or the "
         "demo's.", _text),
    Spec("retire", "timeout", "duration", "12h", _A_DURATION,
         "How long a dump of `retire --stage drop` may take, and how long restoring it.",
         _duration),
    Spec("rotation", "days", "whole number", 90, _MANY,
         "How many days a password is in use, by the catalog's `risk`: without one, and the "
         "admin's. Terraform's `rotation_days` says the same for the function in AWS.", _many),
    *(Spec("rotation", risk, "whole number", days, _MANY,
           f"The same for the risk `{risk}`.", _many)
      for risk, days in (("none", 30), ("low", 30), ("medium", 30), ("high", 14), ("access", 14))),
    Spec("cnpg", "namespace", "text", "postgres", _A_NAME,
         "The namespace of the shared cluster, and of everything that is written for it.",
         parse_name),
    Spec("cnpg", "cluster", "text", "postgres-shared", _A_NAME, "The name of the shared cluster.",
         parse_name),
    Spec("cnpg", "directory", "text", "infra/databases/postgres", _A_PATH,
         "The directory of the cluster's manifests.", _PER_ENVIRONMENT),
    Spec("cnpg", "cluster_file", "text", "postgres-cluster.yaml", "a path",
         "The manifest of the cluster itself, relative to `directory`.", _text),
    Spec("cnpg", "certificate", "text", "infra/sealed-secrets/pub-cert.pem", _A_PATH,
         "The certificate of the sealed-secrets controller, as `kubeseal --fetch-cert` writes it.",
         _PER_ENVIRONMENT),
    Spec("cnpg", "certificate_sha256", "text", None, "64 hexadecimal digits",
         "The SHA-256 fingerprint of that certificate; without it, any is taken.",
         parse_fingerprint),
    Spec("cnpg", "scope", "text", "strict", "one of " + ", ".join(f'"{one}"' for one in SCOPES),
         "Under which names a sealed value can be opened: `strict` under its own in its own "
         "namespace only.", partial(_choice, among=SCOPES)),
    Spec("cnpg", "keys", "names", ",".join(ALWAYS),
         f"a list of {', '.join((*ALWAYS, *OPTIONAL))}, with the first two in it",
         "The keys of the sealed secrets.", parse_keys),
    Spec("cnpg", "roles", "text", "cluster", "one of " + ", ".join(f'"{p}"' for p in PLACES),
         "Where roles are declared: under `spec.managed.roles` of the cluster, or as "
         "`DatabaseRole` `resources`, which CloudNativePG has from 1.30 on.",
         partial(_choice, among=PLACES)),
    Spec("cnpg", "image", "text", None, "an image, best with its digest",
         "The image of pgtenant for the Job that does by SQL what the operator does not; without "
         "one, neither the Job nor its role is rendered.", _text),
    Spec("cnpg", "admin", "text", "pgtenant_admin", _A_ROLE,
         "The role of that Job, which is rendered like an application's. Its password is in "
         "`[secrets] admin`.", parse_role),
    Spec("acceptance", "instance", "text", None, "a name, in which {env} is the environment",
         "The identifier of an environment's instance in AWS, which `verify instance` asks about; "
         "without it, the one in the host of the admin's secret.", _PER_ENVIRONMENT),
    Spec("acceptance", "production", "names", "prod", _NAMES,
         "The environments whose instance has to be Multi-AZ and protected from deletion.",
         parse_words),
    Spec(ENVIRONMENTS, "engine", "text", None, "one of " + ", ".join(f'"{e}"' for e in ENGINES),
         "What its instance is: `rds` (any server that is reached by SQL alone), or `cnpg`, a "
         "CloudNativePG cluster whose roles and databases `pgtenant render cnpg` declares. By "
         "default `rds`.", partial(_choice, among=ENGINES)),
    Spec(ENVIRONMENTS, "approval", "true or false", None, "true or false",
         "Whether `apply` needs an approval in this environment; by default every environment "
         "but `dev` does.", _boolean),
    Spec(ENVIRONMENTS, "wave", "whole number", None, _MANY,
         "When its turn is in `plan --all` and `apply --all`: the lowest first. By default 1 for "
         "an environment that needs no approval, else 2.", _many),
    Spec(ENVIRONMENTS, "instance_class", "text", None, "an instance class such as db.t3.medium",
         "The class of the environment's instance, for the catalog of resources; by default "
         "`db.r5.large` for `prod` and `db.t3.medium` for others.", _text),
)  # fmt: skip
