"""Everything a run needs before it speaks to a server: catalog, approval, secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from copy import copy
from dataclasses import dataclass, field

from pgtenant.catalog.load import check_admin, load
from pgtenant.catalog.model import Auth, Catalog, Entry
from pgtenant.catalog.naming import NamingPolicy
from pgtenant.codes import Code
from pgtenant.errors import SecretError, UsageError
from pgtenant.nearest import did_you_mean
from pgtenant.planning.desired import Desired
from pgtenant.schemas import initial_schema
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.secret import Secret
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.model import Settings
from pgtenant.usecases.desire import desired_state, needs_its_login
from pgtenant.usecases.environments import another_environment
from pgtenant.usecases.operated import insist_on_logins
from pgtenant.usecases.tenants.sources import tenants_declared

SCHEMAS_DIRECTORY = "schemas"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run's secrets come from, to read them again.

    Attributes:
        store: asked for single ones.
        load: reads and checks all of them, as `load_inputs` did.
    """

    store: SecretStore
    load: Callable[[], Awaitable[Inputs]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run works with.

    Attributes:
        admin: how pgtenant logs in.
        maintenance_database: where it logs in first, and where the run lock lives.
        passwords: by secret name; none for secrets that are in `bad_secrets`.
        bad_secrets: by entry key: what is wrong with its secret.
        places: by secret name: the host and the port that it leads its application to.
        only: the keys that the run is limited to, or None.
        source: None where nothing is read again (`usecases.locked`).
    """

    environment: str
    settings: Settings
    catalog: Catalog
    desired: Desired
    admin: Credentials
    maintenance_database: str
    passwords: Mapping[str, Secret] = field(repr=False)
    bad_secrets: Mapping[str, SecretError]
    only: frozenset[str] | None
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict, repr=False)
    source: Source | None = field(default=None, repr=False, compare=False)

    @property
    def selected(self) -> frozenset[str] | None:
        """The keys to plan for: those with a secret, or None for all."""
        if not self.bad_secrets:
            return self.only
        keys = frozenset(entry.key for entry in self.catalog.entries)
        return (keys if self.only is None else self.only) - self.bad_secrets.keys()


def naming_policy(settings: Settings, environment: str | None = None) -> NamingPolicy:
    """Return which names the catalog of an environment may use; of none, those of most.

    Raises:
        SettingsError: the name can't be an environment's.
    """
    naming = settings.naming if environment is None else settings.naming_of(environment)
    return NamingPolicy(
        key=naming.key, database_name=naming.database_name, username=naming.username
    )


def load_catalog(settings: Settings, environment: str, only: Collection[str]) -> Catalog:
    """Read and validate an environment's catalog.

    Raises:
        CatalogError: it is missing or wrong.
        UsageError: `only` names a key that it does not have.
    """
    path = settings.catalog_path(environment)
    catalog = load(
        path,
        display=_display(settings, environment),
        policy=naming_policy(settings, environment),
        maintenance_database=settings.server.maintenance_database,
        schemas=settings.root / SCHEMAS_DIRECTORY,
        instead=lambda: another_environment(settings, environment),
    )
    keys = {entry.key for entry in catalog.entries}
    if unknown := sorted(set(only) - keys):
        raise UsageError(
            f"{catalog.path} has no entry {', '.join(unknown)}{did_you_mean(unknown[0], keys)}",
            hint=f"its entries are: {', '.join(sorted(keys))[:500]}" if keys else "it is empty",
            code=Code.UNKNOWN_ENTRY,
        )
    return catalog


async def load_inputs(
    settings: Settings,
    environment: str,
    catalog: Catalog,
    store: SecretStore,
    *,
    only: Collection[str] = (),
    fail_fast: bool = True,
    passwords: bool = True,
    lean: bool = False,
    authoritative: bool = False,
    trust_markers: bool = False,
) -> Inputs:
    """Fetch and check every secret; the admin's first, because its name is reserved.

    Args:
        settings: the project's.
        environment: whose.
        catalog: its entries.
        store: where the secrets are.
        only: the keys that the run is limited to; empty for all.
        fail_fast: whether an entry's bad secret ends it here.
        passwords: whether the entries' secrets are needed; otherwise only the admin's is fetched.
        lean: whether the secrets of logins that an operator keeps are left out, as far as nothing
            is done with them.
        authoritative: whether what is beyond the catalog is revoked.
        trust_markers: whether roles' markers speak for databases that are not opened.

    Raises:
        CatalogError: an entry uses the admin's own name.
        UsageError: an entry asks for a login that its operator does not make.
        SecretError: the admin's secret is bad, or with `fail_fast` any entry's.
    """

    async def load_again() -> Inputs:
        return await load_inputs(
            settings,
            environment,
            catalog,
            store,
            only=only,
            fail_fast=fail_fast,
            passwords=passwords,
            authoritative=authoritative,
            trust_markers=trust_markers,
            lean=lean,
        )

    admin = await _admin(settings, environment, store)
    maintenance = settings.server.maintenance_database or admin.dbname
    check_admin(catalog, admin.username, maintenance_database=maintenance)

    def secret_name(entry: Entry) -> str:
        return entry.secret or settings.app_secret(environment, entry.key)

    operated = settings.environment(environment).engine == "cnpg"
    if operated:
        insist_on_logins(catalog)
    wanted = [
        entry
        for entry in catalog.entries
        if passwords
        and (not only or entry.key in only)
        and not (lean and operated and not needs_its_login(entry))
    ]

    def logins(entry: Entry) -> frozenset[str]:
        return frozenset({entry.username}) if operated else catalog.logins_of(entry)

    found, bad = await _credentials(store, wanted, secret_name, logins)
    if bad and fail_fast:
        raise _together(list(bad.values()))
    desired = desired_state(
        catalog,
        environment=environment,
        secret_name=secret_name,
        schema=lambda name: initial_schema(name, settings.root / SCHEMAS_DIRECTORY),
        close_app_databases=settings.server.close_app_databases,
        authoritative=authoritative,
        trust_markers=trust_markers,
        operated=operated,
        secret_versions={name: store.version(name) for name in found},
        secret_users={name: c.username for name, c in found.items()},
        declared=lambda entry: tenants_declared(entry, settings.root),
    )
    return Inputs(
        environment=environment,
        settings=settings,
        catalog=catalog,
        desired=desired,
        admin=admin,
        maintenance_database=maintenance,
        passwords={name: c.password for name, c in found.items() if c.password.reveal()},
        bad_secrets=bad,
        only=frozenset(only) if only else None,
        places={name: (c.host, c.port) for name, c in found.items()},
        source=Source(store, load_again),
    )


async def server_inputs(settings: Settings, environment: str, store: SecretStore) -> Inputs:
    """Return what it takes to read a whole instance: the admin's secret, and no catalog.

    Raises:
        SecretError: the admin's secret is missing or bad; no other is asked for.
    """
    admin = await _admin(settings, environment, store)
    return of_instance(settings, environment, admin)


def of_instance(settings: Settings, environment: str, admin: Credentials) -> Inputs:
    """Return what it takes to read a whole instance as an admin, with no catalog."""
    return Inputs(
        environment=environment,
        settings=settings,
        catalog=Catalog(path="", entries=()),
        desired=Desired(environment=environment, databases=()),
        admin=admin,
        maintenance_database=settings.server.maintenance_database or admin.dbname,
        passwords={},
        bad_secrets={},
        only=None,
    )


async def _admin(settings: Settings, environment: str, store: SecretStore) -> Credentials:
    name = settings.admin_secret(environment)
    found = (await store.fetch([name]))[name]
    if isinstance(found, SecretError):
        raise found
    return parse(name, found, expected_username=None)


async def _credentials(
    store: SecretStore,
    entries: Collection[Entry],
    secret_name: Callable[[Entry], str],
    logins: Callable[[Entry], frozenset[str]],
) -> tuple[dict[str, Credentials], dict[str, SecretError]]:
    fetched = await store.fetch(sorted({secret_name(entry) for entry in entries}))
    good: dict[str, Credentials] = {}
    bad: dict[str, SecretError] = {}
    for entry in entries:
        name = secret_name(entry)
        found = fetched[name]
        try:
            if isinstance(found, SecretError):
                raise found
            good[name] = parse(
                name,
                found,
                expected_username=entry.username,
                logins=logins(entry),
                passwordless=entry.auth is Auth.IAM,
            )
        except SecretError as error:
            bad[entry.key] = _explained(error, entry)
    return good, bad


def _explained(error: SecretError, entry: Entry) -> SecretError:
    """Return what is wrong with a secret, and whose it is where no catalog shows that."""
    if entry.made_by is None:
        return error
    told = copy(error)
    told.message = f"{error.message}; it is that of {entry.shown}"
    return told


def _together(errors: list[SecretError]) -> SecretError:
    if len(errors) == 1:
        return errors[0]
    lines = "\n".join(f"  {error.message}" for error in errors[:20])
    more = f"\n  and {len(errors) - 20} more" if len(errors) > 20 else ""
    return SecretError(
        f"{len(errors)} secrets are missing or wrong, nothing was changed:\n{lines}{more}",
        hint=errors[0].hint,
        code=Code.SEVERAL_SECRETS,
    )


def _display(settings: Settings, environment: str) -> str:
    path = settings.catalog_path(environment)
    try:
        return str(path.relative_to(settings.root))
    except ValueError:
        return str(path)
