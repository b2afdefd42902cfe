"""The Backstage entity of an entry: a resource that its team owns, and that needs the instance."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from pgtenant.catalog.edit import put
from pgtenant.catalog.edit.dialect import YAML
from pgtenant.catalog.edit.tree import Plain
from pgtenant.catalog.model import AccessLevel, Entry
from pgtenant.requests.leaves import read, with_text
from pgtenant.requests.records import Place

# What Backstage lets an entity be called.
_LONGEST: Final = 63
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def entity_name(environment: str, key: str) -> str:
    """Return the name of an entry's entity, which no other entry of any environment has."""
    # No environment has a dot in its name.
    name = f"{environment}.{key}"
    if _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = re.sub(r"[^A-Za-z0-9._-]", "-", name)[: _LONGEST - len(digest) - 1]
    return f"{kept}-{digest}"


def with_entity(text: str, entry: Entry, place: Place, *, instance: str, owner_key: str) -> str:
    """Return the entity's file, of which what it says already is left alone.

    Args:
        text: the file, or nothing.
        entry: the entry.
        place: where it is.
        instance: the Backstage name of the instance.
        owner_key: the key of the entry that owns the database; its own for an owner.

    Raises:
        EditError: the file is laid out in a way that does not allow it.
    """
    is_owner = entry.access_level is AccessLevel.OWNER
    needs = instance if is_owner else entity_name(place.environment, owner_key)
    annotations = {
        "pgtenant/environment": place.environment,
        "pgtenant/entry": entry.key,
        "pgtenant/secret": place.secret,
        "pgtenant/requested-by": entry.requester,
        "pgtenant/domain": entry.domain,
        "pgtenant/risk": entry.risk,
    }
    kept = {name: value for name, value in annotations.items() if value is not None}
    what = "PostgreSQL database" if is_owner else f"{entry.access_level} of the database"
    if read(text) is None:
        whole: dict[str, Plain] = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Resource",
            "metadata": {
                "name": entity_name(place.environment, entry.key),
                "title": f"{entry.key} ({place.environment})",
                "description": f"The {what} {entry.database_name} in {place.environment}.",
                "annotations": kept,
                "tags": ["postgresql"],
            },
            "spec": {
                "type": "database" if is_owner else "database-access",
                "owner": entry.owner or "unknown",
                "dependsOn": [f"resource:{needs}"],
            },
        }
        for name, part in whole.items():
            text = put(text, YAML, (name,), part).text
        return text
    for name, value in kept.items():
        text = with_text(text, ("metadata", "annotations", name), value)
    return text if entry.owner is None else with_text(text, ("spec", "owner"), entry.owner)
