"""`plan` and `apply` of several environments, each on a server of its own."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from pgtenant.audit.journal import journal_path
from support.oracle import changing
from support.processes import finish, holding, start, until_waiting
from support.project import Project
from support.sockets import most_sessions

from .conftest import APPROVED, Fleet, entries, has, states

ALL = {"dev", "staging", "prod"}
NO_COMMENTS = "LOCK TABLE pg_catalog.pg_shdescription IN SHARE ROW EXCLUSIVE MODE"
WAVES = [["dev"], ["staging"], ["prod"]]


def test_all_of_them(fleet: Fleet) -> None:
    planned = fleet.json("plan", "--all", "--detailed-exitcode", code=2)
    assert states(planned) == dict.fromkeys(ALL, "changes")
    assert [one["wave"] for one in planned["environments"]] == [1, 2, 3]
    applied = fleet.json("apply", "--all", "--run-id", "x", "--build-id", "77")
    assert applied["command"] == "apply"
    assert states(applied) == dict.fromkeys(ALL, "converged")
    for project, one in zip(fleet.all, applied["environments"], strict=True):
        assert has(project.instance, f"app_{project.env}")
        assert one["apply"]["run_id"] == f"x-{project.env}"
        rows = project.audit_rows()  # its own, and nobody else's
        assert {(row["environment"], row["run_id"]) for row in rows} == {
            (project.env, f"x-{project.env}")
        }
        check = project.run("audit", "verify", "-e", project.env)
        assert (check.code, "has no end" in check.out) == (0, False), check.out
    marks = [project.instance.log_mark() for project in fleet.all]
    again = fleet.json("apply", "--all", "--parallel", "3")
    assert states(again) == dict.fromkeys(ALL, "converged")
    assert fleet.json("plan", "--all", "--detailed-exitcode")["summary"]["changes"] == 0
    for project, mark in zip(fleet.all, marks, strict=True):
        assert not changing(project.instance.log_since(mark))


def test_those_that_are_named(fleet: Fleet) -> None:
    document = fleet.json("apply", "-e", "staging", "-e", "dev", "--dry-run", approved=False)
    assert document["command"] == "apply --dry-run"
    assert list(states(document)) == ["dev", "staging"]
    assert not has(fleet.dev.instance, "app_dev")
    assert fleet.run("plan", "--all", "-e", "dev").code == 64
    # One that is named twice is one.
    assert "environment" in fleet.json("plan", "-e", "dev", "-e", "dev")


def test_without_an_approval_nothing_is_touched(fleet: Fleet) -> None:
    document = fleet.json("apply", "--all", code=3, approved=False)
    assert states(document) == {
        "dev": "not_started",
        "staging": "approval_required",
        "prod": "approval_required",
    }
    assert not has(fleet.dev.instance, "app_dev")
    assert not fleet.dev.audit.exists()
    # Each environment is judged by itself.
    document = fleet.json("apply", "--all", "--no-fail-fast", code=3, approved=False)
    assert states(document)["dev"] == "converged"
    assert has(fleet.dev.instance, "app_dev")
    assert not has(fleet.prod.instance, "app_prod")
    assert not fleet.prod.audit.exists()


def break_canary(fleet: Fleet) -> None:
    """Let the first one's secret lead to a port where nobody listens."""
    admin = fleet.dev.instance.admin
    fleet.dev.write_secret("rds/master", admin.user, admin.password, admin.dbname, port=1)


@pytest.mark.parametrize("parallel", ["1", "3"])
def test_a_canary_that_fails_stops_the_rest(fleet: Fleet, parallel: str) -> None:
    break_canary(fleet)
    marks = [project.instance.log_mark() for project in (fleet.staging, fleet.prod)]
    result = fleet.run("apply", "--all", "--parallel", parallel)
    assert result.code == 1
    assert "dev: error: " in result.err
    assert "1 failed · 2 not started · exit code 1" in result.out
    for project, mark in zip((fleet.staging, fleet.prod), marks, strict=True):
        assert not changing(project.instance.log_since(mark))
        assert not project.audit.exists()
    assert journal_path(fleet.dev.audit).exists()  # the run that failed has its record


def test_one_that_can_not_be_reached_leaves_the_others_alone(fleet: Fleet) -> None:
    break_canary(fleet)
    fleet.staging.catalog.write_text("application_databases = {\n  a = {}\n}\n")
    document = fleet.json("apply", "--all", "--no-fail-fast", "--parallel", "3", code=1)
    assert states(document) == {"dev": "failed", "staging": "invalid", "prod": "converged"}
    dev, staging, prod = document["environments"]
    assert "cannot reach localhost:1" in dev["errors"][0]["message"]
    assert "a.database_name" in staging["errors"][0]["message"]
    assert "apply" not in staging
    assert prod["errors"] == []
    assert has(fleet.prod.instance, "app_prod")
    planned = fleet.json("plan", "--all", "--no-fail-fast", code=1)
    assert states(planned) == {"dev": "failed", "staging": "invalid", "prod": "converged"}
    assert states(fleet.json("plan", "--all", code=1))["prod"] == "not_started"


def test_blocked_entries_stop_nothing(fleet: Fleet) -> None:
    fleet.dev.instance.su("CREATE ROLE app_dev_user LOGIN")
    document = fleet.json("apply", "--all", code=4)
    assert states(document) == {"dev": "blocked", "staging": "converged", "prod": "converged"}


def test_ctrl_c_ends_each_run_in_its_journal(fleet: Fleet) -> None:
    with (
        holding(fleet.dev.instance, NO_COMMENTS),
        holding(fleet.staging.instance, NO_COMMENTS),
    ):
        fleet.dev.environ = APPROVED | {"PGTENANT_ENVIRONMENTS_STAGING_WAVE": "1"}
        run = start(fleet.dev, "apply", "--all", "--parallel", "2")
        for project in (fleet.dev, fleet.staging):
            until_waiting(project.instance, "COMMENT ON ROLE %")
        run.send_signal(signal.SIGINT)
        (result,) = finish(run)
    assert result.code == 130, result.output
    assert "Traceback" not in result.err
    for project in (fleet.dev, fleet.staging):
        listed = project.run("audit", "runs", "-e", project.env).out
        assert "exit code 130, cut off" in listed
    assert not fleet.prod.audit.exists()
    assert fleet.run("apply", "--all", "--parallel", "3").code == 0
    for project in fleet.all:
        assert project.run("audit", "verify", "-e", project.env).code == 0


def test_every_event_says_whose_it_is(fleet: Fleet) -> None:
    """Also those of several environments at a time."""
    fleet.dev.environ = APPROVED | {"PGTENANT_ENVIRONMENTS_STAGING_WAVE": "3"}
    result = fleet.dev.spawn("apply", "--all", "--parallel", "2", "--run-id", "x")
    assert result.code == 0, result.output
    events = [json.loads(line) for line in result.err.splitlines()]
    assert {one["event"] for one in events} >= {"approved", "audit"}
    assert {one["environment"] for one in events} == ALL
    assert all(one["run_id"] == f"x-{one['environment']}" for one in events)


def test_environments_on_one_server_share_its_budget(fleet: Fleet) -> None:
    """However many at a time: what is theirs is the server's."""
    second = Project(
        root=fleet.dev.root,
        instance=fleet.dev.instance,
        env="sandbox",
        settings=fleet.dev.settings | {"server": {"connections": 2}},
    )
    second.write(entries("app_sandbox"))
    done = Event()
    with ThreadPoolExecutor(1) as pool:
        most = pool.submit(most_sessions, fleet.dev.instance.port, done)
        try:
            document = fleet.json("apply", "-e", "dev", "-e", "sandbox", "--parallel", "2")
        finally:
            done.set()
        assert 1 <= most.result() <= 2
    assert set(states(document).values()) == {"converged"}


def test_what_is_for_one_environment_only(fleet: Fleet) -> None:
    saved = fleet.dev.root / "plan.json"
    for arguments in (
        ("plan", "--all", "--out", str(saved)),
        ("plan", "--all", "--format", "sql"),
        ("apply", "--all", "--audit", "one.csv"),
    ):
        assert fleet.run(*arguments).code == 64, arguments
    assert fleet.run("plan", "-e", "dev", "--out", str(saved)).code == 0
    assert fleet.run("apply", str(saved), "--all").code == 64
    assert not has(fleet.dev.instance, "app_dev")
    assert fleet.run("apply", "--all", "--audit", "audit-{env}.csv").code == 0
    assert (fleet.dev.root / "audit-prod.csv").exists()


def test_each_in_a_process_of_its_own_and_one_report(fleet: Fleet, tmp_path: Path) -> None:
    """What a workflow does that runs each environment by itself."""
    waves = fleet.run("fleet", "waves", "--format", "json")
    assert json.loads(waves.out) == WAVES
    assert fleet.run("fleet", "waves").out == "dev\nstaging\nprod\n"
    break_canary(fleet)
    files = []
    for project in fleet.all[:2]:
        result = fleet.run("apply", "-e", project.env, "--format", "json")
        files.append(tmp_path / f"{project.env}.json")
        files[-1].write_text(result.out)
    document = fleet.json("fleet", "report", *map(str, files), "--expect", "prod", code=1)
    expected = {"dev": "failed", "staging": "converged", "prod": "not_started"}
    assert states(document) == expected
    assert [one["wave"] for one in document["environments"]] == [1, 2, 3]
    one_process = fleet.json("apply", "--all", code=1)
    one_process["command"] = ""
    (tmp_path / "all.json").write_text(json.dumps(one_process))
    again = fleet.json("fleet", "report", str(tmp_path / "all.json"), code=1)
    assert again == one_process
    assert fleet.run("fleet", "report", str(files[0]), str(files[0])).code == 64


def test_as_a_comment(fleet: Fleet) -> None:
    text = fleet.run("plan", "--all", "--format", "markdown").out
    assert text.startswith("### pgtenant plan\n")
    assert "| 3 | `prod` | changes planned | " in text
    assert fleet.run("apply", "-e", "dev", "--format", "markdown").out.count("`dev`") == 1
    result = fleet.run("apply", "--all", "--parallel", "2")
    assert result.code == 0
    assert "3 converged · exit code 0" in result.out
    assert result.out.index("Run ") < result.out.index("3 environments in 3 waves")
