"""Roles that an instance has besides the catalog's: powers, memberships, and what was retired."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice
from pgtenant.verify.facts import Ground, Membership, RoleFact
from pgtenant.verify.findings import Finding, FindingKind, Severity
from pgtenant.verify.model import Closable, Cure


def powers(ground: Ground) -> Iterator[Finding]:
    """Yield roles that nobody here knows and that nothing holds."""
    admin = ground.observed.server.admin.name
    for name, role in sorted(ground.facts.roles.items()):
        if name == admin or name in ground.desired.by_name or ground.provider(name):
            continue
        for power in _power_names(role):
            yield Finding(
                Severity.WARNING,
                FindingKind.POWER,
                "",
                name,
                f"has {power} and is not known: it sees what every tenant has",
                Cure(
                    advice(statements.without_powers(name, [power])),
                    "a superuser",
                    Closable.PROVIDER,
                ),
            )


def _power_names(role: RoleFact) -> list[str]:
    held = {
        "SUPERUSER": role.superuser,
        "REPLICATION": role.replication,
        "BYPASSRLS": role.bypassrls,
    }
    return [power for power, has in held.items() if has]


def memberships(ground: Ground) -> Iterator[Finding]:
    """Yield who is a member of a tenant's role, and grants of roles that are gone."""
    tenants = {n for n, r in ground.facts.roles.items() if r.managed} | set(ground.desired.by_name)
    for link in ground.facts.memberships:
        if not link.grantor and {link.group, link.member} & tenants:
            yield _dropped(ground, link)
        if link.group not in tenants or link.member in ground.desired.by_name:
            continue  # what a tenant can become is tried
        if not _expected(ground, link):
            admin = link.member == ground.observed.server.admin.name
            yield Finding(
                Severity.WARNING if admin else Severity.FAILURE,
                FindingKind.MEMBERSHIP,
                "",
                link.member,
                f"is a member of {link.group}, which nobody declared: it can act as that tenant",
                ground.end_membership((link,)),
            )


def _expected(ground: Ground, link: Membership) -> bool:
    """Return whether a member is one that may be: who makes roles keeps `ADMIN` on them (16+)."""
    member, first = ground.facts.roles.get(link.member), ground.desired.by_second.get(link.member)
    if first is not None and first.name == link.group:
        return True
    provided = ground.provider(link.member) and not link.member.startswith("pg_")
    if provided or (member is not None and member.superuser):
        return True
    bare = not link.inherit and not link.set
    return bare and member is not None and member.createrole and _makes_roles(ground, link.member)


def _makes_roles(ground: Ground, role: str) -> bool:
    """Return whether it is the admin or the instance's master."""
    server = ground.observed.server
    home = ground.observed.databases.get(server.maintenance_database)
    provided = any(
        link.member == role and ground.provider(link.group) for link in ground.facts.memberships
    )
    return role == server.admin.name or provided or (home is not None and home.owner == role)


def _dropped(ground: Ground, link: Membership) -> Finding:
    return Finding(
        Severity.WARNING,
        FindingKind.DROPPED_GRANTOR,
        "",
        link.member,
        f"is a member of {link.group} by a grant of a role that was dropped",
        ground.end_membership((link,)),
    )


def retired(ground: Ground) -> Iterator[Finding]:
    """Yield managed roles without an entry that can still log in."""
    for name, role in sorted(ground.facts.roles.items()):
        here = role.managed == ground.desired.environment
        if here and name not in ground.desired.names and role.login:
            yield Finding(
                Severity.NOTE,
                FindingKind.RETIRED_ROLE,
                "",
                name,
                "is managed and can log in, but no entry declares it: without a secret its login"
                " is not tried",
            )
