"""Bad catalogs whose mistake is in one field."""

from __future__ import annotations

from unit.catalog.bad import Bad, D, U, entry

FIELD_RULES = {
    "no database_name": Bad(entry(U), 2, "shop", "database_name", "is missing"),
    "no username": Bad(entry(D), 2, "shop", "username", "is missing"),
    "null username": Bad(entry(D, "    username = null"), 4, "shop", "username", "is null"),
    "unknown field": Bad(
        entry(D, U, "    conection_limit = 5"),
        5,
        "shop",
        "conection_limit",
        'not a field; did you mean "connection_limit"?',
    ),
    "unknown field like nothing": Bad(
        entry(D, U, '    zzz = "x"'), 5, "shop", "zzz", "the fields are database_name, username"
    ),
    "field twice": Bad(
        entry(D, U, D), 5, "shop", "database_name", "set twice; the first is on line 3"
    ),
    "uppercase": Bad(
        entry('    database_name = "Shop"', U),
        3,
        "shop",
        "database_name",
        'must be written as "shop"',
    ),
    "hyphen in user": Bad(
        entry(D, '    username = "shop-user"'),
        4,
        "shop",
        "username",
        'must be written as "shop_user"',
    ),
    "digit first": Bad(
        entry('    database_name = "1shop"', U),
        3,
        "shop",
        "database_name",
        "must not start with '1'",
    ),
    "too short": Bad(entry(D, '    username = "ab"'), 4, "shop", "username", "at least 3"),
    "user of 32 characters": Bad(
        entry(D, f'    username = "{"u" * 32}"'), 4, "shop", "username", "32 characters, at most 31"
    ),
    "64 bytes": Bad(
        entry(f'    database_name = "{"d" * 64}"', U), 3, "shop", "database_name", "64 bytes long"
    ),
    "empty name": Bad(entry(D, '    username = ""'), 4, "shop", "username", "is empty"),
    "line break escaped": Bad(
        entry(D, '    username = "shop_user\\n"'), 4, "shop", "username", "a line break ('\\n')"
    ),
    "line break of a heredoc": Bad(
        entry(D, "    username = <<EOT", "shop_user", "EOT"), 4, "shop", "username", "a line break"
    ),
    "NUL": Bad(
        entry(D, '    username = "shop\\u0000user"'), 4, "shop", "username", "contains '\\x00'"
    ),
    "terminal escape": Bad(
        entry(D, '    username = "a\\u001b[2Jb"'), 4, "shop", "username", "contains '\\x1b'"
    ),
    "cyrillic look-alike": Bad(
        entry('    database_name = "sh\u043ep"', U),
        3,
        "shop",
        "database_name",
        "'\\u043e' (U+043E CYRILLIC SMALL LETTER O): \"sh\\u043ep\"",
    ),
    "zero width": Bad(
        entry(D, '    username = "shop\u200buser"'),
        4,
        "shop",
        "username",
        "U+200B ZERO WIDTH SPACE",
    ),
    "SQL": Bad(
        entry(D, '    username = "x\\"; drop role y; --"'), 4, "shop", "username", "contains '\"'"
    ),
    "option smuggling": Bad(
        entry(D, '    username = "pwn SUPERUSER --"'), 4, "shop", "username", "contains a space"
    ),
    "reserved: postgres": Bad(
        entry('    database_name = "postgres"', U), 3, "shop", "database_name", "is reserved"
    ),
    "reserved: template1": Bad(
        entry('    database_name = "template1"', U), 3, "shop", "database_name", "is reserved"
    ),
    "reserved: rdsadmin": Bad(
        entry(D, '    username = "rdsadmin"'), 4, "shop", "username", "reserved"
    ),
    "reserved: rds_": Bad(entry(D, '    username = "rds_iam"'), 4, "shop", "username", "rds_"),
    "reserved: pg_": Bad(entry(D, '    username = "pg_monitor"'), 4, "shop", "username", "pg_"),
    "reserved: cnpg_": Bad(entry(D, '    username = "cnpg_pool"'), 4, "shop", "username", "cnpg_"),
    "reserved: replica": Bad(
        entry(D, '    username = "streaming_replica"'), 4, "shop", "username", "reserved"
    ),
    "reserved: public": Bad(entry(D, '    username = "public"'), 4, "shop", "username", "reserved"),
    "reserved: none": Bad(entry(D, '    username = "none"'), 4, "shop", "username", "reserved"),
    "maintenance database": Bad(
        entry('    database_name = "platform"', U),
        3,
        "shop",
        "database_name",
        "maintenance database",
    ),
    "bad level": Bad(
        entry(D, U, '    access_level = "raeder"'),
        5,
        "shop",
        "access_level",
        'must be one of owner, editor, reader, not "raeder"; did you mean "reader"?',
    ),
    "level in capitals": Bad(
        entry(D, U, '    access_level = "OWNER"'),
        5,
        "shop",
        "access_level",
        'did you mean "owner"?',
    ),
    "half a surrogate pair": Bad(
        entry(D, '    username = "a\\ud800b"'), 4, "shop", "username", 'does not know: "\\\\ud800"'
    ),
    "rotation": Bad(
        entry(D, U, '    rotation = "alternat"'), 5, "shop", "rotation", 'did you mean "alternate"'
    ),
    "createdb string": Bad(
        entry(D, U, '    createdb = "true"'),
        5,
        "shop",
        "createdb",
        'must be true or false, not the string "true"; leave the quotes out',
    ),
    "limit string": Bad(
        entry(D, U, '    connection_limit = "10"'),
        5,
        "shop",
        "connection_limit",
        "leave the quotes out",
    ),
    "limit true": Bad(
        entry(D, U, "    connection_limit = true"),
        5,
        "shop",
        "connection_limit",
        "the boolean true",
    ),
    "limit 0": Bad(
        entry(D, U, "    connection_limit = 0"), 5, "shop", "connection_limit", "1 or more"
    ),
    "limit -1": Bad(
        entry(D, U, "    connection_limit = -1"),
        5,
        "shop",
        "connection_limit",
        "leave it out for no limit",
    ),
    "limit 2.5": Bad(
        entry(D, U, "    connection_limit = 2.5"), 5, "shop", "connection_limit", "whole number"
    ),
    "limit above int4": Bad(
        entry(D, U, "    connection_limit = 2147483648"), 5, "shop", "connection_limit", "or less"
    ),
    "limit enormous": Bad(
        entry(D, U, "    connection_limit = 1e999999999"),
        5,
        "shop",
        "connection_limit",
        "whole number",
    ),
    "extensions no list": Bad(
        entry(D, U, '    extensions = "pgcrypto"'), 5, "shop", "extensions", "a list of strings"
    ),
    "extension no string": Bad(
        entry(D, U, "    extensions = [", '"citext",', "1]"),
        7,
        "shop",
        "extensions",
        "the number 1",
    ),
    "extension name": Bad(
        entry(D, U, '    extensions = ["a;b"]'), 5, "shop", "extensions", "contains ';'"
    ),
    "extension twice": Bad(
        entry(D, U, '    extensions = ["citext", "citext"]'), 5, "shop", "extensions", "twice"
    ),
    "risk": Bad(entry(D, U, '    risk = "hihg"'), 5, "shop", "risk", 'did you mean "high"?'),
    "size": Bad(entry(D, U, '    size = "xl"'), 5, "shop", "size", "small, medium, large, xlarge"),
    "long owner": Bad(
        entry(D, U, f'    owner = "{"x" * 201}"'), 5, "shop", "owner", "201 characters long"
    ),
    "bidi override": Bad(
        entry(D, U, '    requester = "a\u202eb"'), 5, "shop", "requester", "'\\u202e' (U+202E"
    ),
    "secret climbs": Bad(entry(D, U, '    secret = "a/../b"'), 5, "shop", "secret", '".."'),
    "secret absolute": Bad(
        entry(D, U, '    secret = "/a"'), 5, "shop", "secret", "not a secret's name"
    ),
    "schema climbs": Bad(
        entry(D, U, '    initial_schema = "../x.sql"'),
        5,
        "shop",
        "initial_schema",
        "plain relative",
    ),
    "schema absolute": Bad(
        entry(D, U, '    initial_schema = "/etc/passwd"'),
        5,
        "shop",
        "initial_schema",
        "plain relative",
    ),
    "tenancy no object": Bad(entry(D, U, "    tenancy = true"), 5, "shop", "tenancy", "an object"),
    "tenancy unknown": Bad(
        entry(D, U, '    tenancy = { schema_prefx = "t_" }'),
        5,
        "shop",
        "tenancy.schema_prefx",
        "schema_prefix",
    ),
    "tenancy setting": Bad(
        entry(D, U, '    tenancy = { setting = "tenant" }'),
        5,
        "shop",
        "tenancy.setting",
        "app.current_tenant",
    ),
    "tenancy prefix": Bad(
        entry(D, U, '    tenancy = { schema_prefix = "pg_t_" }'),
        5,
        "shop",
        "tenancy.schema_prefix",
        "reserved",
    ),
    "tenancy prefix of the retired": Bad(
        entry(D, U, '    tenancy = { schema_prefix = "retired_x_" }'),
        5,
        "shop",
        "tenancy.schema_prefix",
        "the schemas of retired tenants start with retired_",
    ),
    "tenancy prefix of the retired, and of others": Bad(
        entry(D, U, '    tenancy = { schema_prefix = "re" }'),
        5,
        "shop",
        "tenancy.schema_prefix",
        "is reserved",
    ),
    "tenancy template": Bad(
        entry(D, U, '    tenancy = { template = "../x" }'),
        5,
        "shop",
        "tenancy.template",
        "is not a plain relative path",
    ),
    "tenancy flag": Bad(
        entry(D, U, "    tenancy = {", '      runtime_role = "yes"', "    }"),
        6,
        "shop",
        "tenancy.runtime_role",
        "true or false",
    ),
    "runtime role with too long a name": Bad(
        entry(D, f'    username = "{"u" * 24}"', "    tenancy = { runtime_role = true }"),
        5,
        "shop",
        "tenancy.runtime_role",
        "makes a second login, whose name has 32 characters, at most 31 are allowed",
    ),
    "runtime role with too long a key": Bad(
        entry(D, U, "    tenancy = { runtime_role = true }", key="k" * 56),
        5,
        "k" * 56,
        "tenancy.runtime_role",
        "makes another entry, whose key is 64 bytes long",
    ),
    "runtime role and a role for each tenant": Bad(
        entry(D, U, "    tenancy = { runtime_role = true, role_per_tenant = true }"),
        5,
        "shop",
        "tenancy.runtime_role",
        "can't be true beside role_per_tenant",
    ),
    "template": Bad(
        entry(D, '    username = "${var.x}_user"'),
        4,
        "shop",
        "username",
        "only Terraform can evaluate",
    ),
    "reference": Bad(entry(D, "    username = var.user"), 4, "shop", "username", "an expression"),
    "function": Bad(entry(D, '    username = lower("X")'), 4, "shop", "username", "an expression"),
    "bare word": Bad(
        entry(D, "    username = shop_user"), 4, "shop", "username", 'write "shop_user"'
    ),
    "capital True": Bad(entry(D, U, "    createdb = True"), 5, "shop", "createdb", "write true"),
}
