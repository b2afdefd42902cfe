"""What a change brings about, in terms that are the same in every plan.

Two plans never hold the very same change when the server moved in between: an application made
another table, somebody granted half of it by hand. Their effects can be compared all the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from itertools import product
from typing import assert_never

from pgtenant.planning.bootstrap import CreateDelegate, GrantAdmin, GrantGroup, Step
from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    Change,
    ConfigureSecond,
    CreateDatabase,
    CreateExtension,
    CreateRole,
    CreateSecond,
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
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.retirement.steps import (
    CleanUp,
    DropDatabase,
    DropRole,
    MakeDumper,
    MakeScratch,
    OpenScratch,
    ReleaseDatabase,
    SetRowSecurity,
)
from pgtenant.planning.retirement.steps import Step as RetirementStep
from pgtenant.planning.tenants.statements import lacking, qualified

Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change brings about.

    Attributes:
        target: the change's kind, and the names of what it is about.
        objects: what it is done to there; none when that is `target` itself.
        details: what is done to each of them, such as privileges.
    """

    target: tuple[str, ...]
    objects: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The first 64 bits of its SHA-256, in hex."""
        text = json.dumps([self.target, self.objects, self.details], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def parts(self) -> frozenset[Part]:
        """What of it can be in effect without the rest."""
        return frozenset(product(self.objects or ("",), self.details or ("",)))


def effect_of(change: Change) -> Effect:  # noqa: C901, PLR0911, PLR0912 - one arm for each kind of change
    """Return what a change brings about."""
    match change:
        case CreateRole() | UpdatePassword() | UseIam() | UsePassword():
            return Effect((change.kind, change.role))
        case CreateSecond() | DropSecond():
            return Effect((change.kind, change.role))
        case JoinFirst():
            return Effect((change.kind, change.role, change.first))
        case ConfigureSecond():
            return Effect((change.kind, change.role), details=_settings(change))
        case ReassignOwned():
            return Effect((change.kind, change.database, change.role))
        case MarkRole():
            return Effect((change.kind, change.role, "late" if change.late else "early"))
        case AlterRole():
            return Effect((change.kind, change.role), details=_attributes(change))
        case RevokeMembership():
            return Effect((change.kind, change.role, change.group))
        case CreateDatabase() | HandOverDatabase() | MarkDatabase():
            return Effect((change.kind, change.database))
        case TakeOverDatabase():
            return Effect((change.kind, change.database, change.owner))
        case AlterDatabase():
            return Effect((change.kind, change.database), details=_properties(change))
        case CreateExtension():
            return Effect((change.kind, change.database, change.extension))
        case RunInitialSchema():
            return Effect((change.kind, change.database, change.schema))
        case SecureTables():
            lacks = lacking(change.before, change.isolation)
            return Effect(
                (change.kind, change.database), tuple(map(qualified, change.tables)), lacks
            )
        case GiveTables():
            return Effect((change.kind, change.database), tuple(map(qualified, change.tables)))
        case JoinTenants():
            return Effect((change.kind, change.role), change.tenants)
        case HoldApart():
            return Effect((change.kind, change.database, change.owner))
        case GrantDatabase() | RevokeDatabase():
            return _privileges(change)
        case GrantObjects() | RevokeObjects() | GrantDefault() | RevokeDefault():
            return _privileges(change)
        case RevokeColumns():
            what = (change.schema, change.table, change.privilege)
            return Effect((change.kind, change.database, change.role, *what), change.columns)
        case _:
            assert_never(change)


def effect_of_step(step: Step) -> Effect:
    """Return what a step of a bootstrap brings about."""
    match step:
        case CreateDelegate():
            return Effect((step.kind, step.role))
        case GrantAdmin():
            return Effect((step.kind, step.to, step.role))
        case GrantGroup():
            return Effect((step.kind, step.role, step.group))
        case _:
            return effect_of(step)


def effect_of_retirement(step: RetirementStep) -> Effect:
    """Return what a step of a retirement brings about."""
    match step:
        case CleanUp():
            return Effect((step.kind, step.role, step.database))
        case ReleaseDatabase() | DropDatabase():
            return Effect((step.kind, step.database))
        case DropRole() | MakeDumper():
            return Effect((step.kind, step.role))
        case MakeScratch() | OpenScratch() | SetRowSecurity():
            return Effect((step.kind, step.database))
        case _:
            return effect_of(step)


_Privileged = (
    GrantDatabase | RevokeDatabase | GrantObjects | RevokeObjects | GrantDefault | RevokeDefault
)


def _privileges(change: _Privileged) -> Effect:
    what: list[str] = []
    if isinstance(change, GrantObjects | RevokeObjects | GrantDefault | RevokeDefault):
        what.append(str(change.object_kind))
    if isinstance(change, GrantObjects | RevokeObjects | RevokeDefault):
        what.append(change.schema)
    if isinstance(change, GrantDefault | RevokeDefault):
        what.append(change.owner)
    if isinstance(change, RevokeDatabase | RevokeObjects | RevokeDefault):
        what.append("grant option" if change.grant_option_only else "privilege")
    names = change.names if isinstance(change, GrantObjects | RevokeObjects) else ()
    target = (change.kind, change.database, change.role, *what)
    return Effect(target, names, change.privileges)


def _attributes(change: AlterRole) -> tuple[str, ...]:
    wanted = ((f.name, getattr(change.after, f.name)) for f in fields(change.after))
    return tuple(
        f"{name}={value}" for name, value in wanted if value != getattr(change.before, name)
    )


def _settings(change: ConfigureSecond) -> tuple[str, ...]:
    put = (f"{s.name} in {s.database}" if s.database else s.name for s in change.put)
    return (*put, *(f"no {name} in {database}" for database, name in change.reset))


def _properties(change: AlterDatabase) -> tuple[str, ...]:
    names = ("allow_connections", "connection_limit", "is_template")
    wanted = ((name, getattr(change, name)) for name in names)
    return tuple(f"{name}={value}" for name, value in wanted if value is not None)
