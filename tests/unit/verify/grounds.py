"""Instances made by hand, as a verification would read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgtenant.planning.desired import Desired
from pgtenant.planning.observed import Observed
from pgtenant.verify.facts import Facts, Ground, Membership, RoleFact
from unit.planning.examples import ADMIN, crm, provisioned


def role(name: str, **changes: Any) -> RoleFact:
    fact = RoleFact(
        name=name,
        login=True,
        superuser=False,
        createrole=False,
        createdb=True,
        replication=False,
        bypassrls=False,
        bootstrap=False,
        admin_acts=False,
    )
    return replace(fact, **changes)


def ground(
    *links: Membership,
    major: int = 17,
    desired: Desired | None = None,
    observed: Observed | None = None,
    **facts: Any,
) -> Ground:
    """Return the provisioned `crm`; `facts` replace or add what the catalogs say."""
    wanted = desired or crm()
    server = observed or provisioned(wanted, major)
    tenants = {name: role(name, admin_acts=True, managed="dev") for name in wanted.by_name}
    others = {
        ADMIN: role(ADMIN, createrole=True),
        "rdsadmin": role("rdsadmin", superuser=True, bootstrap=True),
    }
    roles = tenants | others | facts.pop("roles", {})
    return Ground(
        desired=wanted,
        observed=server,
        facts=Facts(
            **{
                "roles": roles,
                "memberships": tuple(sorted(links)),
                "connects": frozenset(),
                "reaches": frozenset(),
                **facts,
            }
        ),
    )


def member(group: str, of: str, grantor: str = ADMIN, **options: Any) -> Membership:
    """Return that `of` is a member of `group`."""
    link = Membership(group, of, grantor, admin=False, inherit=True, set=True)
    return replace(link, **options)
