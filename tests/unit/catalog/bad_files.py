"""Bad catalogs whose mistake is in an entry, between entries, or in the file."""

from __future__ import annotations

from unit.catalog.bad import Bad, D, U, entry

ENTRY_RULES = {
    "key": Bad(entry(D, U, key="Shop"), 2, "Shop", "", 'the key must be written as "shop"'),
    "key with a slash": Bad(entry(D, U, key='"a/b"'), 2, "a/b", "", "the key contains '/'"),
    "key of 64": Bad(entry(D, U, key="k" * 64), 2, "k" * 60 + "...", "", "64 bytes"),
    "entry no object": Bad(
        'application_databases = {\n  shop = "shop"\n}\n', 2, "shop", "", "must be an object"
    ),
    "key twice": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n"
        '  shop = {\n    database_name = "b_db"\n    username = "b_user"\n  }\n}\n',
        6,
        "shop",
        "",
        "declared twice; the first is on line 2",
    ),
    "user twice": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n"
        f'  b = {{\n    database_name = "b_db"\n{U}\n  }}\n}}\n',
        8,
        "b",
        "username",
        'already used by entry "shop" on line 4',
    ),
    "two owners": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n"
        f'  b = {{\n{D}\n    username = "b_user"\n  }}\n}}\n',
        7,
        "b",
        "database_name",
        'already has an owner, entry "shop" on line 2',
    ),
    "second login of another entry": Bad(
        f'application_databases = {{\n  shop = {{\n{D}\n{U}\n    rotation = "alternate"\n  }}\n'
        '  b = {\n    database_name = "b_db"\n    username = "shop_user_b"\n  }\n}\n',
        5,
        "shop",
        "rotation",
        '"shop_user_b" is already used by entry "b" on line 9; a role belongs to one entry',
    ),
    "second login without passwords": Bad(
        entry(D, U, '    auth = "iam"', '    rotation = "alternate"'),
        6,
        "shop",
        "rotation",
        "alternate is for passwords",
    ),
    "secret twice": Bad(
        f'application_databases = {{\n  shop = {{\n{D}\n{U}\n    secret = "s"\n  }}\n'
        '  b = {\n    database_name = "b_db"\n    username = "b_user"\n    secret = "s"\n  }\n}\n',
        10,
        "b",
        "secret",
        "each entry has its own secret",
    ),
    "reader without an owner": Bad(
        'application_databases = {\n  analytics_readonly = {\n    database_name = "analytics"\n'
        '    username      = "analytics_reader"\n    access_level  = "reader"\n  }\n}\n',
        3,
        "analytics_readonly",
        "database_name",
        ':\n    analytics = { database_name = "analytics", username = "analytics_user" }',
    ),
    "extension of a reader": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n"
        f'  b = {{\n{D}\n    username = "b_user"\n    access_level = "reader"\n'
        '    extensions = ["citext"]\n  }\n}\n',
        10,
        "b",
        "extensions",
        "belongs to the database's owner entry; this one is reader",
    ),
    "tenancy of an editor": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n"
        f'  b = {{\n{D}\n    username = "b_user"\n    access_level = "editor"\n'
        "    tenancy = {}\n  }\n}\n",
        10,
        "b",
        "tenancy",
        "owner entry",
    ),
    "no comma on one line": Bad(
        'application_databases = {\n  shop = { database_name = "shop" username = "u_ser" }\n}\n',
        2,
        "shop",
        "username",
        "after a comma",
    ),
    "comma on the next line": Bad(
        entry(D, '    , username = "shop_user"'),
        3,
        "shop",
        "database_name",
        "comma on a later line",
    ),
    "value on the next line": Bad(
        entry(D, "    username =", '      "shop_user"'), 4, "shop", "username", "one line"
    ),
    "reference as key": Bad(entry(D, U, key="(var.x)"), 2, "(var.x)", "", "plain name"),
}

FILE_RULES = {
    "empty": Bad("", 0, "", "", "the file is empty"),
    "only a comment": Bad("# application_databases = {}\n", 0, "", "", "is missing"),
    "misspelt variable": Bad(
        "application_database = {}\n", 0, "", "", 'did you mean "application_database"?'
    ),
    "null": Bad("application_databases = null\n", 1, "", "application_databases", "is null"),
    "list": Bad("\napplication_databases = []\n", 2, "", "application_databases", "must map"),
    "block": Bad("application_databases {\n}\n", 1, "", "application_databases", "as a block"),
    "another block": Bad(
        'application_databases = {}\nlocals "x" {\n}\n', 2, "", "locals", "as a block"
    ),
    "variable twice": Bad(
        "application_databases = {}\n\napplication_databases = {}\n",
        3,
        "",
        "application_databases",
        "set twice; the first is on line 1",
    ),
    "other variable twice": Bad(
        "a = 1\na = 2\napplication_databases = {}\n", 2, "", "a", "set twice"
    ),
    "two on a line": Bad(
        "a = 1 application_databases = {}\n", 1, "", "application_databases", "line of its own"
    ),
    "entry not closed": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n\n  b = {{\n{D}\n  }}\n}}\n",
        2,
        "",
        "",
        "the `{` opened on this line is not closed",
    ),
    "last brace missing": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n", 1, "", "", "not closed"
    ),
    "list not closed": Bad(
        entry(D, U, '    extensions = ["citext"'),
        5,
        "",
        "",
        "`[` opened on this line is not closed before",
    ),
    "brace too many": Bad(
        f"application_databases = {{\n  shop = {{\n{D}\n{U}\n  }}\n  }}\n}}\n",
        6,
        "",
        "",
        "closes nothing",
    ),
    "quote missing": Bad(
        entry('    database_name = "shop', U), 3, "", "", 'its second `"` is missing on this line'
    ),
    "two quotes missing": Bad(
        entry('    database_name = "shop', '    username = "shop_user'),
        3,
        "",
        "",
        "is missing on this line",
    ),
    "quote missing elsewhere": Bad(
        f'region = "eu\n{entry(D, U)}name = "x\n', 1, "", "", "is missing on this line"
    ),
    "quotes missing where nobody evaluates": Bad(
        f'region = "eu\nname = "\n{entry(D, U)}', 1, "", "", "is missing on this line"
    ),
    "quote missing after an escaped one": Bad(
        f'region = "eu\\"\nname = \\""\n{entry(D, U)}', 1, "", "", "is missing on this line"
    ),
    "single quotes": Bad(entry("    database_name = 'shop'", U), 3, "", "", "single quotes"),
    "typographic quotes": Bad(
        entry("    database_name = \u201cshop\u201d", U), 3, "", "", "typographic quotes"
    ),
    "equals missing": Bad(
        entry('    database_name "shop"', U),
        3,
        "",
        "",
        '`=` is missing between `database_name` and `"shop"`',
    ),
    "entry as block": Bad(
        f"application_databases = {{\n  shop {{\n{D}\n{U}\n  }}\n}}\n",
        2,
        "",
        "",
        "`=` is missing between `shop`",
    ),
    "value missing": Bad(
        entry(D, "    username ="), 4, "", "", "`username` has no value after its `=`"
    ),
    "name alone": Bad(entry(D, U, "    createdb"), 5, "", "", "`createdb` has no value"),
    "comma in a list missing": Bad(
        entry(D, U, '    extensions = ["a"', '      "b"]'),
        6,
        "",
        "",
        'a comma is missing before `"b"`',
    ),
    "semicolon": Bad(entry(D + ";", U), 3, "", "", "not with `;`"),
    "comma between variables": Bad(
        "a = 1,\napplication_databases = {}\n", 1, "", "", "no place between variables"
    ),
    "bad escape": Bad(entry(D, '    username = "a\\qb"'), 4, "", "", "does not know: `\\q`"),
    "comment not closed": Bad(f"{entry(D, U)}/* end\n", 7, "", "", "a comment opened with `/*`"),
    "heredoc not closed": Bad(
        f"note = <<EOT\n{entry(D, U)}", 1, "", "", "no line below holds only"
    ),
    "template not closed": Bad('a = "${x"\n', 1, "", "", "is not closed"),
    "NUL byte": Bad("a = \x00\n", 1, "", "", "'\\x00'"),
    "old Mac line ends": Bad("a = 1\rb = 2\r", 1, "", "", "'\\r'"),
}
