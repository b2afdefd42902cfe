"""The files of a shared cluster's manifests, as they are and as the roles change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pgtenant.catalog.model import Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.gitops.cnpg import job
from pgtenant.gitops.cnpg.admin import marked, with_admin
from pgtenant.gitops.cnpg.cluster import Role, WithRoles
from pgtenant.gitops.cnpg.kustomized import NAMES
from pgtenant.gitops.cnpg.names import Names, names
from pgtenant.gitops.cnpg.resources import Resource, kept_by_resources
from pgtenant.gitops.cnpg.sealed import Credentials
from pgtenant.planning.marker import Marker
from pgtenant.settings.cnpg import CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.usecases.cnpg_foreign import Claim, blocked_by_others
from pgtenant.usecases.cnpg_job import admin_login, admin_role, job_text
from pgtenant.usecases.cnpg_logins import Login, host_of
from pgtenant.usecases.cnpg_names import home_of
from pgtenant.usecases.cnpg_roles import role_files, with_all_roles
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
class EntryFiles:
    """An entry with its files as they are."""

    entry: Entry
    names: Names
    login: Login
    database: Kept


@dataclass(frozen=True, slots=True)
class Look:
    """The files of the cluster as they are, and what the roles make of it.

    Attributes:
        after: the cluster's file with all roles.
        resources: the files of roles that are resources, and what they are to say.
        logins: pgtenant's own last, where there is a Job.
        job: the file of the Job, and what it is to say; None for no Job.
        kustomization: what lists the files for Argo CD; None where nothing does.
    """

    entries: Sequence[EntryFiles]
    cluster: Kept
    roles: WithRoles
    after: str
    resources: Sequence[tuple[Kept, str]]
    blocked: Mapping[str, str]
    logins: Sequence[Login]
    job: tuple[Kept, str] | None
    kustomization: Kept | None


def look_at(
    settings: Settings, environment: str, cnpg: CnpgSettings, catalog: Catalog, asked: Asked
) -> Look:
    """Read the files, and what the roles make of the cluster's; nothing is written.

    Raises:
        UsageError: one is missing, can't be read, or is laid out in a way that can't be edited.
    """
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
        if not asked.keys or not {entry.key, entry.made_by}.isdisjoint(asked.keys)
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
    held = blocked.keys() | retired_in(environment, done)
    free = [one for one in entries if one.entry.key not in held]
    logins = [one.login for one in free]
    edited = [(files[name], text) for name, text in resources.items()]
    lists = (kept(settings, directory / name) for name in NAMES)
    listing = next((one for one in lists if one.data is not None), None)
    if cnpg.image is None:
        return Look(free, cluster, done, done.text, edited, blocked, logins, None, listing)
    where = {"name": cnpg.cluster, "namespace": cnpg.namespace}
    admin = admin_role(environment, cnpg)
    members = kept_by_resources(texts, environment)
    after = cluster.asked(lambda _: with_admin(done.text, admin, members, **where))
    there = cluster.asked(lambda _: marked(after, environment, texts, **where))
    text = job_text(settings, environment, catalog, after, there)
    logins.append(admin_login(settings, environment, cnpg))
    file = kept(settings, directory / job.FILE)
    return Look(free, cluster, done, after, edited, blocked, logins, (file, text), listing)


def _entry(
    settings: Settings, environment: str, cnpg: CnpgSettings, entry: Entry, asked: Asked
) -> EntryFiles:
    named, directory = names(entry.key), settings.root / cnpg.directory
    wanted = Credentials(
        name=named.secret,
        namespace=cnpg.namespace,
        entry=entry.key,
        username=entry.username,
        keys=cnpg.keys,
        scope=cnpg.scope,
        namespaces=",".join(asked.namespaces) or home_of(entry),
        given=bool(asked.namespaces),
        place=f"{host_of(cnpg)}/{entry.database_name}",
    )
    stored, file = secret_of(settings, environment, entry), directory / named.sealed_file
    return EntryFiles(
        entry=entry,
        names=named,
        login=Login.of(stored, entry.database_name, wanted, kept(settings, file)),
        database=kept(settings, directory / named.database_file),
    )


def _role(environment: str, one: EntryFiles) -> Role:
    entry = one.entry
    return Role(
        name=entry.username,
        marker=Marker(environment, entry.key),
        createdb=entry.createdb,
        connection_limit=-1 if entry.connection_limit is None else entry.connection_limit,
        secret=one.names.secret,
    )


def retired_in(environment: str, roles: WithRoles) -> dict[str, str]:
    """Return since when an entry is out of service, by key."""
    return {
        marker.entry: marker.retired.at
        for marker in roles.marked.values()
        if marker.environment == environment and marker.retired is not None
    }
