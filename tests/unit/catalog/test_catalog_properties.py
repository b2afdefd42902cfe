"""What holds for every text: a catalog or a `CatalogError`, and the same entries in any layout."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pgtenant.catalog.hcl_values import heredoc, unescape
from pgtenant.catalog.load import parse
from pgtenant.catalog.model import Entry
from pgtenant.errors import CatalogError, Problem
from unit.catalog.layouts import catalogs, hcl_files, json_files

HCL = """\
region = "eu"
application_databases = {
  "shop" = { # the shop
    database_name = "shop", username : "shop_user"
    extensions    = ["citext", "uuid-ossp",]
    connection_limit = 2e1 /* many */
    owner = "a\\tb$${c}"
    tenancy = { runtime_role = true }
  }
  note = {
    database_name = <<-EOT
      ${x}
      EOT
    username = lower("A")
  }
}
"""
JSON = """{"application_databases": {"shop": {
  "database_name": "shop", "username": "shop_user", "extensions": ["a", "b"],
  "connection_limit": 1.5e1, "createdb": true, "owner": null, "tenancy": {}}}}
"""
YAML = """\
base: &base {a: 1}
application_databases:
  shop:
    database_name: "shop"
    username: !!str shop_user
    extensions: [a, b]
    tenancy: {runtime_role: yes}
    connection_limit: 12 # x
    owner: |
      text
    <<: *base
"""
FILES = {"a.tfvars": HCL.encode(), "a.json": JSON.encode(), "a.yaml": YAML.encode()}
PIECES = (
    *"{}[]()\"'=:,\n\r\t #*/\\$%<>-&|!?~.0x\0",
    "application_databases = {",
    "${",
    "%{",
    "$${",
    "/*",
    "*/",
    "//",
    "<<EOT\n",
    "<<-E\n",
    "EOT\n",
    "null",
    "true",
    '"a"',
    "a = ",
    "1e9",
    "\u00e9",
    "\u2028",
    "\ufeff",
    "\U0001f600",
    "- ",
    "&a ",
    "*a",
    "!!x ",
    "? ",
    "---\n",
    "|\n  ",
    "for x in y : x",
)


def outcome(data: bytes, display: str) -> None:
    """Parse; anything but a catalog or a `CatalogError` with printable problems fails."""
    problems: tuple[Problem, ...] = ()
    try:
        parse(data, display=display)
    except CatalogError as error:
        problems = error.problems or (Problem(display, -1, "", "", ""),)
    # YAML also breaks lines at some characters that are not ASCII.
    lines = len(data.decode("utf-8", "replace").splitlines()) + 1
    for problem in problems:
        assert 0 <= problem.line <= lines
        assert problem.message
        assert len(problem.message) < 1000
        shown = problem.entry + problem.field + problem.message.replace("\n    ", "")
        assert shown.isascii()
        assert shown.isprintable()


@pytest.mark.parametrize("display", FILES)
@settings(max_examples=150, deadline=None)
@given(text=st.text() | st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text(display: str, text: str) -> None:
    outcome(text.encode("utf-8", "surrogatepass"), display)


@pytest.mark.parametrize("display", FILES)
@settings(max_examples=100, deadline=None)
@given(data=st.binary())
def test_any_bytes(display: str, data: bytes) -> None:
    outcome(data, display)


@pytest.mark.parametrize(("display", "data"), FILES.items(), ids=FILES)
def test_a_file_cut_anywhere(display: str, data: bytes) -> None:
    for length in range(len(data)):
        outcome(data[:length], display)
        outcome(data[length:], display)


@pytest.mark.parametrize("display", FILES)
@settings(max_examples=150, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 4), st.sampled_from(PIECES)),
        min_size=1,
        max_size=5,
    )
)
def test_a_file_with_random_edits(display: str, edits: list[tuple[int, int, str]]) -> None:
    data = FILES[display]
    for position, removed, piece in edits:
        data = data[:position] + piece.encode() + data[position + removed :]
    outcome(data, display)


@pytest.mark.parametrize("display", FILES)
@settings(max_examples=100, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_file_with_random_bytes(display: str, edits: list[tuple[int, int]]) -> None:
    data = bytearray(FILES[display])
    for position, byte in edits:
        data[position % len(data)] = byte
    outcome(bytes(data), display)


@settings(max_examples=60, deadline=None)
@given(file=hcl_files(catalogs()))
def test_every_hcl_layout_says_the_same(file: tuple[tuple[Entry, ...], str]) -> None:
    wanted, text = file
    assert parse(text.encode(), display="a.tfvars").entries == wanted


@settings(max_examples=40, deadline=None)
@given(file=json_files(catalogs()))
def test_every_json_layout_says_the_same(file: tuple[tuple[Entry, ...], str]) -> None:
    wanted, text = file
    assert parse(text.encode(), display="a.json").entries == wanted


@settings(max_examples=40, deadline=None)
@given(
    file=json_files(catalogs()),
    flow=st.sampled_from([None, False, True]),
    allow_unicode=st.booleans(),
)
def test_every_yaml_layout_says_the_same(
    file: tuple[tuple[Entry, ...], str], flow: bool | None, allow_unicode: bool
) -> None:
    wanted, text = file
    written = yaml.dump(
        json.loads(text),
        Dumper=yaml.CSafeDumper,
        default_flow_style=flow,
        sort_keys=False,
        allow_unicode=allow_unicode,
    )
    assert parse(written.encode(), display="a.yaml").entries == wanted


@given(text=st.text())
@example(text='"\\${%{\r\n')
def test_unescape_undoes_escaping(text: str) -> None:
    escaped = "".join(f"\\U{ord(char):08X}" for char in text if not 0xD800 <= ord(char) < 0xE000)
    assert unescape(escaped) == "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000)


# As `terraform console` answers.
@pytest.mark.parametrize(
    ("body", "strip", "wanted"),
    [
        ("", False, ""),
        ("  a\n\tb\n", False, "  a\n\tb\n"),
        ("   foo $${x} \\n\n  bar\n\n", True, " foo ${x} \\n\nbar\n\n"),
        ("\t\tx\n  y\n", True, "x\ny\n"),
        ("    a\n  b\n\n \n      c\n", True, "  a\nb\n\n \n    c\n"),
    ],
)
def test_heredocs(body: str, strip: bool, wanted: str) -> None:
    assert heredoc(body, strip=strip) == wanted


def many(count: int) -> str:
    entries = (
        f'  app_{i} = {{\n    database_name = "app_{i}" # its own\n    username = "app_{i}_user"\n'
        f'    extensions = ["citext", "uuid-ossp"]\n    owner = "team-{i}"\n  }}\n'
        for i in range(count)
    )
    return "application_databases = {\n" + "".join(entries) + "}\n"


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ("", ""),
        ("app_", "App_"),
        ("owner =", "ownr ="),
        ('owner = "team', 'access_level = "reader"\n    owner = "team'),
        ('citext", ', 'citext" '),
        ("  }\n", "\n"),
        ("{", "}"),
    ],
    ids=["good", "names", "fields", "owners", "commas", "braces", "backwards"],
)
@pytest.mark.timeout(120)  # seconds of work; what is quadratic takes many minutes
def test_5000_entries_come_to_an_end_whatever_is_wrong(change: str, by: str) -> None:
    data = many(5000).replace(change, by).encode() if change else many(5000).encode()
    outcome(data, "a.tfvars")


@pytest.mark.parametrize("opening", ["[", "{a=", "(", "-", '"${', "{", "}", "a = <<X\n", '"', "/*"])
@pytest.mark.timeout(120)
def test_deep_nesting_comes_to_an_end(opening: str) -> None:
    outcome(b"application_databases = " + opening.encode() * 20_000, "a.tfvars")
    closing = {"[": "]", "{a=": "}", "(": ")", '"${': '}"'}.get(opening, "")
    outcome(f"application_databases = {opening * 20_000}1{closing * 20_000}".encode(), "a.tfvars")
