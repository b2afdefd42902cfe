"""`pgtenant fleet plan-comment --pull-request`: one comment, written over at each run."""

from __future__ import annotations

from pgtenant.forge.model import Comments
from pgtenant.report.plan_comment import MARK


def keep_comment(forge: Comments, number: int, body: str) -> None:
    """Write a pull request's comment over the last one, which only a program can have written.

    Raises:
        ForgeError: the forge does not answer, or refuses.
    """
    ours = (o for o in forge.comments(number) if o.by_bot and o.body.startswith(MARK))
    if (last := next(ours, None)) is not None:
        forge.update_comment(last.number, body)
    else:
        forge.create_comment(number, body)
