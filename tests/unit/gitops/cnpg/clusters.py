"""Random manifests of clusters, as people write them."""

from __future__ import annotations

import json
from typing import Any

from unit.catalog.choices import Choices

NAME, NAMESPACE = "postgres-shared", "postgres"
WAVE = "argocd.argoproj.io/sync-wave"
_ABOVE = ("", "", "", "\n", "@# a: {b\n", "@# - name: old\n", "\n@#\n\n")
_BEHIND = ("", "", "", " # why: [not", "   ", "  #")
_OTHER = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {x: "1"}}
data:
  a: |
    ---x
    b: 1
"""
_SPEC: dict[str, Any] = {
    "instances": 3,
    "storage": {"size": "10Gi"},
    "postgresql": {"parameters": {"max_connections": "200", "log_line_prefix": "%m [%p]: # "}},
    "bootstrap": {"initdb": {"database": "app", "postInitSQL": ["SELECT 1", "SELECT ':'"]}},
    "affinity": {"nodeSelector": {"a/b": "yes"}},
}
_ROLES = (
    {"name": "legacy", "login": True},
    {"name": "dante", "ensure": "present", "inRoles": ["pg_monitor", "pg_signal_backend"]},
    {"name": "old-one", "ensure": "absent", "comment": "x: 'y' # z\nbye"},
    {"name": "legacy2", "passwordSecret": {"name": "legacy2-db-creds"}, "connectionLimit": 5},
)


def cluster_text(choices: Choices) -> str:
    """Write a file with a cluster, perhaps among other things."""
    writer = _Writer(choices, choices.one((1, 2, 2, 2, 4)))
    spec = {key: _SPEC[key] for key in choices.order(list(_SPEC)) if choices.one((True, False))}
    spec |= {"instances": 3}
    managed = choices.one(("no", "null", "{}", "roles", "roles", "roles"))
    if managed != "no":
        spec["managed"] = {"null": None, "{}": {}, "roles": {"roles": _roles(choices)}}[managed]
    keys = choices.order(list(spec))
    metadata: dict[str, Any] = {"name": NAME} | choices.one(({}, {"namespace": NAMESPACE}))
    metadata |= choices.one(({}, {"annotations": {WAVE: "1"}}, {"annotations": {"a/b": "c"}}))
    whole = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": metadata}
    whole["spec"] = {key: spec[key] for key in keys}
    text = writer.block({key: whole[key] for key in choices.order(list(whole))}, 0)
    parts = [choices.one(("", "", "---\n", "# The shared cluster.\n\n---\n")) + text]
    if choices.one((False, False, True)):
        parts.insert(choices.one((0, 1)), choices.one((_OTHER, _OTHER + "# the end\n")))
        second = parts[1].removeprefix("---\n").removeprefix("# The shared cluster.\n\n---\n")
        parts[1] = f"--- # next\n{second}"
    text = "".join(parts) + choices.one(("", "", "# the end\n", "\n\n", "...\n"))
    text = choices.one((text, text, text.removesuffix("\n")))
    return choices.one((text, text, text.replace("\n", "\r\n")))


def _roles(choices: Choices) -> Any:
    return choices.one((None, [], list(_ROLES[:1]), list(_ROLES[1:]), list(choices.order(_ROLES))))


class _Writer:
    def __init__(self, choices: Choices, unit: int) -> None:
        self._choices = choices
        self._unit = unit

    def block(self, members: dict[str, Any], indent: int, *, first: bool = True) -> str:
        """Write a mapping; without `first`, its first line follows a dash."""
        lines = []
        for number, (key, value) in enumerate(members.items()):
            name = self._choices.one((key, key, json.dumps(key), f"'{key}'"))
            above = self._choices.one(_ABOVE).replace("@", " " * indent) + " " * indent
            lead = above if first or number else ""
            lines.append(f"{lead}{name}:{self._value(value, indent)}")
        return "".join(lines)

    def _value(self, value: Any, indent: int) -> str:
        behind = self._choices.one(_BEHIND)
        block = bool(value) and self._choices.one((True, True, True, False))
        if isinstance(value, dict) and block:
            return f"{behind}\n{self.block(value, indent + self._unit)}"
        if isinstance(value, list) and block:
            dash = indent + self._choices.one((0, self._unit))
            return f"{behind}\n" + "".join(self._item(item, dash) for item in value)
        if isinstance(value, str) and "\n" in value and self._choices.one((True, False)):
            pad = " " * (indent + self._unit)
            return " |-\n" + "".join(f"{pad}{line}\n" for line in value.split("\n"))
        if value is None:
            return f"{self._choices.one(('', ' null', ' ~'))}{behind}\n"
        return f" {json.dumps(value)}{behind}\n"

    def _item(self, item: Any, dash: int) -> str:
        above = self._choices.one(_ABOVE).replace("@", " " * dash)
        if not isinstance(item, dict) or self._choices.one((False, False, False, True)):
            return f"{above}{' ' * dash}- {json.dumps(item)}\n"
        gap = self._choices.one((" ", " ", "   "))
        inside = self.block(item, dash + 1 + len(gap), first=False)
        return f"{above}{' ' * dash}-{gap}{inside}"
