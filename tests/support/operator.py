"""What the External Secrets operator makes of a manifest and of what Secrets Manager holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

_ACTION = re.compile(r"\{\{ (.+?) \}\}")
_REPLACE = re.compile(r'replace "(.*)" "(.*)"')


def secret_of(manifest: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, str]:
    """Return the data of the Secret, by its keys.

    A field that the stored secret lacks is an error, as it is for the operator.

    Args:
        manifest: an ExternalSecret.
        stored: the texts of secrets by their names.
    """
    [source] = manifest["spec"]["dataFrom"]
    fields = json.loads(stored[source["extract"]["key"]])
    data = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in fields.items()
    }
    templates = manifest["spec"]["target"]["template"]["data"]
    return {key: _filled(template, data) for key, template in templates.items()}


def _filled(template: str, data: Mapping[str, str]) -> str:
    return _ACTION.sub(lambda match: _value(match[1], data), template)


def _value(action: str, data: Mapping[str, str]) -> str:
    """Run an action of Go's templates, as far as the manifests use them."""
    first, *functions = action.split(" | ")
    value = data[first[1:]] if first.startswith(".") else str(json.loads(first))
    for function in functions:
        if function == "urlquery":
            value = quote_plus(value, safe="")
        else:
            replace = _REPLACE.fullmatch(function)
            assert replace is not None, function
            value = value.replace(replace[1], replace[2])
    return value
