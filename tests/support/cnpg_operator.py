"""A stand-in for the CloudNativePG operator, which is not here: manifests become SQL.

It does to a real PostgreSQL what the operator's own reconcilers do, in their order: new roles as
the manifest lists them, then the attributes, comments and memberships of those that are there, then
databases with their owners and extensions. Whatever somebody changed of these, it changes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from support.instance import Instance

_ATTRIBUTES = {
    "login": "LOGIN",
    "createdb": "CREATEDB",
    "createrole": "CREATEROLE",
    "superuser": "SUPERUSER",
    "replication": "REPLICATION",
    "bypassrls": "BYPASSRLS",
    "inherit": "INHERIT",
}


@dataclass
class StandInOperator:
    """The operator of one cluster.

    Attributes:
        secrets: the data of each Secret, by its name.
        failed: why a role or a database can't be reconciled, by its name, as of the last time.
        applied: the reclaim policy of each `DatabaseRole` that was applied, by its role.
    """

    instance: Instance
    secrets: Mapping[str, Mapping[str, str]]
    failed: dict[str, str] = field(default_factory=dict)
    applied: dict[str, str] = field(default_factory=dict)

    def reconcile(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Bring the server to what the manifests say, once."""
        self.failed.clear()
        for one in objects:
            if one["kind"] == "Cluster":
                self._roles(one["spec"].get("managed", {}).get("roles", []))
        inline = {
            role["name"]
            for one in objects
            if one["kind"] == "Cluster"
            for role in one["spec"].get("managed", {}).get("roles", [])
        }
        for one in objects:
            if one["kind"] == "DatabaseRole":
                self._resource(one["spec"], inline)
        for one in objects:
            if one["kind"] == "Database":
                self._database(one["spec"])
        self._finalize({one["spec"]["name"] for one in objects if one["kind"] == "DatabaseRole"})

    def _resource(self, spec: Mapping[str, Any], inline: set[str]) -> None:
        """Apply a `DatabaseRole`, which the cluster's own manifest goes before."""
        assert "ensure" not in spec
        name = spec["name"]
        if name in inline:
            self.failed[name] = "database role is already managed by the CNPG cluster"
            return
        there = self.instance.su("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        self._role("ALTER" if there else "CREATE", spec, () if there else spec.get("inRoles", []))
        if there:
            self._try(name, *self._memberships(spec))
        self.applied[name] = spec.get("databaseRoleReclaimPolicy", "retain")

    def _finalize(self, there: set[str]) -> None:
        """Drop the roles of resources that are deleted, as far as their policy was to."""
        for name in self.applied.keys() - there:
            if self.applied[name] == "delete":
                self._try(name, sql.SQL("DROP ROLE {}").format(_name(name)))
            del self.applied[name]

    def _roles(self, roles: Sequence[Mapping[str, Any]]) -> None:
        there = {name for (name,) in self.instance.su("SELECT rolname::text FROM pg_roles")}
        present = [role for role in roles if role.get("ensure", "present") == "present"]
        new = [role for role in present if role["name"] not in there]
        old = [role for role in present if role["name"] in there]
        for role in new:
            self._role("CREATE", role, groups=role.get("inRoles", []))
        for role in old:
            self._role("ALTER", role)
        for role in old:
            self._try(role["name"], *self._memberships(role))
        for role in roles:
            if role.get("ensure") == "absent" and role["name"] in there:
                self._try(role["name"], sql.SQL("DROP ROLE {}").format(_name(role["name"])))

    def _role(self, verb: str, role: Mapping[str, Any], groups: Sequence[str] = ()) -> None:
        name = _name(role["name"])
        words = [
            f"{'' if role.get(key, key == 'inherit') else 'NO'}{word}"
            for key, word in _ATTRIBUTES.items()
        ]
        words.append(f"CONNECTION LIMIT {role.get('connectionLimit', -1)}")
        parts = [sql.SQL(verb + " ROLE"), name, sql.SQL(" ".join(words))]
        if groups:
            listed = sql.SQL(", ").join(map(_name, groups))
            parts.append(sql.SQL("IN ROLE {}").format(listed))
        secret = role.get("passwordSecret", {}).get("name")
        if secret in self.secrets:
            assert self.secrets[secret]["username"] == role["name"]
            password = sql.Literal(self.secrets[secret]["password"])
            parts.append(sql.SQL("PASSWORD {}").format(password))
        comment = sql.Literal(role.get("comment", ""))
        self._try(
            role["name"],
            sql.SQL(" ").join(parts),
            sql.SQL("COMMENT ON ROLE {} IS {}").format(name, comment),
        )

    def _memberships(self, role: Mapping[str, Any]) -> list[sql.Composed]:
        """Grant what `inRoles` has, and revoke all that it has not, whoever granted it."""
        name, wanted = role["name"], set(role.get("inRoles", []))
        rows = self.instance.su(
            "SELECT g.rolname::text, r.rolname::text FROM pg_auth_members m"
            " JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.grantor"
            " WHERE m.member = %s::regrole",
            [sql.Identifier(name).as_string()],
        )
        return [
            *(
                sql.SQL("GRANT {} TO {}").format(_name(group), _name(name))
                for group in sorted(wanted - {group for group, _ in rows})
            ),
            *(
                sql.SQL("REVOKE {} FROM {} GRANTED BY {}").format(*map(_name, (group, name, by)))
                for group, by in rows
                if group not in wanted
            ),
        ]

    def _database(self, spec: Mapping[str, Any]) -> None:
        name, owner = spec["name"], _name(spec["owner"])
        found = self.instance.su("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if spec.get("ensure") == "absent":
            if found:
                self._try(name, sql.SQL("DROP DATABASE {}").format(_name(name)))
            return
        for key, word in (("allowConnections", "ALLOW_CONNECTIONS"), ("isTemplate", "IS_TEMPLATE")):
            if found and key in spec:
                altering = f"ALTER DATABASE {{}} WITH {word} {spec[key]}"
                self._try(name, sql.SQL(altering).format(_name(name)))
        verb = "ALTER DATABASE {} OWNER TO {}" if found else "CREATE DATABASE {} OWNER {}"
        self._try(name, sql.SQL(verb).format(_name(name), owner))
        for extension in spec.get("extensions", []):
            making = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(_name(extension["name"]))
            self._try(name, making, dbname=name)

    def _try(self, name: str, *statements: sql.Composed, dbname: str = "postgres") -> None:
        for statement in statements:
            try:
                self.instance.su(statement, dbname=dbname)
            except psycopg.Error as error:
                self.failed[name] = str(error)


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(name)
