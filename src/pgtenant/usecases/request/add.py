"""`pgtenant request add` and `change`: a validated edit of all files, or of none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgtenant.catalog.edit import add_entry, change_entry
from pgtenant.catalog.model import Catalog, Entry
from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import CatalogError, Problem, UsageError
from pgtenant.nearest import did_you_mean
from pgtenant.requests.form import CHANGEABLE
from pgtenant.requests.request import (
    Request,
    Value,
    differences,
    owner_problems,
    problems,
    request_of,
    shown_value,
)
from pgtenant.requests.routing import Routing, route_of
from pgtenant.settings import Settings
from pgtenant.together import Change, alone, write
from pgtenant.usecases.request.declared import Declared, declared, elsewhere
from pgtenant.usecases.request.edit import Edit, edited, recorded
from pgtenant.usecases.request.secrets import secret_problems


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a request.

    Attributes:
        entry: as the catalog has it afterwards.
        catalog: the path of the catalog, as people are shown it.
        line: where the entry starts in it; 0 when it was there already.
        changes: the files that were written, or would be.
        status: what the catalog of resources says of it.
        notes: what a reviewer may want to know.
    """

    environment: str
    entry: Entry
    catalog: str
    line: int
    changes: tuple[Change, ...]
    status: str
    routing: Routing
    notes: tuple[str, ...]


def add(
    settings: Settings,
    given: Mapping[str, Value],
    *,
    moment: str,
    dry_run: bool = False,
    ask: Callable[[Entry], Sequence[tuple[str, str]]] | None = None,
) -> Done:
    """Add an entry; when it is there already as it was asked for, change nothing.

    Args:
        settings: the project's.
        given: the request's fields.
        moment: when it was asked for, such as `2026-01-31T10:30:00Z`.
        dry_run: find out everything, and write nothing.
        ask: tells what else is wrong with the entry that it would be.

    Raises:
        CatalogError: the catalog is not valid as it is.
        UsageError: the request is wrong or in conflict with what is there; nothing was written.
        PgtenantError: a file could not be written; none was.
    """
    if found := list(problems(given, settings.requests)):
        raise refused(given, [*found, *_further(settings, given, {field for field, _ in found})])
    request = request_of(given)
    if dry_run or ask is not None:
        # Before the lock is taken: a server may be slow to answer, and others write meanwhile.
        done = _added(settings, request, moment)
        if found := list(ask(done.entry) if ask is not None else ()):
            raise refused(given, found)
        if dry_run:
            return done
    with alone(settings.root):
        done = _added(settings, request, moment)
        if done.changes:
            write(settings.root, done.changes)
    return done


def change(
    settings: Settings,
    environment: str,
    key: str,
    given: Mapping[str, Value],
    *,
    moment: str,
    dry_run: bool = False,
) -> Done:
    """Set fields of an entry. Arguments and errors are those of `add`."""
    named = {"environment": environment, "key": key}
    odd = [(name, _WHY_NOT) for name in given if name not in CHANGEABLE]
    if found := [*odd, *owner_problems(given, settings.requests)]:
        wrong = {field for field, _ in found}
        rest = {name: value for name, value in given.items() if name not in wrong}
        raise refused(named, [*found, *_further_changes(settings, Request(environment, key, rest))])
    request = Request(environment, key, given)
    if dry_run:
        return _changed(settings, request, moment)
    with alone(settings.root):
        done = _changed(settings, request, moment)
        if done.changes:
            write(settings.root, done.changes)
    return done


_WHY_NOT = "can't be changed: it would be another database or role; retire this one, ask for that"


def refused(given: Mapping[str, Value], found: list[tuple[str, str]]) -> UsageError:
    """Return the error that names everything that is wrong with a request."""
    key = given.get("key") or given.get("database_name") or "a database"
    where = f" in {plain(str(given['environment']))}" if given.get("environment") else ""
    lines = "".join(f"\n  {field}: {text}" if field else f"\n  {text}" for field, text in found)
    return UsageError(
        f"the request for {plain(str(key))}{where} is refused:{lines}",
        hint="nothing was written",
        code=Code.REQUEST_REFUSED,
    )


def _added(settings: Settings, request: Request, moment: str) -> Done:
    catalog = declared(settings, request.environment)
    there = catalog.entries.get(request.key)
    if there is not None:
        _insist_on_written(request, there)
        if conflicts := list(differences(request, there)):
            raise _conflict(catalog, there, conflicts)
        return _done(settings, catalog, there, None, moment)
    wanted, entry = _checked(catalog, request)
    if found := list(secret_problems(settings, catalog, entry)):
        raise refused(_named(request), found)
    edit = edited(
        catalog,
        lambda data: add_entry(data, catalog.language, request.key, request.fields),
        wanted,
    )
    return _done(settings, catalog, entry, edit, moment)


def _changed(settings: Settings, request: Request, moment: str) -> Done:
    catalog = declared(settings, request.environment)
    there = catalog.entries.get(request.key)
    if there is None:
        known = ", ".join(sorted(catalog.written))[:500]
        raise UsageError(
            f"{catalog.display} has no entry {plain(request.key)}"
            f"{did_you_mean(request.key, catalog.entries)}",
            hint=f"its entries are: {known}" if known else "it is empty",
            code=Code.UNKNOWN_ENTRY,
        )
    _insist_on_written(request, there)
    fields = {name: request.fields[name] for name, *_ in differences(request, there)}
    if not fields:
        return _done(settings, catalog, there, None, moment)
    try:
        edit = _with_fields(catalog, request.key, fields)
    except CatalogError as error:
        raise refused(_named(request), list(_against(error, request.key))) from None
    entry = edit.entries[request.key]
    if "secret" in fields and (found := list(secret_problems(settings, catalog, entry))):
        raise refused(_named(request), found)
    return _done(settings, catalog, entry, edit, moment)


def _insist_on_written(request: Request, entry: Entry) -> None:
    if entry.made_by is not None:
        said = f"is made by tenancy.runtime_role of {entry.made_by}; ask for a change of that one"
        raise refused(_named(request), [("key", said)])


def _with_fields(catalog: Declared, key: str, fields: Mapping[str, Value]) -> Edit:
    return edited(catalog, lambda data: change_entry(data, catalog.language, key, fields))


def _against(error: CatalogError, key: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a catalog after the change of an entry."""
    for one in error.problems:
        yield one.field if one.entry == plain(key) else f"{one.entry}.{one.field}", one.message


def _further_changes(settings: Settings, request: Request) -> Iterator[tuple[str, str]]:
    """Yield what a catalog has against the other fields of a change that is refused already."""
    try:
        catalog = declared(settings, request.environment)
    except (CatalogError, UsageError):
        return  # no catalog to ask
    if request.key not in catalog.written or not request.fields:
        return
    try:
        _with_fields(catalog, request.key, request.fields)
    except CatalogError as error:
        yield from _against(error, request.key)
    except UsageError:
        return  # laid out in a way that it can't be told


def _done(
    settings: Settings, catalog: Declared, entry: Entry, edit: Edit | None, moment: str
) -> Done:
    entries = catalog.entries if edit is None else edit.entries
    more, status = recorded(settings, catalog.environment, entry, entries, moment)
    return Done(
        environment=catalog.environment,
        entry=entry,
        catalog=catalog.display,
        line=0 if edit is None else edit.line,
        changes=more if edit is None else (edit.change, *more),
        status=status,
        routing=route_of(settings.requests, catalog.environment, entry),
        notes=tuple(_notes(settings, catalog.environment, entry)),
    )


def _checked(catalog: Declared, request: Request) -> tuple[Catalog, Entry]:
    """Return the catalog with the request's entry in it, and that entry.

    Raises:
        CatalogError: the catalog was not valid before.
        UsageError: it would not be valid any more.
    """
    try:
        wanted = catalog.extended(request.pair)
    except CatalogError as error:
        ours = _ours(error, request)
        others = tuple(p for p in error.problems if p not in ours)
        if others:
            raise CatalogError(others, hint=error.hint) from None
        raise refused(_named(request), [(p.field, p.message) for p in ours]) from None
    return wanted, next(one for one in wanted.entries if one.key == request.key)


def _ours(error: CatalogError, request: Request) -> list[Problem]:
    """Return what is wrong with the request's entry, and not with the catalog around it."""
    return [one for one in error.problems if not one.line and one.entry == plain(request.key)]


def _further(
    settings: Settings, given: Mapping[str, Value], said: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield what a catalog has against a request that is refused already, of its other fields."""
    if not {"environment", "database_name"} <= given.keys() or {"environment", "key"} & {*said}:
        return
    request = request_of(given)
    try:
        catalog = declared(settings, request.environment)
        if request.key not in catalog.entries:
            catalog.extended(request.pair)
    except CatalogError as error:
        for one in _ours(error, request):
            if one.field not in said:
                yield one.field, one.message
    except UsageError:
        return  # no catalog to ask


def _named(request: Request) -> Mapping[str, Value]:
    return {"environment": request.environment, "key": request.key}


def _conflict(catalog: Declared, entry: Entry, found: list[tuple[str, str, str]]) -> UsageError:
    lines = "".join(
        f"\n  {field}: {there} there, {wanted} in the request" for field, there, wanted in found
    )
    return UsageError(
        f"{catalog.display}:{entry.line} has an entry {entry.key} already, which differs:{lines}",
        hint="nothing was written; ask for another name, or use `pgtenant request change`",
        code=Code.REQUEST_CONFLICT,
    )


def _notes(settings: Settings, environment: str, entry: Entry) -> Iterator[str]:
    """Yield what is odd about an entry, seen beside those of the other environments."""
    for other in elsewhere(settings, environment):
        if isinstance(other, str):
            yield f"the catalog of {other} can't be read and was not compared"
            continue
        for one in other.entries.values():
            same = one.database_name == entry.database_name
            if same and one.access_level is entry.access_level:
                for field in ("owner", "domain", "risk"):
                    theirs, ours = getattr(one, field), getattr(entry, field)
                    if theirs is not None and theirs != ours:
                        yield (
                            f"{one.key} in {other.environment} has another {field}:"
                            f" {shown_value(theirs)}, not {shown_value(ours)}"
                        )
