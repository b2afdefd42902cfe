"""`pgtenant render sql`: from an owner entry to a script for psql."""

from __future__ import annotations

from typing import Final

from pgtenant.catalog.model import AccessLevel, Auth, Entry, Tenancy
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.tenants.init_script import Subject, init_script
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import load_catalog

_APPLY: Final = "`pgtenant apply` makes it"


def init_sql(settings: Settings, environment: str, key: str) -> str:
    """Return the script that makes an owner entry's role and database.

    Raises:
        CatalogError: the catalog is missing or wrong.
        UsageError: there is no such entry, or a script can't make what it declares.
    """
    catalog = load_catalog(settings, environment, [key])
    entry = next(entry for entry in catalog.entries if entry.key == key)
    if settings.environment(environment).engine == "cnpg":
        raise UsageError(
            f"roles and databases of {environment} are made by its operator",
            hint=f"`pgtenant render cnpg -e {environment} {key}` writes what it has to know",
            code=Code.OPERATED,
        )
    if problem := _problem(entry):
        raise UsageError(f"{key} {problem}", hint=_APPLY, code=Code.PLAN_AS_SQL)
    tenancy = entry.tenancy or Tenancy()
    limit = entry.connection_limit
    subject = Subject(
        environment=environment,
        entry=key,
        database=entry.database_name,
        role=entry.username,
        createdb=entry.createdb,
        connection_limit=-1 if limit is None else limit,
        isolation=Isolation(tenancy.schema_prefix, tenancy.setting, tenancy.column),
    )
    return init_script(subject)


def _problem(entry: Entry) -> str:
    """Say why no script can make an entry; nothing when one can."""
    if entry.access_level is not AccessLevel.OWNER:
        return f"is an entry with the access level {entry.access_level}: it has no database to make"
    if entry.auth is Auth.IAM:
        return "logs in with IAM tokens, so there is no password to set"
    if entry.second_login is not None:
        return "has two logins that take turns, which a script can't keep apart"
    return ""
