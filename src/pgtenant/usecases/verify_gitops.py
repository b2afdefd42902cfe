"""`pgtenant verify gitops`: whether what was committed has arrived in the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pgtenant.catalog.model import AccessLevel, Entry
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.gitops.cnpg import job
from pgtenant.gitops.cnpg.leaving_status import Leaving, judge_leaving
from pgtenant.gitops.cnpg.names import GROUP, names
from pgtenant.gitops.cnpg.sealed import GROUP as SEALED_GROUP
from pgtenant.gitops.cnpg.sealed import namespaces_in
from pgtenant.gitops.cnpg.status import OWN, Answer, Check, Expected, Found, judge, judge_job
from pgtenant.kubernetes.kubectl import Kubectl
from pgtenant.planning.marker import parse
from pgtenant.settings.cnpg import ALWAYS, RESOURCES, CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.usecases.cnpg_job import admin_names
from pgtenant.usecases.cnpg_names import check_names, home_of
from pgtenant.usecases.inputs import load_catalog
from pgtenant.usecases.render_cnpg import insist_on_cluster
from pgtenant.usecases.request.kept import kept
from pgtenant.usecases.retire.operator import Operator


def verify_gitops(settings: Settings, environment: str, kubectl: Kubectl) -> Iterator[Check]:
    """Yield what the cluster says of each entry.

    Raises:
        CatalogError: the catalog is missing or wrong.
        UsageError: the environment has no cluster, or a manifest can't be read.
    """
    insist_on_cluster(settings, environment)
    cnpg = settings.cnpg.of(environment)
    catalog = load_catalog(settings, environment, ())
    if wrong := check_names(catalog):
        raise UsageError(
            "the manifests can't be looked for:" + "".join(f"\n  {w}" for w in wrong),
            code=Code.MANIFEST,
        )
    cluster = kubectl.object(f"clusters.{GROUP}", cnpg.cluster, cnpg.namespace)
    leaving = _leaving(settings, environment, cnpg)
    staying = [
        _expected(settings, cnpg, entry) for entry in catalog.entries if entry.key not in leaving
    ]
    _ask(kubectl, staying)
    for expected in staying:
        secret, namespace = expected.secret, expected.namespace
        found = Found(
            sealed=kubectl.object(f"sealedsecrets.{SEALED_GROUP}", secret, namespace),
            secret=kubectl.secret(secret, namespace),
            copies={one: kubectl.secret(secret, one) for one in expected.copies},
            cluster=cluster,
            database=None
            if expected.database is None
            else kubectl.object(f"databases.{GROUP}", expected.database, namespace),
            role=None
            if expected.role is None
            else kubectl.object(f"databaseroles.{GROUP}", expected.role, namespace),
        )
        yield from judge(expected, found)
    for one in leaving.values():
        object_ = names(one.key)
        yield from judge_leaving(
            one,
            cluster=cluster,
            database=kubectl.object(f"databases.{GROUP}", object_.database, one.namespace)
            if one.database is not None
            else None,
            resource=kubectl.object(f"databaseroles.{GROUP}", object_.role, one.namespace)
            if any(role.resource for role in one.roles.values())
            else None,
        )
    if cnpg.image is not None:
        yield from _own(settings, cnpg, kubectl, cluster)


def _ask(kubectl: Kubectl, wanted: Sequence[Expected]) -> None:
    """Ask for all at once: a process for each object takes minutes for some hundred entries."""
    secrets = [(one.secret, place) for one in wanted for place in (one.namespace, *one.copies)]
    kubectl.ask_secrets(secrets)
    for namespace in {one.namespace for one in wanted}:
        kubectl.ask(f"sealedsecrets.{SEALED_GROUP}", [one.secret for one in wanted], namespace)
        databases = [one.database for one in wanted if one.database is not None]
        kubectl.ask(f"databases.{GROUP}", databases, namespace)
        roles = [one.role for one in wanted if one.role is not None]
        kubectl.ask(f"databaseroles.{GROUP}", roles, namespace)


def _leaving(settings: Settings, environment: str, cnpg: CnpgSettings) -> dict[str, Leaving]:
    """Return the entries that the manifests have out of service, by key."""
    operator = Operator(settings, environment)
    roles = {
        name: (mark.entry, role)
        for name, role in operator.told(()).roles.items()
        if (mark := parse(role.comment)) and mark.retired and mark.environment == environment
    }
    keys = {entry for entry, _ in roles.values()}
    databases = operator.databases(keys)
    return {
        key: Leaving(
            key=key,
            roles={name: role for name, (entry, role) in sorted(roles.items()) if entry == key},
            namespace=cnpg.namespace,
            database=names(key).database if key in databases else None,
            absent=key in databases and databases[key].absent,
        )
        for key in sorted(keys)
    }


def _own(
    settings: Settings, cnpg: CnpgSettings, kubectl: Kubectl, cluster: Answer
) -> Iterator[Check]:
    secret, namespace = admin_names(cnpg).secret, cnpg.namespace
    expected = Expected(
        key=OWN,
        username=cnpg.admin,
        namespace=namespace,
        secret=secret,
        keys=ALWAYS,
        database=None,
        copies=(),
    )
    found = Found(
        sealed=kubectl.object(f"sealedsecrets.{SEALED_GROUP}", secret, namespace),
        secret=kubectl.secret(secret, namespace),
        copies={},
        cluster=cluster,
    )
    yield from judge(expected, found)
    manifest = kept(settings, settings.root / cnpg.directory / job.FILE)
    digest = manifest.asked(lambda text: job.digest_in(text, namespace))
    there = kubectl.object("jobs.batch", job.NAME, namespace)
    yield judge_job(namespace, job.NAME, there, digest=digest)


def _expected(settings: Settings, cnpg: CnpgSettings, entry: Entry) -> Expected:
    named = names(entry.key)
    file = kept(settings, settings.root / Path(cnpg.directory) / named.sealed_file)
    listed = file.asked(
        lambda text: namespaces_in(text, name=named.secret, namespace=cnpg.namespace)
    )
    return Expected(
        key=entry.key,
        username=entry.username,
        namespace=cnpg.namespace,
        secret=named.secret,
        keys=cnpg.keys,
        database=named.database if entry.access_level is AccessLevel.OWNER else None,
        copies=[one.strip() for one in (listed or home_of(entry)).split(",")],
        role=named.role if cnpg.roles == RESOURCES else None,
    )
