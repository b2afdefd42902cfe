"""Let the tenants of one entry attack each other; nothing of it stays."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from pgtenant.errors import LockHeldError, ServerError
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.sql.text import as_text, can_be_sent
from pgtenant.planning.tenants.found import Column, Found
from pgtenant.planning.tenants.judgement import usual_column
from pgtenant.planning.tenants.policy import Isolation, type_of
from pgtenant.planning.tenants.record import read_record
from pgtenant.planning.tenants.slugs import slug_of
from pgtenant.postgres.connect import Login
from pgtenant.postgres.entered_attack import attack_entered
from pgtenant.postgres.stand_ins import claim, drop_stand_ins, make_stand_ins
from pgtenant.postgres.tenant_attack import attack
from pgtenant.usecases.look import Instance
from pgtenant.verify.tenants.entering import entered_ground
from pgtenant.verify.tenants.ground import MARK, Ground, ground, sampled
from pgtenant.verify.tenants.outcome import Attack, trials
from pgtenant.verify.tenants.targets import targets

_UUID: Final = Column("uuid")


async def attack_tenants(
    instance: Instance,
    database: DesiredDatabase,
    role: DesiredRole,
    isolation: Isolation,
    found: Found,
) -> Attack:
    """Attack with the login of the application.

    Args:
        instance: with the secrets of the owner and of that login.
        database: the entry's.
        role: what the application logs in as: the database's owner, or its runtime role.
        isolation: how its tenants should be kept apart.
        found: the inspection of all of them.
    """
    column = usual_column(found) or _UUID
    schemas = sampled([one.name for one in found.schemas if can_be_sent(one.name)])
    comments = {schema.name: schema.comment for schema in found.schemas}
    entering = isolation.roles_in is not None
    make = entered_ground if entering else ground
    place = make(isolation, column, schemas, f"{MARK}{secrets.token_hex(6)}")
    owner = database.owner
    tables, left_out = targets(found, schemas, owner.name, column, isolation)
    records = ((name, read_record(comments[name])) for name in schemas)
    slugs = [
        (name, slug_of(name, isolation.prefix, record.tenant if record else None))
        for name, record in records
    ]

    def came_of(unproven: str = "") -> Attack:
        return Attack(
            login=role.name,
            owns=role is owner,
            tenants=len(place.stand_ins),
            of=len(found.schemas),
            type=column.type,
            left_out=left_out,
            unproven=unproven,
            entered=entering,
        )

    owners, login = instance.login(owner), instance.login(role)
    if owners is None or login is None:
        name = owner.name if owners is None else role.name
        return came_of(f"there is no password of {name} to log in with")
    try:
        if entering:
            told = dict(slugs) if as_text(type_of(column)) == "text" else {}
            async with instance.gate.open(login, database.name) as connection:
                answers = await attack_entered(connection, place, tables, told)
            return replace(came_of(), trials=trials(answers))
        async with (
            _stand_ins(instance, database, owners, place, role) as made_by,
            instance.gate.open(login, database.name) as connection,
        ):
            answers = await attack(connection, place, tables, slugs, made_by=made_by)
    except (LockHeldError, ServerError) as error:
        return came_of(error.message)
    return replace(came_of(), trials=trials(answers))


@asynccontextmanager
async def _stand_ins(
    instance: Instance, database: DesiredDatabase, login: Login, place: Ground, role: DesiredRole
) -> AsyncIterator[str | None]:
    """Have stand-ins there for the block, where another login than the owner's attacks.

    Args:
        instance: where.
        database: the entry's.
        login: the owner's.
        place: what is made.
        role: what the application logs in as.

    Yields:
        Whose they are; None where the attack makes them itself.
    """
    owner = database.owner
    if role is owner:
        yield None
        return
    await claim(instance.primary, database.name)
    async with instance.gate.open(login, database.name) as connection:
        await make_stand_ins(connection, place, owner=owner.name, login=role.name)
    try:
        yield owner.name
    finally:
        async with instance.gate.open(login, database.name) as connection:
            await drop_stand_ins(connection, place)
