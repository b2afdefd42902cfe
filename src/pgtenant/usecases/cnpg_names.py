"""Which entries get names of their own in Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from pgtenant.catalog.model import Catalog, Entry
from pgtenant.gitops.cnpg.names import names
from pgtenant.settings.cnpg import CnpgSettings
from pgtenant.usecases.cnpg_job import admin_names


def check_names(catalog: Catalog) -> list[str]:
    """Return which entries get no name of their own in Kubernetes, and why."""
    wrong: list[str] = []
    apps: dict[str, str] = {}
    for entry in catalog.entries:
        where = f"{catalog.path}:{entry.line}: {entry.shown}"
        try:
            app = names(entry.key).app
        except ValueError as error:
            wrong.append(f"{where} {error}")
            continue
        if app in apps:
            wrong.append(f"{where} and {apps[app]} would both be {app} in Kubernetes")
        apps[app] = entry.key
    return wrong


def home_of(entry: Entry) -> str:
    """Return the namespace of an entry's application: of a role that was made, its maker's."""
    return names(entry.made_by or entry.key).app


def taken_names(catalog: Catalog, cnpg: CnpgSettings) -> Iterator[str]:
    """Yield which entries have a name that is taken, and by what."""
    own = admin_names(cnpg).app if cnpg.image is not None else None
    for entry in catalog.entries:
        named, where = names(entry.key), f"{catalog.path}:{entry.line}: {entry.shown}"
        if own is not None and (entry.username == cnpg.admin or named.app == own):
            yield f"{where} has the name of pgtenant's own role"
        if PurePosixPath(cnpg.cluster_file) in map(PurePosixPath, named.files):
            yield f"{where} would be written into {cnpg.cluster_file}, which is the cluster's"
