"""What there is to say about each code: the sections of the pages beside this file.

A page begins with what holds for all of its codes. A section begins with the code as its heading
and a sentence as its title; what follows is an example of the message, the cause, and the cure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from pgtenant.codes import Code, Topic

_HEADING: Final = re.compile(r"^## (PGT-\d{4})\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """What a page says about one code.

    Attributes:
        code: as its heading has it; a test holds the headings against `Code`.
        title: one sentence.
        text: Markdown, without heading and title; its links lead from docs/errors on.
    """

    code: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about a topic.

    Attributes:
        head: Markdown, which holds for all of its sections.
        sections: in the page's order.
    """

    head: str
    sections: tuple[Section, ...]


@cache
def page_of(topic: Topic) -> Page:
    """Return the page of a topic."""
    text = files(__package__).joinpath(f"{topic.page}.md").read_text("utf-8")
    head, *parts = _HEADING.split(text)
    return Page(head.strip(), tuple(map(_section, parts[::2], parts[1::2])))


def section_of(code: Code) -> Section:
    """Return what there is to say about a code."""
    return next(one for one in page_of(code.topic).sections if one.code == code)


def _section(code: str, text: str) -> Section:
    title, _, rest = text.strip().partition("\n\n")
    return Section(code, title, rest)
