from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from pgtenant import logs
from pgtenant.audit import Action, Record, Status
from pgtenant.errors import UsageError
from pgtenant.secrets import Secret


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _unconfigured() -> None:
    structlog.reset_defaults()


def record(status: Status) -> Record:
    return Record(
        timestamp_utc="2026-01-16T10:30:00Z",
        environment="dev",
        build_id="42",
        run_id="42-1-abc",
        database='d"\n{',
        username="u",
        action=Action.CREATE_ROLE,
        status=status,
        duration_ms=45,
        message="Created role\u2028",
    )


def events(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_an_event_with_the_same_fields() -> None:
    stream = io.StringIO()
    logs.configure(stream, "info", build_id="42", run_id="42-1-abc")
    logs.log_records([record(status) for status in Status])
    found = events(stream)
    for event, status in zip(found, Status, strict=True):
        assert event["event"] == "audit"
        assert record(status).as_dict().items() <= event.items()
        assert str(event["timestamp"]).endswith("Z")
    levels = {event["status"]: event["level"] for event in found}
    assert levels == {
        "success": "info",
        "no_change": "info",
        "dry_run": "info",
        "warning": "warning",
        "blocked": "warning",
        "error": "error",
    }


def test_every_event_has_the_ids_in_every_thread() -> None:
    stream = io.StringIO()
    logs.configure(stream, "info", build_id="42", run_id="42-1-abc")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: logs.get_logger().info("work", n=n), range(50)))
    found = events(stream)
    assert {(event["build_id"], event["run_id"]) for event in found} == {("42", "42-1-abc")}
    assert sorted(int(str(event["n"])) for event in found) == list(range(50))


def test_the_level_filters() -> None:
    stream = io.StringIO()
    logs.configure(stream, "warning")
    logger = logs.get_logger()
    logger.debug("d")
    logger.info("i")
    logger.warning("w")
    logger.error("e")
    assert [event["event"] for event in events(stream)] == ["w", "e"]


def test_before_configuration_nothing_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    logs.get_logger().error("e")
    logs.log_records([record(Status.ERROR)])
    assert capfd.readouterr() == ("", "")


def test_no_password_in_events_or_tracebacks() -> None:
    stream = io.StringIO()
    logs.configure(stream, "debug")
    password = Secret("sentinel-pw")
    logger = logs.get_logger()
    logger.info("login", password=password, nested={"list": [password]})
    try:
        plain = password.reveal()
        raise RuntimeError("it failed")
    except RuntimeError:
        logger.exception("failed")
    assert plain not in stream.getvalue()
    assert "RuntimeError: it failed" in str(events(stream)[1]["exception"])


def test_a_log_that_can_not_be_written_stops_nothing() -> None:
    stream = io.StringIO()
    logs.configure(stream, "info")
    stream.close()
    logs.get_logger().error("into the void")
    with open(os.devnull) as unwritable:  # noqa: PTH123
        logs.configure(unwritable, "info")
        logs.get_logger().error("into the void")


@pytest.mark.parametrize(
    ("environ", "stream", "level"),
    [
        ({}, io.StringIO(), "info"),
        ({}, Terminal(), "warning"),
        ({"PGTENANT_LOG_LEVEL": ""}, Terminal(), "warning"),
        ({"PGTENANT_LOG_LEVEL": "DEBUG"}, Terminal(), "debug"),
        ({"PGTENANT_LOG_LEVEL": "error"}, io.StringIO(), "error"),
    ],
)
def test_levels(environ: dict[str, str], stream: io.StringIO, level: str) -> None:
    assert logs.level_for(environ, stream) == level


def test_a_level_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="'loud' is not a level") as caught:
        logs.level_for({"PGTENANT_LOG_LEVEL": "loud"}, io.StringIO())
    assert "debug, info, warning, error" in caught.value.hint


def test_importing_costs_no_third_party_package() -> None:
    code = (
        "import sys, pgtenant.logs, pgtenant.settings, pgtenant.secrets, pgtenant.audit\n"
        "costly = {'structlog', 'boto3', 'asyncio', 'logging', 'rich'}\n"
        "print(sorted(costly & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
