"""The command line: parse, call a use case, print, exit. It decides nothing.

Commands are imported when they run, so that `--help` and wrong arguments cost no driver.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback

import click

from pgtenant.cli.app import cli
from pgtenant.cli.completion import VARIABLE, answer
from pgtenant.cli.stdout import Output
from pgtenant.cli.working import named_without_option
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, PgtenantError

__all__ = ["main"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. Never raises."""
    _take_sigterm_for_ctrl_c()
    out, err = Output(sys.stdout), Output(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _run(arguments)
        out.flush()
        if not out.lost:
            return code
        if out.dispensable:
            err.write(f"the output is not complete ({out.lost}); the audit file has all of it\n")
            return code
        if not out.left:
            from pgtenant.cli.leads import lead_to

            err.write(f"error: the output could not be written: {out.lost}\n")
            lead_to(Code.LOST_OUTPUT)
        good = code in {ExitCode.CONVERGED, ExitCode.CHANGES, ExitCode.BLOCKED}
        return ExitCode.FAILED if good else code


def _take_sigterm_for_ctrl_c() -> None:
    """Have a run that Kubernetes or systemd ends write how it ended.

    Otherwise it dies on the spot, and as the first process of a container does not hear it at all.
    """
    unchanged = (
        signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if unchanged and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _run(arguments: list[str] | None) -> int:
    try:
        asked = os.environ.get(VARIABLE)
        code = answer(cli, asked) if asked else _command(arguments)
    except click.ClickException as error:
        error.show()
        sys.stderr.write(named_without_option(sys.argv[1:] if arguments is None else arguments))
        if not isinstance(error, click.exceptions.NoArgsIsHelpError):
            from pgtenant.cli.leads import lead_to

            lead_to(Code.ARGUMENTS)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted; the next run continues from what is there\n")
        return _INTERRUPTED
    except PgtenantError as error:
        from pgtenant.report.errors import error_text

        sys.stderr.write(error_text(error))
        return error.exit_code
    except SystemExit as ended:  # click ends the process at a broken pipe, of whatever it was
        return _unexpected(ended.__context__ or ended)
    except Exception as error:
        return _unexpected(error)
    return int(code or 0)


def _command(arguments: list[str] | None) -> int | None:
    code: int | None = cli.main(args=arguments, prog_name="pgtenant", standalone_mode=False)
    return code


def _unexpected(error: BaseException) -> int:
    """Say in one line what nobody thought of."""
    from pgtenant.cli.leads import lead_to
    from pgtenant.cli.unexpected import as_error, as_json
    from pgtenant.report.jsonout import json_text

    if os.environ.get("PGTENANT_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error, file=sys.stderr)
    told = as_error(error)
    if isinstance(sys.stdout, Output) and sys.stdout.document and not sys.stdout.used:
        sys.stdout.write(json_text({"error": as_json(told)}))
    sys.stderr.write(f"{told.message}; {told.hint}\n")
    lead_to(told.code)
    return ExitCode.FAILED
