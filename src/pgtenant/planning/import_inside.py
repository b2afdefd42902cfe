"""What is inside a database that is to become an entry: who holds what, and what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.changes import GrantObjects
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.observed import Contents, Database
from pgtenant.planning.privileges import PUBLIC, ObjectKind


def whole(database: Database, owner: str) -> DesiredDatabase:
    """Return what to ask for to be told of every object in a database.

    A reader of a server leaves out what is as it should be; nothing is as a role without a
    name should have it.
    """
    nobody = DesiredRole(
        name="",
        entry="",
        database=database.name,
        level=AccessLevel.EDITOR,
        createdb=False,
        connection_limit=-1,
        secret="",
    )
    return DesiredDatabase(
        name=database.name, entry="", owner=replace(nobody, name=owner), members=(nobody,)
    )


def holders(database: Database) -> set[str]:
    """Return everyone who is named in a privilege on or in a database."""
    names = {grant.grantee for grant in database.acl}
    if contents := database.contents:
        names |= {grant.role for group in contents.groups for grant in group.grants}
        names |= {grant.role for grant in contents.defaults}
        names |= {grant.role for grant in contents.columns}
    return names - {PUBLIC}


def widens(change: GrantObjects, contents: Contents | None) -> bool:
    """Return whether a grant opens what was closed to the role.

    Sequences alone give no access to data, and what everyone may use is open already.
    """
    if change.object_kind is ObjectKind.SEQUENCE:
        return False
    if change.object_kind is ObjectKind.TABLE or contents is None:
        return True
    everyone = {
        name
        for group in contents.groups
        if group.kind is ObjectKind.SCHEMA
        and any(g.role == PUBLIC and g.privilege == "USAGE" for g in group.grants)
        for name in group.names
    }
    return not everyone.issuperset(change.names)


def notes(database: Database) -> Iterator[str]:
    """Yield what whoever reads the catalog should know about a database."""
    contents = database.contents
    if contents is None:
        why = f": {database.unread}" if database.unread else ""
        yield f"it could not be entered, so who reads and writes in it is not known{why}"
        return
    public = sorted(
        {
            f"{g.privilege} on the {group.kind} {name}"
            for group in contents.groups
            if group.kind is not ObjectKind.SCHEMA
            for g in group.grants
            if g.role == PUBLIC
            for name in group.names
        }
    )
    if public:
        more = f" and {len(public) - 5} more" if len(public) > 5 else ""
        yield f"PUBLIC holds {'; '.join(public[:5])}{more}: whoever may connect has it"
    if contents.foreign_count:
        listed = ", ".join(f"{o.schema}.{o.name}".lstrip(".") for o in contents.foreign[:5])
        more = f" and {contents.foreign_count - 5} more" if contents.foreign_count > 5 else ""
        yield f"objects that belong to others than its owner: {listed}{more}"
