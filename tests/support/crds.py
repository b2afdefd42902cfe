"""Custom resources against the schemas of their definitions, unknown fields included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml


def directory(environ: Mapping[str, str]) -> Path | None:
    """Return the directory of the definitions, in the kit that PGTENANT_TEST_KIT names, if any."""
    kit = environ.get("PGTENANT_TEST_KIT")
    return Path(kit) / "crds" if kit else None


def complaints(definition: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return what an API server that is told to be strict would not take."""
    spec = yaml.load(definition.read_text(), yaml.CSafeLoader)["spec"]
    group, _, version = manifest["apiVersion"].partition("/")
    assert (group, manifest["kind"]) == (spec["group"], spec["names"]["kind"])
    [schema] = [
        one["schema"]["openAPIV3Schema"] for one in spec["versions"] if one["name"] == version
    ]
    validator = jsonschema.Draft4Validator(_strict(schema, top=True))
    return sorted(
        f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)
    )


def _strict(schema: Any, *, top: bool = False) -> Any:
    """Turn OpenAPI into JSON schema, closed where Kubernetes would drop what it does not know."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes")}
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    if "properties" in kept:
        kept["properties"] = {name: _strict(one) for name, one in kept["properties"].items()}
        if top:
            kept["properties"]["metadata"] = {"type": "object"}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            kept["additionalProperties"] = False
    elif isinstance(kept.get("additionalProperties"), dict):
        kept["additionalProperties"] = _strict(kept["additionalProperties"])
    if "items" in kept:
        kept["items"] = _strict(kept["items"])
    if kept.pop("nullable", False) and "type" in kept:
        kept["type"] = [kept["type"], "null"]
    return kept
