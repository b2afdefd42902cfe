"""The reference page, from the models that validation reads: they can't drift apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgtenant.catalog.model import FIELDS, FieldSpec
from pgtenant.errors import ExitCode
from pgtenant.platform.options import OPTIONS, Option
from pgtenant.platform.placeholders import substitute
from pgtenant.report.schema import COMMANDS, schema
from pgtenant.settings.specs import ENVIRONMENTS, SPECS, Spec

EXIT_CODES = {
    ExitCode.CONVERGED: "converged",
    ExitCode.FAILED: "failed",
    ExitCode.CHANGES: "the plan has changes (`plan --detailed-exitcode`)",
    ExitCode.APPROVAL_REQUIRED: "approval required; nothing was touched",
    ExitCode.BLOCKED: "finished, entries are blocked (`plan`: with `--detailed-exitcode`)",
    ExitCode.USAGE: "wrong usage, settings or catalog; nothing was touched",
}
_COLUMNS = (
    "timestamp_utc, environment, build_id, run_id, database, username, action, status,"
    " duration_ms, message"
)


def reference() -> str:
    """Return the page as Markdown."""
    return "\n".join(
        (
            "# Reference",
            "",
            "Made from the code by `make docs-reference`; a test compares them.",
            "",
            "## Catalog fields",
            "",
            (
                "Each item of `application_databases` is a key and these fields. `null` is as good"
                " as absent; a field that is not listed is an error."
            ),
            "",
            *_table(("field", "type", "default", "rule", ""), _fields(FIELDS)),
            "",
            "## Settings",
            "",
            (
                "In `pgtenant.toml` at the project's root; the variable overrides the file, a flag"
                " overrides both."
            ),
            "",
            *_table(("setting", "variable", "default", "must be", ""), map(_setting, SPECS)),
            "",
            (
                "libpq's own variables (`PGHOST`, `PGHOSTADDR`, `PGSERVICE`, `PGSSLMODE`,"
                " `PGOPTIONS`, …) are ignored: where and how to connect is in the admin's secret"
                " and these settings."
            ),
            "",
            "## Platform repository",
            "",
            "What `pgtenant init` lets you choose; a value that is not what it must be exits 64.",
            "",
            *_table(("option", "default", "must be", ""), map(_option, OPTIONS)),
            "",
            "## Secrets",
            "",
            (
                "A secret is a JSON object with `username`, `password`, `host`, `port` (a number or"
                " its text) and `dbname` (or `database`); other members, such as `engine` and"
                " `connection_uri`, are left alone; a field that is there twice is an error, and"
                " so is white space at either end of one of these values, as the line break that"
                " `echo` adds. Entries are logged in to the admin's host and port; a secret that"
                " leads its application to another server is shown in the plan, and blocks nothing."
            ),
            "",
            "## Approval",
            "",
            (
                "Outside `dev`, unless the settings say otherwise, `apply`, `adopt`, `retire`,"
                " `rotate`, `bootstrap` (`--undo` too) and `tenant add`, `retire` and `drop` need"
                " `ALLOW_DB_PROVISION=true`; with `--dry-run` they do not."
                " `PGTENANT_APPROVED_BY` says who approved."
            ),
            "",
            "## Exit codes",
            "",
            *_table(
                ("code", "meaning"),
                ((str(int(code)), meaning) for code, meaning in EXIT_CODES.items()),
            ),
            "",
            (
                "Of several environments (`plan` and `apply` with `--all` or more than one `-e`,"
                " `fleet report`): the first of 1, 64, 3, 2, 4 and 0 that one of them has."
            ),
            "",
            "## JSON output",
            "",
            (
                "`--format json` prints one object, complete at every exit code from 0 to 4, as its"
                " schema (JSON Schema, draft 2020-12) says. Only an internal error (a mistake in"
                " pgtenant itself) before the command has begun leaves its `error` alone, with exit"
                " code 1. At 64 nothing is printed, except for several environments (`fleet` below)"
                " of which one was begun; `request` prints nothing after an error. `import` prints"
                " a catalog instead."
            ),
            "",
            *_table(
                ("command", "members", "schema"),
                map(_output, COMMANDS),
            ),
            "",
            "## Audit columns",
            "",
            f"`{_COLUMNS}`",
            "",
            (
                "RFC 4180 quoting, lines end in `\\n`. A cell that a spreadsheet would take for a"
                " formula starts with `'`; characters that don't print are escaped with `\\`."
            ),
            "",
            (
                "Actions: `fetch_secret`, `create_role`, `alter_role`, `update_password`,"
                " `create_database`, `configure_database`, `close_database`, `apply_grants`,"
                " `apply_schema`, `create_extension`, `secure_tables`, `store_secret`,"
                " `write_manifest`, `end_session`, `dump_database`, `clean_up`, `drop_database`,"
                " `drop_role`, `add_tenant`, `retire_tenant`, `drop_tenant`, and for an entry as a"
                " whole `check`, `preflight`, `run`."
            ),
            "",
            "Statuses: `success`, `no_change`, `warning`, `blocked`, `error`, `dry_run`.",
            "",
        )
    )


def _output(command: str) -> tuple[str, ...]:
    members = ", ".join(map(_code, schema(command)["properties"]))
    return _code(command.replace("-", " ")), members, f"[{command}](schemas/{command}.schema.json)"


def _fields(specs: Iterable[FieldSpec], prefix: str = "") -> Iterator[tuple[str, ...]]:
    for spec in specs:
        default = "required" if spec.required else _code(_default(spec.default))
        doc = spec.doc + (" Owner entries only." if spec.owner_only else "")
        yield f"`{prefix}{spec.name}`", spec.kind.value, default, _rule(spec), doc
        yield from _fields(spec.fields, f"{prefix}{spec.name}.")


def _rule(spec: FieldSpec) -> str:
    rules = []
    if spec.choices:
        rules.append(", ".join(_code(choice) for choice in spec.choices))
    if spec.pattern:
        rules.append(_code(spec.pattern))
    if spec.minimum is not None:
        rules.append(f"at least {spec.minimum}")
    if spec.max_length is not None:
        rules.append(f"at most {spec.max_length} characters")
    return "; ".join(rules)


def _setting(spec: Spec) -> tuple[str, ...]:
    section = "environments.<name>" if spec.section == ENVIRONMENTS else spec.section
    return (
        f"`[{section}] {spec.key}`",
        _code(spec.variable),
        _code(_default(spec.default)),
        spec.rule,
        spec.doc,
    )


def _option(option: Option) -> tuple[str, ...]:
    default = substitute(option.default, {"prefix": "<prefix>"})
    return _code(option.flag), _code(default), option.rule, option.doc


def _default(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple() | list():
            return "[]" if not value else ", ".join(map(str, value))
        case _:
            return str(value)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
