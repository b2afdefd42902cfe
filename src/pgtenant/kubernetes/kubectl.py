"""Objects of a cluster, and of its secrets everything but the values."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pgtenant.gitops.cnpg.status import REFLECTED, Answer, Seen, Unreadable

_Key: TypeAlias = tuple[str, str, str]
"""Kind, namespace and name."""

_PATIENCE: Final = "10s"
_TIMEOUT: Final = 300.0  # seconds; kubectl itself gives up on a single answer before
_LONGEST: Final = 300
_SECRET: Final = "secrets"  # noqa: S105 - a kind
# The values never get here: kubectl prints the names of the keys. What anybody may write is last.
_SECRETS: Final = (
    "{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{.metadata.resourceVersion}} "
    "{{range $key, $_ := .data}}{{$key}},{{end}} "
    "{{with .metadata.annotations}}"
    f'{{{{with index . "{REFLECTED}"}}}}{{{{printf "%q" .}}}}{{{{end}}}}'
    '{{end}}{{println ""}}{{end}}'
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
        self._known: dict[_Key, Answer] = {}

    def ask(self, kind: str, names: Iterable[str], namespace: str) -> None:
        """Ask for objects in one go, which `object` then returns.

        Args:
            kind: with its group, such as `databases.postgresql.cnpg.io`.
            names: the objects'.
            namespace: the objects'.
        """
        wanted = {(kind, namespace, name) for name in names}
        if wanted and self._is_reached():
            listed = [name for _, _, name in sorted(wanted)]
            said = self._get(kind, *listed, f"--namespace={namespace}", "--output=json")
            found = json.loads(said.out) if said.out.strip() else {"items": []}
            items = found.get("items", [found])
            self._learn(wanted, {(kind, namespace, _name(one)): one for one in items}, said)

    def ask_secrets(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Do the same for secrets, each with its name and its namespace."""
        keys = {(_SECRET, namespace, name) for name, namespace in wanted}
        if keys and self._is_reached():
            items = [
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": name, "namespace": namespace},
                }
                for _, namespace, name in sorted(keys)
            ]
            output = f"--output=go-template={_SECRETS}"
            given = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
            said = self._get("--filename=-", output, given=given)
            self._learn(keys, dict(map(_secret, said.out.splitlines())), said)

    def object(self, kind: str, name: str, namespace: str) -> Answer:
        """Return an object; of arguments as `ask` has them."""
        if (kind, namespace, name) not in self._known:
            self.ask(kind, [name], namespace)
        return self._unreachable or self._known[kind, namespace, name]

    def secret(self, name: str, namespace: str) -> Answer:
        """Return a secret: its `resourceVersion`, its `keys`, which version it is a copy of."""
        if (_SECRET, namespace, name) not in self._known:
            self.ask_secrets([(name, namespace)])
        return self._unreachable or self._known[_SECRET, namespace, name]

    def _learn(self, wanted: Set[_Key], found: Mapping[_Key, Seen], said: _Said) -> None:
        """Keep what is known now; what can't be told apart is asked for by itself later."""
        self._known |= found
        if said.code == 0:
            self._known |= dict.fromkeys(wanted - found.keys())
        elif len(wanted) == 1 or not found:
            self._known |= dict.fromkeys(wanted - found.keys(), Unreadable(_short(said.err)))

    def _get(self, *arguments: str, given: str | None = None) -> _Said:
        return self._run("get", *arguments, "--ignore-not-found", given=given)

    def _is_reached(self) -> bool:
        if not self._tried:
            self._tried, self._unreachable = True, self._reached()
        return self._unreachable is None

    def _reached(self) -> Unreadable | None:
        if shutil.which("kubectl") is None:
            return Unreadable("kubectl is not installed")
        said = self._run("get", "--raw=/version")
        return None if said.code == 0 else Unreadable(_short(said.err))

    def _run(self, *arguments: str, given: str | None = None) -> _Said:
        try:
            done = subprocess.run(  # noqa: S603 - no shell
                ["kubectl", *self._context, f"--request-timeout={_PATIENCE}", *arguments],  # noqa: S607
                input=given or "",
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


def _name(found: Mapping[str, Any]) -> str:
    return str(found["metadata"]["name"])


def _secret(line: str) -> tuple[_Key, Seen]:
    namespace, name, version, keys, reflected = line.split(" ", 4)
    seen = {
        "resourceVersion": version,
        "annotations": {REFLECTED: reflected.strip('"')},
        "keys": keys.split(",")[:-1],
    }
    return (_SECRET, namespace, name), seen
