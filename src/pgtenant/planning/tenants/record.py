"""What the comment on a tenant's schema says: the last line, JSON, as a role's marker is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pgtenant.planning.marker import MANAGED_BY

_LONGEST: Final = 1000  # characters


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """What a run wrote down when it made a tenant.

    The schema's owner can rewrite it, so that it decides nothing: the schema's name does.

    Attributes:
        environment: of the catalog.
        entry: the key of the entry whose database it is in.
        tenant: the slug, as it was given.
        template: of each file that was run, by its name, the beginning of its SHA-256.
    """

    environment: str
    entry: str
    tenant: str
    template: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Render the compact JSON line."""
        fields: dict[str, object] = {
            "managed_by": MANAGED_BY,
            "environment": self.environment,
            "entry": self.entry,
            "tenant": self.tenant,
        }
        if self.template:
            fields["template"] = dict(sorted(self.template.items()))
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=True)


def read_record(comment: str | None) -> TenantRecord | None:
    """Read the record off a schema's comment; None when there is none that is ours."""
    if not comment:
        return None
    try:
        fields = json.loads(comment.rsplit("\n", 1)[-1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("managed_by") != MANAGED_BY:
        return None
    environment, entry, tenant = (
        _text(fields, name) for name in ("environment", "entry", "tenant")
    )
    if environment is None or entry is None or tenant is None:
        return None
    template = fields.get("template")
    files = template if isinstance(template, dict) else {}
    return TenantRecord(
        environment=environment,
        entry=entry,
        tenant=tenant,
        template={name: digest for name in files if (digest := _text(files, name)) is not None},
    )


def with_record(comment: str | None, record: TenantRecord) -> str:
    """Return `comment` with `record` as its last line, keeping what a human wrote before it."""
    if not comment:
        return record.text()
    comment = comment.encode("utf-8", "backslashreplace").decode("utf-8")
    if read_record(comment) is None:
        return f"{comment}\n{record.text()}"
    human, newline, _ = comment.rpartition("\n")
    return f"{human}{newline}{record.text()}"


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    fits = isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST
    return value if isinstance(value, str) and fits else None
