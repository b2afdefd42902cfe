"""The files that a request changes: the catalog, the catalog of resources, the entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import Edited, EditError
from pgtenant.catalog.model import AccessLevel, Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.requests.entity import with_entity
from pgtenant.requests.records import Place, record_of, records, with_record
from pgtenant.requests.status import Status
from pgtenant.settings import Settings
from pgtenant.together import Change
from pgtenant.usecases.request.declared import Declared, secret_of
from pgtenant.usecases.request.kept import kept

_DAY: Final = len("2026-01-31")


@dataclass(frozen=True, slots=True)
class Edit:
    """An environment's catalog after an edit.

    Attributes:
        line: where the entry starts.
        entries: all that it then has, by key.
    """

    change: Change
    line: int
    entries: Mapping[str, Entry]


def edited(
    catalog: Declared, edit: Callable[[bytes], Edited], wanted: Catalog | None = None
) -> Edit:
    """Edit an environment's catalog, and read it again.

    Args:
        catalog: the catalog before it.
        edit: what is done to its text.
        wanted: what it is to say then; None for whatever is valid.

    Raises:
        CatalogError: what it says then is not valid.
        UsageError: it is written in a way that the edit can't be made in.
    """
    try:
        after = edit(catalog.data or b"")
        found = catalog.parsed(after.data)
        if wanted is not None and set(found.entries) != set(wanted.entries):
            raise EditError("is laid out in a way that no edit of one entry fits in")
    except EditError as error:
        where = f"{catalog.display}:{error.line}" if error.line else catalog.display
        raise UsageError(
            f"{where}: {error.message}",
            hint="nothing was written; edit that file by hand",
            code=Code.UNEDITABLE,
        ) from None
    change = Change(catalog.path, catalog.data, after.data)
    return Edit(change, after.line, {one.key: one for one in found.entries})


def recorded(
    settings: Settings, environment: str, entry: Entry, entries: Mapping[str, Entry], moment: str
) -> tuple[tuple[Change, ...], str]:
    """Return the record and the entity of an entry, as far as they differ, and its status.

    Args:
        settings: the project's.
        environment: the entry's.
        entry: what they are to say.
        entries: all of its environment.
        moment: when it was asked for, such as `2026-01-31T10:30:00Z`. Where the name is asked for
            again, the record has it whole, otherwise its day.

    Raises:
        UsageError: one of the two files is laid out in a way that it can't be edited.
    """
    catalog = kept(settings, settings.root / settings.requests.catalog)
    key = entry.key
    there = catalog.asked(records).get(environment, {}).get(key, {})
    over = there.get("metadata.status") == Status.DECOMMISSIONED
    status = Status.PENDING if over else there.get("metadata.status", Status.PENDING)
    place = Place(
        environment,
        secret_of(settings, environment, entry),
        settings.instance_class(environment),
        # What runs made of the earlier entry may be of the same day: so to the second then.
        moment if over else there.get("metadata.created_date", moment[:_DAY]),
    )
    record = record_of(entry, place, str(status))
    owner = next(
        (
            one.key
            for one in entries.values()
            if one.database_name == entry.database_name and one.access_level is AccessLevel.OWNER
        ),
        key,
    )
    instance = settings.instance_name(environment)
    changes = (
        *catalog.changed(lambda text: with_record(text, environment, key, record)),
        *kept(settings, settings.entity_path(environment, key)).changed(
            lambda text: with_entity(text, entry, place, instance=instance, owner_key=owner)
        ),
    )
    return changes, str(status)
