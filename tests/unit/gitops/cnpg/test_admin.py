"""pgtenant's own role among those of a cluster."""

from __future__ import annotations

import pytest
import yaml

from pgtenant.catalog.edit import EditError
from pgtenant.gitops.cnpg.admin import COMMENT, Admin, marked, with_admin
from pgtenant.planning.marker import Marker

ADMIN = Admin("pgtenant_admin", "dev", "pgtenant-admin-db-creds")
WHERE = {"name": "postgres-shared", "namespace": "postgres"}
HEAD = """\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: postgres-shared, namespace: postgres}
spec:
  managed:
    roles:
"""


def role(name: str, more: str = "", environment: str = "dev") -> str:
    marker = Marker(environment, name).text()
    return f"    - name: {name}\n      comment: '{marker}'\n{more}"


def ours(in_roles: str) -> str:
    return (
        f'    - name: pgtenant_admin\n      comment: "{COMMENT}"\n      login: true\n'
        "      inherit: false\n      passwordSecret: {name: pgtenant-admin-db-creds}\n"
        f"      inRoles:{in_roles}\n"
    )


def in_roles(text: str) -> object:
    roles = {one["name"]: one for one in yaml.safe_load(text)["spec"]["managed"]["roles"]}
    return roles["pgtenant_admin"].get("inRoles")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n      - a  # first\n      - b", "\n      - a  # first\n      - b\n      - c"),
        (" [a, b]", " [a, b, c]"),
        (" [a, b,]", " [a, b, c,]"),
        ('\n        - "a"\n        - "b"', '\n        - "a"\n        - "b"\n        - c'),
    ],
)
def test_a_role_is_added_as_the_others_are_written(before: str, after: str) -> None:
    roles = HEAD + role("a") + role("b") + role("c")
    done = with_admin(roles + ours(before), ADMIN, **WHERE)
    assert done == roles + ours(after)
    assert with_admin(done, ADMIN, **WHERE) == done


@pytest.mark.parametrize("empty", ["", " []", " null"])
def test_of_nothing_it_becomes_a_sequence(empty: str) -> None:
    done = with_admin(HEAD + role("a") + ours(empty), ADMIN, **WHERE)
    assert in_roles(done) == ["a"]


def test_only_roles_of_the_environment_that_stay_are_its() -> None:
    text = HEAD + role("a") + role("b", "      ensure: absent\n") + role("c", environment="prod")
    text += "    - name: by-hand\n"
    done = with_admin(text, ADMIN, **WHERE)
    assert in_roles(done) == ["a"]
    assert done.startswith(text)
    assert marked(done, "dev", {}, **WHERE) == {"a", "b"}


def test_without_roles_it_is_a_member_of_none() -> None:
    assert in_roles(with_admin(HEAD + "    - name: by-hand\n", ADMIN, **WHERE)) is None


@pytest.mark.parametrize("wrong", [" a", " {a: b}"])
def test_what_is_no_sequence_is_refused(wrong: str) -> None:
    with pytest.raises(EditError, match="must be a sequence"):
        with_admin(HEAD + role("a") + ours(wrong), ADMIN, **WHERE)
