"""Saved plans: what was reviewed is what runs, or nothing does.

A saved plan holds no secret and no credentials, only what the plan showed. `apply` makes
the plan anew, under the run lock, and goes on only when it is still the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pgtenant import __version__
from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.files import read_given, write_given
from pgtenant.planning.plan import Plan
from pgtenant.report.jsonout import json_text, plan_json
from pgtenant.report.safe import shown
from pgtenant.usecases.inputs import Inputs

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan as it was when it was saved.

    Attributes:
        server: `host:port` of the instance.
        catalog: SHA-256 of the catalog's entries.
        only: the keys that it was limited to.
        plan: the plan's JSON object, with its `changes` and what is `blocked`.
    """

    environment: str
    server: str
    catalog: str
    only: tuple[str, ...]
    authoritative: bool
    trust_markers: bool
    plan: dict[str, Any]


def save_plan(path: Path, plan: Plan, inputs: Inputs) -> None:
    """Write a plan to a file.

    Raises:
        UsageError: the file can't be written.
    """
    document = {
        "pgtenant_plan": FORMAT,
        "pgtenant_version": __version__,
        "environment": plan.environment,
        "server": _server(inputs),
        "catalog": catalog_digest(inputs),
        "only": sorted(inputs.only or ()),
        "authoritative": inputs.desired.authoritative,
        "trust_markers": inputs.desired.trust_markers,
        "plan": plan_json(plan),
    }
    try:
        write_given(path, json_text(document).encode(), private=True)
    except OSError as error:
        raise UsageError(
            f"the plan can't be saved to {path}: {error.strerror}", code=Code.UNWRITABLE_FILE
        ) from None


def read_plan(path: Path) -> SavedPlan:
    """Read a saved plan.

    Raises:
        UsageError: it can't be read, is no saved plan, or one of another format or version.
    """
    try:
        document = json.loads(read_given(path))
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror}", code=Code.UNREADABLE_PLAN
        ) from None
    except (ValueError, RecursionError):
        document = None
    match document:
        case {"pgtenant_plan": int(found)} if found != FORMAT:
            raise _of_another(path, f"format {found}", f"writes and reads {FORMAT}")
        case {"pgtenant_version": str(found)} if found != __version__:
            # The same SQL need not be all that two versions do.
            raise _of_another(path, f"pgtenant {found}", f"is {__version__}")
        case {
            "pgtenant_plan": int(),
            "pgtenant_version": str(),
            "environment": str(environment),
            "server": str(server),
            "catalog": str(catalog),
            "only": list(only),
            "authoritative": bool(authoritative),
            "trust_markers": bool(trust_markers),
            "plan": {"changes": list(changes), "blocked": list(blocked)} as plan,
        } if _all(only, str) and _described(changes) and _described(blocked):
            return SavedPlan(
                environment, server, catalog, tuple(only), authoritative, trust_markers, plan
            )
    raise UsageError(
        f"{path} is not a saved plan",
        hint="make one with `pgtenant plan -e ENV --out FILE`",
        code=Code.UNREADABLE_PLAN,
    )


def check_fresh(saved: SavedPlan, plan: Plan, inputs: Inputs, *, carried_out: bool = False) -> None:
    """Refuse a plan that is no longer what would happen, and say what moved.

    Args:
        saved: what was reviewed.
        plan: what would happen now.
        inputs: the run's.
        carried_out: the saved plan has been carried out, and what it opened shows more.

    Raises:
        PgtenantError: the server, the catalog or the state is another.
    """
    if carried_out:
        raise PgtenantError(
            f"the saved plan was carried out; what it opened shows {len(plan.changes)} more"
            " change(s) that it could not know, and they were not made",
            hint="make the plan again and have it reviewed",
            code=Code.STALE_PLAN,
        )
    moved: list[str] = []
    if saved.server != _server(inputs):
        moved.append(f"the instance was {saved.server} and is now {_server(inputs)}")
    if saved.catalog != catalog_digest(inputs):
        moved.append("the catalog's entries have changed")
    now = json.loads(json_text(plan_json(plan)))
    before, after = _keyed(saved.plan["changes"]), _keyed(now["changes"])
    moved += [f"no longer needed: {_title(before[key])}" for key in before if key not in after]
    moved += [f"new: {_title(after[key])}" for key in after if key not in before]
    if saved.plan["blocked"] != now["blocked"]:
        moved.append("other entries are blocked")
    if moved:
        shown = "\n".join(f"  {line}" for line in moved[:20])
        more = f"\n  and {len(moved) - 20} more" if len(moved) > 20 else ""
        raise PgtenantError(
            f"the saved plan is stale; nothing was changed:\n{shown}{more}",
            hint="make the plan again and have it reviewed",
            code=Code.STALE_PLAN,
        )


def catalog_digest(inputs: Inputs) -> str:
    """Return the SHA-256 of the catalog's entries: layout and comments do not count."""
    entries = tuple(replace(entry, line=0) for entry in inputs.catalog.entries)
    return hashlib.sha256(repr(entries).encode()).hexdigest()


def _of_another(path: Path, what: str, this: str) -> UsageError:
    return UsageError(
        f"{path} is a plan of {shown(what)}; this version {this}",
        hint="make the plan again with this version",
        code=Code.UNREADABLE_PLAN,
    )


def _described(items: list[object]) -> bool:
    """Return whether each is an object whose members are texts, as changes are."""
    return all(isinstance(item, dict) and _all(item.values(), str) for item in items)


def _all(items: Iterable[object], kind: type) -> bool:
    return all(isinstance(item, kind) for item in items)


def _server(inputs: Inputs) -> str:
    return f"{inputs.admin.host}:{inputs.admin.port}"


def _keyed(changes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {json.dumps(change, sort_keys=True): change for change in changes}


def _title(change: dict[str, Any]) -> str:
    about = change.get("database") or change.get("role") or ""
    return f"{change.get('kind')} {about} (entry {change.get('entry')})"
