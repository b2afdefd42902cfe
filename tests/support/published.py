"""What `--format json` prints, held against the published schema of its command."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from pgtenant.report.schema import COMMANDS, schema


def check_output(arguments: Sequence[str], out: str) -> None:
    """Insist that the output of one run is what its command promises; text passes."""
    asked = ("--format", "json") in itertools.pairwise(arguments)
    if out and asked and arguments[0] in COMMANDS and arguments[:2] != ("fleet", "waves"):
        document = json.loads(out)
        # plan and apply of several environments
        several = "environments" in document
        _validator("fleet" if several else arguments[0]).validate(document)


@functools.cache
def _validator(command: str) -> Any:
    return jsonschema.Draft202012Validator(schema(command))
