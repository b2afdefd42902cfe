"""Good catalogs, as messy as real ones are."""

from __future__ import annotations

import json

import pytest

from pgtenant.catalog.load import check_admin, parse
from pgtenant.catalog.model import AccessLevel, Catalog, Entry, Rotation, Tenancy
from pgtenant.catalog.naming import NamingPolicy
from pgtenant.catalog.relations import Draft
from pgtenant.catalog.runtime import runtime_problems
from pgtenant.errors import CatalogError, SettingsError
from pgtenant.settings.cnpg import HYPHENATED

KEYCLOAK = Entry("keycloak", "keycloak", "keycloak_user")
BACKSTAGE = Entry("backstage", "backstage", "backstage_user")

# Of the source documents.
ADR_0181 = """\
application_databases = {
  keycloak = {
    database_name = "keycloak"
    username      = "keycloak_user"
  }
  backstage = {
    database_name = "backstage"
    username      = "backstage_user"
  }
  # ... additional applications
}
"""

MESSY = r"""// Written by hand, by many hands.
region = "eu-west-1" /* not
   ours */
tags = merge(local.tags, { "a:b" = "x}", for = 1, "q" = "\"{" })
policy = <<-EOT
  application_databases = { this = "is text, and a \" too"
  ${jsonencode({ a = "}" })} 100%
  EOT
threshold = 1.5e3
subnets   = [for s in var.subnets : s.id if s.public]
names     = { for k, v in var.x : k => "${upper("${v}")}%{ if v == "" }-%{ endif }" }

"application" /* no */
"""

MESSY_ENTRIES = r"""
application_databases = {   # the catalog
  "keycloak" : { database_name : "keycloak", "username" = "keycloak_user", },

  # retired = {
  #   database_name = "retired"
  # }
  /* gone = { database_name = "gone" } */
	backstage = {
		username = "backstage_user" // attributes in any order
		owner    = "plat\u0066orm \"A\" \\ $${x} %%{y} #no comment"
		createdb = false, extensions = ["citext", # why
			"uuid-ossp",
		]
		connection_limit = (20.0)
		risk = null
		database_name = "backstage" }

  backstage-ro = {
    database_name = "backstage"
    username      = "backstage_ro"
    access_level  = "reader"
    initial_schema = "none"
    extensions    = []
  }
}
after = [
  1, -2, null, true ? 1 : 2,
]"""

WANTED = (
    Entry(
        "backstage",
        "backstage",
        "backstage_user",
        owner='platform "A" \\ ${x} %{y} #no comment',
        createdb=False,
        extensions=("citext", "uuid-ossp"),
        connection_limit=20,
    ),
    Entry("backstage-ro", "backstage", "backstage_ro", access_level=AccessLevel.READER),
    KEYCLOAK,
)


def hcl(text: str) -> tuple[Entry, ...]:
    return parse(text.encode(), display="terraform.tfvars").entries


def test_the_documents_example() -> None:
    entries = hcl(ADR_0181)
    assert entries == (BACKSTAGE, KEYCLOAK)
    assert [entry.line for entry in entries] == [6, 2]


def test_the_documents_lone_reader_with_its_owner() -> None:
    entries = hcl("""
application_databases = {
  analytics_readonly = {
    database_name = "analytics"
    username      = "analytics_reader"
    access_level  = "reader"
  }
  analytics = { database_name = "analytics", username = "analytics_user" }
}
""")
    assert [entry.access_level for entry in entries] == [AccessLevel.OWNER, AccessLevel.READER]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text + "\n\n\n",
    ],
    ids=["as it is", "CRLF", "byte order mark", "blank lines at the end"],
)
def test_messy_hcl(change: object) -> None:
    assert callable(change)
    messy = MESSY.replace('"application" /* no */\n', "")
    assert hcl(change(messy + MESSY_ENTRIES)) == WANTED


def test_the_messy_file_would_fail_with_one_more_mistake() -> None:
    with pytest.raises(CatalogError) as caught:
        hcl(MESSY + MESSY_ENTRIES)
    assert caught.value.problems[0].line == MESSY.count("\n")


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("application_databases = {}", "a.tfvars"),
        ("application_databases = { # none yet\n}\n", "a.tfvars"),
        ('{"application_databases": {}}', "a.tfvars.json"),
        ('{"region": "x", "application_databases": {}}', "A.JSON"),
        ("application_databases: {}\n", "a.yml"),
        ("---\nregion: [*x, &y !!foo 1]\napplication_databases: {}\n", "a.yaml"),
    ],
)
def test_no_entries_when_the_file_says_so(text: str, display: str) -> None:
    assert parse(text.encode(), display=display) == Catalog(display, ())


def test_json_and_yaml_say_the_same_as_hcl() -> None:
    declared = {
        "region": "eu-west-1",
        "application_databases": {
            "keycloak": {"database_name": "keycloak", "username": "keycloak_user"},
            "backstage": {
                "username": "backstage_user",
                "owner": WANTED[0].owner,
                "createdb": False,
                "extensions": ["citext", "uuid-ossp"],
                "connection_limit": 2e1,
                "risk": None,
                "database_name": "backstage",
            },
            "backstage-ro": {
                "database_name": "backstage",
                "username": "backstage_ro",
                "access_level": "reader",
            },
        },
    }
    text = json.dumps(declared, indent=2).encode()
    assert parse(text, display="terraform.tfvars.json").entries == WANTED
    assert parse(text, display="json-is-yaml.yaml").entries == WANTED


def test_yaml_as_people_write_it() -> None:
    text = """\
# the catalog
application_databases:
  keycloak: {database_name: keycloak, username: "keycloak_user"}
  backstage:
    username: backstage_user
    owner: 'platform "A" \\ ${x} %{y} #no comment'
    createdb: no
    extensions:
      - citext
      - uuid-ossp
    connection_limit: 20
    risk:
    database_name: >-
      backstage
  backstage-ro:
    database_name: !!str backstage
    username: backstage_ro
    access_level: reader
"""
    catalog = parse(text.encode(), display="databases.yaml")
    assert catalog.entries == WANTED
    assert [entry.line for entry in catalog.entries] == [4, 15, 3]


def test_tenancy() -> None:
    text = """application_databases = {
  a = { database_name = "a_db", username = "a_user", tenancy = {} }
  b = { database_name = "b_db", username = "b_user"
    tenancy = { schema_prefix = "org_", role_per_tenant = false, runtime_role = null } }
  c = { database_name = "c_db", username = "c_user", tenancy = null }
}"""
    found = [entry.tenancy for entry in hcl(text)]
    assert found == [Tenancy(), Tenancy(schema_prefix="org_"), None]


def test_a_runtime_role_is_an_entry_of_its_own() -> None:
    text = """application_databases = {
  shop = { database_name = "shop", username = "shop_user", connection_limit = 9, owner = "team"
    rotation = "alternate", secret = "legacy/shop", extensions = ["citext"]
    tenancy = { runtime_role = true } }
  the-shop = { database_name = "the_shop", username = "its_user"
    tenancy = { runtime_role = true } }
}"""
    catalog = parse(text.encode(), display="a.tfvars")
    entries = {entry.key: entry for entry in catalog.entries}
    assert sorted(entries) == ["shop", "shop_runtime", "the-shop", "the-shop-runtime"]
    made = entries["shop_runtime"]
    assert made == Entry(
        "shop_runtime",
        "shop",
        "shop_user_runtime",
        access_level=AccessLevel.EDITOR,
        rotation=Rotation.ALTERNATE,
        createdb=False,
        connection_limit=9,
        owner="team",
        made_by="shop",
    )
    assert made.line == entries["shop"].line == 2
    assert made.shown == "shop_runtime (made by tenancy.runtime_role of shop)"
    assert catalog.runtime_of(entries["shop"]) == made
    assert catalog.runtime_of(made) is None
    assert entries["the-shop-runtime"].username == "its_user_runtime"
    with pytest.raises(CatalogError) as caught:
        check_admin(catalog, "shop_user_runtime")
    (problem,) = caught.value.problems
    assert (problem.entry, problem.field) == (made.shown, "username")


def test_a_runtime_role_has_a_hyphen_where_its_maker_has_one() -> None:
    text = """application_databases = {
  a = { database_name = "a-db", username = "app-user", tenancy = { runtime_role = true } }
}"""
    policy = NamingPolicy(database_name=HYPHENATED, username=HYPHENATED)
    _, made = parse(text.encode(), display="a.tfvars", policy=policy).entries
    assert (made.key, made.username) == ("a_runtime", "app-user-runtime")


def test_what_a_runtime_role_would_make_may_be_there() -> None:
    text = """application_databases = {
  shop = { database_name = "shop", username = "shop_user", rotation = "alternate"
    tenancy = { runtime_role = true } }
  shop_runtime = { database_name = "b_db", username = "shop_user_runtime" }
  c = { database_name = "c_db", username = "shop_user_runtime_b" }
}"""
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display="a.tfvars")
    found = [(one.line, one.entry, one.field) for one in caught.value.problems]
    assert found == [(3, "shop", "tenancy.runtime_role")] * 3
    assert [one.message for one in caught.value.problems] == [
        'makes the entry "shop_runtime", which is there on line 4; rename that one',
        (
            'makes the login "shop_user_runtime", which is already used by entry "shop_runtime"'
            " on line 4"
        ),
        'makes the login "shop_user_runtime_b", which is already used by entry "c" on line 5',
    ]


def test_a_runtime_role_goes_with_no_role_for_each_tenant() -> None:
    both = Tenancy(runtime_role=True, role_per_tenant=True)
    draft = Draft("shop", 2, {"tenancy": 5}, {}, {"username": "shop_user", "tenancy": both})
    [found] = runtime_problems([draft], NamingPolicy())
    assert (found.line, found.field) == (5, "tenancy.runtime_role")
    assert "can't be true beside role_per_tenant" in found.message


def test_a_relaxed_policy_takes_other_names_and_keeps_the_limit() -> None:
    text = 'application_databases = { a = { database_name = "a-B", username = "%s" } }'
    policy = NamingPolicy(database_name=".*", username=".*")
    (entry,) = parse((text % "a.b").encode(), display="a.tfvars", policy=policy).entries
    assert (entry.database_name, entry.username) == ("a-B", "a.b")
    # 32 characters, 64 bytes.
    for name, message in (
        ("\u00e9" * 32, "64 bytes"),
        ("a\\u0000b", "contains '\\x00'"),
        ("Pg_Monitor", "reserved"),
        ("a\\n", "line break"),
    ):
        with pytest.raises(CatalogError) as caught:
            parse((text % name).encode(), display="a.tfvars", policy=policy)
        assert message in caught.value.problems[0].message


def test_a_second_login_is_within_the_limit_whatever_the_policy_says() -> None:
    text = """application_databases = {
  a = { database_name = "a_db", username = "%s", rotation = "alternate" }
}"""
    policy = NamingPolicy(username=".*")
    (entry,) = parse((text % ("u" * 61)).encode(), display="a.tfvars", policy=policy).entries
    assert entry.second_login == "u" * 61 + "_b"
    with pytest.raises(CatalogError) as caught:
        parse((text % ("u" * 62)).encode(), display="a.tfvars", policy=policy)
    (problem,) = caught.value.problems
    assert (problem.line, problem.field) == (2, "rotation")
    assert "64 bytes long" in problem.message


def test_a_second_login_is_not_the_admin() -> None:
    text = """application_databases = {
  a = { database_name = "a_db", username = "platform", rotation = "alternate" }
}"""
    with pytest.raises(CatalogError) as caught:
        check_admin(parse(text.encode(), display="a.tfvars"), "platform_b")
    (problem,) = caught.value.problems
    assert (problem.field, "the admin" in problem.message) == ("rotation", True)


@pytest.mark.parametrize("key", ["../../etc", "a/b", "a\\\\b"])
def test_no_policy_lets_a_key_leave_its_secrets_path(key: str) -> None:
    text = f'application_databases = {{ "{key}" = {{ database_name = "abc", username = "abc" }} }}'
    with pytest.raises(CatalogError, match="1 error"):
        parse(text.encode(), display="a.tfvars", policy=NamingPolicy(key=".*"))


def test_a_policy_that_is_no_regular_expression() -> None:
    with pytest.raises(SettingsError, match="username is not a regular expression"):
        NamingPolicy(username="[a-z")


def test_the_admins_own_names() -> None:
    catalog = parse(ADR_0181.encode(), display="a.tfvars")
    check_admin(catalog, "platform_admin", maintenance_database="platform")
    for admin, field, line in (("keycloak_user", "username", 2), ("backstage", "database_name", 6)):
        with pytest.raises(CatalogError) as caught:
            check_admin(catalog, admin)
        (problem,) = caught.value.problems
        assert (problem.file, problem.line, problem.field) == ("a.tfvars", line, field)
        assert "the admin" in problem.message
    with pytest.raises(CatalogError) as caught:
        check_admin(catalog, "platform_admin", maintenance_database="keycloak")
    assert "maintenance database" in caught.value.problems[0].message


def test_entries_are_sorted_by_their_key() -> None:
    assert Catalog("a", tuple(reversed(WANTED))).entries == WANTED
