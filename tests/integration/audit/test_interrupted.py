"""Stopped in the middle of a change: the journal says how the run ended, whatever the command."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pgtenant.errors import ExitCode
from support.instance import Instance
from support.processes import finish, holding, start, until_waiting
from support.project import Project
from support.siege import SHOP

from .journals import of_run, planned, records, settled

NO_COMMENTS = "LOCK TABLE pg_catalog.pg_shdescription IN SHARE ROW EXCLUSIVE MODE"
INTERRUPTED = 130


@pytest.mark.parametrize(
    ("signum", "command"),
    [
        (signal.SIGINT, ("apply", "-e", "dev")),
        (signal.SIGTERM, ("apply", "-e", "dev")),
        (signal.SIGINT, ("adopt", "-e", "dev", "--all")),
        (signal.SIGINT, ("bootstrap", "-e", "dev")),
    ],
    ids=["apply", "apply-SIGTERM", "adopt", "bootstrap"],
)
def test_its_end_is_in_the_journal(
    instance: Instance, tmp_path: Path, signum: signal.Signals, command: tuple[str, ...]
) -> None:
    project = Project(root=tmp_path, instance=instance)
    project.write(SHOP)
    if command[0] == "adopt":
        project.converge("--run-id", "before")
        for role in ("shop_user", "shop_reader"):
            instance.su(f"COMMENT ON ROLE {role} IS NULL")
    project.environ["PGTENANT_RUN_ID"] = "stopped"
    with holding(instance, NO_COMMENTS):
        run = start(project, *command)
        until_waiting(instance, "COMMENT ON ROLE %")
        run.send_signal(signum)
        (result,) = finish(run)
    assert result.code == INTERRUPTED, result.output
    assert "Traceback" not in result.err
    (end,) = of_run(records(project), "stopped", "run_finished")
    assert (end["exit_code"], end["cut_off"]) == (INTERRUPTED, True)
    assert "unsettled" not in end  # it does not know how its last steps ended
    assert "exit code 130, cut off" in project.run("audit", "runs", "-e", "dev").out
    check = project.run("audit", "verify", "-e", "dev")
    assert (check.code, "has no end" in check.out) == (0, False), check.out
    project.environ["PGTENANT_RUN_ID"] = "next"
    assert project.run(*command).code == ExitCode.CONVERGED
    found = records(project)
    assert set(settled(found, "next")) <= set(planned(found, "stopped"))
