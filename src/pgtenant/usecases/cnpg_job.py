"""pgtenant's own part in a cluster's manifests: its login, and the Job that it runs as."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from pgtenant.catalog.model import Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.gitops.cnpg import job
from pgtenant.gitops.cnpg.admin import Admin
from pgtenant.gitops.cnpg.cluster import KIND
from pgtenant.gitops.cnpg.documents import find
from pgtenant.gitops.cnpg.names import GROUP, Names, names
from pgtenant.gitops.cnpg.sealed import Credentials
from pgtenant.schemas import BUILT_IN, template_files
from pgtenant.settings.cnpg import ALWAYS, CnpgSettings
from pgtenant.settings.load import FILE_NAME
from pgtenant.settings.model import Settings
from pgtenant.usecases.cnpg_logins import Login, host_of
from pgtenant.usecases.desire import NO_SCHEMA, needs_its_login
from pgtenant.usecases.inputs import SCHEMAS_DIRECTORY
from pgtenant.usecases.request.declared import secret_of
from pgtenant.usecases.request.kept import Kept, kept

_MAINTENANCE: Final = "postgres"


def admin_names(cnpg: CnpgSettings) -> Names:
    """Return what pgtenant's own objects are called."""
    return names(cnpg.admin)


def admin_role(environment: str, cnpg: CnpgSettings) -> Admin:
    """Return pgtenant's role in the cluster's manifest."""
    return Admin(cnpg.admin, environment, admin_names(cnpg).secret)


def admin_login(settings: Settings, environment: str, cnpg: CnpgSettings) -> Login:
    """Return its credentials, which are copied nowhere.

    Raises:
        UsageError: their file can't be read.
    """
    named = admin_names(cnpg)
    wanted = Credentials(
        name=named.secret,
        namespace=cnpg.namespace,
        entry="",
        username=cnpg.admin,
        keys=ALWAYS,
        scope=cnpg.scope,
        namespaces="",
    )
    file = kept(settings, settings.root / cnpg.directory / named.sealed_file)
    return Login.of(settings.admin_secret(environment), _database(settings), wanted, file)


def job_text(
    settings: Settings,
    environment: str,
    catalog: Catalog,
    cluster: str,
    there: Collection[str],
) -> str:
    """Return the manifests of the Job.

    Args:
        settings: the project's, with an image.
        environment: whose.
        catalog: its entries.
        cluster: the text of the cluster's manifest.
        there: the keys of the entries whose roles it has; the Job waits for no others.

    Raises:
        UsageError: what it reads can't be taken along.
    """
    cnpg = settings.cnpg.of(environment)
    entries = [entry for entry in catalog.entries if entry.key in there]
    stored = settings.admin_secret(environment)
    logins = [job.Login(admin_names(cnpg).secret, stored, _database(settings))]
    logins += [
        job.Login(names(one.key).secret, secret_of(settings, environment, one), one.database_name)
        for one in entries
        if needs_its_login(one)
    ]
    document = find(cluster, GROUP, KIND, name=cnpg.cluster, namespace=cnpg.namespace)
    authority = document.text_at("spec", "certificates", "serverCASecret") if document else ""
    for login in logins:
        _insist_below(login.path, "the name of a secret")
    wanted = job.Provision(
        environment=environment,
        namespace=cnpg.namespace,
        host=host_of(cnpg),
        authority=authority or f"{cnpg.cluster}-ca",
        image=cnpg.image or "",
        only=[] if len(entries) == len(catalog.entries) else [one.key for one in entries],
        tenants=any(one.tenancy is not None and one.tenancy.tenants_file for one in entries),
        approved=settings.approval_required(environment),
        files={path: file.text for path, file in _files(settings, environment, entries)},
        logins=logins,
    )
    try:
        return job.manifests(wanted)
    except ValueError as error:
        raise UsageError(
            f"the Job can't be written: {error}", hint="nothing was written", code=Code.MANIFEST
        ) from None


def _files(
    settings: Settings, environment: str, entries: Collection[Entry]
) -> Iterator[tuple[str, Kept]]:
    """Yield what pgtenant reads of the project: settings, catalog, schemas, templates, tenants."""
    schemas, root = settings.root / SCHEMAS_DIRECTORY, settings.root
    named = {one.initial_schema for one in entries} - {NO_SCHEMA, *BUILT_IN}
    tenancies = [one.tenancy for one in entries if one.tenancy is not None]
    templates = sorted({one.template for one in tenancies if one.template is not None})
    paths = [
        root / FILE_NAME,
        settings.catalog_path(environment),
        *(schemas / one for one in sorted(named)),
        *(path for one in templates for path in template_files(one, schemas)),
        *(root / one for one in sorted({t.tenants_file for t in tenancies if t.tenants_file})),
    ]
    for path in paths:
        file = kept(settings, path)
        if file.data is not None:
            yield _insist_below(_relative(settings, path), "the file"), file


def _relative(settings: Settings, path: Path) -> str:
    return (
        posixpath.normpath(path.relative_to(settings.root).as_posix())
        if (path.is_relative_to(settings.root))
        else str(path)
    )


def _insist_below(path: str, what: str) -> str:
    if path.startswith("/") or not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise UsageError(
            f"{what} {path} can't be mounted into the Job",
            hint="choose one below the project",
            code=Code.MANIFEST,
        )
    return path


def _database(settings: Settings) -> str:
    return settings.server.maintenance_database or _MAINTENANCE
