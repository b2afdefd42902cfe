"""An ExternalSecret: how the External Secrets operator brings an entry's secret into a pod.

https://external-secrets.io/latest/api/externalsecret/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from pgtenant.catalog.model import Entry

STORE: Final = "aws-secretsmanager"
KIND: Final = "ClusterSecretStore"
SUFFIX: Final = "-db"

# `urlquery` writes a space as `+`, which means itself where a URL has user and password.
_ENCODED: Final = '{{{{ .{} | urlquery | replace "+" "%20" }}}}'


@dataclass(frozen=True, slots=True)
class Target:
    """Where a manifest is for.

    Attributes:
        name: of the ExternalSecret and of the Secret that it makes.
        namespace: None leaves it to whoever applies the manifest.
        store: the store that has the secret.
        kind: the store's.
        version: of the operator's interface.
        refresh: how often it reads the secret.
        sslmode: with which an application connects.
    """

    name: str
    namespace: str | None
    store: str
    kind: str
    version: Literal["v1", "v1beta1"]
    refresh: str
    sslmode: str


def external_secret(entry: Entry, secret: str, target: Target) -> dict[str, object]:
    """Return the manifest of an entry.

    The secret is extracted as a whole, not read property by property: user and password, which a
    rotation with two logins changes together, are of one version. It need not have a
    `connection_uri`, and the database is the catalog's, whichever field the secret has it in.

    Args:
        entry: of the catalog, with a password.
        secret: the name of its secret.
        target: where it is for.
    """
    metadata = {"name": target.name}
    if target.namespace is not None:
        metadata["namespace"] = target.namespace
    return {
        "apiVersion": f"external-secrets.io/{target.version}",
        "kind": "ExternalSecret",
        "metadata": metadata,
        "spec": {
            "refreshInterval": target.refresh,
            "secretStoreRef": {"name": target.store, "kind": target.kind},
            "target": {
                "name": target.name,
                "creationPolicy": "Owner",
                "template": {"engineVersion": "v2", "data": _keys(entry, target.sslmode)},
            },
            "dataFrom": [{"extract": {"key": secret}}],
        },
    }


def _keys(entry: Entry, sslmode: str) -> dict[str, str]:
    user, password = _ENCODED.format("username"), _ENCODED.format("password")
    database = quote(entry.database_name, safe="")
    return {
        "POSTGRES_USER": "{{ .username }}",
        "POSTGRES_PASSWORD": "{{ .password }}",
        "POSTGRES_HOST": "{{ .host }}",
        "POSTGRES_PORT": "{{ .port }}",
        "POSTGRES_DB": entry.database_name.replace("{{", '{{ "{{" }}'),
        "DATABASE_URL": f"postgresql://{user}:{password}@{{{{ .host }}}}:{{{{ .port }}}}"
        f"/{database}?sslmode={sslmode}",
    }
