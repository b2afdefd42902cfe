"""The command line: parse, call a use case, print, exit. It decides nothing.

Commands are imported when they run, so that `--help` and wrong arguments cost no driver.
"""

from __future__ import annotations

import os
import sys

import click

from pgtenant.cli.app import cli
from pgtenant.errors import ExitCode, PgtenantError

__all__ = ["main"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. Never raises for what a user can cause."""
    try:
        code = cli.main(args=arguments, prog_name="pgtenant", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted; the next run continues from what is there\n")
        return _INTERRUPTED
    except PgtenantError as error:
        from pgtenant.report.errors import error_text

        sys.stderr.write(error_text(error))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone; what was done is in the audit file.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    return int(code or 0)
