"""The Job in a shared cluster that does by SQL what the operator does not: wave 3."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.gitops.cnpg.documents import WAVE, find
from pgtenant.gitops.manifest import text_of

FILE: Final = "pgtenant-apply.yaml"
NAME: Final = "pgtenant-apply"
FILES: Final = "pgtenant-project"
APPROVAL: Final = "pgtenant-approval"
DIGEST: Final = "pgtenant/digest"
"""The annotation of the Job that says what it and its files were made as."""

MOST_BYTES: Final = 1_000_000
"""Kubernetes takes 1 MiB for a whole object."""

_GROUP: Final = "batch"
_KIND: Final = "Job"
_LABELS: Final = {"app.kubernetes.io/name": NAME}
_PROJECT: Final = "/project"
_SECRETS: Final = "/secrets"
_CERTIFICATES: Final = "/certificates"
_OWN: Final = "/tmp"  # noqa: S108 - nobody else is in the container
_READABLE: Final = 0o440
_USER: Final = 10001
# One dot, so that of two paths each has a key of its own when slashes become dots.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_/-]{1,150}\.[A-Za-z0-9_-]{1,50}")


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials that the Job reads.

    Attributes:
        secret: the Secret in the cluster.
        path: their name in the store, below which each field is a file.
        dbname: the database that they are for.
    """

    secret: str
    path: str
    dbname: str


@dataclass(frozen=True, slots=True)
class Provision:
    """What the Job is to do.

    Attributes:
        environment: of the catalog.
        namespace: of the cluster.
        host: where the cluster's primary is found.
        authority: the Secret with the certificate that the server's was signed with.
        image: of pgtenant.
        only: the keys of the entries; none for all.
        tenants: whether an entry declares any.
        approved: whether somebody has to approve it.
        files: what pgtenant reads of the project, by their paths in it.
        logins: the admin's first.
    """

    environment: str
    namespace: str
    host: str
    authority: str
    image: str
    only: Sequence[str]
    tenants: bool
    approved: bool
    files: Mapping[str, str]
    logins: Sequence[Login]


def manifests(wanted: Provision) -> str:
    """Return the Job, and the ConfigMap with what it reads, as one file.

    Raises:
        ValueError: they are more than a cluster takes; the message says why.
    """
    files, made = _files(wanted), _job(wanted)
    digest = hashlib.sha256(text_of([files, made], head="").encode()).hexdigest()
    made["metadata"]["annotations"][DIGEST] = digest
    text = text_of(
        [files, made],
        head=f"Made by `pgtenant render cnpg -e {wanted.environment}`. It holds no secret.",
    )
    if len(text.encode()) > MOST_BYTES:
        raise ValueError("the catalog and its schemas are too large for a ConfigMap")
    return text


def digest_in(text: str, namespace: str) -> str:
    """Return what a file says that its Job was made as; empty where it does not.

    Raises:
        EditError: the file can't be read.
    """
    found = find(text, _GROUP, _KIND, name=NAME, namespace=namespace)
    return found.text_at("metadata", "annotations", DIGEST) if found is not None else ""


def _files(wanted: Provision) -> dict[str, Any]:
    data = {"host": wanted.host, "port": "5432"}
    data |= {_database_key(login): login.dbname for login in wanted.logins}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": FILES,
            "namespace": wanted.namespace,
            "annotations": {WAVE: "2"},
            "labels": dict(_LABELS),
        },
        "data": data | {_file_key(path): text for path, text in wanted.files.items()},
    }


def _job(wanted: Provision) -> dict[str, Any]:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": _KIND,
        "metadata": {
            "name": NAME,
            "namespace": wanted.namespace,
            "annotations": {
                WAVE: "3",
                "argocd.argoproj.io/hook": "PostSync",
                "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
            },
            "labels": dict(_LABELS),
        },
        "spec": {
            # The operator may not have made everything yet: a later pod goes on.
            "backoffLimit": 5,
            "activeDeadlineSeconds": 1800,
            "template": {"metadata": {"labels": dict(_LABELS)}, "spec": _pod(wanted)},
        },
    }


def _pod(wanted: Provision) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 60,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(wanted)],
        "volumes": [
            {
                "name": "project",
                "configMap": {
                    "name": FILES,
                    "items": [{"key": _file_key(one), "path": one} for one in wanted.files],
                },
            },
            {
                "name": "secrets",
                "projected": {
                    "defaultMode": _READABLE,
                    "sources": [one for login in wanted.logins for one in _sources(login)],
                },
            },
            {
                "name": "certificates",
                "secret": {
                    "secretName": wanted.authority,
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                },
            },
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
        ],
    }


def _container(wanted: Provision) -> dict[str, Any]:
    return {
        "name": "pgtenant",
        "image": wanted.image,
        "args": [
            "apply",
            f"--env={wanted.environment}",
            f"--project={_PROJECT}",
            f"--audit={_OWN}/audit.csv",
            *["--tenants"] * wanted.tenants,
            *(f"--only={key}" for key in wanted.only),
        ],
        "env": list(_variables(wanted)),
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "project", "mountPath": _PROJECT, "readOnly": True},
            {"name": "secrets", "mountPath": _SECRETS, "readOnly": True},
            {"name": "certificates", "mountPath": _CERTIFICATES, "readOnly": True},
            {"name": "tmp", "mountPath": _OWN},
        ],
    }


def _variables(wanted: Provision) -> Iterator[dict[str, Any]]:
    for name, value in (
        ("PGTENANT_SECRETS_STORE", "file"),
        ("PGTENANT_SECRETS_DIRECTORY", _SECRETS),
        ("PGTENANT_SERVER_SSLMODE", "verify-full"),
        ("PGTENANT_SERVER_SSLROOTCERT", f"{_CERTIFICATES}/ca.crt"),
        # The log is what outlives the pod: `pgtenant audit collect` takes the records from it.
        ("PGTENANT_PROJECT_AUDIT_LOG", "true"),
    ):
        yield {"name": name, "value": value}
    of_pod = {"fieldRef": {"fieldPath": "metadata.name"}}
    yield {"name": "PGTENANT_RUN_ID", "valueFrom": of_pod}
    if wanted.approved:
        for name in ("ALLOW_DB_PROVISION", "PGTENANT_APPROVED_BY"):
            said = {"name": APPROVAL, "key": name, "optional": True}
            yield {"name": name, "valueFrom": {"configMapKeyRef": said}}


def _sources(login: Login) -> Iterator[dict[str, Any]]:
    def items(**keys: str) -> list[dict[str, str]]:
        return [{"key": key, "path": f"{login.path}/{field}"} for field, key in keys.items()]

    secret = items(username="username", password="password")  # noqa: S106 - names of keys
    yield {"secret": {"name": login.secret, "items": secret}}
    others = items(host="host", port="port", dbname=_database_key(login))
    yield {"configMap": {"name": FILES, "items": others}}


def _file_key(path: str) -> str:
    """Return the key of a file in the ConfigMap, which is that of no other."""
    if _PLAIN.fullmatch(path):
        return f"file.{path.replace('/', '.')}"
    return f"file.{hashlib.sha256(path.encode()).hexdigest()}"


def _database_key(login: Login) -> str:
    return f"dbname.{login.secret}"
