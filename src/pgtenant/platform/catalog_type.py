"""The catalog's type in Terraform's words, from the model that validation reads."""

from __future__ import annotations

from pgtenant.catalog.model import FIELDS, FieldSpec, Kind

_STEP = 2


def application_databases_type() -> str:
    """Return the `type` of `variable "application_databases"`, as `terraform fmt` has it."""
    indent = " " * _STEP
    return f"{indent}type = map(object({{\n{_fields(FIELDS, 2 * _STEP)}{indent}}}))"


def _fields(specs: tuple[FieldSpec, ...], indent: int) -> str:
    # A value of several lines stands out of the column that terraform fmt makes of the others.
    width = max(len(spec.name) for spec in specs if spec.kind is not Kind.OBJECT)
    lines = []
    for spec in specs:
        name = spec.name if spec.kind is Kind.OBJECT else spec.name.ljust(width)
        lines.append(f"{' ' * indent}{name} = {_wrapped(spec, indent)}\n")
    return "".join(lines)


def _wrapped(spec: FieldSpec, indent: int) -> str:
    inner = spec.kind.value
    if spec.kind is Kind.OBJECT:
        inner = f"object({{\n{_fields(spec.fields, indent + _STEP)}{' ' * indent}}})"
    return inner if spec.required else f"optional({inner}{_default(spec.default)})"


def _default(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return f", {str(value).lower()}"
        case ():
            return ", []"
        case _:
            return f', "{value}"'
