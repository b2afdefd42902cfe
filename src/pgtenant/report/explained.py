"""Codes and what there is to say about them, for a terminal and as pages of docs/errors."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

from pgtenant.codes import DOCUMENTATION, TOPICS, Code, Topic
from pgtenant.codes.explained import Section, page_of, section_of

_LINK: Final = re.compile(r"\[([^]]+)\]\(([^)]+)\)")
_LABEL: Final = re.compile(r"\*\*(\w+)\.\*\*")
_QUOTE: Final = "    "
_MADE: Final = "Made from the code by `make docs-reference`; a test compares them."

_INTRODUCTION: Final = """\
Every error, and every reason that blocks an entry, has a code. It stays when its message is worded
anew, so scripts and tickets can name it: a terminal has it in the last line, JSON as `code`.
`pgtenant explain PGT-0501` prints what stands here, without a network.
"""


def explained_text(code: Code, width: int) -> str:
    """Return a section for a terminal.

    Args:
        code: which.
        width: columns; what is quoted is not broken.
    """
    section = section_of(code)
    parts = (f"{code}: {section.title}", *section.text.split("\n\n"), f"See {code.page}.")
    return "\n\n".join(_part(part, width) for part in parts) + "\n"


def codes_text(width: int) -> str:
    """Return every code with its title, by topic.

    Args:
        width: columns.
    """
    return "\n".join(line for topic in TOPICS for line in _listed(topic, width))


def _listed(topic: Topic, width: int) -> Iterator[str]:
    yield topic.title
    for one in page_of(topic).sections:
        lead = f"  {one.code}  "
        yield textwrap.fill(
            f"{lead}{one.title}",
            width,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        )
    yield ""


def _part(part: str, width: int) -> str:
    if part.startswith("```"):
        return textwrap.indent("\n".join(part.splitlines()[1:-1]), _QUOTE)
    plain = _LABEL.sub(r"\1:", _LINK.sub(_lead, " ".join(part.split())))
    return textwrap.fill(plain, width, break_long_words=False, break_on_hyphens=False)


def _lead(link: re.Match[str]) -> str:
    return f"{link[1]} ({link[2].replace('../', 'docs/', 1)})"


def topic_page(topic: Topic) -> str:
    """Return the page of a topic as Markdown."""
    page = page_of(topic)
    listed = (f"- [{one.code}](#{one.code.lower()}): {one.title}" for one in page.sections)
    head = (f"# {topic.title}", f"{_MADE}\n[All codes](index.md).", page.head, "\n".join(listed))
    return "\n\n".join((*head, *map(_section_page, page.sections))) + "\n"


def _section_page(section: Section) -> str:
    return f"## {section.code}\n\n{section.title}\n\n{section.text}"


def codes_page() -> str:
    """Return the page that leads to all codes as Markdown."""
    rows = (
        f"| [{one.code}]({topic.page}.md#{one.code.lower()}) | {one.title} |\n"
        for topic in TOPICS
        for one in page_of(topic).sections
    )
    return (
        f"# Codes of errors\n\n{_MADE}\n{_INTRODUCTION}\n| code | |\n| --- | --- |\n{''.join(rows)}"
    )


def pages() -> dict[str, str]:
    """Return every page by its path, from the root of the repository on."""
    made = {f"{DOCUMENTATION}/{topic.page}.md": topic_page(topic) for topic in TOPICS}
    return {f"{DOCUMENTATION}/index.md": codes_page(), **made}
