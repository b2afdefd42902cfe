"""Names are such that Kubernetes takes them, and text is YAML that says the same."""

from __future__ import annotations

import re

import pytest
import yaml

from pgtenant.gitops.manifest import checked_name, checked_namespace, name_of, text_of

# As the API server has it: validation.DNS1123SubdomainFmt.
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("my_app", "my-app-db"),
        ("orders", "orders-db"),
        ("a_", "a-db"),
        ("Weird.Key", "weird-key-db"),
        ("-x-", "x-db"),
        ("k" * 300, "k" * 250 + "-db"),
    ],
)
def test_what_a_key_is_called(key: str, name: str) -> None:
    assert name_of(key, "-db") == name
    assert SUBDOMAIN.fullmatch(name)
    assert len(name) <= 253


@pytest.mark.parametrize("key", ["", "_", "---", "ü"])
def test_what_leaves_nothing_gives_no_name(key: str) -> None:
    with pytest.raises(ValueError, match="no name for an object"):
        name_of(key, "-db")


@pytest.mark.parametrize("name", ["a", "a.b-c", "0", "x" * 253])
def test_names(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a..b", "a\n", "x" * 254, "ä"])
def test_no_names(name: str) -> None:
    with pytest.raises(ValueError, match="no name for an object"):
        checked_name(name)


@pytest.mark.parametrize("name", ["", "a.b", "A", "a\n", "x" * 64])
def test_no_namespaces(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a namespace"):
        checked_namespace(name)
    assert checked_namespace("x" * 63) == "x" * 63


def test_text_says_what_the_objects_do() -> None:
    objects: list[dict[str, object]] = [
        {"name": "1e3", "on": "{{ .x }}", "long": "word " * 400},
        {"b": ["no", "~", ""]},
    ]
    text = text_of(objects, head="Made here.\n\nIt holds nothing.")
    assert text.startswith("# Made here.\n#\n# It holds nothing.\nname: '1e3'\n")
    assert list(yaml.safe_load_all(text)) == objects


@pytest.mark.parametrize(
    "text", ["a\x85b", "a\nb\x85", "---\n'\u2028", "\u2029", "a\r\nb", "\n a\n", "a\n\n"]
)
def test_line_ends_that_only_some_readers_know_are_escaped(text: str) -> None:
    written = text_of([{"a": text, "b": [{"c": text}]}])
    assert yaml.safe_load(written) == {"a": text, "b": [{"c": text}]}
    assert not re.search("[\r\x85\u2028\u2029]", written)
