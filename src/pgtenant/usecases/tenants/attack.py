"""Let the tenants of one entry attack each other; nothing of it stays."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final

from pgtenant.errors import ServerError
from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.sql.text import can_be_sent
from pgtenant.planning.tenants.found import Column, Found
from pgtenant.planning.tenants.judgement import usual_column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import read_record
from pgtenant.planning.tenants.slugs import slug_of
from pgtenant.postgres.tenant_attack import attack
from pgtenant.usecases.look import Instance
from pgtenant.verify.tenants.ground import ground, sampled
from pgtenant.verify.tenants.outcome import Attack, trials
from pgtenant.verify.tenants.targets import targets

_UUID: Final = Column("uuid")


async def attack_tenants(
    instance: Instance, database: DesiredDatabase, isolation: Isolation, found: Found
) -> Attack:
    """Attack with the login of the database's owner, which is the application's.

    Args:
        instance: with the secret of the entry.
        database: the entry's.
        isolation: how its tenants should be kept apart.
        found: the inspection of all of them.
    """
    column = usual_column(found) or _UUID
    schemas = sampled([one.name for one in found.schemas if can_be_sent(one.name)])
    comments = {schema.name: schema.comment for schema in found.schemas}
    place = ground(isolation, column, schemas, f"pgtenant_attack_{secrets.token_hex(6)}")
    tables, left_out = targets(found, schemas, database.owner.name, column)
    records = ((name, read_record(comments[name])) for name in schemas)
    slugs = [
        (name, slug_of(name, isolation.prefix, record.tenant if record else None))
        for name, record in records
    ]

    def came_of(unproven: str = "") -> Attack:
        return Attack(
            tenants=len(place.stand_ins),
            of=len(found.schemas),
            type=column.type,
            left_out=left_out,
            unproven=unproven,
        )

    login = instance.login(database.owner)
    if login is None:
        return came_of(f"there is no password of {database.owner.name} to log in with")
    try:
        async with instance.gate.open(login, database.name) as connection:
            answers = await attack(connection, place, tables, slugs)
    except ServerError as error:
        return came_of(error.message)
    return replace(came_of(), trials=trials(answers))
