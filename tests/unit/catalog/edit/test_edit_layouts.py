"""Where a new entry comes, and what it looks like there: as a person would have written it."""

from __future__ import annotations

import pytest

from pgtenant.catalog.check import Format
from pgtenant.catalog.edit import EditError, add_entry, change_entry, put
from pgtenant.catalog.edit.dialect import YAML

NEW = {"database_name": "stage", "username": "stage_user", "risk": "medium"}
BLOCK = """\
  stage = {
    database_name = "stage"
    username      = "stage_user"
    risk          = "medium"
  }
"""
LINE = 'stage = { database_name = "stage", username = "stage_user", risk = "medium" }'

DOCUMENTED = """\
application_databases = {
  keycloak = {
    database_name = "keycloak"
    username      = "keycloak_user"
  }
  backstage = {
    database_name = "backstage"
    username      = "backstage_user"
  }
@  # ... additional applications
}
"""
TABS = """\
application_databases = {
\tkeycloak = {
\t\tdatabase_name = "keycloak"
\t\tusername = "keycloak_user"
\t},

\tbackstage = {
\t\tdatabase_name = "backstage"
\t\tusername = "backstage_user"
\t},
@}
"""
ONE_LINE_EACH = """\
application_databases = {
  keycloak  = { database_name = "keycloak", username = "keycloak_user" } # single sign-on
  backstage = { database_name = "backstage", username = "backstage_user" } /* the
  portal */ // of all
@}
"""
AROUND = """\
tags = { team = "platform" }
note = <<EOT
application_databases = {
}
EOT
application_databases = {
  # before = { database_name = "old", username = "old_user" }
  backstage = {
    database_name = "backstage"
    username      = "backstage_user"
  }
@}
rates = [1e3, 2.5]
"""
SORTED = """\
application_databases = {
  analytics = { database_name = "analytics", username = "analytics_user" }
  backstage = { database_name = "backstage", username = "backstage_user" }
@  # The shop's. Two of them.
  webshop = { database_name = "webshop", username = "webshop_user" }
}
"""
QUOTED = """\
application_databases = {
  "backstage" = {
    "database_name" = "backstage"
    "username"      = "backstage_user"
  }
@}
"""


@pytest.mark.parametrize(
    ("text", "inserted"),
    [
        pytest.param(DOCUMENTED, BLOCK, id="documented"),
        pytest.param(
            TABS,
            '\n\tstage = {\n\t\tdatabase_name = "stage"\n\t\tusername = "stage_user"\n'
            '\t\trisk = "medium"\n\t},\n',
            id="tabs, commas, empty lines, nothing aligned",
        ),
        pytest.param(ONE_LINE_EACH, f"  {LINE.replace('stage =', 'stage     =')}\n", id="lines"),
        pytest.param(AROUND, BLOCK, id="other variables, a heredoc, an entry in a comment"),
        pytest.param(SORTED, f"  {LINE}\n", id="sorted"),
        pytest.param(
            QUOTED,
            '  "stage" = {\n    "database_name" = "stage"\n    "username"      = "stage_user"\n'
            '    "risk"          = "medium"\n  }\n',
            id="quoted keys",
        ),
        pytest.param("application_databases = {\n  # none yet\n@}\n", BLOCK, id="only a comment"),
        pytest.param("application_databases = {@}\n", f"\n{BLOCK}", id="empty"),
        pytest.param("@", f"application_databases = {{\n{BLOCK}}}\n", id="no text"),
        pytest.param(
            'region = "eu"@', f"\n\napplication_databases = {{\n{BLOCK}}}\n", id="no variable"
        ),
        pytest.param(
            'application_databases = { a = { database_name = "aaa", username = "bbb" }@ }',
            f", {LINE}",
            id="all on one line",
        ),
        pytest.param(
            'application_databases={a={database_name="aaa",username="bbb"}@}',
            "," + LINE.replace(" ", ""),
            id="without any space",
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_hcl(text: str, inserted: str, newline: str) -> None:
    before = text.replace("@", "").replace("\n", newline)
    if not before.count("\n"):
        newline = "\n"
    after = add_entry(before.encode(), Format.HCL, "stage", NEW).data.decode()
    assert after == text.replace("@", inserted).replace("\n", newline)


def test_a_comma_is_added_where_all_others_have_one() -> None:
    before = (
        "application_databases = {\n"
        '  b = { database_name = "bbb", username = "b_user" },\n'
        '  a = { database_name = "aaa", username = "a_user" } # last\n}\n'
    )
    after = add_entry(before.encode(), Format.HCL, "stage", NEW).data.decode()
    assert after == before.replace(" } # last\n", f" }}, # last\n  {LINE}\n")


def test_a_reader_comes_below_its_database() -> None:
    text = DOCUMENTED.replace("@", "").replace("  }\n  backstage", "  }@\n  backstage")
    fields = {"database_name": "keycloak", "username": "reports", "access_level": "reader"}
    after = add_entry(text.replace("@", "").encode(), Format.HCL, "reports", fields).data.decode()
    assert after == text.replace(
        "@",
        '\n  reports = {\n    database_name = "keycloak"\n    username      = "reports"\n'
        '    access_level  = "reader"\n  }',
    )


def test_templates_in_values_are_written_out() -> None:
    after = add_entry(b"", Format.HCL, "x", NEW | {"owner": '${a} %{b} "\\'}).data.decode()
    assert '"$${a} %%{b} \\"\\\\"' in after


@pytest.mark.parametrize(
    ("text", "inserted"),
    [
        pytest.param(
            '{\n  "application_databases": {\n    "a": {\n      "username": "y"\n    }@\n  },\n'
            '  "x": 1\n}\n',
            ',\n    "stage": {\n      "database_name": "stage",\n      "username": "stage_user",\n'
            '      "risk": "medium"\n    }',
            id="lines",
        ),
        pytest.param(
            '{"application_databases":{"a":{"username":"y"}@}}',
            ',"stage":{"database_name":"stage","username":"stage_user","risk":"medium"}',
            id="one line",
        ),
        pytest.param(
            "{@}",
            '"application_databases": {"stage": {"database_name": "stage", '
            '"username": "stage_user", "risk": "medium"}}',
            id="empty",
        ),
    ],
)
def test_json(text: str, inserted: str) -> None:
    after = add_entry(text.replace("@", "").encode(), Format.JSON, "stage", NEW).data.decode()
    assert after == text.replace("@", inserted)


YAML_ENTRY = "  stage:\n    database_name: stage\n    username: stage_user\n    risk: medium\n"


@pytest.mark.parametrize(
    ("text", "inserted"),
    [
        pytest.param(
            "application_databases:\n  a:\n    username: y # t\n\n@# end\nz: 1\n".replace(
                "\n\n@", "\n@\n"
            ),
            YAML_ENTRY,
            id="block",
        ),
        pytest.param(
            "application_databases:\n  a: {username: y}\n  b:\n"
            "    owner: |\n      two\n      lines\n@",
            YAML_ENTRY,
            id="block scalar",
        ),
        pytest.param("# none\n@", f"application_databases:\n{YAML_ENTRY}", id="only a comment"),
    ],
)
def test_yaml(text: str, inserted: str) -> None:
    after = add_entry(text.replace("@", "").encode(), Format.YAML, "stage", NEW).data.decode()
    assert after == text.replace("@", inserted)


def test_empty_yaml_becomes_a_block() -> None:
    after = add_entry(b"application_databases: {} # none\nz: 1\n", Format.YAML, "stage", NEW)
    assert after.data.decode() == f"application_databases: # none\n{YAML_ENTRY}z: 1\n"


def test_a_variable_of_nearly_that_name_is_no_place() -> None:
    with pytest.raises(EditError, match="did you mean"):
        add_entry(b"aplication_databases = {}\n", Format.HCL, "stage", NEW)


def test_a_change_touches_one_value() -> None:
    text = DOCUMENTED.replace("@", "").replace(
        '"backstage_user"\n', '"backstage_user"\n    risk          = "low" # for now\n'
    )
    after = change_entry(
        text.encode(), Format.HCL, "backstage", {"risk": "high", "createdb": False}
    )
    assert after.data.decode() == text.replace(
        '"low" # for now\n', '"high" # for now\n    createdb      = false\n'
    )


def test_what_is_made_on_the_way_to_a_value() -> None:
    text = "# ours\ndatabases:\n  dev:\n    a:\n      status: pending # since May\n"
    path = ("databases", "dev", "a", "status")
    assert put(text, YAML, path, "active").text == text.replace("pending", "active")
    assert put(text, YAML, ("databases", "prod", "a", "status"), "pending").text == (
        f"{text}  prod:\n    a:\n      status: pending\n"
    )
    assert put("databases:\n", YAML, ("databases", "dev", "a"), {"size": "1"}).text == (
        'databases:\n  dev:\n    a:\n      size: "1"\n'
    )
