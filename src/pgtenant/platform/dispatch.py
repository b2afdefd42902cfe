"""The inputs of the workflow that opens requests, from the form that pgtenant validates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pgtenant.requests.form import BY_NAME, DISPATCHED, FormField

_BASE: Final = FormField(
    name="base",
    kind=BY_NAME["owner"].kind,
    doc="The branch that the pull request targets.",
    default="development",
)

# GitHub preselects the first choice, and nobody should get the least by oversight.
_PRESELECTED: Final = {"risk": "medium"}


def workflow_inputs() -> str:
    """Return them as YAML, indented as below `workflow_dispatch`; without the last line end."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for field in (*(BY_NAME[name] for name in DISPATCHED), _BASE):
        yield f"      {field.name}:"
        yield f"        description: {json.dumps(field.doc, ensure_ascii=False)}"
        yield f"        type: {'choice' if field.choices else 'string'}"
        if field.required:
            yield "        required: true"
        if field.choices:
            yield f"        options: [{', '.join(field.choices)}]"
        if default := _PRESELECTED.get(field.name, "" if field.required else field.default):
            yield f"        default: {default}"
