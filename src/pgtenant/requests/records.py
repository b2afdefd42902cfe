"""The catalog of resources: one record for each entry, by environment and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import put
from pgtenant.catalog.edit.dialect import YAML
from pgtenant.catalog.model import Entry
from pgtenant.requests.form import SMALLEST
from pgtenant.requests.leaves import members, read, with_text
from pgtenant.requests.status import Status

ROOT: Final = "databases"
HEADER: Final = (
    "# The databases of every environment, as `pgtenant request` records them.\n"
    "# Change an entry with it; comments and what else stands here are kept.\n"
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a record says that is not in the entry.

    Attributes:
        secret: the path of its secret.
        instance_class: of the instance that it is on.
        created: the day of the request, such as `2026-01-31`.
    """

    environment: str
    secret: str
    instance_class: str
    created: str


def record_of(entry: Entry, place: Place, status: str) -> dict[str, dict[str, str]]:
    """Return the record of an entry."""
    metadata = {
        "id": f"DATABASE_{entry.key.upper().replace('-', '_')}",
        "owner": entry.owner,
        "requested_by": entry.requester,
        "domain": entry.domain,
        "risk": entry.risk,
        "environment": place.environment,
        "status": status,
        "created_date": place.created,
    }
    configuration = {
        "database_name": entry.database_name,
        "username": entry.username,
        "access_level": str(entry.access_level),
        "size": entry.size or SMALLEST,
        "instance_class": place.instance_class,
        "secret_path": place.secret,
    }
    return {
        "metadata": {name: value for name, value in metadata.items() if value is not None},
        "configuration": configuration,
    }


def with_record(
    text: str, environment: str, key: str, record: Mapping[str, Mapping[str, str]]
) -> str:
    """Return the catalog with a record, of which what it says already is left alone.

    Args:
        text: the file, or nothing.
        environment: the environment.
        key: the entry's key.
        record: what it is to say; what else the record has stays.

    Raises:
        EditError: the file is laid out in a way that does not allow it.
    """
    text = text or HEADER
    if key not in dict(members(read(text), ROOT, environment)):
        return put(text, YAML, (ROOT, environment, key), record).text
    for section, values in record.items():
        for name, value in values.items():
            text = with_text(text, (ROOT, environment, key, section, name), value)
    return text


def with_status(text: str, environment: str, key: str, status: Status) -> str:
    """Return the catalog with the status of a record, which is there."""
    return with_text(text, (ROOT, environment, key, "metadata", "status"), str(status))


def records(text: str) -> dict[str, dict[str, dict[str, str]]]:
    """Return all records, by environment and key: their texts, by `section.name`.

    Raises:
        SyntaxProblem: it is not YAML.
    """
    root = read(text)
    return {
        environment: {
            key: {
                f"{section}.{name}": str(value.value)
                for section, values in members(record)
                for name, value in members(values)
                if isinstance(value.value, str | int)
            }
            for key, record in members(entries)
        }
        for environment, entries in members(root, ROOT)
    }
