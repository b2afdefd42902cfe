"""Initial schemas: run once, remembered in two places."""

from __future__ import annotations

from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.diff.standing import Standing, contents_of, standing
from pgtenant.planning.observed import Observed


def recorded_schema(database: DesiredDatabase, observed: Observed) -> str | None:
    """Return the initial schema that has run.

    The database's marker is written in the schema's own transaction but can be lost
    to its owner's `COMMENT`; the role's marker is written afterwards and can't, so it is
    the one to believe where both speak.
    """
    if standing(database, observed) is not Standing.MADE:
        return None
    on_database = observed.databases[database.name].marker
    role = observed.roles.get(database.owner.name)
    on_role = role.marker if role else None
    return (on_role.initial_schema if on_role else None) or (
        on_database.initial_schema if on_database else None
    )


def schema_is_due(database: DesiredDatabase, observed: Observed) -> bool:
    """Return whether the catalog's initial schema has to run now."""
    return (
        database.initial_schema is not None
        and recorded_schema(database, observed) is None
        and contents_of(database, observed) is not None
    )


def initial_schema_to_record(database: DesiredDatabase, observed: Observed) -> str | None:
    """Return the schema that has run once this plan is carried out."""
    if database.initial_schema is not None and schema_is_due(database, observed):
        return database.initial_schema.name
    return recorded_schema(database, observed)
