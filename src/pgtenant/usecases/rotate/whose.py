"""Whose password a secret holds, where there is no catalog to ask."""

from __future__ import annotations

from collections.abc import Mapping

from pgtenant.catalog.naming import SECOND_SUFFIX, second_login
from pgtenant.codes import Code
from pgtenant.errors import SecretError
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Role
from pgtenant.settings.model import Settings
from pgtenant.usecases.rotate.steps import Subject


def subject_of(
    roles: Mapping[str, Role],
    username: str,
    *,
    secret: str,
    name: str,
    environment: str,
    settings: Settings,
) -> Subject:
    """Return whose password it is, by the marker of the role that the secret names.

    Only who has `CREATEROLE` can write a marker; an application that can write its secret could
    name any role in it. Passwords alternate where the entry has a second login.

    Args:
        roles: what the server has, the marked ones at least.
        username: the secret's.
        secret: how the store is asked for it.
        name: its name.
        environment: that of the instance.
        settings: they say which secret is an entry's.

    Raises:
        SecretError: the role is not the entry's whose secret this is, or has no password.
    """
    role = roles.get(username)
    if role is None:
        raise SecretError(
            f"secret {name}: there is no such role as its field 'username' says",
            hint="run `pgtenant apply`, which makes the role, or correct the secret",
            code=Code.NOT_ROTATED,
        )
    marker = role.marker
    if marker is None or marker.environment != environment:
        raise SecretError(
            f"secret {name}: the role {username} is not marked as one of {environment}'s",
            hint="only roles that pgtenant made or adopted there are rotated",
            code=Code.NOT_ROTATED,
        )
    if settings.app_secret(environment, marker.entry) != name:
        raise SecretError(
            f"secret {name}: the role {username} is that of the entry {marker.entry}, whose secret"
            f" is {settings.app_secret(environment, marker.entry)}",
            hint="correct the field 'username', or [secrets] app (PGTENANT_SECRETS_APP)",
            code=Code.NOT_ROTATED,
        )
    if marker.retired is not None:
        raise SecretError(
            f"secret {name}: the entry {marker.entry} was taken out of service",
            hint="turn the secret's rotation off",
            code=Code.NOT_ROTATED,
        )
    if role.rds_iam:
        raise SecretError(
            f"secret {name}: the role {username} is in rds_iam, where RDS refuses passwords",
            hint="turn the secret's rotation off",
            code=Code.NOT_ROTATED,
        )
    first = _first(roles, username, marker)
    second = roles.get(second_login(first))
    alternate = second is not None and _is_of(second, marker)
    return Subject(entry=marker.entry, role=first, secret=secret, alternate=alternate)


def _first(roles: Mapping[str, Role], username: str, marker: Marker) -> str:
    """Return the first login of the entry that one of its logins belongs to."""
    base = username.removesuffix(SECOND_SUFFIX)
    return base if base != username and base in roles and _is_of(roles[base], marker) else username


def _is_of(role: Role, marker: Marker) -> bool:
    other = role.marker
    return other is not None and (other.environment, other.entry) == (
        marker.environment,
        marker.entry,
    )
