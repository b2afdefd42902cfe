"""`pgtenant import cnpg`: a catalog that says what the manifests of a cluster say already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pgtenant.catalog.check import Format
from pgtenant.catalog.edit import EditError, add_entry
from pgtenant.catalog.load import parse
from pgtenant.catalog.naming import NamingPolicy, key_problem, name_problem, reserved_reason
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.gitops.cnpg.brownfield import Adopted, adopted
from pgtenant.settings.model import Settings
from pgtenant.usecases.cnpg_look import Asked
from pgtenant.usecases.inputs import naming_policy
from pgtenant.usecases.render_cnpg import Done, insist_on_cluster, preview
from pgtenant.usecases.request.kept import kept

_NAME = "imported.tfvars"
_EMPTY = b"application_databases = {\n}\n"


@dataclass(frozen=True, slots=True)
class Imported:
    """What manifests amount to.

    Attributes:
        text: the catalog.
        entries: how many it has.
        left_out: what it can't say, and why.
        first: what the first `render cnpg --adopt` would write.
    """

    text: str
    entries: int
    left_out: Sequence[tuple[str, str]]
    first: Done


def import_cnpg(settings: Settings, environment: str, now: datetime) -> Imported:
    """Read the manifests of a cluster; nothing is written.

    Raises:
        UsageError: the environment has no cluster, or a manifest can't be read.
    """
    insist_on_cluster(settings, environment)
    cnpg = settings.cnpg.of(environment)
    directory = settings.root / cnpg.directory
    cluster = kept(settings, directory / cnpg.cluster_file)
    if cluster.data is None:
        raise UsageError(
            f"there is no manifest of the cluster at {cluster.display}",
            code=Code.NO_CLUSTER_MANIFEST,
        )
    others = [path for path in sorted(directory.glob("*.y*ml")) if path != cluster.path]
    files = {one.path.name: one.text for one in (cluster, *(kept(settings, p) for p in others))}
    policy = naming_policy(settings, environment)
    found = cluster.asked(
        lambda text: adopted(
            text,
            files,
            name=cnpg.cluster,
            namespace=cnpg.namespace,
            judge=lambda *named: _unfit(policy, *named),
        )
    )
    text = _catalog(environment, found)
    catalog = parse(text.encode(), display=_NAME, policy=policy)
    asked = Asked(keys=(), check=True, reseal=False, adopt=True, namespaces=(), now=now)
    first = preview(settings, environment, catalog, asked)
    return Imported(text, len(found.entries), found.left_out, first)


def _unfit(policy: NamingPolicy, key: str, role: str, database: str) -> str:
    problem = key_problem(key, policy.key)
    if problem:
        return f"its key {problem}"
    for name, pattern in ((role, policy.username), (database, policy.database_name)):
        problem = name_problem(name, pattern) or reserved_reason(
            name, admin=None, maintenance_database=None
        )
        if problem:
            return f"the name {name}: {problem}"
    return ""


def _catalog(environment: str, found: Adopted) -> str:
    data = _EMPTY
    for key, fields in found.entries.items():
        try:
            data = add_entry(data, Format.HCL, key, fields).data
        except EditError as error:
            raise UsageError(
                f"the entry {key} can't be written: {error.message}", code=Code.UNEDITABLE
            ) from None
    head = [f"The databases of {environment}, from the manifests of its cluster.", ""]
    head += [f"Left out, the {what}: {why}." for what, why in found.left_out]
    lines = "".join(f"# {one}".rstrip() + "\n" for one in head)
    return f"{lines}{data.decode()}"
