"""`pgtenant render cnpg`: from the catalog to the manifests of a shared CloudNativePG cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgtenant.catalog.model import AccessLevel, Catalog
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.gitops.cnpg.database import Database, with_database
from pgtenant.gitops.cnpg.kustomized import unlisted
from pgtenant.gitops.cnpg.names import checked_namespaces
from pgtenant.gitops.cnpg.sealed import Sealed
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.cnpg import CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.together import Change, alone, write
from pgtenant.usecases.cnpg_audit import Audited
from pgtenant.usecases.cnpg_logins import fetched, seal_for, sealed, to_seal
from pgtenant.usecases.cnpg_look import Asked, EntryFiles, Look, look_at, retired_in
from pgtenant.usecases.cnpg_names import check_names, taken_names
from pgtenant.usecases.inputs import load_catalog
from pgtenant.usecases.operated import unfit_logins
from pgtenant.usecases.request.kept import Kept


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
        unlisted: the manifests that a kustomization beside them leaves out.
        display: the path of each changed file for people.
    """

    changes: tuple[Change, ...]
    unsealed: Mapping[str, str]
    blocked: Mapping[str, str]
    gone: Mapping[str, str]
    retired: Mapping[str, str]
    former: Mapping[str, str]
    unlisted: Sequence[str]
    display: Mapping[Path, str]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of what was written."""
        return ExitCode.BLOCKED if self.blocked else ExitCode.CONVERGED


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
    look = look_at(settings, environment, cnpg, catalog, asked)
    reseal = {one.stored for one in look.logins if asked.is_resealed(one)}
    secrets = fetched(look.logins, open_store, reseal=reseal)
    seal = seal_for(settings, cnpg, asked.now) if secrets.passwords else None
    with alone(settings.root):
        look = look_at(settings, environment, cnpg, catalog, asked)
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
    look = look_at(settings, environment, cnpg, catalog, asked)
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


def _changes(
    cnpg: CnpgSettings, look: Look, new: Mapping[str, Sealed]
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


def _database(cnpg: CnpgSettings, one: EntryFiles) -> Database:
    return Database(
        name=one.names.database,
        namespace=cnpg.namespace,
        database=one.entry.database_name,
        owner=one.entry.username,
        cluster=cnpg.cluster,
        extensions=one.entry.extensions,
    )


def _done(
    look: Look,
    environment: str,
    catalog: Catalog,
    changes: Sequence[tuple[Kept, Change]],
    unsealed: Mapping[str, str],
) -> Done:
    users = {entry.key: entry.username for entry in catalog.entries}
    retired = retired_in(environment, look.roles)
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
        unlisted=_unlisted(look, [file for file, _ in changes]),
        display={change.path: file.display for file, change in changes},
    )


def _unlisted(look: Look, changed: Sequence[Kept]) -> Sequence[str]:
    """Return the manifests, old and new, that a kustomization beside them leaves out."""
    if look.kustomization is None:
        return ()
    there = (
        look.cluster,
        *(login.file for login in look.logins),
        *(file for file, _ in look.resources),
        *(entry.database for entry in look.entries),
        *([look.job[0]] if look.job else ()),
    )
    files = {one.path for one in there if one.data is not None} | {one.path for one in changed}
    directory = look.kustomization.path.parent
    names = [path.relative_to(directory).as_posix() for path in files]
    return unlisted(look.kustomization.text, names)
