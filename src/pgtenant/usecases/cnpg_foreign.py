"""Entries that would take what is somebody else's in a shared cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pgtenant.catalog.model import AccessLevel, Catalog, Entry
from pgtenant.gitops.cnpg import job
from pgtenant.gitops.cnpg.database import KIND as DATABASE
from pgtenant.gitops.cnpg.database import owner_in, unchangeable
from pgtenant.gitops.cnpg.foreign import Foreign, Start, foreign, start_of
from pgtenant.gitops.cnpg.names import Names, names
from pgtenant.gitops.cnpg.sealed import KIND as SEALED
from pgtenant.settings.cnpg import RESOURCES, CnpgSettings
from pgtenant.usecases.request.kept import Kept


@dataclass(frozen=True, slots=True)
class Claim:
    """What an entry is to have.

    Attributes:
        entry: the entry.
        names: its names.
        file: of its database.
        is_declared: whether its role has a file of its own.
    """

    entry: Entry
    names: Names
    file: Kept
    is_declared: bool


def blocked_by_others(
    cnpg: CnpgSettings,
    catalog: Catalog,
    directory: Path,
    cluster: Kept,
    claims: Iterable[Claim],
    *,
    adopt: bool,
) -> dict[str, str]:
    """Return which entries are not to be written, and why, by key.

    Args:
        cnpg: the settings of the cluster.
        catalog: all entries, whose files are their own.
        directory: of the manifests.
        cluster: the file of the cluster.
        claims: the entries that are asked for.
        adopt: whether what the cluster has begun with may become an entry's.

    Raises:
        UsageError: a file can't be read.
    """
    start = cluster.asked(lambda text: start_of(text, name=cnpg.cluster, namespace=cnpg.namespace))
    others = _others(cnpg, catalog, directory)
    reasons = {
        one.entry.key: next(
            (why for why in _reasons(cnpg, one, start, others, adopt=adopt) if why), ""
        )
        for one in claims
    }
    return {key: why for key, why in reasons.items() if why}


def _reasons(
    cnpg: CnpgSettings, one: Claim, start: Start, others: Foreign, *, adopt: bool
) -> Iterator[str]:
    entry, named = one.entry, one.names
    yield _elsewhere(others, SEALED, named.secret, named.sealed_file)
    if one.is_declared and cnpg.roles != RESOURCES:
        yield (
            f"its role has a file of its own, {named.role_file}, and would be in the cluster's"
            ' manifest as well: set [cnpg] roles = "resources", or delete that file, whose'
            " databaseRoleReclaimPolicy has to be retain"
        )
    if entry.username == start.owner and not (adopt or start.declared or one.is_declared):
        yield (
            f"the role {entry.username} is the one that the cluster begins with (spec.bootstrap):"
            " `--adopt` takes it over"
        )
    if entry.access_level is not AccessLevel.OWNER:
        return
    yield _elsewhere(others, DATABASE, named.database, named.database_file)
    if entry.database_name in others.databases:
        name, file = others.databases[entry.database_name]
        yield (
            f"the database {entry.database_name} is the Database {name}'s in {file}, and the"
            " operator lets no second one have it"
        )
    if misfit := one.file.asked(
        lambda text: unchangeable(
            text,
            name=named.database,
            namespace=cnpg.namespace,
            database=entry.database_name,
            cluster=cnpg.cluster,
        )
    ):
        yield f"{one.file.display} {misfit}"
    owner = one.file.asked(
        lambda text: owner_in(text, name=named.database, namespace=cnpg.namespace)
    )
    if owner and owner != entry.username:
        yield (
            f"the Database {named.database} belongs to {owner} in {one.file.display}. The operator"
            f" would give it to {entry.username}, and not what is in it: first have that given to"
            f" {entry.username} (REASSIGN OWNED), then write owner: {entry.username} there"
        )
    if not owner and entry.database_name == start.database:
        if start.owner and entry.username != start.owner:
            yield f"the database {start.database} is {start.owner}'s, by spec.bootstrap"
        elif not adopt:
            yield (
                f"the database {start.database} is the one that the cluster begins with"
                " (spec.bootstrap): `--adopt` takes it over"
            )


def _elsewhere(others: Foreign, kind: str, name: str, file: str) -> str:
    there = others.objects.get((kind, name))
    if there is None:
        return ""
    return f"the {kind} {name} is in {there}: move it to {file}, where pgtenant looks for it"


def _others(cnpg: CnpgSettings, catalog: Catalog, directory: Path) -> Foreign:
    """Read the files beside those of the entries."""
    own = {job.FILE, names(cnpg.admin).sealed_file}
    for entry in catalog.entries:
        own |= {*names(entry.key).files}
    texts = {
        path.name: _text(path) for path in sorted(directory.glob("*.y*ml")) if path.name not in own
    }
    return foreign(texts, cluster=cnpg.cluster, namespace=cnpg.namespace)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeError):
        return ""  # what is no text declares nothing
