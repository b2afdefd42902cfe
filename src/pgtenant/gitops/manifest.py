"""What all manifests have in common: names that Kubernetes takes, and their text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import yaml

_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SUBDOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63

# What is text to every reader of YAML: Go's take 1e3 for a number and y for a truth value.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]+")
# What ends a line to some readers of YAML and not to others, so that only an escape is safe.
_BREAKS: Final = re.compile("[\r\x85\u2028\u2029]")
_WORDS: Final = frozenset({"yes", "no", "on", "off", "true", "false", "null"})


class _Dumper(yaml.SafeDumper):
    """Quotes what could be something else than text."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS
    style = None if plain else "|" if "\n" in text else "'"
    if _BREAKS.search(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


def name_of(text: str, suffix: str = "") -> str:
    """Return the name that something of the catalog has in Kubernetes: `my_app` is `my-app`.

    Different texts can get the same name.

    Args:
        text: a key, a role or a database.
        suffix: what is added, such as `-db`.

    Raises:
        ValueError: it has nothing that a name can begin with.
    """
    plain = re.sub("[^a-z0-9-]", "-", text.lower())[: _LONGEST_NAME - len(suffix)].strip("-")
    return checked_name(f"{plain}{suffix}")


def checked_name(name: str) -> str:
    """Return the name of an object, if Kubernetes takes it.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/

    Raises:
        ValueError: it does not; the message says why.
    """
    if len(name) > _LONGEST_NAME or _SUBDOMAIN.fullmatch(name) is None:
        raise ValueError(
            f"is no name for an object in Kubernetes: at most {_LONGEST_NAME} lower-case letters,"
            " digits, hyphens and dots, with a letter or digit at both ends"
        )
    return name


def checked_namespace(name: str) -> str:
    """Return the name of a namespace, if Kubernetes takes it.

    Raises:
        ValueError: it does not; the message says why.
    """
    if len(name) > _LONGEST_LABEL or re.fullmatch(_LABEL, name) is None:
        raise ValueError(
            f"is no name for a namespace: at most {_LONGEST_LABEL} lower-case letters, digits and"
            " hyphens, with a letter or digit at both ends"
        )
    return name


def text_of(manifests: Iterable[Mapping[str, object]], *, head: str = "") -> str:
    """Return manifests as one YAML file.

    Args:
        manifests: in their order; no object twice, because YAML would refer to it.
        head: what a comment above them says, in lines without the `#`.
    """
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())
    documents = (
        yaml.dump(dict(one), Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
        for one in manifests
    )
    return comment + "---\n".join(documents)
