"""`pgtenant audit collect`: what a Job printed becomes the audit of its environment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pgtenant.audit.chain import Kind, Link, canonical, seal_all
from pgtenant.audit.crosscheck import absent
from pgtenant.audit.csvfile import CsvAudit
from pgtenant.audit.export import values
from pgtenant.audit.journal import journal_path
from pgtenant.audit.origin import originals, transplanted
from pgtenant.audit.reading import read_both, read_csv
from pgtenant.audit.record import stamp
from pgtenant.audit.runs import runs_of, unfinished
from pgtenant.audit.tracing import Chain, Traced, trace
from pgtenant.audit.trail import open_trail
from pgtenant.audit.verify import Head, Why, verify
from pgtenant.audit.wire import Found, from_lines
from pgtenant.codes import Code
from pgtenant.errors import AuditError, UsageError
from pgtenant.settings.model import Settings

_HINT: Final = "look into it with `pgtenant audit verify`; nothing was collected"


class NothingToCollectError(UsageError):
    """A log has no record of anybody's journal."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that a log tells of.

    Attributes:
        records: how many of its records the log has, or an earlier one had.
        exit_code: None when the log does not have its end.
    """

    run_id: str
    command: str
    records: int
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Collected:
    """What was collected for one environment.

    Attributes:
        csv: its audit file.
        runs: those that the log tells of.
        added: how many records the journal got.
        rows: how many rows the CSV got.
        apart: the file of what does not hold, or None when everything does.
    """

    environment: str
    csv: Path
    runs: tuple[Run, ...]
    added: int
    rows: int
    apart: Path | None


@dataclass(frozen=True, slots=True)
class Collection:
    """What became of a log.

    Attributes:
        environments: those that were asked for.
        broken: what does not hold in it, and why.
        notes: what is in order and yet worth to know.
    """

    environments: tuple[Collected, ...]
    broken: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a journal holds: its own records, and those that were collected.

    Attributes:
        links: by hash, as they were first written.
        places: by the same hash: the number here.
    """

    links: Mapping[str, Link]
    places: Mapping[str, int]


def collect(
    settings: Settings,
    environment: str | None,
    lines: Iterable[str],
    *,
    heads: Sequence[Head],
    who: Mapping[str, str],
    clock: Callable[[], datetime],
) -> Collection:
    """Add what a log has to the audit of its environments; what is there already stays as it is.

    Args:
        settings: the project's.
        environment: leave out all others; None for each that the log names.
        lines: the log.
        heads: those that were published of the journals that it was printed from.
        who: who collects.
        clock: the present moment, with a timezone.

    Raises:
        AuditError: a published head is not in it, a journal does not verify, or a file can't be
            written.
        NothingToCollectError: there is no record in it.
        UsageError: there is none of that environment.
    """
    found = from_lines(lines)
    named = sorted({link.text("environment") for link in found.links} - {""})
    wanted = _wanted(named, environment, found)
    paths = {env: settings.audit_path(env) for env in wanted}
    known = [_known(path, _journal(path)) for path in paths.values()]
    traced = trace(found.links, {name: link for one in known for name, link in one.links.items()})
    _check_heads(heads, traced, known)
    collected = tuple(
        _collect(env, path, traced, _edited(found, env, wanted), who=who, clock=clock)
        for env, path in paths.items()
    )
    left_out = [env for env in named if env not in wanted]
    return Collection(
        environments=collected,
        broken=(*(f"line {odd.line}: {odd.why}" for odd in found.odd if odd.edited), *traced.why),
        notes=(
            *(f"line {o.line}: a record of which {o.why}" for o in found.odd if not o.edited),
            *(f"the log has records of {env} too, which are left out" for env in left_out),
        ),
    )


def _wanted(named: Sequence[str], environment: str | None, found: Found) -> Sequence[str]:
    if environment is None and named:
        return named
    if environment is not None and environment in named:
        return [environment]
    if named:
        raise UsageError(
            f"the log has no record of {environment}, only of {', '.join(named)[:200]}",
            code=Code.LOG,
        )
    if found.odd:
        raise AuditError(
            f"{len(found.odd)} line(s) of the log look like records, and none is one: line"
            f" {found.odd[0].line}: {found.odd[0].why}",
            hint="get the log again from where it was written; nothing was collected",
            code=Code.LOG,
        )
    raise NothingToCollectError(
        "the log has no record of a run's journal",
        hint="runs print them with PGTENANT_PROJECT_AUDIT_LOG=true; one that is refused before its"
        " first record (no approval, an invalid catalog) has none",
        code=Code.LOG,
    )


def _check_heads(heads: Iterable[Head], traced: Traced, known: Iterable[_Known]) -> None:
    """Insist on the published heads.

    Raises:
        AuditError: one is missing, so that the log was cut off, or written anew.
    """
    held = {link.hash: link.seq for chain in traced.chains for link in chain.links}
    held |= {name: link.seq for one in known for name, link in one.links.items()}
    for head in heads:
        if head.hash not in held or head.seq not in {None, held[head.hash]}:
            raise AuditError(
                f"the published head {head} is not in the log, nor in what was collected before",
                hint="the log is cut off before it, or was written anew; nothing was collected",
                code=Code.LOG,
            )


def _journal(csv: Path) -> bytes:
    journal = journal_path(csv)
    return read_both(journal, csv)[0] if journal.exists() else b""


def _known(csv: Path, data: bytes) -> _Known:
    """Return what a journal holds.

    Raises:
        AuditError: it does not verify.
    """
    return _holds(_verified(csv, data))


def _verified(csv: Path, data: bytes) -> tuple[Link, ...]:
    verdict = verify(data)
    if verdict.misfit is not None and verdict.misfit.why is not Why.TRUNCATED:
        raise AuditError(
            f"{journal_path(csv)}: {verdict.misfit}", hint=_HINT, code=Code.BROKEN_JOURNAL
        )
    return verdict.links


def _holds(links: Sequence[Link]) -> _Known:
    first = {link.hash: (link, link) for link in links}
    first |= {was.hash: (was, here) for was, here in originals(links)}
    return _Known(
        {name: was for name, (was, _) in first.items()},
        {name: here.seq for name, (_, here) in first.items()},
    )


def _collect(
    environment: str,
    path: Path,
    traced: Traced,
    edited: Sequence[str],
    *,
    who: Mapping[str, str],
    clock: Callable[[], datetime],
) -> Collected:
    rows = 0
    before: tuple[Link, ...] = ()

    def decide(data: bytes, seq: int) -> Sequence[Mapping[str, object]]:
        nonlocal before
        before = _verified(path, data)
        new = [*_transplants(traced.chains, environment, _holds(before), seq + 1)]
        if not new:
            return ()
        marked = {
            "kind": str(Kind.COLLECTED),
            "timestamp_utc": stamp(clock()),
            "environment": environment,
            **who,
        }
        head = before[-1] if before else None
        after = unfinished((*before, *seal_all((marked, *new), head)))
        endless = [link.text("run_id") for at, link in after.items() if at > seq]
        return {**marked, "no_end": endless}, *new

    def then(written: tuple[Link, ...]) -> None:
        nonlocal rows
        rows = _rows(trail.csv, (*before, *written), traced)

    written: tuple[Link, ...] = ()
    if any(link.text("environment") == environment for one in traced.chains for link in one.links):
        with open_trail(path) as trail:
            written = trail.journal.append_after(decide, then)
    return Collected(
        environment=environment,
        csv=path,
        runs=tuple(_runs(traced.chains, environment)),
        added=sum(link.text("kind") not in {Kind.COLLECTED, Kind.TORN} for link in written),
        rows=rows,
        apart=_keep_apart(path, environment, traced, edited),
    )


def _transplants(
    chains: Iterable[Chain], environment: str, known: _Known, seq: int
) -> Iterator[dict[str, object]]:
    """Yield what is new, as it will stand here.

    Args:
        chains: what the log has.
        environment: whose records.
        known: what is here.
        seq: the number that the first new record gets.
    """
    for chain in chains:
        places = {}
        before = chain.root
        while (link := known.links.get(before)) is not None:
            places[link.seq], before = known.places[before], link.previous
        for link in chain.links:
            if link.hash in known.places:
                places[link.seq] = known.places[link.hash]
            elif link.text("environment") == environment:
                places[link.seq] = seq
                yield transplanted(link, places)
                seq += 1


def _rows(csv: CsvAudit, links: Sequence[Link], traced: Traced) -> int:
    """Write the rows of the log's records that the CSV lacks, those of a collect that died too."""
    ours = {link.hash for chain in traced.chains for link in chain.links}
    here = {here.seq for was, here in originals(links) if was.hash in ours}
    lacking = [link for link in absent(links, read_csv(csv.path)) if link.seq in here]
    csv.append_values(values(link.members) for link in lacking)
    return len(lacking)


def _runs(chains: Iterable[Chain], environment: str) -> Iterator[Run]:
    for chain in chains:
        own = [link for link in chain.links if link.text("environment") == environment]
        for records in runs_of(own).values():
            end = [link for link in records if link.text("kind") == Kind.RUN_FINISHED]
            code = end[-1].members.get("exit_code") if end else None
            yield Run(
                run_id=records[0].text("run_id"),
                command=next((t for link in records if (t := link.text("command"))), ""),
                records=sum(link.text("kind") == Kind.RECORD for link in records),
                exit_code=code if isinstance(code, int) else None,
            )


def _edited(found: Found, environment: str, wanted: Sequence[str]) -> list[str]:
    """Return what was edited and names this environment; the first one gets what names none."""
    texts = [odd.text for odd in found.odd if odd.edited]
    named = {text: [env for env in wanted if f'"{env}"' in text] for text in texts}
    return [text for text in texts if environment in (named[text] or wanted[:1])]


def _keep_apart(csv: Path, environment: str, traced: Traced, edited: Sequence[str]) -> Path | None:
    """Write what does not hold into a file of its own, named by what is in it."""
    lines = [
        canonical(link.members).decode()
        for link in traced.loose
        if link.text("environment") == environment
    ]
    lines += edited
    if not lines:
        return None
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(data).hexdigest()[:12]
    path = csv.with_name(f"{csv.stem}.apart-{digest}.jsonl")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise AuditError(
            f"{path} can't be written: {error.strerror}",
            hint="what holds was collected; mend the path, then collect again for the rest",
            code=Code.AUDIT_UNWRITTEN,
        ) from None
    return path
