"""A stage of a retirement as it is shown before it is carried out."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.planning.findings import Blocked
from pgtenant.planning.retirement.steps import Batch
from pgtenant.planning.sql.script import Lending


@dataclass(frozen=True, slots=True)
class View:
    """What a stage does, or would.

    Attributes:
        entry: the key.
        stage: `disable`, `undo` or `drop`.
        batches: in the order in which they run.
        blocked: what is in the way; with any, nothing is changed.
        notes: what else there is to know, for people.
        told: whether an operator is told what is to be done to roles and databases.
        waits: what others have to do before the stage is done, for people; empty for nothing.
    """

    entry: str
    stage: str
    batches: tuple[Batch, ...]
    lending: Lending
    blocked: tuple[Blocked, ...] = ()
    notes: tuple[str, ...] = ()
    told: bool = False
    waits: str = ""
