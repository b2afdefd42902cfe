"""What keeps an entry from being touched at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgtenant.catalog.model import Auth
from pgtenant.codes import Code
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.pairs import left_by, pairing_of, second_login_of
from pgtenant.planning.diff.schema import schema_is_due
from pgtenant.planning.diff.standing import Standing, contents_of, standing
from pgtenant.planning.findings import Blocked
from pgtenant.planning.observed import Observed, Role, Server
from pgtenant.planning.operated import unmade_database, unmade_role
from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text


def guard(observed: Observed, desired: Desired) -> tuple[Blocked, ...]:
    """Return the blocked entries, one `Blocked` for each reason, sorted.

    An editor or reader waits for its owner: where the owner entry is blocked, so is it.
    """
    found: list[Blocked] = []
    for database in desired.databases:
        reasons = [
            *_login_of(database.owner, observed, desired),
            *_database(database, observed, desired),
            *_public_schema(database, observed),
            *_login(database, observed),
        ]
        found += reasons
        for member in database.members:
            own = [*_login_of(member, observed, desired)]
            if reasons and not own:
                own = [
                    Blocked(
                        entry=member.entry,
                        reason=f"waits for the entry {database.entry}, which owns the database"
                        f" {database.name} and is blocked",
                        code=Code.WAITING,
                    )
                ]
            found += own
    return tuple(sorted({*found, *_waiting(found, observed, desired)}))


def _login_of(role: DesiredRole, observed: Observed, desired: Desired) -> Iterator[Blocked]:
    if desired.operated:
        yield from unmade_role(role, observed, desired.environment)
        if (existing := observed.roles.get(role.name)) is not None:
            yield from too_powerful(role.entry, existing)
        return
    yield from _role(role, observed, desired)
    yield from _second(role, observed, desired)


def _waiting(found: Collection[Blocked], observed: Observed, desired: Desired) -> Iterator[Blocked]:
    """Yield entries whose second login can't go: a blocked entry's database stays as it is."""
    blocked = {one.entry for one in found}
    closed = {d.name: d.entry for d in desired.databases if d.entry in blocked}
    for role in desired.roles:
        second = second_login_of(role, observed, desired.environment)
        if role.alternates or second is None or role.entry in blocked:
            continue
        for left in left_by(second, role, observed):
            if left.database in closed:
                yield Blocked(
                    entry=role.entry,
                    reason=f"waits for the entry {closed[left.database]}, which is blocked: its"
                    f" second login {second.name}, no longer wanted, has something in the database"
                    f" {left.database}",
                    code=Code.WAITING,
                )


def _role(role: DesiredRole, observed: Observed, desired: Desired) -> Iterator[Blocked]:
    existing = observed.roles.get(role.name)
    yield from _iam(role, existing, observed.server)
    if existing is None:
        return
    mark = existing.marker
    if mark is None:
        yield Blocked(
            entry=role.entry,
            reason=f"the role {role.name} exists and is not managed by pgtenant."
            f" `pgtenant adopt -e {desired.environment} {role.entry}` takes it over, and with"
            " --dry-run only shows what would change;"
            f" `pgtenant adopt -e {desired.environment} --all` is the one-time upgrade of roles"
            " that an older script made",
            code=Code.UNMANAGED_ROLE,
        )
    elif mark.environment != desired.environment:
        yield Blocked(
            entry=role.entry,
            reason=f"the role {role.name} belongs to the environment {mark.environment}"
            f" (entry {mark.entry}); choose another username",
            code=Code.OTHER_ENVIRONMENT,
        )
    elif mark.second_of is not None:
        yield Blocked(
            entry=role.entry,
            reason=f"the role {role.name} is the second login of {mark.second_of} (entry"
            f" {mark.entry}); choose another username, or set that entry's rotation back to single"
            " and apply it first",
            code=Code.SECOND_LOGIN_NAME,
        )
    if not observed.server.admin.superuser:
        yield from too_powerful(role.entry, existing)


def _second(role: DesiredRole, observed: Observed, desired: Desired) -> Iterator[Blocked]:
    second = second_login_of(role, observed, desired.environment)
    if not role.alternates:
        yield from _leaving(role, second, observed, desired)
        return
    existing = observed.roles.get(role.second)
    if existing is None:
        return
    if second is None:
        yield Blocked(
            entry=role.entry,
            reason=f'rotation = "alternate" needs the name {role.second} for a second login, and a'
            " role that was not made as that has it; choose another username, or rename that role",
            statement=as_text(statements.rename_role(role.second, f"{role.second}_old")),
            executor="whoever it belongs to, with CREATEROLE",
            code=Code.SECOND_LOGIN_NAME,
        )
    if not observed.server.admin.superuser:
        yield from too_powerful(role.entry, existing)


def _leaving(
    role: DesiredRole, second: Role | None, observed: Observed, desired: Desired
) -> Iterator[Blocked]:
    """Yield what keeps a second login from being taken away."""
    if role.by_second:
        yield Blocked(
            entry=role.entry,
            reason=f"the secret {role.secret} is for the second login {role.second}, and"
            f' rotation = "single" has only {role.name}:'
            f" `pgtenant rotate -e {desired.environment} {role.entry}` gives that one the next"
            " password",
            code=Code.SECOND_LOGIN_LEAVING,
        )
    if second is None:
        return
    if not observed.server.admin.superuser:
        yield from too_powerful(role.entry, second)
    if sessions := pairing_of(second).sessions:
        yield Blocked(
            entry=role.entry,
            reason=f"the second login {second.name} is no longer wanted, and has"
            f" {sessions} open session{'s' * (sessions != 1)}: restart or reload what has read an"
            " older version of the secret, then apply again",
            statement=as_text(statements.end_sessions(second.name)),
            executor=f"{second.name} after SET ROLE NONE, or a member of pg_signal_backend",
            code=Code.SECOND_LOGIN_LEAVING,
        )
    for left in left_by(second, role, observed):
        if not left.lets_in and not left.borrowed:
            yield Blocked(
                entry=role.entry,
                reason=f"the second login {second.name} is no longer wanted, and has something in"
                f" the database {left.database}, which the admin can't enter",
                statement=as_text(statements.reassign_owned(second.name, role.name)),
                executor=f"{second.name} after SET ROLE NONE, in the database {left.database}",
                code=Code.SECOND_LOGIN_LEAVING,
            )


def _iam(role: DesiredRole, existing: Role | None, server: Server) -> Iterator[Blocked]:
    if role.auth is not Auth.IAM or (existing is not None and existing.rds_iam):
        return
    if not server.iam:
        yield Blocked(
            entry=role.entry,
            reason='auth = "iam" needs the role rds_iam, which this server lacks: it comes with'
            " RDS and Aurora, where IAM database authentication is turned on",
            code=Code.NO_RDS_IAM,
        )
    elif _would_take_along(server):
        admin = server.admin.name
        yield Blocked(
            entry=role.entry,
            reason=f"from PostgreSQL 16 on the admin {admin} is a member (with ADMIN) of every role"
            f" it manages: {role.name} would take it along into rds_iam, whose members RDS may no"
            " longer let in with a password. Make the role with"
            ' auth = "password", have the statement run, and see that a plan still works (else take'
            ' it back): then auth = "iam" goes through',
            statement=as_text(statements.grant_role(IAM_ROLE, role.name)),
            executor="a superuser (on RDS: a member of rds_superuser)",
            code=Code.ADMIN_IN_RDS_IAM,
        )


def _would_take_along(server: Server) -> bool:
    """Return whether a role's way into `rds_iam` may lock the admin out.

    `pg_hba.conf` counts members by whichever option they have. An admin that is in `rds_iam`
    already and has just logged in shows that this server lets it.
    """
    admin = server.admin
    return server.major >= 16 and not admin.superuser and not admin.rds_iam_through


def _login(database: DesiredDatabase, observed: Observed) -> Iterator[Blocked]:
    """Block what needs a login of an owner that has no password."""
    contents = contents_of(database, observed)
    if database.owner.auth is not Auth.IAM or contents is None:
        return
    due = [
        f"the extension {name}"
        for name in database.extensions
        if name not in contents.extensions and observed.server.extensions.get(name)
    ]
    if database.initial_schema is not None and schema_is_due(database, observed):
        due.append(f"the initial schema {database.initial_schema.name}")
    if due:
        yield Blocked(
            entry=database.entry,
            reason=f"{', '.join(due)} can only be made on a login of {database.owner.name}, and"
            ' with auth = "iam" pgtenant has none: apply the entry with auth = "password" first',
            code=Code.IAM_WITHOUT_LOGIN,
        )


def too_powerful(entry: str, existing: Role) -> Iterator[Blocked]:
    """Yield a reason when a role has powers that no application role may have."""
    powers = [
        power
        for power, held in (
            ("SUPERUSER", existing.superuser),
            ("REPLICATION", existing.replication),
            ("BYPASSRLS", existing.bypassrls),
        )
        if held
    ]
    if powers:
        yield Blocked(
            entry=entry,
            reason=f"the role {existing.name} has {', '.join(powers)}, which no application role"
            " may have and only a superuser can take away",
            statement=as_text(statements.without_powers(existing.name, powers)),
            executor="a superuser",
            code=Code.POWERFUL_ROLE,
        )


def _database(database: DesiredDatabase, observed: Observed, desired: Desired) -> Iterator[Blocked]:
    existing, environment = observed.databases.get(database.name), desired.environment
    if desired.operated:
        yield from unmade_database(database, existing)
    if existing is None or (desired.operated and not existing.invalid):
        return
    if standing(database, observed) is not Standing.FOREIGN:
        if existing.invalid:
            yield Blocked(
                entry=database.entry,
                reason=f"a DROP DATABASE of {database.name} was interrupted and left it invalid:"
                " nobody can connect to it or repair it, it can only be dropped to the end",
                statement=as_text(statements.drop_database(database.name)),
                executor=f"{existing.owner}, or a superuser",
                code=Code.INVALID_DATABASE,
            )
        return
    role = observed.roles.get(existing.owner)
    mark = role.marker if role else None
    code, cure = Code.FOREIGN_DATABASE, ""
    if existing.owner == observed.server.admin.name:
        code = Code.ADMINS_DATABASE
        whose = f"the admin {existing.owner} and was not left half-made by a run of ours"
        cure = (
            f". `pgtenant adopt -e {environment} {database.entry} --take-ownership` hands it over"
        )
    elif mark is not None:
        whose = f"{existing.owner}, the role of the entry {mark.entry}, which made it itself"
    else:
        whose = existing.owner
    yield Blocked(
        entry=database.entry,
        reason=f"the database {database.name} exists and belongs to {whose};"
        f" the catalog wants {database.owner.name}. Nothing of this entry is changed{cure}",
        statement=as_text(statements.database_owner(database.name, database.owner.name)),
        executor=f"{existing.owner}, or a superuser",
        code=code,
    )


def _public_schema(database: DesiredDatabase, observed: Observed) -> Iterator[Blocked]:
    existing = observed.databases.get(database.name)
    contents = existing.contents if existing else None
    public = contents.public if contents else None
    if public is None or public.owned or not public.open:
        return
    yield Blocked(
        entry=database.entry,
        reason=f"everyone may create objects in the schema public of {database.name}, which"
        f" belongs to {public.owner}: only its owner can close it",
        statement=as_text(statements.close_public_schema()),
        executor=f"{public.owner}, in the database {database.name}",
        code=Code.OPEN_PUBLIC_SCHEMA,
    )
