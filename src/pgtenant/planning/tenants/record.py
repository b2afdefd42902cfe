"""What the comment on a tenant's schema says: the last line, JSON, as a role's marker is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtenant.planning.comment import fields_of, line_of, text_of, with_line


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
            "environment": self.environment,
            "entry": self.entry,
            "tenant": self.tenant,
        }
        if self.template:
            fields["template"] = dict(sorted(self.template.items()))
        return line_of(fields)


def read_record(comment: str | None) -> TenantRecord | None:
    """Read the record off a schema's comment; None when there is none that is ours."""
    if (fields := fields_of(comment)) is None:
        return None
    environment, entry, tenant = (
        text_of(fields.get(name)) for name in ("environment", "entry", "tenant")
    )
    if environment is None or entry is None or tenant is None:
        return None
    template = fields.get("template")
    files = template if isinstance(template, dict) else {}
    return TenantRecord(
        environment=environment,
        entry=entry,
        tenant=tenant,
        template={n: digest for n in files if (digest := text_of(files[n])) is not None},
    )


def with_record(comment: str | None, record: TenantRecord) -> str:
    """Return `comment` with `record` as its last line, keeping what a human wrote before it."""
    return with_line(comment, record.text(), instead=read_record(comment) is not None)
