"""The fields of a request, in the order in which people fill them in.

What a value may be is said by the catalog's own model; only what a request asks for beyond it is
said here. The command line, its prompts and the Backstage form are made from `FORM`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import FIELDS, FieldSpec, Kind

# A Backstage entity reference, of which kind and namespace may be left out.
OWNER: Final = r"^((group|user):)?([a-z0-9-]{1,63}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form.

    Attributes:
        name: as in the catalog; `environment` and `key` are not fields of an entry.
        kind: the type of its value.
        doc: one sentence.
        required: a request without it is refused.
        choices: all allowed values, or empty.
        pattern: what the whole value has to match, or empty.
        default: what its absence means, as people would write it; empty when there is none.
        advanced: most requests leave it alone.
        example: a value that is right.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    default: str = ""
    advanced: bool = False
    example: str = ""

    @property
    def flag(self) -> str:
        """As on the command line."""
        return "--" + self.name.replace("_", "-")


SMALLEST: Final = "small"
"""The size of an entry that says none."""

_SPECS: Final = {spec.name: spec for spec in FIELDS}
_REQUIRED: Final = ("database_name", "username", "owner", "requester", "domain", "risk")


def _field(
    name: str, example: str = "", *, doc: str = "", default: str = "", advanced: bool = False
) -> FormField:
    spec: FieldSpec = _SPECS[name]
    meant = spec.default
    return FormField(
        name=name,
        kind=spec.kind,
        doc=doc or spec.doc,
        required=name in _REQUIRED,
        choices=spec.choices,
        pattern=OWNER if name == "owner" else spec.pattern,
        default=str(meant).lower() if isinstance(meant, str | bool) else default,
        advanced=advanced,
        example=example,
    )


FORM: Final = (
    _field("database_name", "inventory_service", doc="The name of the database."),
    _field("username", "inventory_user", doc="The role that owns the database, and logs in."),
    _field("owner", "app-team"),
    _field("requester", "daniel-deans"),
    FormField(
        "environment",
        Kind.STRING,
        "The environment: dev, test, staging, prod, …",
        required=True,
        pattern="^[a-z][a-z0-9-]{0,30}$",
        example="dev",
    ),
    _field("domain", "application"),
    _field("risk"),
    _field("initial_schema"),
    _field("size", default=SMALLEST, advanced=True),
    _field("access_level", advanced=True),
    FormField(
        "key",
        Kind.STRING,
        "The entry's key, which names its secret; by default the database's name.",
        advanced=True,
    ),
    _field("auth", advanced=True),
    _field("rotation", advanced=True),
    _field("createdb", advanced=True),
    _field("connection_limit", advanced=True),
    _field("extensions", advanced=True),
    _field("secret", advanced=True),
)
BY_NAME: Final = {field.name: field for field in FORM}

DISPATCHED: Final = (*(field.name for field in FORM if not field.advanced), "size")
"""The fields of the Backstage form: with `base`, the inputs of `create-rds-database.yml`.

An older GitHub Enterprise Server allows a workflow ten inputs. An editor or a reader needs a key of
its own as well, and is asked for by `pgtenant request add`.
"""

CHANGEABLE: Final = tuple(
    field.name
    for field in FORM
    if field.name not in {"environment", "key", "database_name", "username", "initial_schema"}
)
"""What a change may set: not what would make it another role or database."""
