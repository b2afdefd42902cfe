"""Does a server show what a change was to bring about? Pure.

That a plan holds a change no more is no proof that it was made: what it was about may be gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pgtenant.planning.bootstrap import Delegation
from pgtenant.planning.effects import Effect
from pgtenant.planning.observed import Contents, Database, DefaultGrant, ObjectGrant, Observed, Role
from pgtenant.planning.privileges import PUBLIC, ObjectKind
from pgtenant.planning.tenants.found import Relation
from pgtenant.planning.tenants.policy import NAME
from pgtenant.planning.tenants.statements import Lack, qualified

_OF_ROLES: Final = frozenset(
    {"create_role", "use_iam", "alter_role", "create_second_login", "configure_second_login"}
)
_OPTION: Final = "grant option"


def shown(  # noqa: C901, PLR0911 - one arm for each kind of change
    effect: Effect, observed: Observed
) -> bool:
    """Return whether what a change is about is there, and as the change leaves it.

    Args:
        effect: of any change, or from a journal that anybody may have written.
        observed: the server. Objects that are as the catalog wants them are not in it, except
            for the schema `public`: nothing shows those.
    """
    match effect.target:
        case ("drop_role" | "clean_up", name, *_) if name not in observed.roles:
            return name not in observed.tenants
        case ("drop_database" | "release_database", name) if name not in observed.databases:
            return True
        case (_, name) if name in observed.roles and effect.target[0] in _OF_ROLES:
            return _role(effect, observed.roles[name])
        case ("mark_role", name, _) if name in observed.roles:
            return observed.roles[name].marker is not None
        case ("drop_second_login", name):
            return name not in observed.roles
        case ("join_tenants", name) if name in observed.roles:
            return all(_entered(one, name, observed) for one in effect.objects)
        case ("hold_apart", _, name) if name in observed.roles:
            return not observed.roles[name].inherit
        case ("join_first_login", name, group) if name in observed.roles:
            return group in observed.roles[name].member_of
        case ("revoke_membership", name, group) if {name, group} <= observed.roles.keys():
            return group not in observed.roles[name].member_of
        case (_, name, *what) if name in observed.databases:
            return _database(effect, what, observed.databases[name], observed)
        case _:
            return False


def shown_by_delegation(effect: Effect, state: Delegation) -> bool:
    """Return the same for a step of a bootstrap."""
    there = state.observed.roles
    match effect.target:
        case ("store_secret",):
            return state.secret_stored
        case ("create_delegated_admin", name):
            return name in there
        case ("grant_admin", to, role):
            held = state.held if to == state.role else state.held_by_master
            return role in there and role in held
        case ("grant_group", role, group):
            return role in there and group in there[role].member_of
        case _:
            return shown(effect, state.observed)


def _entered(tenant: str, name: str, observed: Observed) -> bool:
    """Return whether a role enters a tenant's own one, and inherits nothing of it."""
    rows = observed.tenants[tenant].memberships if tenant in observed.tenants else ()
    rows = tuple(row for row in rows if row.member == name)
    return any(row.set for row in rows) and not any(row.inherit for row in rows)


def _role(effect: Effect, role: Role) -> bool:
    match effect.target[0]:
        case "use_iam":
            return role.rds_iam
        case "alter_role":
            return _has(role, effect.details)
        case "configure_second_login":
            put = {detail for detail in effect.details if not detail.startswith("no ")}
            return put <= {setting.replace(" in database ", " in ") for setting in role.settings}
        case _:
            return True


def _database(  # noqa: C901, PLR0911 - one arm for each kind of change
    effect: Effect, what: list[str], database: Database, observed: Observed
) -> bool:
    kind, owner = effect.target[0], observed.roles.get(database.owner)
    match kind, what:
        case "create_database", []:
            return True
        case "configure_database", []:
            return owner is not None and owner.marker is not None
        case "release_database", []:
            return database.owner == observed.server.admin.name
        case "take_over_database", [name]:
            return database.owner == name
        case "mark_database", []:
            return database.marker is not None
        case "alter_database", []:
            return _has(database, effect.details)
        case "apply_schema", [schema]:
            marks = (database.marker, owner.marker if owner else None)
            return schema in {mark.initial_schema for mark in marks if mark}
        case "reassign_owned", [role]:
            pairing = observed.roles[role].pairing if role in observed.roles else None
            return pairing is not None and database.name not in pairing.owns
        case "grant_database", [role]:
            return all(database.holds(role, word) for word in effect.details)
        case "revoke_database", [role, only]:
            return _known(role, observed) and not any(
                (grant.grantable or only != _OPTION)
                for grant in database.acl
                if grant.grantee == role
                and grant.privilege in effect.details
                and grant.grantor == database.owner
            )
        case _:
            contents = database.contents
            return contents is not None and _inside(effect, what, contents, observed)


def _inside(  # noqa: PLR0911 - one arm for each kind of change
    effect: Effect, what: list[str], contents: Contents, observed: Observed
) -> bool:
    match effect.target[0], what:
        case "create_extension", [extension]:
            return extension in contents.extensions
        case "secure_tables", []:
            return _secured(effect, contents)
        case "give_tables", []:
            return _given(effect, contents)
        case "grant_default", [role, kind, _]:
            words = {g.privilege for g in _defaults(contents.defaults, role, kind, "")}
            return words.issuperset(effect.details)
        case "revoke_default", [role, kind, schema, _, only]:
            there = schema == "" or (schema == PUBLIC and contents.public is not None)
            return (
                there
                and _known(role, observed)
                and not any(
                    g.privilege in effect.details and (g.grantable or only != _OPTION)
                    for g in _defaults(contents.defaults, role, kind, schema)
                )
            )
        case "grant_objects", [role, kind, schema]:
            held = _held(effect.objects, kind, schema, contents)
            return (
                held is not None
                and _known(role, observed)
                and all(
                    {g.privilege for g in grants if g.role == role}.issuperset(effect.details)
                    for grants in held
                )
            )
        case "revoke_objects", [role, kind, schema, only]:
            held = _held(effect.objects, kind, schema, contents)
            return (
                held is not None
                and _known(role, observed)
                and not any(
                    g.role == role
                    and g.privilege in effect.details
                    and (g.grantable or only != _OPTION)
                    for grants in held
                    for g in grants
                )
            )
        case _:  # columns: nothing tells whether the table is there
            return False


def _secured(effect: Effect, contents: Contents) -> bool:
    """Return whether tables are there with what they lacked; the plan has compared the policies."""
    found = {
        qualified(name): group.facts
        for group in (contents.tenants.relations if contents.tenants is not None else ())
        for name in group.names
    }
    return all(
        name in found and not any(_lacks(found[name], lack) for lack in effect.details)
        for name in effect.objects
    )


def _given(effect: Effect, contents: Contents) -> bool:
    """Return whether tables are there, and belong to whoever owns their schema."""
    groups = contents.tenants.relations if contents.tenants is not None else ()
    found = {qualified(name) for g in groups if not g.facts.owner for name in g.names}
    return found.issuperset(effect.objects)


def _lacks(facts: Relation, lack: str) -> bool:
    match lack:
        case Lack.ENABLED:
            return not facts.row_security
        case Lack.FORCED:
            return not facts.forced
        case _:
            return not any(policy.name == NAME for policy in facts.policies)


def _held(
    names: Iterable[str], kind: str, schema: str, contents: Contents
) -> list[tuple[ObjectGrant, ...]] | None:
    """Return who holds what on objects that differ from the catalog; None when one may be gone."""
    wanted = set(names)
    found = {
        name: group.grants
        for group in contents.groups
        if (group.kind, group.schema) == (kind, schema)
        for name in wanted.intersection(group.names)
    }
    public = contents.public if kind == ObjectKind.SCHEMA else None
    # Where the owner may not grant on it, it is in no group whatever stands on it.
    as_asked_for = {"public"} if public is not None and public.owned else set()
    return list(found.values()) if wanted <= found.keys() | as_asked_for else None


def _defaults(
    defaults: Iterable[DefaultGrant], role: str, kind: str, schema: str
) -> list[DefaultGrant]:
    return [g for g in defaults if (g.role, g.kind, g.schema) == (role, kind, schema)]


def _has(there: Role | Database, details: Iterable[str]) -> bool:
    """Return whether properties are as `name=value` says."""
    wanted = (detail.partition("=") for detail in details)
    return all(str(getattr(there, name, "")) == value for name, _, value in wanted)


def _known(role: str, observed: Observed) -> bool:
    """Return whether a grantee is there: what one lacks that is gone, nobody took from it."""
    return role in observed.roles or role in {PUBLIC, observed.server.admin.name}
