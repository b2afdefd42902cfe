"""`pgtenant secret status`: look at every secret, and log in with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pgtenant.catalog.model import Auth, Rotation
from pgtenant.errors import MissingSecretError, SecretError, ServerError
from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.planning.retirement.standing import out_of_service
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.probe import try_login
from pgtenant.rotation.due import Due, days_of
from pgtenant.rotation.health import Health, Works
from pgtenant.rotation.stages import Versions
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import Instance, connected

_AT_ONCE: Final = 16
_ADMIN: Final = ""
_WORKS: Final = {
    PasswordState.CURRENT: Works.YES,
    PasswordState.WRONG: Works.NO,
    PasswordState.UNPROVEN: Works.UNPROVEN,
}


@dataclass(frozen=True, slots=True)
class _Proof:
    works: Works
    login: str
    note: str = ""


async def secret_status(inputs: Inputs, store: VersionedStore, now: datetime) -> tuple[Health, ...]:
    """Return how the secrets of the entries stand, and before them the admin's.

    Nothing is changed. Each password is tried by a login, as many at once as the connection budget
    has; a server that can't be asked leaves them unproven.

    Args:
        inputs: catalog and secrets; a bad secret is what one wants to know.
        store: the same secrets' versions.
        now: the moment.
    """
    roles = [r for r in inputs.desired.roles if inputs.only is None or r.entry in inputs.only]
    roles.sort(key=lambda role: role.entry)
    secrets = {role.entry: role.secret for role in roles}
    if inputs.only is None:
        secrets = {_ADMIN: inputs.admin.name} | secrets
    told, proofs = await asyncio.gather(
        _versions(store, list(secrets.values())), _proofs(inputs, roles)
    )
    risks = {entry.key: entry.risk for entry in inputs.catalog.entries}
    rotations = {entry.key: entry.rotation for entry in inputs.catalog.entries}
    by_token = {role.entry for role in roles if role.auth is Auth.IAM}
    healths = []
    for key, secret in secrets.items():
        answer, proof = told[secret], proofs[key]
        versions = None if isinstance(answer, SecretError) else answer
        note = proof.note or (answer.message if isinstance(answer, SecretError) else "")
        due = None
        if versions is not None and key not in by_token:
            current = versions.current
            days = days_of(inputs.settings.rotation, risks.get(key))
            due = Due(days=days, since=current.created if current else None, now=now)
        rotation = None if key in by_token else rotations.get(key, Rotation.SINGLE)
        healths.append(Health(key, secret, proof.login, rotation, versions, due, proof.works, note))
    return tuple(healths)


async def _versions(
    store: VersionedStore, names: Sequence[str]
) -> Mapping[str, Versions | SecretError]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> Versions | SecretError:
        async with slots:
            try:
                return await store.versions(name)
            except SecretError as error:
                return error

    unique = list(dict.fromkeys(names))
    return dict(zip(unique, await asyncio.gather(*map(ask, unique)), strict=True))


async def _proofs(inputs: Inputs, roles: Sequence[DesiredRole]) -> Mapping[str, _Proof]:
    """Log in with every password; by the entry's key."""
    admin = inputs.admin.username
    try:
        async with connected(inputs) as instance:
            logins = [instance.login(role) for role in roles]
            names = {*(r.name for r in roles), *(one.user for one in logins if one is not None)}
            observed = await observe_instance(instance.primary, roles=sorted(names), extensions=())
            disabled = out_of_service(observed, inputs.desired)
            tried = await asyncio.gather(
                *(_proof(instance, observed, role, role.entry in disabled) for role in roles)
            )
    except ServerError as error:
        works = Works.NO if error.sqlstate == "28P01" else Works.UNPROVEN
        missed = {role.entry: _unseen(inputs, role, error) for role in roles}
        return {_ADMIN: _Proof(works, admin, error.message)} | missed
    proofs = dict(zip((role.entry for role in roles), tried, strict=True))
    return {_ADMIN: _Proof(Works.YES, admin)} | proofs


async def _proof(
    instance: Instance, observed: Observed, role: DesiredRole, disabled: bool
) -> _Proof:
    known = _known(instance.inputs, role)
    if known is not None:
        return known
    login = instance.login(role)
    if login is None:
        return _Proof(Works.UNPROVEN, role.name, "its secret holds no password")
    if disabled:
        return _Proof(Works.UNUSED, login.user, "the entry is out of service")
    existing = observed.roles.get(login.user)
    if existing is None:
        return _Proof(Works.NO, login.user, "the role is not there; `pgtenant apply` makes it")
    # An application need not have CONNECT there: what refuses it then has seen the password.
    where = instance.inputs.maintenance_database
    outcome = await try_login(instance.gate, login, where)
    state, note = judge(outcome, expired=existing.expired, rds_iam=existing.rds_iam)
    if state is PasswordState.WRONG:
        note = "the server refuses the password; `pgtenant apply` sets the one that is stored"
    return _Proof(_WORKS[state], login.user, note)


def _unseen(inputs: Inputs, role: DesiredRole, error: ServerError) -> _Proof:
    known = _known(inputs, role)
    note = f"not tried, because the admin could not log in: {error.message}"
    return known or _Proof(Works.UNPROVEN, role.name, note)


def _known(inputs: Inputs, role: DesiredRole) -> _Proof | None:
    """Return what is known of a password without a login, or None."""
    bad = inputs.bad_secrets.get(role.entry)
    if bad is not None:
        works = Works.NO if isinstance(bad, MissingSecretError) else Works.UNPROVEN
        return _Proof(works, "", bad.message)
    if role.auth is Auth.IAM:
        return _Proof(Works.UNUSED, role.name, "logs in with IAM tokens")
    return None
