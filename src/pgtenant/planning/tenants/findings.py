"""What can be wrong with how tenants are kept apart, and why each of it matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pgtenant.planning.tenants.found import Name


class Problem(StrEnum):
    """What a finding is about."""

    SCHEMA_OWNER = "schema_owner"
    SCHEMA_OPEN = "schema_open"
    NO_COLUMN = "no_column"
    COLUMN_TYPE = "column_type"
    NO_ROW_SECURITY = "no_row_security"
    NOT_FORCED = "not_forced"
    NO_POLICY = "no_policy"
    POLICY_PARTIAL = "policy_partial"
    POLICY_WEAK = "policy_weak"
    POLICY_UNKNOWN = "policy_unknown"
    POLICY_BESIDE = "policy_beside"
    NO_INDEX = "no_index"
    INHERITANCE = "inheritance"
    TABLE_OWNER = "table_owner"
    NOT_ENTERED = "not_entered"
    BEYOND_POLICIES = "beyond_policies"
    KEY = "key"
    FOREIGN_KEY = "foreign_key"
    FOREIGN_KEY_OUTSIDE = "foreign_key_outside"
    FOREIGN_KEY_OTHER_TENANT = "foreign_key_other_tenant"
    SEQUENCE = "sequence"
    SEQUENCE_BY_NAME = "sequence_by_name"
    TRIGGER = "trigger"
    RULE = "rule"
    MATERIALIZED_VIEW = "materialized_view"
    FOREIGN_TABLE = "foreign_table"
    VIEW_BYPASSES = "view_bypasses"
    VIEW_OWNER = "view_owner"
    FUNCTION_BYPASSES = "function_bypasses"
    FUNCTION_SETS_TENANT = "function_sets_tenant"
    FUNCTION_PATH = "function_path"
    ROLE_BYPASSES = "role_bypasses"
    ROLE_BECOMES = "role_becomes"
    PRESET = "preset"


WHY: Final[Mapping[Problem, str]] = {
    Problem.SCHEMA_OWNER: "whoever owns a schema can drop what is in it, and give it to others",
    Problem.SCHEMA_OPEN: "a tenant's schema is the application's alone: who may create in it can"
    " put a table or a function before those that the application means",
    Problem.NO_COLUMN: "without the tenant column no policy can tell whose a row is, and row"
    " security would hide them all: add it and fill it, then `apply` does the rest",
    Problem.COLUMN_TYPE: "a value of this type can be cut, padded or counted as equal to another,"
    " and then belongs to another tenant; uuid, text, varchar and whole numbers can't",
    Problem.NO_ROW_SECURITY: "without ENABLE ROW LEVEL SECURITY every row is everybody's who may"
    " read the table; policies that exist are not asked",
    Problem.NOT_FORCED: "the application owns its tables, and policies hold an owner only with"
    " FORCE ROW LEVEL SECURITY",
    Problem.NO_POLICY: "row security without a policy shows nobody anything",
    Problem.POLICY_PARTIAL: "rows that are read and rows that are written need the condition, for"
    " every command and every role",
    Problem.POLICY_WEAK: "it should see no rows without a tenant, raise no error, and read the"
    " setting once for a statement",
    Problem.POLICY_UNKNOWN: "its condition is not the one that is known to isolate",
    Problem.POLICY_BESIDE: "permissive policies are joined by OR: what one lets through, no other"
    " can hold back",
    Problem.NO_INDEX: "every query has the policy's condition, and reads the whole table for it",
    Problem.INHERITANCE: "of a table and its partitions or children, the policies of the one that a"
    " query names are asked alone: whoever names the other reads past these",
    Problem.TABLE_OWNER: "whoever owns a table can switch its row security off",
    Problem.NOT_ENTERED: "what the application may do without SET ROLE, it may do to every tenant"
    " at once, and a query that forgot to enter one is not refused",
    Problem.BEYOND_POLICIES: "TRUNCATE, REFERENCES and TRIGGER are held by no policy",
    Problem.KEY: "a key is checked against all rows, without policies: a refused value tells that"
    " another tenant has it",
    Problem.FOREIGN_KEY: "foreign keys are checked without policies: they tell whether another"
    " tenant's row exists, and ON DELETE and ON UPDATE reach it",
    Problem.FOREIGN_KEY_OUTSIDE: "foreign keys are checked without policies, and tie this tenant's"
    " rows to a table that others share",
    Problem.FOREIGN_KEY_OTHER_TENANT: "it ties one tenant's rows to another's: neither can be"
    " taken away alone",
    Problem.SEQUENCE: "its numbers tell one tenant how much the others do",
    Problem.SEQUENCE_BY_NAME: "whose sequence that is, is decided anew for each row; where all"
    " tenants have one, its numbers tell each how much the others do",
    Problem.TRIGGER: "a trigger gets each row as it is written, past all policies, and whoever owns"
    " its function decides what becomes of it",
    Problem.RULE: "what a rule adds to a statement is done with the rights of the table's owner,"
    " whom FORCE alone holds, and may carry rows elsewhere",
    Problem.MATERIALIZED_VIEW: "it keeps the rows of whichever tenant was set when it was filled,"
    " and no policy holds whoever reads it",
    Problem.FOREIGN_TABLE: "PostgreSQL has no row security for foreign tables",
    Problem.VIEW_BYPASSES: "a view without security_invoker reads as its owner, whom no policy"
    " holds",
    Problem.VIEW_OWNER: "a view without security_invoker reads as its owner, whatever the rights"
    " of whoever asks; FORCE alone holds it",
    Problem.FUNCTION_BYPASSES: "a SECURITY DEFINER function runs as its owner, whom no policy"
    " holds",
    Problem.FUNCTION_SETS_TENANT: "it sets the tenant itself, and so answers for that one whoever"
    " calls it",
    Problem.FUNCTION_PATH: "a SECURITY DEFINER function without a search_path of its own finds"
    " tables and operators where its caller wants",
    Problem.ROLE_BYPASSES: "no policy holds it",
    Problem.ROLE_BECOMES: "with SET ROLE no policy holds it any more",
    Problem.PRESET: "a session that says no tenant must have none: with a default it reads that"
    " tenant's rows",
}


_LISTED: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps tenants less apart than they should be.

    Attributes:
        message: what is so, of each of `names`.
        names: the objects, sorted; a role or a schema has an empty first part.
        statement: the SQL that mends the first of them, or empty.
        ours: whether `apply` mends it.
    """

    problem: Problem
    message: str
    names: tuple[Name, ...]
    statement: str = ""
    ours: bool = False

    @property
    def why(self) -> str:
        """Why that matters."""
        return WHY[self.problem]


def subject(names: tuple[Name, ...], spell: Callable[[str], str] = str) -> str:
    """Return what a finding is about, before its message: the first objects by their names.

    Args:
        names: of the finding.
        spell: writes one part of a name.
    """
    listed = ", ".join(".".join(spell(part) for part in one if part) for one in names[:_LISTED])
    rest = len(names) - _LISTED
    listed += f" and {rest} more" if rest > 0 else ""
    return f"{listed}: each" if len(names) > 1 else listed


def rank(finding: Finding) -> tuple[int, tuple[Name, ...], str]:
    """Return what findings are sorted by."""
    return list(Problem).index(finding.problem), finding.names, finding.message
