"""Which tenants a run makes, and which it brings up to the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pgtenant.catalog.shown import plain
from pgtenant.planning.effects import Effect
from pgtenant.planning.sql.text import can_be_sent
from pgtenant.planning.tenants.record import TenantRecord, read_record
from pgtenant.planning.tenants.slugs import (
    Tenant,
    collision,
    refused,
    schema_of,
    slug_of,
    slug_problem,
)
from pgtenant.planning.tenants.templates import Template, TemplateFile, due, undue
from pgtenant.tenancy import tenant_role


@dataclass(frozen=True, slots=True)
class There:
    """A schema that is there, a tenant's or one that stands in the way of a tenant's.

    Attributes:
        comment: its owner writes it.
        filled: whether anything is in it.
        held: who was granted anything on it, its owner left out; `public` for everybody.
    """

    name: str
    owner: str
    comment: str | None = None
    filled: bool = False
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """Whose tenants they are.

    Attributes:
        entry: the key of the owner entry.
        owner: the role that owns `database`.
        prefix: what the schema of every tenant starts with.
        own_roles: whether each tenant's schema belongs to a role of its own.
    """

    environment: str
    entry: str
    database: str
    owner: str
    prefix: str
    own_roles: bool = False

    def owner_of(self, schema: str) -> str:
        """Return the role that is to own a tenant's schema."""
        return tenant_role(schema, self.database) if self.own_roles else self.owner

    def role_of(self, schema: str) -> str | None:
        """Return the same where that is not the owner of the database."""
        return self.owner_of(schema) if self.own_roles else None

    def record(self, slug: str, template: Mapping[str, str]) -> TenantRecord:
        """Return what is written down about a tenant."""
        return TenantRecord(self.environment, self.entry, slug, template)


@dataclass(frozen=True, slots=True)
class Bring:
    """One tenant to be made, or to be brought up to the template.

    Attributes:
        files: of the template, which run in its schema.
        record: what is written down when they have.
        comment: the schema's, as it is.
        new: whether the schema is made.
        role: that owns the schema, where that is not the owner of the database.
    """

    tenant: Tenant
    files: tuple[TemplateFile, ...]
    record: TenantRecord
    comment: str | None
    new: bool
    role: str | None = None

    def effect(self, database: str) -> Effect:
        """Return what this brings about."""
        digests = tuple(f"{name} {digest}" for name, digest in sorted(self.record.template.items()))
        return Effect(("add_tenant", database, self.tenant.schema), details=digests)

    @property
    def says(self) -> str:
        """What this does, for people."""
        files = f": {', '.join(file.name for file in self.files)}" if self.files else ""
        if self.new:
            return f"tenant {self.tenant.slug} made in schema {self.tenant.schema}{files}"
        return f"tenant {self.tenant.slug} brought up to the template{files}"


def additions(
    wanted: Iterable[Tenant],
    there: Mapping[str, There],
    template: Template,
    home: Home,
    *,
    assume: bool = False,
) -> tuple[Bring, ...]:
    """Return what is to be done, sorted by schema; nothing for a tenant that is as it should be.

    Args:
        wanted: the tenants, of which no two share a schema.
        there: by name, every schema of theirs that is there.
        template: what each of them is filled with.
        home: whose they are.
        assume: whether the template counts as run in those that are there.

    Raises:
        UsageError: one of the schemas is somebody else's, or another tenant's; or what has run in
            it does not fit the template. Names all of them.
    """
    found: list[Bring] = []
    problems: list[str] = []
    hint = "nothing was made"
    for tenant in sorted(wanted):
        schema = there.get(tenant.schema)
        if schema is None:
            record = home.record(tenant.slug, template.digests)
            role = home.role_of(tenant.schema)
            found.append(Bring(tenant, template.files, record, None, new=True, role=role))
            continue
        record_there = read_record(schema.comment)
        if problem := _occupied(tenant, schema, record_there, home):
            problems.append(problem)
            continue
        ran = record_there.template if record_there is not None else {}
        if assume:
            files: tuple[TemplateFile, ...] = ()
        elif template.files and record_there is None and schema.filled:
            problems.append(
                f"the schema {tenant.schema} of {tenant.slug} holds something, and no record says"
                " which of the template's files have run there"
            )
            hint = "nothing was made; --assume-template takes all of them as run"
            continue
        elif unfit := undue(template, ran, tenant.schema):
            problems.append(unfit.message)
            hint = f"nothing was made; {unfit.hint}"
            continue
        else:
            files = due(template, ran, tenant.schema)
        template_then = {**ran, **(template.digests if assume else _digests(files))}
        if record_there is None or template_then != ran:
            record = home.record(tenant.slug, template_then)
            role = home.role_of(tenant.schema)
            found.append(Bring(tenant, files, record, schema.comment, new=False, role=role))
    if problems:
        raise refused(problems, hint=hint)
    return tuple(found)


def tenants_there(there: Iterable[There], home: Home) -> tuple[Tenant, ...]:
    """Return the tenants that are there and the owner's, sorted by schema."""
    found = []
    for schema in there:
        if schema.owner == home.owner_of(schema.name) and schema.name.startswith(home.prefix):
            record = read_record(schema.comment)
            slug = slug_of(schema.name, home.prefix, record.tenant if record else None)
            found.append(Tenant(schema.name, slug))
    return tuple(sorted(found))


def _occupied(tenant: Tenant, schema: There, record: TenantRecord | None, home: Home) -> str | None:
    if not can_be_sent(schema.name):
        return f"the schema {plain(schema.name)} has a name that is no UTF-8: rename it"
    owner = home.owner_of(schema.name)
    if schema.owner != owner:
        return (
            f"the schema {schema.name} of {tenant.slug} is there, and belongs to {schema.owner},"
            f" not to {owner}"
        )
    return misspelt(tenant, record, home.prefix)


def misspelt(tenant: Tenant, record: TenantRecord | None, prefix: str) -> str | None:
    """Return what is wrong when a schema that is there is recorded for another slug, or None."""
    if record is None or slug_problem(record.tenant, prefix) is not None:
        return None
    if schema_of(record.tenant, prefix) != tenant.schema or record.tenant == tenant.slug:
        return None
    return f"{collision(tenant, Tenant(tenant.schema, record.tenant))}; the second one is there"


def _digests(files: Sequence[TemplateFile]) -> dict[str, str]:
    return {file.name: file.digest for file in files}
