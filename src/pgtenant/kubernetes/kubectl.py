"""Objects of a cluster, and of its secrets everything but the values."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

from pgtenant.gitops.cnpg.status import REFLECTED, Answer, Unreadable

_PATIENCE: Final = "10s"
_TIMEOUT: Final = 60.0  # seconds; kubectl itself gives up before
_LONGEST: Final = 300
# The values never get here: kubectl prints the names of the keys.
_SECRET: Final = (
    "{{println .metadata.resourceVersion}}"
    "{{with .metadata.annotations}}"
    f'{{{{with index . "{REFLECTED}"}}}}{{{{.}}}}{{{{end}}}}'
    '{{end}}{{println ""}}'
    "{{range $key, $_ := .data}}{{println $key}}{{end}}"
)


@dataclass(frozen=True, slots=True)
class _Said:
    code: int
    out: str
    err: str


class Kubectl:
    """Asks one cluster.

    Args:
        context: of the kubeconfig, or None for the current one.
    """

    def __init__(self, context: str | None) -> None:
        self._context = [] if context is None else [f"--context={context}"]
        self._unreachable: Unreadable | None = None
        self._tried = False

    def object(self, kind: str, name: str, namespace: str) -> Answer:
        """Return an object.

        Args:
            kind: with its group, such as `databases.postgresql.cnpg.io`.
            name: the object's.
            namespace: the object's.
        """
        said = self._get(kind, name, namespace, "--output=json")
        if isinstance(said, Unreadable) or not said.strip():
            return said if isinstance(said, Unreadable) else None
        found = json.loads(said)
        return found if isinstance(found, dict) else None

    def secret(self, name: str, namespace: str) -> Answer:
        """Return a secret: its `resourceVersion`, its `keys`, which version it is a copy of."""
        said = self._get("secrets", name, namespace, f"--output=go-template={_SECRET}")
        if isinstance(said, Unreadable) or not said.strip():
            return said if isinstance(said, Unreadable) else None
        version, reflected, *keys = said.splitlines()
        return {"resourceVersion": version, "annotations": {REFLECTED: reflected}, "keys": keys}

    def _get(self, kind: str, name: str, namespace: str, output: str) -> str | Unreadable:
        if not self._tried:
            self._tried, self._unreachable = True, self._reached()
        if self._unreachable is not None:
            return self._unreachable
        said = self._run(
            "get", kind, name, f"--namespace={namespace}", "--ignore-not-found", output
        )
        return said.out if said.code == 0 else Unreadable(_short(said.err))

    def _reached(self) -> Unreadable | None:
        if shutil.which("kubectl") is None:
            return Unreadable("kubectl is not installed")
        said = self._run("get", "--raw=/version")
        return None if said.code == 0 else Unreadable(_short(said.err))

    def _run(self, *arguments: str) -> _Said:
        try:
            done = subprocess.run(  # noqa: S603 - no shell
                ["kubectl", *self._context, f"--request-timeout={_PATIENCE}", *arguments],  # noqa: S607
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return _Said(1, "", f"kubectl: {error}")
        return _Said(done.returncode, done.stdout, done.stderr)


def _short(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "kubectl failed and said nothing")[:_LONGEST]
