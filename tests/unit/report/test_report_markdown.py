from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from pgtenant.planning.desired import InitialSchema
from pgtenant.report.markdown import LIMIT, code, escape, fence, plan_markdown

from . import samples


@pytest.mark.parametrize(
    "text", ["`", "``", "a`b", "`a", "a``b`", " ", "a|b", "<b>", "\n# x", " a ", "@org/team"]
)
def test_code_is_shown_as_it_is(text: str) -> None:
    tokens = MarkdownIt("commonmark").parseInline(code(text))[0].children or []
    assert [(token.type, token.content) for token in tokens] == [
        ("code_inline", text.replace("\n", "\\n"))
    ]


@pytest.mark.parametrize(
    "text", ["a|b_c*d*[x](y)`z`", "<script>&amp;", "~~x~~", "![i](u)", "\\_", samples.HOSTILE]
)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parseInline(f"x {escape(text)}")
    shown = [t for t in tokens[0].children or [] if t.type != "html_inline"]
    assert {token.type for token in shown} <= {"text", "text_special"}
    assert "".join(token.content for token in shown) == "x " + text.encode(
        "unicode_escape"
    ).decode().replace("\\\\", "\\")


def test_nobody_is_mentioned_and_nothing_is_linked() -> None:
    text = escape("@org/team #12 https://x.example www.x.example")
    assert not re.search(r"@\w|#\d|://|www\.\w", text)


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert fence("x") == "```"
    assert fence("a ```` b") == "`````"


def test_hostile_names_open_and_close_nothing() -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(plan_markdown(samples.hostile_plan()))
    blocks = [token for token in tokens if token.type == "html_block"]
    assert {re.sub(r">[^<]+<", "><", token.content.strip()) for token in blocks} == {
        "<details><summary></summary>",
        "</details>",
    }
    inline = [child for token in tokens for child in token.children or []]
    assert {child.content for child in inline if child.type == "html_inline"} == {"<!-- -->"}
    assert not any(child.type == "link_open" for child in inline)


def test_schema_text_cannot_leave_its_fence() -> None:
    schema = InitialSchema("evil", "SELECT '\n```\n</details>\n# x\n````\n';")
    plan = samples.plan_of((replace(samples.simple("orders"), initial_schema=schema),))
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(plan_markdown(plan))
    headings = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open"]
    assert headings == ["pgtenant plan for `dev`", "Changes"]


@pytest.mark.parametrize("changed", [200, 600])
def test_a_comment_stays_below_the_limit(changed: int) -> None:
    text = plan_markdown(samples.many_plan(changed, changed=changed))
    assert len(text) < LIMIT
    assert "left out here" in text
    assert text.count("<details>") == text.count("</details>")


def test_no_change_is_short() -> None:
    assert plan_markdown(samples.unchanged_plan()) == (
        "### pgtenant plan for `dev`\n\n**No changes. 3 entries are as declared.**\n"
    )
