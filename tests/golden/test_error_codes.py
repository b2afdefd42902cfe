"""Every error has a code, and every code a section that says what to do."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pgtenant
from pgtenant.codes import GONE, TOPICS, Code, Topic
from pgtenant.codes.explained import Section, page_of
from pgtenant.settings.specs import SPECS

SOURCE = Path(pgtenant.__file__).parent
SECTIONS = [section for topic in TOPICS for section in page_of(topic).sections]
ADVICE = (
    "give it `code=Code.…` of pgtenant.codes (or its class a `code`); where none fits, add the next"
    " number of the topic to `Code` and a section to src/pgtenant/codes, then `make docs-reference`"
)


@cache
def trees() -> dict[str, ast.Module]:
    """Return the source's modules, by their path below it."""
    return {
        str(file.relative_to(SOURCE)): ast.parse(file.read_text("utf-8"))
        for file in SOURCE.rglob("*.py")
        if "templates" not in file.parts
    }


@cache
def classes() -> dict[str, bool]:
    """Return each class of our errors, and whether it has a code of its own or its parent's."""
    found = {
        node.name: node
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"PgtenantError": False}
    while True:
        more = {
            name: known[base.id] or _assigns_code(node)
            for name, node in found.items()
            for base in node.bases
            if name not in known and isinstance(base, ast.Name) and base.id in known
        }
        if not more:
            return known
        known |= more


def _assigns_code(node: ast.ClassDef) -> bool:
    return any(
        isinstance(line, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "code" for target in line.targets)
        for line in node.body
    )


def without_code(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            has_code = classes().get(node.func.id, True)
            if not has_code and "code" not in {keyword.arg for keyword in node.keywords}:
                yield node


def test_every_error_that_is_made_has_a_code() -> None:
    bare = [
        f"src/pgtenant/{path}:{call.lineno}: {ast.unparse(call)[:120]}"
        for path, tree in trees().items()
        for call in without_code(tree)
    ]
    assert bare == [], ADVICE


def test_an_error_without_a_code_is_noticed() -> None:
    assert [*without_code(ast.parse("raise UsageError('no', hint='x')"))]
    assert not [*without_code(ast.parse("raise UsageError('no', code=Code.ARGUMENTS)"))]
    assert not [*without_code(ast.parse("raise LockHeldError('no')"))]
    assert not [*without_code(ast.parse("raise MissingSecretError('no')"))]
    assert not [*without_code(ast.parse("raise click.UsageError('no')"))]


def test_every_code_is_used() -> None:
    used = {
        node.attr
        for path, tree in trees().items()
        if not path.startswith("codes")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Code"
    } | {node.attr for node in ast.walk(trees()["errors.py"]) if isinstance(node, ast.Attribute)}
    unused = {code.name for code in Code} - used
    assert unused == set(), "nothing has this code: its number goes into `GONE`, its section away"


def test_a_number_is_given_once() -> None:
    assert GONE.isdisjoint(Code)
    assert all(re.fullmatch(r"PGT-\d{4}", code) for code in {*Code, *GONE})


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.page)
def test_a_page_has_a_section_for_each_of_its_codes(topic: Topic) -> None:
    written = [section.code for section in page_of(topic).sections]
    assert written == sorted(code for code in Code if code.topic is topic), (
        f"src/pgtenant/codes/{topic.page}.md has a section for each code of its topic, in order"
    )


def test_every_page_is_one_of_a_topic() -> None:
    there = {file.stem for file in (SOURCE / "codes").glob("*.md")}
    assert there == {topic.page for topic in TOPICS}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_a_section_says_what_why_and_what_to_do(section: Section) -> None:
    assert section.title.endswith(".")
    assert "\n" not in section.title
    parts = section.text.split("\n\n")
    kinds = [re.match(r"```text\n|\*\*Cause\.\*\* |\*\*Cure\.\*\* ", part) for part in parts]
    assert [kind[0].strip("`*. \n") for kind in kinds if kind] == ["text", "Cause", "Cure"]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_the_settings_that_a_section_names_are_there(section: Section) -> None:
    named = set(re.findall(r"`\[(\w+)\] (\w+)`", section.text))
    assert named - {(spec.section, spec.key) for spec in SPECS} == set()


def test_titles_differ() -> None:
    titles = Counter(section.title for section in SECTIONS)
    assert max(titles.values()) == 1
