"""What the journals of real runs say, and a catalog whose runs have something to say."""

from __future__ import annotations

from typing import Any

from pgtenant.audit.journal import journal_path
from pgtenant.audit.verify import verify
from support.instance import Instance
from support.project import Project
from support.siege import SHOP

ENTRIES = {**SHOP, "shop": {**SHOP["shop"], "initial_schema": "mine.sql"}}
SCHEMA = "CREATE TABLE public.orders (id int); INSERT INTO public.orders VALUES (1);"


def records(project: Project) -> list[dict[str, Any]]:
    verdict = verify(journal_path(project.audit).read_bytes())
    assert verdict.misfit is None
    return [dict(link.members) for link in verdict.links]


def of_run(found: list[dict[str, Any]], run_id: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in found if (one["run_id"], one["kind"]) == (run_id, kind)]


def planned(found: list[dict[str, Any]], run_id: str) -> list[str]:
    groups = of_run(found, run_id, "planned")
    return [change["id"] for group in groups for change in group["changes"]]


def recorded(found: list[dict[str, Any]], run_id: str) -> list[str]:
    return [key for one in of_run(found, run_id, "record") for key in one.get("changes", ())]


def settled(found: list[dict[str, Any]], run_id: str) -> list[str]:
    rows = of_run(found, run_id, "record")
    return [key for one in rows if "settles" in one for key in one["settles"]["changes"]]


def forget(project: Project, instance: Instance) -> None:
    """Take away what the runs made, and what they said."""
    instance.su("DROP DATABASE IF EXISTS shop WITH (FORCE)")
    instance.su("DROP ROLE IF EXISTS shop_user, shop_reader")
    for path in (project.audit, journal_path(project.audit)):
        path.unlink(missing_ok=True)
