"""The manifests that an operator is told a retirement by: read, written, and at last taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.gitops.cnpg.database import KIND as DATABASE
from pgtenant.gitops.cnpg.leaving import (
    Place,
    database_told,
    resources_told,
    roles_told,
    tell_database,
    tell_resources,
    tell_roles,
    without_object,
    without_roles,
)
from pgtenant.gitops.cnpg.names import GROUP, Names, names
from pgtenant.gitops.cnpg.sealed import GROUP as SEALED_GROUP
from pgtenant.gitops.cnpg.sealed import KIND as SEALED
from pgtenant.planning.marker import Marker, parse
from pgtenant.planning.retirement.steps import DropRole, Step
from pgtenant.planning.retirement.subject import Subject, mark_of
from pgtenant.planning.retirement.told import Told, ToldDatabase, ToldRole
from pgtenant.settings.cnpg import CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.together import Change, alone, write
from pgtenant.usecases.cnpg_roles import role_files
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.request.kept import Kept, kept
from pgtenant.usecases.retire.asked import Asked


@dataclass(frozen=True, slots=True)
class Operator:
    """Who keeps the roles and databases of an environment, by its manifests.

    Attributes:
        settings: the project's.
        environment: whose engine is `cnpg`.
    """

    settings: Settings
    environment: str

    def told(self, keys: Collection[str]) -> Told:
        """Return what the manifests say of all roles, and of the databases of some entries.

        Raises:
            UsageError: a file can't be read.
        """
        roles: dict[str, ToldRole] = {}
        for file in self._resources:
            roles |= file.asked(resources_told)
        roles |= self._cluster.asked(lambda text: roles_told(text, self._place))
        return Told(roles, {one.name: one for one in self.databases(keys).values()})

    def databases(self, keys: Collection[str]) -> Mapping[str, ToldDatabase]:
        """Return what the manifests say of the databases of entries, by key, where they do.

        Raises:
            UsageError: a file can't be read.
        """
        found: dict[str, ToldDatabase] = {}
        for key in sorted(keys):
            file, place = self._database(key)
            told = file.asked(partial(_database_told, place))
            if told is not None:
                found[key] = told
        return found

    def tell(self, steps: Sequence[Step]) -> Sequence[str]:
        """Write steps into the manifests; return which files are different now, for people.

        Raises:
            PgtenantError: a file does not allow it, or can't be written; nothing was.
        """
        admin = self._cnpg.admin
        with alone(self.settings.root):
            resources = self._resources
            inline = self._cluster.asked(lambda text: roles_told(text, self._place))
            edits: list[tuple[Kept, Callable[[str], str]]] = [
                (self._cluster, lambda t: tell_roles(t, steps, self._place, admin=admin)),
                *((file, lambda t: tell_resources(t, steps)) for file in resources),
            ]
            for key in sorted({step.entry for step in steps}):
                file, place = self._database(key)
                edits.append((file, partial(_tell_database, key, steps, place)))
            shown = self._write(edits)
            for step in steps:  # one that has a resource has nothing more to be waited for
                if isinstance(step, DropRole) and step.role not in inline:
                    shown += self._forgotten(names(step.entry))
        return shown

    def _write(self, edits: Sequence[tuple[Kept, Callable[[str], str]]]) -> list[str]:
        changed = [(file, one) for file, edit in edits for one in file.changed(edit)]
        written = [one for _, one in changed if one.after]
        if written:
            write(self.settings.root, written)
        for file, one in changed:
            if not one.after:
                _delete(one.path, file.display)
        return [file.display for file, _ in changed]

    def leftovers(self, key: str) -> Mapping[str, Marker]:
        """Return the roles that the manifests want dropped with an entry, by name.

        Raises:
            UsageError: a file can't be read.
        """
        return dict(self._leftovers(key))

    def forget(self, key: str) -> Sequence[str]:
        """Take out of the manifests what is dropped; return which files that was in, for people.

        The roles go last, so that a run that dies is finished by the next.

        Raises:
            PgtenantError: a file does not allow it, or can't be written.
        """
        found = self.leftovers(key)
        shown: list[str] = []
        with alone(self.settings.root):
            for entry in sorted({mark.entry for mark in found.values()}):
                shown += self._forgotten(names(entry))
            cluster = self._cluster
            changes = cluster.changed(lambda text: without_roles(text, found, self._place))
            write(self.settings.root, changes)
        return [*shown, cluster.display]

    def _forgotten(self, named: Names) -> Iterator[str]:
        for name, group, kind, path in (
            (named.secret, SEALED_GROUP, SEALED, named.sealed_file),
            (named.database, GROUP, DATABASE, named.database_file),
        ):
            file, place = self._file(path), Place(name, self._cnpg.namespace)
            rest = file.asked(partial(_without, group, kind, place))
            if file.data is None or rest == file.text:
                continue
            if rest:
                write(self.settings.root, [Change(file.path, file.data, rest.encode())])
            else:
                _delete(file.path, file.display)
            yield file.display

    def _leftovers(self, key: str) -> Iterator[tuple[str, Marker]]:
        for name, one in self.told(()).roles.items():
            mark = parse(one.comment)
            if not one.absent or mark is None or mark.environment != self.environment:
                continue
            if key in (mark.entry, mark.retired.entry if mark.retired is not None else mark.entry):
                yield name, mark

    def _database(self, key: str) -> tuple[Kept, Place]:
        named = names(key)
        return self._file(named.database_file), Place(named.database, self._cnpg.namespace)

    def _file(self, name: str) -> Kept:
        return kept(self.settings, self.settings.root / self._cnpg.directory / name)

    @property
    def _resources(self) -> Sequence[Kept]:
        return list(role_files(self.settings, self._cnpg).values())

    @property
    def _cluster(self) -> Kept:
        return self._file(self._cnpg.cluster_file)

    @property
    def _place(self) -> Place:
        return Place(self._cnpg.cluster, self._cnpg.namespace)

    @property
    def _cnpg(self) -> CnpgSettings:
        return self.settings.cnpg.of(self.environment)


def _database_told(place: Place, text: str) -> ToldDatabase | None:
    return database_told(text, place)


def _without(group: str, kind: str, place: Place, text: str) -> str:
    return without_object(text, group, kind, place)


def _tell_database(key: str, steps: Sequence[Step], place: Place, text: str) -> str:
    return tell_database(text, [step for step in steps if step.entry == key], place)


def operator_of(inputs: Inputs, asked: Asked) -> Operator | None:
    """Return who keeps the roles and databases of an environment; None where that is us.

    Raises:
        UsageError: it is asked for what can't be done there.
    """
    if not inputs.desired.operated:
        return None
    if asked.dump_to is not None:
        raise UsageError(
            "where an operator makes the roles there is no login to dump with, and nothing was"
            " changed",
            hint="back the database up before (a Backup of the cluster, or pg_dump on the login of"
            " its owner), and say --no-backup",
            code=Code.NO_DUMP,
        )
    if asked.allow_owned:
        raise UsageError(
            "--allow-owned drops as a superuser would, and on a cluster there is none to log in as",
            hint="have its roles drop what they own in other databases, or give it away",
            code=Code.OPERATED,
        )
    return Operator(inputs.settings, inputs.environment)


async def told_by(operator: Operator, subject: Subject) -> Told:
    """Return what the manifests say of everything that a retirement is about.

    Raises:
        UsageError: a file can't be read.
    """
    keys = {mark_of(role).entry for role in subject.roles}
    return await asyncio.to_thread(operator.told, keys)


def _delete(path: Path, display: str) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PgtenantError(
            f"{display} can't be deleted: {error.strerror}", code=Code.UNWRITABLE_FILE
        ) from None
