"""The plans for a pull request, as its one comment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pgtenant.report.markdown import LIMIT

MARK: Final = "<!-- rds-plan -->"
"""What the comment begins with, and is found again by."""

FENCE: Final = "`" * 8
"""What a plan begins and ends a block with: it has to be longer than any that it shows."""

_SPARE: Final = 100  # characters, for what is said of a text that was cut


def plan_comment(texts: Sequence[str]) -> str:
    """Return the body of a comment, no longer than GitHub takes.

    Args:
        texts: the plans, in Markdown. One that was cut off may lack the end of its last block.
    """
    text = "\n\n".join(texts) or "No plan could be made: the run's log says why."
    room = LIMIT - _SPARE
    if len(text) > room:
        text = text[:room].rstrip("`")
        if text.count(FENCE) % 2:
            text += f"\n{FENCE}"
        text += "\n\nThe rest is in the run's artifacts."
    return f"{MARK}\n{text}"
