"""What a catalog declares, and the one description of its fields.

`FIELDS` is the single model: validation reads it, and so do the generators of
Terraform's variable type and of the reference. Importing this module is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pgtenant.catalog.naming import SECOND_SUFFIX, NamingPolicy, second_login


class AccessLevel(StrEnum):
    """What a role may do in its database."""

    OWNER = "owner"
    EDITOR = "editor"
    READER = "reader"


class Auth(StrEnum):
    """How a role logs in."""

    PASSWORD = "password"  # noqa: S105 - a word of the catalog
    IAM = "iam"


class Rotation(StrEnum):
    """How a role's password is changed."""

    SINGLE = "single"
    ALTERNATE = "alternate"


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Schema-per-tenant inside one application database.

    Attributes:
        schema_prefix: what the schema of every tenant starts with.
        setting: the custom setting that holds the current tenant, with a dot in its name.
        column: the column of every tenant table that holds the tenant.
        template: a directory of `.sql` files below the project's `schemas/`, or None.
        tenants_file: declares the tenants' slugs, one a line; a path in the project, or None.
        runtime_role: whether the application has a login of its own, with DML only.
        role_per_tenant: whether each tenant's schema belongs to a role of its own, which the
            application enters with `SET LOCAL ROLE`.
    """

    schema_prefix: str = "tenant_"
    setting: str = "app.current_tenant"
    column: str = "tenant_id"
    template: str | None = None
    tenants_file: str | None = None
    runtime_role: bool = False
    role_per_tenant: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of `application_databases`; `FIELDS` documents each attribute.

    Attributes:
        made_by: the key of the entry whose `tenancy.runtime_role` makes this one, which nobody has
            written; None for one that is written.
        line: where the entry starts in its file, 1-based; 0 when it has no file. Not compared.
    """

    key: str
    database_name: str
    username: str
    access_level: AccessLevel = AccessLevel.OWNER
    auth: Auth = Auth.PASSWORD
    rotation: Rotation = Rotation.SINGLE
    createdb: bool = True
    connection_limit: int | None = None
    initial_schema: str = "none"
    extensions: tuple[str, ...] = ()
    secret: str | None = None
    owner: str | None = None
    requester: str | None = None
    domain: str | None = None
    risk: str | None = None
    size: str | None = None
    tenancy: Tenancy | None = None
    made_by: str | None = None
    line: int = field(default=0, compare=False)

    @property
    def second_login(self) -> str | None:
        """The login that alternates with `username`, or None."""
        return second_login(self.username) if self.rotation is Rotation.ALTERNATE else None

    @property
    def shown(self) -> str:
        """Its key for people, and where it comes from when it is not written anywhere."""
        if self.made_by is None:
            return self.key
        return f"{self.key} (made by tenancy.runtime_role of {self.made_by})"


@dataclass(frozen=True, slots=True)
class Catalog:
    """The declared entries of one environment.

    Attributes:
        path: the file, as it is shown to people.
        entries: sorted by key, whatever order they were given in.
    """

    path: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.entries, key=lambda entry: entry.key))
        object.__setattr__(self, "entries", ordered)

    def logins_of(self, entry: Entry) -> frozenset[str]:
        """Return whom an entry's secret may be for: its role, and its second login.

        The latter's name is another entry's role where neither asks for a second login.
        """
        others = {other.username for other in self.entries if other.key != entry.key}
        return frozenset({entry.username, *({second_login(entry.username)} - others)})

    def runtime_of(self, entry: Entry) -> Entry | None:
        """Return the entry that `tenancy.runtime_role` of another one makes, or None."""
        return next((other for other in self.entries if other.made_by == entry.key), None)


class Kind(StrEnum):
    """The type of a field's value."""

    STRING = "string"
    BOOL = "bool"
    INTEGER = "number"
    STRINGS = "list(string)"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: everything that validation, Terraform's type and the reference need.

    Attributes:
        name: as written in the file; also the attribute of `Entry` or `Tenancy`.
        kind: the value's type; its text is Terraform's.
        doc: one sentence for the reference.
        required: the field must be there and must not be null.
        default: what an absent (or null) field means.
        choices: all allowed strings, or empty.
        pattern: a regular expression that a string, or each item of a list, matches whole; without
            look-around, so that Terraform can use it too.
        minimum: the smallest number.
        maximum: the largest number.
        max_length: the most characters of a free printable string.
        owner_only: the field makes sense only where `access_level` is `owner`.
        fields: the fields of an object.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    default: object = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    owner_only: bool = False
    fields: tuple[FieldSpec, ...] = ()


# The values of `initial_schema` that are not files.
INITIAL_SCHEMAS = ("none", "basic-app", "event-sourcing")

_NAMES = NamingPolicy()
_IDENTIFIER = "[a-z_][a-z0-9_]{0,62}"

TENANCY_FIELDS = (
    FieldSpec(
        "schema_prefix",
        Kind.STRING,
        "What the schema of every tenant starts with.",
        default="tenant_",
        # 30 characters leave as much again for the tenant's slug.
        pattern="^[a-z_][a-z0-9_]{0,29}$",
    ),
    FieldSpec(
        "setting",
        Kind.STRING,
        "The custom setting that holds the current tenant.",
        default="app.current_tenant",
        pattern=rf"^{_IDENTIFIER}\.{_IDENTIFIER}$",
    ),
    FieldSpec(
        "column",
        Kind.STRING,
        "The column of every tenant table that holds the tenant.",
        default="tenant_id",
        pattern=f"^{_IDENTIFIER}$",
    ),
    FieldSpec(
        "template",
        Kind.STRING,
        "What every tenant's schema is filled with: a directory below the project's `schemas/`, "
        "whose `.sql` files run in order of their names.",
    ),
    FieldSpec(
        "tenants_file",
        Kind.STRING,
        "Declares the tenants: a file of the project with one slug a line, and `#` comments.",
    ),
    FieldSpec(
        "runtime_role",
        Kind.BOOL,
        "Whether the application has a login beside its owner's, which only migrates: an entry of "
        "its own, with `runtime` after key and username, and the access level `editor`.",
        default=False,
    ),
    FieldSpec(
        "role_per_tenant",
        Kind.BOOL,
        "Whether a role of its own, without login, owns each tenant's schema and tables; the "
        "application enters it with `SET LOCAL ROLE` and has nothing there without.",
        default=False,
    ),
)

FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec(
        "database_name",
        Kind.STRING,
        "The database. Its form is `database_name` of the naming policy.",
        required=True,
        pattern=_NAMES.database_name,
    ),
    FieldSpec(
        "username",
        Kind.STRING,
        "The login role, unique in the catalog. Its form is `username` of the naming policy.",
        required=True,
        pattern=_NAMES.username,
    ),
    FieldSpec(
        "access_level",
        Kind.STRING,
        "What the role may do in the database; every database has exactly one `owner` entry.",
        default=AccessLevel.OWNER,
        choices=tuple(level.value for level in AccessLevel),
    ),
    FieldSpec(
        "auth",
        Kind.STRING,
        "How the role logs in: with its secret's `password`, or on RDS and Aurora through `iam`, "
        "as a member of `rds_iam` without any password; its secret then needs none.",
        default=Auth.PASSWORD,
        choices=tuple(auth.value for auth in Auth),
    ),
    FieldSpec(
        "rotation",
        Kind.STRING,
        "How its password is changed: of a `single` login, where the former one ends at that "
        "moment, or of two logins that `alternate`, where it works until the next change; the "
        f"second one is `username` and `{SECOND_SUFFIX}`, and acts as the first.",
        default=Rotation.SINGLE,
        choices=tuple(rotation.value for rotation in Rotation),
    ),
    FieldSpec(
        "createdb",
        Kind.BOOL,
        "Whether the role may create databases of its own.",
        default=True,
    ),
    FieldSpec(
        "connection_limit",
        Kind.INTEGER,
        "The most connections the role may hold at once; absent means no limit.",
        minimum=1,
        maximum=2**31 - 1,
    ),
    FieldSpec(
        "initial_schema",
        Kind.STRING,
        "Run once in a new database: `none`, `basic-app`, `event-sourcing`, or a file below "
        "the project's `schemas/`, as a path relative to it.",
        default="none",
        owner_only=True,
    ),
    FieldSpec(
        "extensions",
        Kind.STRINGS,
        "Extensions to create in the database where the server offers them.",
        default=(),
        pattern="^[a-z][a-z0-9_-]{0,62}$",
        owner_only=True,
    ),
    FieldSpec(
        "secret",
        Kind.STRING,
        "The name of the entry's secret, instead of the one its key gives; no two entries "
        "share one.",
        pattern="^[A-Za-z0-9_+=.@-][A-Za-z0-9/_+=.@-]{0,511}$",
    ),
    FieldSpec(
        "owner",
        Kind.STRING,
        "The team that answers for the database.",
        max_length=200,
    ),
    FieldSpec(
        "requester",
        Kind.STRING,
        "Who asked for it.",
        max_length=200,
    ),
    FieldSpec(
        "domain",
        Kind.STRING,
        "The business domain it belongs to.",
        max_length=200,
    ),
    FieldSpec(
        "risk",
        Kind.STRING,
        "How much harm a failure or a leak would do.",
        choices=("none", "low", "medium", "high", "access"),
    ),
    FieldSpec(
        "size",
        Kind.STRING,
        "The expected size.",
        choices=("small", "medium", "large", "xlarge"),
    ),
    FieldSpec(
        "tenancy",
        Kind.OBJECT,
        "Schema-per-tenant under row-level security; `{}` takes every default.",
        owner_only=True,
        fields=TENANCY_FIELDS,
    ),
)
