"""Whatever is done to a journal, the first record that does not fit is named."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgtenant.audit.chain import GENESIS, Link, canonical, parse, seal
from pgtenant.audit.verify import Head, Misfit, Why, verify
from pgtenant.secrets.secret import Secret

PATIENT = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)  # other work on the machine is no reason to fail
TEXT = st.text(max_size=20)  # surrogates, NUL, line ends and all
MEMBERS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["run_started", "record", "run_finished"]),
        "run_id": st.sampled_from(["a", "b"]),
        "message": TEXT,
        "sql": st.lists(TEXT, max_size=2),
        "duration_ms": st.integers(0, 10**6),
    }
)


def chain(members: list[dict[str, Any]], previous: str = GENESIS, seq: int = 0) -> list[Link]:
    links: list[Link] = []
    for one in members:
        links.append(seal(one, seq=seq + 1, previous=previous))
        seq, previous = links[-1].seq, links[-1].hash
    return links


def join(links: list[Link]) -> bytes:
    return b"".join(link.line for link in links)


def misfit(data: bytes, *heads: Head) -> Misfit:
    found = verify(data, heads).misfit
    assert found is not None
    return found


JOURNALS = st.lists(MEMBERS, min_size=1, max_size=6).map(chain)
LONGER = st.lists(MEMBERS, min_size=3, max_size=8).map(chain)


@PATIENT
@given(JOURNALS)
def test_a_journal_as_it_was_written_fits(links: list[Link]) -> None:
    verdict = verify(join(links), [Head(n.seq, n.hash) for n in links])
    assert verdict.misfit is None
    assert verdict.links == tuple(links)
    assert verdict.head == Head(len(links), links[-1].hash)


@PATIENT
@given(JOURNALS, st.data())
def test_any_byte_that_is_another_is_found(links: list[Link], data: st.DataObject) -> None:
    whole = bytearray(join(links))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    found = misfit(bytes(whole))
    line = join(links)[:place].count(b"\n") + 1
    assert (found.line, found.seq) == (line, line)
    assert found.why is (Why.EDITED if whole.endswith(b"\n") else Why.TRUNCATED)


def test_every_single_bit_of_a_journal_counts() -> None:
    whole = join(chain([{"message": "one", "sql": ["GRANT x TO y;"]}, {"message": "two"}]))
    for place in range(len(whole)):
        for bit in range(8):
            edited = bytearray(whole)
            edited[place] ^= 1 << bit
            assert misfit(bytes(edited)).line == whole[:place].count(b"\n") + 1


@PATIENT
@given(LONGER, st.data())
def test_lines_that_are_removed_are_named(links: list[Link], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(links) - 2))
    last = data.draw(st.integers(first, len(links) - 2))
    found = misfit(join(links[:first] + links[last + 1 :]))
    assert (found.line, found.seq, found.why) == (first + 1, first + 1, Why.REMOVED)


@PATIENT
@given(LONGER, st.data())
def test_lines_that_changed_places_are_named(links: list[Link], data: st.DataObject) -> None:
    one = data.draw(st.integers(0, len(links) - 2))
    other = data.draw(st.integers(one + 1, len(links) - 1))
    links = list(links)
    links[one], links[other] = links[other], links[one]
    found = misfit(join(links))
    assert (found.line, found.seq, found.why) == (one + 1, other + 1, Why.REORDERED)


@PATIENT
@given(LONGER, st.data())
def test_lines_that_are_inserted_are_named(links: list[Link], data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(links) - 1))
    copy = data.draw(st.sampled_from(links[:place]))
    head = Head(links[-1].seq, links[-1].hash)
    forged = seal({"message": "forged"}, seq=links[place].seq, previous=links[place].previous)
    for line in (copy.line, forged.line, b"\n", b"{}\n", b"\xff\n"):
        # Of two that could both be the last record, only a published head tells the right one.
        found = misfit(join(links[:place]) + line + join(links[place:]), head)
        assert (found.line, found.why) == (place + 1, Why.INSERTED)


@PATIENT
@given(LONGER, st.data())
def test_a_record_that_was_sealed_anew_is_named(links: list[Link], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(links) - 2))
    before = links[place]
    forged = seal({"message": "forged"}, seq=before.seq, previous=before.previous)
    found = misfit(join([*links[:place], forged, *links[place + 1 :]]))
    assert (found.line, found.seq, found.why) == (place + 1, place + 1, Why.EDITED)


@PATIENT
@given(JOURNALS, st.data())
def test_a_cut_is_found_within_a_line_or_by_the_head(
    links: list[Link], data: st.DataObject
) -> None:
    whole = join(links)
    size = data.draw(st.integers(0, len(whole) - 1))
    kept = whole[:size].count(b"\n")
    head = Head(len(links), links[-1].hash)
    for published in (head, Head(None, head.hash)):
        found = misfit(whole[:size], published)
        assert (found.line, found.seq, found.why) == (kept + 1, kept + 1, Why.TRUNCATED)
    within_a_line = verify(whole[:size]).misfit is not None
    assert within_a_line == (size > 0 and not whole[:size].endswith(b"\n"))


@PATIENT
@given(LONGER, st.data())
def test_a_journal_that_was_written_anew_is_found_by_the_head(
    links: list[Link], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(links) - 1))
    start = links[place]
    anew = chain([{"message": "anew"}] * 9, previous=start.previous, seq=place)
    head = Head(len(links), links[-1].hash)
    assert verify(join([*links[:place], *anew])).misfit is None
    found = misfit(join([*links[:place], *anew]), head)
    assert (found.seq, found.why) == (len(links), Why.EDITED)


def test_a_head_is_its_number_and_its_hash() -> None:
    links = chain([{"message": text} for text in "abc"])
    whole = join(links)
    for head in (Head(0, GENESIS), Head(None, GENESIS), Head(2, links[1].hash)):
        assert verify(whole, [head]).misfit is None
    for seq in (0, 1, 3, 9):
        found = misfit(whole, Head(seq, links[1].hash))
        assert (found.line, found.seq, found.why) == (2, 2, Why.EDITED)
        assert f"published as that of seq {seq}" in found.message
    assert misfit(whole, Head(3, GENESIS)).why is Why.EDITED
    assert misfit(whole, Head(5, GENESIS)).why is Why.TRUNCATED


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"hash":"x","previous":"y","seq":1}',
        b"[" * 100_000,
        b'{"seq":' + b"9" * 5000 + b"}",
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"hash":1,"previous":1,"seq":true}',
        b"\xff\xfe{\0}\0",
        b"\0" * 100,
    ],
)
def test_what_is_no_record_is_an_edit_and_never_a_traceback(line: bytes) -> None:
    assert parse(line) is None
    assert misfit(line + b"\n").why is Why.EDITED


@PATIENT
@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    verdict = verify(data)
    assert (verdict.misfit is None) == (data == b"")


def test_seq_has_to_be_a_number_and_not_true() -> None:
    unsealed = {"previous": GENESIS, "seq": True}
    digest = hashlib.sha256(canonical(unsealed)).hexdigest()
    assert parse(canonical({**unsealed, "hash": digest})) is None


def test_the_hash_is_what_the_documentation_says() -> None:
    link = seal({"message": "größe \udc80"}, seq=1, previous=GENESIS)
    members = json.loads(link.line)
    digest = members.pop("hash")
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode("ascii")).hexdigest() == digest == link.hash
    assert parse(link.line[:-1]) == link


def test_a_secret_never_gets_in() -> None:
    secret = Secret("fake-password")
    for members in ({"a": secret}, {"a": [secret]}, {"a": {"b": secret}}):
        with pytest.raises(TypeError) as caught:
            seal(members, seq=1, previous=GENESIS)
        assert "fake-password" not in str(caught.value)
