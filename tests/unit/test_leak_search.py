"""The search for passwords finds it however it is written: a test that can't fail shows nothing."""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from support.leaks import files_below, leaks, started_processes
from support.project import password_of

SECRET = password_of("somebody")
HIDDEN = {
    "raw": f"password is {SECRET}!",
    "a SQL literal": "ALTER ROLE x PASSWORD '" + SECRET.replace("'", "''") + "'",
    "an escaped SQL literal": "E'" + SECRET.replace("\\", "\\\\").replace("'", "''") + "'",
    "a conninfo": make_conninfo(host="x", password=SECRET),
    "a URL": f"postgresql://u:{urllib.parse.quote(SECRET, safe='')}@h/d",
    "a URL in small letters": urllib.parse.quote(SECRET, safe="").lower(),
    "a form": urllib.parse.urlencode({"p": SECRET}),
    "a repr": repr({"password": SECRET}),
    "JSON": json.dumps({"password": SECRET}),
    "SQL in JSON": json.dumps({"sql": "PASSWORD '" + SECRET.replace("'", "''") + "'"}),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 of URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "hex": binascii.hexlify(SECRET.encode()).decode(),
    "capital hex": SECRET.encode().hex().upper(),
    "a dump": SECRET.encode().hex(" "),
    "HTML": "<td>fake-&#x27;somebody&#x27;-%/?:\\pass</td>",
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_it_is_found_however_it_is_written(kind: str) -> None:
    assert leaks(HIDDEN[kind], [SECRET])
    assert leaks(HIDDEN[kind].encode(), ["another-one", SECRET])
    assert leaks(HIDDEN[kind], [password_of("nobody")]) == []


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("after", ["", "z", "zz", "@host"])
def test_it_is_found_in_the_base64_of_more(before: str, after: str) -> None:
    assert leaks(base64.b64encode(f"{before}{SECRET}{after}".encode()), [SECRET])


def test_it_is_found_in_utf_16() -> None:
    assert leaks(SECRET.encode("utf-16"), [SECRET])


def test_innocent_texts_hold_none() -> None:
    assert leaks("fake-somebody-pass " * 100 + "x" * 10_000, [SECRET]) == []


def test_what_a_child_is_started_with_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with started_processes() as seen:
        subprocess.run([sys.executable, "-c", "", SECRET], check=True)
    assert leaks("".join(seen), [SECRET])
    with started_processes() as seen:
        subprocess.run([sys.executable, "-c", ""], env={"P": SECRET}, check=True)
    assert leaks("".join(seen), [SECRET])
    monkeypatch.setenv("SOME_PASSWORD", SECRET)
    with started_processes() as seen:
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert leaks("".join(seen), [SECRET])


def test_every_file_is_read_but_those_that_may_hold_it(tmp_path: Path) -> None:
    for name in ("a.txt", "b/.hidden", ".secrets/s.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SECRET)
    assert set(files_below(tmp_path, but=".secrets")) == {"a.txt", "b/.hidden"}
