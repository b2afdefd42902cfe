"""The attributes of roles, which are read: nothing is ever made to prove them."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice
from pgtenant.verify.facts import Ground
from pgtenant.verify.model import (
    Attempt,
    Closable,
    Cure,
    How,
    Kind,
    Observation,
    Outcome,
    Result,
    judged,
)


def attributes(role: DesiredRole, ground: Ground) -> Iterator[Result]:
    """Judge the attributes of a role that is there: `CREATEDB` as declared, no other power."""
    fact = ground.facts.roles[role.name]
    wanted = {
        "LOGIN": (True, fact.login),
        "CREATEDB": (role.createdb, fact.createdb),
        "SUPERUSER": (False, fact.superuser),
        "CREATEROLE": (False, fact.createrole),
        "REPLICATION": (False, fact.replication),
        "BYPASSRLS": (False, fact.bypassrls),
    }
    for name, (expected, held) in wanted.items():
        attempt = Attempt(Kind.ATTRIBUTE, role.name, "", name, _outcome(yes=expected))
        observation = Observation(_outcome(yes=held), How.CATALOG)
        cure = None
        if held and not expected:
            cure = ground.without_attribute(role.name, name)
        elif expected and not held:
            admin = ground.observed.server.admin.name
            statement = advice(statements.with_attribute(role.name, name))
            cure = Cure(statement, admin, Closable.ADMIN)
        yield judged(attempt, observation, cure)


def _outcome(*, yes: bool) -> Outcome:
    return Outcome.ALLOWED if yes else Outcome.REFUSED
