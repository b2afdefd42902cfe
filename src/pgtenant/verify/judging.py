"""From observations to results, with the shared catalogs as the second witness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pgtenant.access.model import Kind as Thing
from pgtenant.errors import PgtenantError
from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.sql.text import can_be_sent
from pgtenant.verify import answers, closing
from pgtenant.verify.facts import Ground
from pgtenant.verify.model import (
    Attempt,
    Held,
    How,
    Kind,
    Observation,
    Outcome,
    Result,
    Trespass,
    judged,
)
from pgtenant.verify.pairs import Matrix

UNTRIED_IAM: Final = (
    "it logs in through IAM, which takes a token instead of a password: verify with"
    ' [secrets] store = "aws" and credentials that may rds-db:connect as it'
)

_EXPIRED: Final = (
    "its VALID UNTIL has passed, and the server takes no password of it until ALTER ROLE moves that"
)


def checked(attempt: Attempt, observation: Observation, ground: Ground) -> Observation:
    """Doubt a refusal that the catalogs do not explain: the database's owner may have made it up.

    A trigger that fires at a login can refuse it today, with any SQLSTATE, and let it in tomorrow.
    """
    role = ground.observed.roles.get(attempt.role)
    if observation.sqlstate == answers.WRONG_PASSWORD and role is not None and role.expired:
        return replace(observation, said=_EXPIRED)
    granted = (attempt.role, attempt.database) in ground.facts.connects
    existing = ground.observed.databases.get(attempt.database)
    provided = existing is not None and ground.provider(existing.owner)
    if provided and observation.sqlstate == answers.NO_ENTRY:
        return observation  # pg_hba.conf is not the tenants', and neither is the database
    if observation.outcome is Outcome.REFUSED and attempt.expected is Outcome.REFUSED and granted:
        said = f"refused, though the role holds CONNECT ({observation.said or 'no reason given'})"
        return replace(observation, outcome=Outcome.UNKNOWN, said=said)
    return observation


def connection(attempt: Attempt, observation: Observation, ground: Ground) -> Result:
    """Judge a login attempt."""
    cure = None
    if attempt.expected is Outcome.REFUSED and observation.outcome is Outcome.ALLOWED:
        cure = ground.close_database(attempt.role, attempt.database)
    return judged(attempt, observation, cure)


def missing_role(role: DesiredRole) -> Result:
    """Return the result of a role that is not there."""
    attempt = Attempt(Kind.CONNECT, role.name, role.database, "", Outcome.ALLOWED)
    said = "the role is not there: `pgtenant apply` makes it"
    return judged(attempt, Observation(Outcome.REFUSED, How.CATALOG, said=said))


def missing_database(role: DesiredRole) -> Result:
    """Return the result of a role whose own database is not there."""
    attempt = Attempt(Kind.CONNECT, role.name, role.database, "", Outcome.ALLOWED)
    said = "the database is not there: `pgtenant apply` makes it"
    return judged(attempt, Observation(Outcome.REFUSED, How.CATALOG, said=said))


def no_login(role: DesiredRole, bad_secrets: Mapping[str, PgtenantError]) -> str:
    """Return why a role can't be logged in as."""
    error = bad_secrets.get(role.entry)
    return f"its secret could not be used: {error.message}" if error else "its secret was not read"


def of_token(observation: Observation) -> Observation:
    """Say what it means that the server took no IAM token: nothing, and what to look at."""
    if observation.outcome is Outcome.UNKNOWN and observation.sqlstate in {"28000", "28P01"}:
        said = (
            "the server takes no IAM token for it: these credentials lack rds-db:connect for"
            " that role, IAM authentication is off there, or it is no RDS"
        )
        return replace(observation, said=said)
    return observation


def unsendable(attempt: Attempt) -> Observation | None:
    """Return why a database can't even be asked for, or None."""
    if can_be_sent(attempt.database) and "\0" not in attempt.database:
        return None
    return answers.unknown("", "its name is not valid UTF-8, so that it can't be asked for")


def interrupted(attempt: Attempt, sqlstate: str | None, said: str) -> Result:
    """Return that a session ended, or could not look around, before it had tried all."""
    kind = Attempt(attempt.kind, attempt.role, attempt.database, "in session", Outcome.ALLOWED)
    return judged(kind, answers.unknown(sqlstate or "", said))


def impersonated(
    role: DesiredRole, seen: Mapping[str, Observation], ground: Ground
) -> Iterator[Result]:
    """Judge what became of each `SET ROLE`; a membership of any kind is a hole as well."""
    for target, observation in sorted(seen.items()):
        yield _impersonation(role.name, role.database, target, observation, ground)


def _impersonation(
    role: str, database: str, target: str, observation: Observation, ground: Ground
) -> Result:
    attempt = Attempt(Kind.BECOME, role, database, target, Outcome.REFUSED)
    chain = ground.path(role, target)
    reached = (role, target) in ground.facts.reaches
    if observation.outcome is Outcome.REFUSED and chain and reached:
        said = "it may not SET ROLE, but is a member and has its privileges, or can give them"
        observation = Observation(Outcome.ALLOWED, How.CATALOG, said=said)
    cure = None
    if observation.outcome is Outcome.ALLOWED:
        fact = ground.facts.roles.get(role)
        if chain:
            cure = ground.end_membership(chain)
        elif fact is not None and fact.superuser:
            cure = ground.without_attribute(role, "SUPERUSER")
    return judged(attempt, observation, cure)


def unproven_impersonations(
    role: DesiredRole, targets: Sequence[str], why: Observation
) -> Iterator[Result]:
    """Return that nothing is proven about what a role can become."""
    for target in targets:
        attempt = Attempt(Kind.BECOME, role.name, role.database, target, Outcome.REFUSED)
        yield judged(attempt, why)


def trespassed(attempt: Attempt, found: Trespass, ground: Ground) -> Iterator[Result]:
    """Judge what a role could do where it should not have got in."""
    cure = ground.close_database(attempt.role, attempt.database)
    if found.create is not None:
        create = Attempt(
            Kind.CREATE_TABLE, attempt.role, attempt.database, "schema public", Outcome.REFUSED
        )
        revoke = closing.revoke_create_on_schema("public", attempt.role)
        held = Held(Thing.SCHEMA, "", "public", "CREATE")
        take = ground.take(attempt.role, attempt.database, revoke, held)
        yield judged(create, found.create, take)
    if found.readable:
        target = f"{found.readable} tables or views, such as {found.example}"
        read = Attempt(Kind.SELECT, attempt.role, attempt.database, target, Outcome.REFUSED)
        yield judged(read, Observation(Outcome.ALLOWED, How.CATALOG), cure)


def unattempted(ground: Ground, tried: Matrix, become: Matrix) -> Iterable[Result]:
    """Return the holes among pairs that were in no sample: the catalogs know them all."""
    attempted = {(a.role, a.database) for a in tried.attempts}
    homes = {role.name: role.database for role in ground.desired.roles}
    firsts = {second: role.name for second, role in ground.desired.by_second.items()}
    homes |= {second: homes[first] for second, first in firsts.items()}
    for role, database in sorted(ground.facts.connects - attempted):
        existing = ground.observed.databases.get(database)
        if existing is None or not existing.allow_connections:
            continue
        mine = homes.get(role) == database or existing.owner in {role, firsts.get(role)}
        if not mine:
            attempt = Attempt(Kind.CONNECT, role, database, "", Outcome.REFUSED)
            yield connection(attempt, Observation(Outcome.ALLOWED, How.CATALOG), ground)
    known = {(a.role, a.target) for a in become.attempts}
    if become.total > len(become.attempts):
        for role, target in sorted(ground.facts.reaches - known - firsts.items()):
            yield _impersonation(
                role, homes[role], target, Observation(Outcome.REFUSED, How.CATALOG), ground
            )
