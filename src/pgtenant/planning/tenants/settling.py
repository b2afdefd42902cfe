"""Do the schemas that are there show what an earlier run was about to do to a tenant?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pgtenant.planning.tenants.adding import There
from pgtenant.planning.tenants.record import read_record

Judged = Callable[[Sequence[str], Sequence[str]], tuple[bool, str]]
"""Takes a target and its details; returns whether it is in effect, and why that can't be known."""


def by_schemas(there: Mapping[str, There]) -> Judged:
    """Return what judges by the schemas of all names that it is asked about."""

    def judge(target: Sequence[str], details: Sequence[str]) -> tuple[bool, str]:
        match tuple(target):
            case ("add_tenant", _, schema):
                return _made(there.get(schema), details), ""
            case ("retire_tenant", _, schema, retired):
                if retired not in there and schema not in there:
                    return False, "neither of the two schemas is there any more"
                return retired in there, ""
            case ("drop_tenant", _, retired):
                return retired not in there, ""
            case _:
                return False, "this version does not know what that was"

    return judge


def _made(schema: There | None, details: Sequence[str]) -> bool:
    record = read_record(schema.comment) if schema is not None else None
    if record is None:
        return False
    return {f"{name} {digest}" for name, digest in record.template.items()}.issuperset(details)
