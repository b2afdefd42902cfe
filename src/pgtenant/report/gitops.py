"""What the commands for a shared cluster found and wrote, for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.gitops.cnpg.status import Check, Verdict
from pgtenant.report.jsonout import cleaned
from pgtenant.report.requests import diff_text


@dataclass(frozen=True, slots=True)
class File:
    """A manifest that is different.

    Attributes:
        path: for people.
        before: what it held; None when it was not there.
        after: what it holds, or would.
    """

    path: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of the manifests of an environment.

    Attributes:
        files: those that are different.
        unsealed: why credentials would have to be sealed, by the path of their file.
        blocked: why nothing of an entry is written, by key.
        retired: since when an entry is out of service, by key.
        gone: the roles of entries that the catalog has no more, by key.
        former: the entries of roles that the catalog gives them no more, by role.
        unlisted: the manifests that a kustomization beside them leaves out.
    """

    files: Sequence[File]
    unsealed: Mapping[str, str]
    blocked: Mapping[str, str]
    retired: Mapping[str, str]
    gone: Mapping[str, str]
    former: Mapping[str, str]
    unlisted: Sequence[str]


NOTHING: Final = Rendered((), {}, {}, {}, {}, {}, ())


def rendered_json(rendered: Rendered, environment: str, *, written: bool) -> dict[str, Any]:
    """Return the object that `schemas/render-cnpg.schema.json` describes.

    Args:
        rendered: the manifests.
        environment: whose.
        written: whether the files are.
    """
    return cleaned({"environment": environment, "written": written, **_rendered(rendered)})


def imported_json(
    catalog: str, left_out: Sequence[tuple[str, str]], first: Rendered, environment: str
) -> dict[str, Any]:
    """Return the object that `schemas/import-cnpg.schema.json` describes."""
    return cleaned(
        {
            "environment": environment,
            "catalog": catalog,
            "left_out": [{"what": what, "why": why} for what, why in left_out],
            "first_render": _rendered(first),
        }
    )


def checks_json(checks: Sequence[Check], environment: str) -> dict[str, Any]:
    """Return the object that `schemas/verify-gitops.schema.json` describes."""
    found = Counter(one.verdict for one in checks)
    return cleaned(
        {
            "environment": environment,
            "checks": [
                {
                    "entry": one.entry,
                    "what": one.what,
                    "verdict": str(one.verdict),
                    "message": one.message,
                    "cure": one.cure,
                }
                for one in checks
            ],
            "summary": {str(verdict): found[verdict] for verdict in Verdict},
        }
    )


def _rendered(rendered: Rendered) -> dict[str, object]:
    return {
        "files": [
            {
                "path": one.path,
                "change": "create" if one.before is None else "edit",
                "diff": diff_text(one.path, one.before, one.after),
            }
            for one in rendered.files
        ],
        "unsealed": [{"path": path, "why": why} for path, why in rendered.unsealed.items()],
        "blocked": [{"entry": key, "reason": why} for key, why in rendered.blocked.items()],
        "retired": [{"entry": key, "since": at} for key, at in rendered.retired.items()],
        "gone": [{"entry": key, "role": role} for key, role in rendered.gone.items()],
        "former": [{"entry": key, "role": role} for role, key in rendered.former.items()],
        "unlisted": list(rendered.unlisted),
    }
