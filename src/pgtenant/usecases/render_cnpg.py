"""`pgtenant render cnpg`: from the catalog to the manifests of a shared CloudNativePG cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pgtenant.catalog.model import AccessLevel, Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.gitops.cnpg import job
from pgtenant.gitops.cnpg.admin import marked, with_admin
from pgtenant.gitops.cnpg.cluster import Role, WithRoles
from pgtenant.gitops.cnpg.database import Database, with_database
from pgtenant.gitops.cnpg.names import Names, checked_namespaces, names
from pgtenant.gitops.cnpg.resources import Resource, kept_by_resources
from pgtenant.gitops.cnpg.sealed import Credentials, Sealed
from pgtenant.planning.marker import Marker
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.cnpg import CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.together import Change, alone, write
from pgtenant.usecases.cnpg_audit import Audited
from pgtenant.usecases.cnpg_foreign import Claim, blocked_by_others
from pgtenant.usecases.cnpg_job import admin_login, admin_role, job_text
from pgtenant.usecases.cnpg_logins import Login, fetched, host_of, seal_for, sealed, to_seal
from pgtenant.usecases.cnpg_names import check_names, taken_names
from pgtenant.usecases.cnpg_roles import role_files, with_all_roles
from pgtenant.usecases.inputs import load_catalog
from pgtenant.usecases.operated import unfit_logins
from pgtenant.usecases.request.declared import secret_of
from pgtenant.usecases.request.kept import Kept, kept


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        keys: of the entries; none for all.
        check: nothing is written, and no secret is read.
        reseal: sealed credentials are sealed again.
        adopt: roles without a marker become ours.
        namespaces: where the secret of the one entry is copied to; none for what is there.
        now: the moment, with its zone.
    """

    keys: Sequence[str]
    check: bool
    reseal: bool
    adopt: bool
    namespaces: Sequence[str]
    now: datetime

    def is_resealed(self, login: Login) -> bool:
        """Return whether credentials are sealed again: pgtenant's own only with all others."""
        return self.reseal and bool(login.wanted.entry or not self.keys)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it.

    Attributes:
        changes: the files that were written, or would be.
        unsealed: why the credentials in a file would have to be sealed, by its path for people.
        blocked: why nothing of an entry was written, by its key.
        gone: the roles of entries that the catalog has no more, by key.
        retired: since when an entry is out of service, by key; nothing of it is written.
        former: the entries of roles that the catalog gives them no more, by role.
        display: the path of each changed file for people.
    """

    changes: tuple[Change, ...]
    unsealed: Mapping[str, str]
    blocked: Mapping[str, str]
    gone: Mapping[str, str]
    retired: Mapping[str, str]
    former: Mapping[str, str]
    display: Mapping[Path, str]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of what was written."""
        return ExitCode.BLOCKED if self.blocked else ExitCode.CONVERGED


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry with its files as they are."""

    entry: Entry
    names: Names
    login: Login
    database: Kept


@dataclass(frozen=True, slots=True)
class _Look:
    """The files of the cluster as they are, and what the roles make of it.

    Attributes:
        after: the cluster's file with all roles.
        resources: the files of roles that are resources, and what they are to say.
        logins: pgtenant's own last, where there is a Job.
        job: the file of the Job, and what it is to say; None for no Job.
    """

    entries: Sequence[_Entry]
    cluster: Kept
    roles: WithRoles
    after: str
    resources: Sequence[tuple[Kept, str]]
    blocked: Mapping[str, str]
    logins: Sequence[Login]
    job: tuple[Kept, str] | None


def render(
    settings: Settings,
    environment: str,
    asked: Asked,
    open_store: Callable[[], SecretStore],
    audited: Audited,
) -> Done:
    """Write the manifests, as far as they differ.

    Args:
        settings: the project's.
        environment: whose engine is `cnpg`.
        asked: what is asked for.
        open_store: opens the store; not called when no secret is needed.
        audited: records what is sealed again; not used for what is sealed for the first time.

    Raises:
        AuditError: it could not be recorded.
        CatalogError: the catalog is missing or wrong.
        SecretError: a password is needed and can't be had.
        UsageError: a file, the certificate or what is asked for does not fit; nothing was written.
    """
    insist_on_cluster(settings, environment)
    cnpg = settings.cnpg.of(environment)
    catalog = load_catalog(settings, environment, asked.keys)
    _check(catalog, asked, cnpg)
    if asked.check:
        return preview(settings, environment, catalog, asked)
    look = _look(settings, environment, cnpg, catalog, asked)
    reseal = {one.stored for one in look.logins if asked.is_resealed(one)}
    secrets = fetched(look.logins, open_store, reseal=reseal)
    seal = seal_for(settings, cnpg, asked.now) if secrets.passwords else None
    with alone(settings.root):
        look = _look(settings, environment, cnpg, catalog, asked)
        anew = to_seal(look.logins, secrets.versions, reseal=reseal)
        new = {one.stored: sealed(seal, cnpg, one, secrets) for one in anew}
        done = _done(look, environment, catalog, *_changes(cnpg, look, new))

        def writing() -> None:
            write(settings.root, done.changes)

        if again := [one for one in anew if one.file.data is not None]:
            audited.carry_out(again, writing, done.exit_code)
        elif done.changes:
            writing()
    return done


def preview(settings: Settings, environment: str, catalog: Catalog, asked: Asked) -> Done:
    """Return what would be written for a catalog, without what would have to be sealed.

    Raises:
        UsageError: a file does not fit.
    """
    cnpg = settings.cnpg.of(environment)
    look = _look(settings, environment, cnpg, catalog, asked)
    return _done(look, environment, catalog, *_changes(cnpg, look, {}))


def insist_on_cluster(settings: Settings, environment: str) -> None:
    """Refuse an environment whose engine is another one.

    Raises:
        UsageError: it is.
    """
    if settings.environment(environment).engine != "cnpg":
        raise UsageError(
            f"{environment} has no CloudNativePG cluster by the settings",
            hint=f'put engine = "cnpg" into [environments.{environment}] of pgtenant.toml',
            code=Code.NOT_OPERATED,
        )


def _check(catalog: Catalog, asked: Asked, cnpg: CnpgSettings) -> None:
    """Refuse what no manifest can say.

    Raises:
        UsageError: with everything that is wrong.
    """
    wrong = check_names(catalog)
    wrong += [*unfit_logins(catalog), *(taken_names(catalog, cnpg) if not wrong else ())]
    if asked.namespaces and len(set(asked.keys)) != 1:
        wrong.append("--namespace is for one entry: name its key")
    try:
        if asked.namespaces:
            checked_namespaces(",".join(asked.namespaces))
    except ValueError as error:
        wrong.append(f"--namespace {error}")
    if wrong:
        lines = "".join(f"\n  {one}" for one in wrong[:20])
        raise UsageError(
            f"the manifests can't be written:{lines}",
            hint="nothing was written",
            code=Code.MANIFEST,
        )


def _look(
    settings: Settings, environment: str, cnpg: CnpgSettings, catalog: Catalog, asked: Asked
) -> _Look:
    directory = settings.root / cnpg.directory
    cluster = kept(settings, directory / cnpg.cluster_file)
    if cluster.data is None:
        raise UsageError(
            f"there is no manifest of the cluster at {cluster.display}",
            hint="write it, or say where it is: [cnpg] directory and cluster_file",
            code=Code.NO_CLUSTER_MANIFEST,
        )
    entries = [
        _entry(settings, environment, cnpg, entry, asked)
        for entry in catalog.entries
        if not asked.keys or entry.key in asked.keys
    ]
    claims = [
        Claim(one.entry, one.names, one.database, (directory / one.names.role_file).exists())
        for one in entries
    ]
    theirs = blocked_by_others(cnpg, catalog, directory, cluster, claims, adopt=asked.adopt)
    wanted = [
        Resource(_role(environment, one), one.names.role, one.names.role_file)
        for one in entries
        if one.entry.key not in theirs
    ]
    files = {one.file: kept(settings, directory / one.file) for one in wanted}
    files = {**role_files(settings, cnpg), **files}
    done, resources = with_all_roles(cnpg, cluster, files, wanted, adopt=asked.adopt)
    texts = {**{name: file.text for name, file in files.items()}, **resources}
    blocked = theirs | {
        one.entry.key: done.blocked[one.entry.username]
        for one in entries
        if one.entry.username in done.blocked
    }
    held = blocked.keys() | _retired(environment, done)
    free = [one for one in entries if one.entry.key not in held]
    logins = [one.login for one in free]
    edited = [(files[name], text) for name, text in resources.items()]
    if cnpg.image is None:
        return _Look(free, cluster, done, done.text, edited, blocked, logins, None)
    where = {"name": cnpg.cluster, "namespace": cnpg.namespace}
    admin = admin_role(environment, cnpg)
    members = kept_by_resources(texts, environment)
    after = cluster.asked(lambda _: with_admin(done.text, admin, members, **where))
    there = cluster.asked(lambda _: marked(after, environment, texts, **where))
    text = job_text(settings, environment, catalog, after, there)
    logins.append(admin_login(settings, environment, cnpg))
    file = kept(settings, directory / job.FILE)
    return _Look(free, cluster, done, after, edited, blocked, logins, (file, text))


def _entry(
    settings: Settings, environment: str, cnpg: CnpgSettings, entry: Entry, asked: Asked
) -> _Entry:
    named, directory = names(entry.key), settings.root / cnpg.directory
    wanted = Credentials(
        name=named.secret,
        namespace=cnpg.namespace,
        entry=entry.key,
        username=entry.username,
        keys=cnpg.keys,
        scope=cnpg.scope,
        namespaces=",".join(asked.namespaces) or named.app,
        given=bool(asked.namespaces),
        place=f"{host_of(cnpg)}/{entry.database_name}",
    )
    stored, file = secret_of(settings, environment, entry), directory / named.sealed_file
    return _Entry(
        entry=entry,
        names=named,
        login=Login.of(stored, entry.database_name, wanted, kept(settings, file)),
        database=kept(settings, directory / named.database_file),
    )


def _role(environment: str, one: _Entry) -> Role:
    entry = one.entry
    return Role(
        name=entry.username,
        marker=Marker(environment, entry.key),
        createdb=entry.createdb,
        connection_limit=-1 if entry.connection_limit is None else entry.connection_limit,
        secret=one.names.secret,
    )


def _changes(
    cnpg: CnpgSettings, look: _Look, new: Mapping[str, Sealed]
) -> tuple[list[tuple[Kept, Change]], dict[str, str]]:
    """Return what differs in the order of the waves, and whose credentials are missing."""
    files: list[tuple[Kept, Callable[[str], str]]] = []
    unsealed: dict[str, str] = {}
    for login in look.logins:
        if login.why and login.stored not in new:
            unsealed[login.file.display] = login.why
        else:
            files.append((login.file, login.edited(new.get(login.stored))))
    files += [(file, _saying(text)) for file, text in look.resources]
    files.append((look.cluster, lambda _: look.after))
    files += [
        (one.database, _having(_database(cnpg, one)))
        for one in look.entries
        if one.entry.access_level is AccessLevel.OWNER
    ]
    if look.job is not None:
        file, text = look.job
        files.append((file, _saying(text)))
    changes = [(file, change) for file, edit in files for change in file.changed(edit)]
    return changes, unsealed


def _saying(text: str) -> Callable[[str], str]:
    return lambda _: text


def _having(wanted: Database) -> Callable[[str], str]:
    return lambda text: with_database(text, wanted)


def _database(cnpg: CnpgSettings, one: _Entry) -> Database:
    return Database(
        name=one.names.database,
        namespace=cnpg.namespace,
        database=one.entry.database_name,
        owner=one.entry.username,
        cluster=cnpg.cluster,
        extensions=one.entry.extensions,
    )


def _done(
    look: _Look,
    environment: str,
    catalog: Catalog,
    changes: Sequence[tuple[Kept, Change]],
    unsealed: Mapping[str, str],
) -> Done:
    users = {entry.key: entry.username for entry in catalog.entries}
    retired = _retired(environment, look.roles)
    gone = {
        marker.entry: name
        for name, marker in look.roles.marked.items()
        if marker.environment == environment and marker.entry not in {*users, *retired}
    }
    former = {
        name: marker.entry
        for name, marker in look.roles.marked.items()
        if marker.environment == environment
        and marker.retired is None
        and users.get(marker.entry, name) != name
    }
    return Done(
        changes=tuple(change for _, change in changes),
        unsealed=unsealed,
        blocked=look.blocked,
        gone=gone,
        retired=retired,
        former=former,
        display={change.path: file.display for file, change in changes},
    )


def _retired(environment: str, roles: WithRoles) -> dict[str, str]:
    """Return since when an entry is out of service, by key."""
    return {
        marker.entry: marker.retired.at
        for marker in roles.marked.values()
        if marker.environment == environment and marker.retired is not None
    }
