"""The files of a cluster's manifests that declare roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pgtenant.gitops.cnpg.cluster import WithRoles, with_roles
from pgtenant.gitops.cnpg.names import ROLE_FILE
from pgtenant.gitops.cnpg.resources import KIND, Resource, ResourceError, with_resources
from pgtenant.settings.cnpg import RESOURCES, CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.usecases.request.kept import Kept, kept

_Said = TypeVar("_Said")


def role_files(settings: Settings, cnpg: CnpgSettings) -> Mapping[str, Kept]:
    """Return the files with roles as resources, by name.

    Raises:
        UsageError: one can't be read.
    """
    directory = settings.root / cnpg.directory
    found = (kept(settings, path) for path in sorted(directory.glob(f"*{ROLE_FILE}")))
    return {one.path.name: one for one in found if KIND in one.text}


def asked(cluster: Kept, files: Mapping[str, Kept], question: Callable[[str], _Said]) -> _Said:
    """Return what the cluster's file says, with those of the resources.

    Raises:
        UsageError: one is laid out in a way that it can't be read or edited.
    """
    try:
        return cluster.asked(question)
    except ResourceError as error:
        cause = error.cause

        def again(_: str) -> _Said:
            raise cause

        return files[error.file].asked(again)


def with_all_roles(
    cnpg: CnpgSettings,
    cluster: Kept,
    files: Mapping[str, Kept],
    wanted: Sequence[Resource],
    *,
    adopt: bool,
) -> tuple[WithRoles, Mapping[str, str]]:
    """Return the cluster's file with the roles, and the files of those that are resources.

    Args:
        cnpg: where they are to be.
        cluster: its file.
        files: those of resources, at least of all that are wanted.
        wanted: the roles.
        adopt: whether a role without a marker gets one.

    Raises:
        UsageError: a file is laid out in a way that does not allow it.
    """
    where = {"name": cnpg.cluster, "namespace": cnpg.namespace}
    if cnpg.roles != RESOURCES:
        roles = [one.role for one in wanted]
        return cluster.asked(lambda text: with_roles(text, roles, **where, adopt=adopt)), {}
    texts = {name: file.text for name, file in files.items()}
    done = asked(
        cluster, files, lambda text: with_resources(text, texts, wanted, **where, adopt=adopt)
    )
    return done, done.files
