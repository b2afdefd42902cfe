"""What a server looks like after a plan has run, by PostgreSQL's rules.

The counterpart of the diff, written from PostgreSQL's documentation and not from the
diff: that the two meet is what the property tests prove. A change that PostgreSQL would
refuse raises `RefusedError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from pgtenant.catalog.model import Auth
from pgtenant.planning import acl, simulate_contents
from pgtenant.planning.acl import RefusedError
from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    Change,
    ConfigureSecond,
    CreateDatabase,
    CreateExtension,
    CreateRole,
    CreateSecond,
    DatabaseChange,
    DropSecond,
    GiveTables,
    GrantDatabase,
    GrantDefault,
    GrantObjects,
    HandOverDatabase,
    HoldApart,
    JoinFirst,
    JoinTenants,
    MarkDatabase,
    MarkRole,
    ReassignOwned,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeMembership,
    RevokeObjects,
    RoleChange,
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.observed import (
    FRESH_CONTENTS,
    Database,
    DatabaseGrant,
    Membership,
    Observed,
    PasswordState,
    Role,
    Server,
)
from pgtenant.planning.order import Group
from pgtenant.planning.plan import Plan
from pgtenant.planning.privileges import DATABASE_PRIVILEGES, PUBLIC
from pgtenant.planning.simulate_second import Seconds

__all__ = ["RefusedError", "simulate"]


def simulate(observed: Observed, plan: Plan | Iterable[Group]) -> Observed:
    """Return `observed` as it is once every change of `plan` has run, in order.

    Raises:
        RefusedError: PostgreSQL would not do what a change says.
    """
    groups = plan.groups if isinstance(plan, Plan) else plan
    state = _State(
        observed.server, dict(observed.roles), dict(observed.databases), dict(observed.tenants)
    )
    for group in groups:
        for transaction in group.transactions:
            for change in transaction.changes:
                state.carry_out(change)
    return Observed(
        server=state.server,
        roles=state.roles,
        databases=state.databases,
        tenants=state.tenants,
    )


@dataclass(slots=True)
class _State:
    """The server while the plan runs."""

    server: Server
    roles: dict[str, Role]
    databases: dict[str, Database]
    tenants: dict[str, Role]

    def carry_out(self, change: Change) -> None:  # noqa: C901 - one arm for each kind of change
        match change:
            case CreateRole() | AlterRole() | UpdatePassword() | MarkRole() | RevokeMembership():
                self._role(change)
            case UseIam() | UsePassword():
                self._auth(change)
            case CreateSecond() | JoinFirst() | ConfigureSecond() | ReassignOwned() | DropSecond():
                Seconds(self.server, self.roles, self.databases).carry_out(change)
            case JoinTenants():
                self._join(change)
            case HoldApart():
                self._hold_apart(change)
            case CreateDatabase():
                self._create_database(change)
            case HandOverDatabase():
                self._hand_over(change)
            case TakeOverDatabase():
                self._take_over(change)
            case AlterDatabase() | MarkDatabase() | GrantDatabase() | RevokeDatabase():
                self._database(change)
            case (
                GrantObjects()
                | RevokeObjects()
                | RevokeColumns()
                | GrantDefault()
                | RevokeDefault()
                | CreateExtension()
                | SecureTables()
                | GiveTables()
            ):
                self._inside(change)
            case RunInitialSchema():
                self._inside(change)
                self.databases[change.database] = replace(
                    self.databases[change.database], comment=change.comment
                )
            case _:
                assert_never(change)

    def _role(
        self, change: CreateRole | AlterRole | UpdatePassword | MarkRole | RevokeMembership
    ) -> None:
        if isinstance(change, CreateRole):
            self._create_role(change)
            return
        role = self._existing_role(change)
        match change:
            case AlterRole():
                after = change.after
                role = replace(
                    role,
                    login=after.login,
                    createdb=after.createdb,
                    connection_limit=after.connection_limit,
                    createrole=after.createrole,
                    superuser=after.superuser,
                    replication=after.replication,
                    bypassrls=after.bypassrls,
                )
            case UpdatePassword():
                role = replace(role, password=PasswordState.CURRENT, password_note="")
            case MarkRole():
                role = replace(role, comment=change.after)
            case RevokeMembership():
                role = replace(
                    role,
                    member_of=tuple(g for g in role.member_of if g != change.group),
                    revocable=tuple(g for g in role.revocable if g != change.group),
                )
                if group := self.roles.get(change.group):
                    left = tuple(m for m in group.members if m != change.role)
                    self.roles[group.name] = replace(group, members=left)
            case _:
                assert_never(change)
        self.roles[role.name] = role

    def _auth(self, change: UseIam | UsePassword) -> None:
        role, iam = self._existing_role(change), isinstance(change, UseIam)
        if not self.server.iam:
            raise RefusedError('role "rds_iam" does not exist')
        others = tuple(g for g in role.member_of if g != "rds_iam")
        revocable = tuple(g for g in role.revocable if g != "rds_iam")
        self.roles[role.name] = replace(
            role,
            member_of=tuple(sorted((*others, "rds_iam"))) if iam else others,
            revocable=tuple(sorted((*revocable, "rds_iam"))) if iam else revocable,
            rds_iam=iam,
            password=PasswordState.UNPROVEN if iam else PasswordState.CURRENT,
            password_note="",
        )

    def _existing_role(self, change: RoleChange) -> Role:
        if change.role not in self.roles:
            raise RefusedError(f'role "{change.role}" does not exist')
        return self.roles[change.role]

    def _create_role(self, change: CreateRole) -> None:
        if change.role in self.roles:
            raise RefusedError(f'role "{change.role}" already exists')
        iam = change.auth is Auth.IAM
        if iam and not self.server.iam:
            raise RefusedError('role "rds_iam" does not exist')
        bare = iam or change.passwordless
        groups = ("rds_iam",) if iam else ()
        self.roles[change.role] = Role(
            name=change.role,
            member_of=groups,
            revocable=groups,
            rds_iam=iam,
            createdb=change.createdb,
            connection_limit=change.connection_limit,
            comment=change.marker.text(),
            password=PasswordState.UNPROVEN if bare else PasswordState.CURRENT,
            # On 16+ its maker gets ADMIN on it, but neither SET nor INHERIT.
            admin_can_set=self.server.admin.superuser,
        )

    def _join(self, change: JoinTenants) -> None:
        role, admin = self._existing_role(change), self.server.admin.name
        for name in change.tenants:
            if name not in self.tenants:
                raise RefusedError(f'role "{name}" does not exist')
            tenant = self.tenants[name]
            inherits = role.inherit if change.major < 16 else False
            row = Membership(role.name, admin, inherits, set=True)
            others = (m for m in tenant.memberships if (m.member, m.grantor) != (role.name, admin))
            rows = tuple(sorted((*others, row)))
            self.tenants[name] = replace(tenant, memberships=rows)
        groups = tuple(sorted({*role.member_of, *change.tenants}))
        self.roles[role.name] = replace(role, member_of=groups)

    def _hold_apart(self, change: HoldApart) -> None:
        database = self._owned_database(change)
        self._known(change.owner)
        contents = database.contents
        if change.take_public and contents is not None and contents.public is not None:
            public = replace(contents.public, owner=change.owner, owned=True)
            contents = replace(contents, public=public)
            self.databases[change.database] = replace(database, contents=contents)
        self.roles[change.owner] = replace(self.roles[change.owner], inherit=False)

    def _create_database(self, change: CreateDatabase) -> None:
        if change.database in self.databases:
            raise RefusedError(f'database "{change.database}" already exists')
        admin = self.server.admin.name
        public = (DatabaseGrant(PUBLIC, word, admin) for word in ("CONNECT", "TEMPORARY"))
        own = (DatabaseGrant(admin, word, admin) for word in DATABASE_PRIVILEGES)
        self.databases[change.database] = Database(
            name=change.database,
            owner=admin,
            allow_connections=False,
            acl=tuple(sorted((*public, *own))),
        )

    def _hand_over(self, change: HandOverDatabase) -> None:
        database = self._existing_database(change)
        if change.owner not in self.roles:
            raise RefusedError(f'role "{change.owner}" does not exist')
        grants = acl.revoke(
            database.acl, PUBLIC, DATABASE_PRIVILEGES, by=frozenset({database.owner})
        )
        grants = acl.change_owner(grants, database.owner, change.owner)
        self.databases[change.database] = replace(
            database,
            owner=change.owner,
            allow_connections=True,
            acl=acl.grant(grants, change.admin, ("CONNECT",), by=change.owner),
            comment=change.marker.text(),
            contents=FRESH_CONTENTS,
            unread="",
        )
        self.roles[change.owner] = replace(self.roles[change.owner], comment=change.role_comment)

    def _take_over(self, change: TakeOverDatabase) -> None:
        database = self._existing_database(change)
        if database.owner != change.before:
            raise RefusedError(f'database "{change.database}" belongs to "{database.owner}"')
        self._known(change.owner)
        self.databases[change.database] = replace(
            database,
            owner=change.owner,
            acl=acl.change_owner(database.acl, change.before, change.owner),
        )

    def _database(
        self, change: AlterDatabase | MarkDatabase | GrantDatabase | RevokeDatabase
    ) -> None:
        database = self._owned_database(change)
        match change:
            case AlterDatabase():
                connections, template = change.allow_connections, change.is_template
                limit = change.connection_limit
                if database.invalid:
                    raise RefusedError(f'cannot alter invalid database "{database.name}"')
                database = replace(
                    database,
                    allow_connections=database.allow_connections
                    if connections is None
                    else connections,
                    connection_limit=database.connection_limit if limit is None else limit,
                    is_template=database.is_template if template is None else template,
                )
            case MarkDatabase():
                database = replace(database, comment=change.after)
            case GrantDatabase():
                self._known(change.role)
                grants = acl.grant(database.acl, change.role, change.privileges, by=change.owner)
                database = replace(database, acl=grants)
            case RevokeDatabase():
                grants = acl.revoke(
                    database.acl,
                    change.role,
                    change.privileges,
                    by=frozenset({change.owner}),
                    option_only=change.grant_option_only,
                    cascade=change.cascade,
                )
                database = replace(database, acl=grants)
            case _:
                assert_never(change)
        self.databases[change.database] = database

    def _inside(
        self,
        change: GrantObjects
        | RevokeObjects
        | RevokeColumns
        | GrantDefault
        | RevokeDefault
        | CreateExtension
        | RunInitialSchema
        | SecureTables
        | GiveTables,
    ) -> None:
        database = self._owned_database(change)
        if database.contents is None or not database.allow_connections:
            raise RefusedError(f'database "{change.database}" can not be entered')
        if isinstance(change, GrantObjects | GrantDefault):
            self._known(change.role)
        contents = simulate_contents.carry_out(change, database.contents)
        self.databases[change.database] = replace(database, contents=contents)

    def _existing_database(self, change: DatabaseChange) -> Database:
        if change.database not in self.databases:
            raise RefusedError(f'database "{change.database}" does not exist')
        return self.databases[change.database]

    def _owned_database(self, change: DatabaseChange) -> Database:
        database = self._existing_database(change)
        if database.owner != change.owner:
            raise RefusedError(f'must be owner of database "{change.database}"')
        return database

    def _known(self, role: str) -> None:
        if role not in self.roles and role != self.server.admin.name:
            raise RefusedError(f'role "{role}" does not exist')
