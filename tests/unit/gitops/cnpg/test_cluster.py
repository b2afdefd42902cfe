"""Roles in the manifest of a cluster: what is changed, what is left alone, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import yaml

from pgtenant.catalog.edit import EditError
from pgtenant.gitops.cnpg.cluster import Role, WithRoles, with_roles
from pgtenant.planning.marker import Marker
from unit.gitops.cnpg.clusters import NAME, NAMESPACE

SHOP = Role("shop-user", Marker("dev", "shop"), createdb=True, connection_limit=-1, secret="s")
MARKER = SHOP.marker.text()
HEAD = f"""\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: {NAME}
  annotations:
    argocd.argoproj.io/sync-wave: "1"
spec:
  instances: 3
"""


def edited(text: str, roles: Sequence[Role] = (SHOP,), *, adopt: bool = False) -> WithRoles:
    return with_roles(text, roles, name=NAME, namespace=NAMESPACE, adopt=adopt)


def with_item(*lines: str) -> str:
    return HEAD + "  managed:\n    roles:\n    - " + "\n      ".join(lines) + "\n  logLevel: info\n"


def test_what_stands_there_in_short_is_enough() -> None:
    text = with_item(
        "name: shop-user", f"comment: '{MARKER}'", "login: true", "createdb: true",
        "passwordSecret: {name: s}",
    )  # fmt: skip
    assert edited(text).text == text


def test_only_what_differs_is_changed() -> None:
    text = with_item(
        "name: shop-user  # the shop's", f"comment: '{MARKER}'", "createdb: false # no",
        "superuser: true", "inRoles: [pg_monitor]", "passwordSecret:", "  name: 'other' # old",
        "login: yes", "connectionLimit: 7",
    )  # fmt: skip
    after = edited(text).text
    assert after == text.replace("createdb: false #", "createdb: true #").replace(
        "superuser: true", "superuser: false"
    ).replace("'other'", "s").replace("connectionLimit: 7", "connectionLimit: -1")


def test_a_role_of_one_line_gets_what_it_lacks() -> None:
    after = edited(with_item(f"comment: '{MARKER}'\n      name: shop-user")).text
    [role] = yaml.safe_load(after)["spec"]["managed"]["roles"]
    assert role["passwordSecret"] == {"name": "s"}
    assert role["login"] is True
    only_a_name = edited(with_item("name: shop-user"), adopt=True).text
    [role] = yaml.safe_load(only_a_name)["spec"]["managed"]["roles"]
    assert role["comment"] == MARKER


def test_a_role_that_is_not_ours_is_blocked() -> None:
    text = with_item("name: shop-user", "comment: The shop's.", "login: true")
    done = edited(text)
    assert done.text == text
    assert "is not pgtenant's" in done.blocked["shop-user"]
    adopted = edited(text, adopt=True)
    assert not adopted.blocked
    [role] = yaml.safe_load(adopted.text)["spec"]["managed"]["roles"]
    assert role["comment"] == f"The shop's.\n{MARKER}"
    assert edited(adopted.text).text == adopted.text


@pytest.mark.parametrize("marker", [Marker("prod", "shop"), Marker("dev", "crm")])
def test_a_role_of_another_entry_is_blocked_always(marker: Marker) -> None:
    text = with_item("name: shop-user", f"comment: '{marker.text()}'")
    done = edited(text, adopt=True)
    assert done.text == text
    assert "belongs to" in done.blocked["shop-user"]
    assert done.marked == {"shop-user": marker}


def test_a_blocked_role_does_not_hold_up_the_others() -> None:
    text = with_item("name: shop-user", "login: true")
    other = replace(SHOP, name="crm", marker=Marker("dev", "crm"))
    done = edited(text, (SHOP, other))
    assert list(done.blocked) == ["shop-user"]
    assert "- name: crm" in done.text


def test_a_wave_without_quotes_becomes_a_text() -> None:
    text = HEAD.replace('"1"', "1")
    assert edited(text, ()).text == HEAD


def test_of_two_clusters_the_one_with_the_name_is_edited() -> None:
    other = HEAD.replace(NAME, "other")
    after = edited(f"{other}---\n{HEAD}---\n{other}").text
    assert after.startswith(f"{other}---\n{HEAD}  managed:")
    assert after.endswith(f"---\n{other}")


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("", f'has no Cluster "{NAME}", but none at all', 0),
        (HEAD.replace(NAME, "other"), f'has no Cluster "{NAME}", but "other"', 0),
        (HEAD.replace("cnpg.io", "example"), "but none at all", 0),
        (f"{HEAD}---\n{HEAD}", "has a second Cluster", 9),
        (HEAD.replace("metadata:", "metadata:\n  namespace: b"), "in another namespace than", 4),
        (HEAD + "  managed:\n\troles: []\n", "this is not valid YAML", 10),
        (HEAD + "  x: &a []\n  managed:\n    roles: *a\n", "is an alias", 11),
        (HEAD + "  x: &a {roles: []}\n  managed:\n    <<: *a\n", "is an alias", 11),
        (HEAD + "  managed:\n    roles: {}\n", "must be a sequence", 10),
        (HEAD + "  managed: []\n", "must be a mapping", 9),
        (HEAD + "  managed:\n    roles:\n    - a\n", "must be a mapping", 11),
        (HEAD + "  managed:\n    roles:\n    - login: true\n", "without a name", 11),
        (HEAD + "  managed:\n    roles:\n    - &r {name: a}\n    - *r\n", "is an alias", 12),
        (with_item("name: a", "name: b"), 'has "name" twice', 12),
        (HEAD + "  managed:\n    roles: [{name: a}, {name: a}]\n", 'has the role "a" twice', 10),
        (HEAD + "#" * 2_000_000, "is larger than 1.5 MiB", 0),
        (HEAD + "  instances: 4\n", 'has "instances" twice', 9),
    ],
)
def test_what_can_t_be_edited_is_refused(text: str, said: str, line: int) -> None:
    with pytest.raises(EditError) as caught:
        edited(text)
    assert said in caught.value.message
    assert caught.value.line == line


def test_lines_count_from_the_start_of_the_file() -> None:
    with pytest.raises(EditError) as caught:
        edited(f"a: 1\n---\n{HEAD}  managed: []\n")
    assert caught.value.line == 11


def test_anchors_elsewhere_do_no_harm() -> None:
    text = HEAD + "  x: &a {b: 1}\n  y: *a\n  managed:\n    roles: []\n"
    assert edited(text).text.startswith(text.removesuffix(" []\n"))


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("  managed:\n    roles: &r\n    - name: a\n  x: *r\n", 10),
        ("  managed: &m\n    roles: []\n  x: *m\n", 9),
        ("  managed:\n    roles: &r []\n  x: *r\n", 10),
        ("  managed:\n    roles:\n    - name: shop-user\n      login: &l false\n  x: *l\n", 12),
        ("  x: &l 1\n  managed:\n    roles: [{name: shop-user, login: &l no}]\n  y: *l\n", 11),
    ],
)
def test_what_an_alias_repeats_elsewhere_is_not_changed(more: str, line: int) -> None:
    with pytest.raises(EditError, match="that repeats it elsewhere") as caught:
        edited(f"a: 1\n---\n{HEAD}{more}", adopt=True)
    assert caught.value.line == line + 2


ANCHORS = """\
    roles:
    - &a
      name: a
    - inRoles: &l [c]
      name: b
    - {name: d, x: *l}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    roles: &r\n    - name: a\n", "    roles: &r\n    - name: a\n    @"),
        ("    roles: !!seq # x\n      # y\n      - name: a\n",
         "    roles: !!seq # x\n      # y\n      - name: a\n      @"),
        (ANCHORS, f"{ANCHORS}    @"),
        ("    roles:\n    - name: a\n      # its comment\n    # not its\n    # comment\n",
         "    roles:\n    - name: a\n      # its comment\n    @    # not its\n    # comment\n"),
    ],
)  # fmt: skip
def test_properties_and_comments_around_items_stay_where_they_are(before: str, after: str) -> None:
    text = edited(f"{HEAD}  managed:\n{before}").text
    above, below = f"{HEAD}  managed:\n{after}".split("@")
    assert text.startswith(f"{above}- name: shop-user\n")
    assert text.endswith(below)


@pytest.mark.parametrize("empty", ["roles: [ # none\n    ]\n", "{ # none\n    }\n"])
def test_a_comment_in_empty_brackets_stays(empty: str) -> None:
    more = f"  managed: {empty}" if empty.startswith("{") else f"  managed:\n    {empty}"
    after = edited(HEAD + more).text
    assert after.count("# none\n") == 1
    [role] = yaml.safe_load(after)["spec"]["managed"]["roles"]
    assert role["name"] == "shop-user"


def test_carriage_returns_alone_are_refused() -> None:
    with pytest.raises(EditError, match="carriage return") as caught:
        edited(HEAD + "  x: 1 # old\r  y: 2\n")
    assert caught.value.line == 9


def test_what_no_edit_fits_into_is_refused_and_no_traceback() -> None:
    with pytest.raises(EditError, match="is laid out in a way"):
        edited(HEAD + "  managed: {roles}\n")
