#!/usr/bin/env python3
"""The Kubernetes Job of one run: print it, run it, or publish the catalog it was made from.

render   prints gitops/kustomize/rds-provision as the Job rds-provision-<env>-<run number>, with a
         ConfigMap that holds the catalog, the settings, certs/ and schemas/ as they are in this
         checkout: the pod needs neither git nor its credentials.
run      creates both, writes the logs of the pods, and exits as pgtenant did. After a run that
         converged it publishes. 69: the Kubernetes API can't be used and nothing was created;
         scripts/rds_provision.py does the same from here.
publish  says what the daily drift report compares the instance with: ConfigMap rds-catalog-<env>.

ALLOW_DB_PROVISION, PGTENANT_APPROVED_BY, PGTENANT_LOG_LEVEL and GITHUB_ACTOR are passed on to the
pod; PGTENANT_IMAGE stands for --image. Needs kubectl 1.21 or newer (or what KUBECTL names).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from job_manifests import KUBECTL, NAMESPACE, Request, config_map, packed, project_files, rendered
from kubectl import say
from kubernetes_job import FAILED, UNREACHABLE, KubernetesJob, publish

USAGE = 64
INTERRUPTED = 130
LONGEST = 63
NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
PASSED_ON = ("ALLOW_DB_PROVISION", "PGTENANT_APPROVED_BY", "PGTENANT_LOG_LEVEL", "GITHUB_ACTOR")


class Parser(argparse.ArgumentParser):
    """Ends with pgtenant's exit code for wrong usage; argparse's own means something else there."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main() -> int:
    """Print, run or publish."""
    chosen = parse()
    if shutil.which(KUBECTL[0]) is None:
        say(f"rds_job.py: there is no {KUBECTL[0]}; nothing was created")
        return UNREACHABLE if chosen.action == "run" else USAGE
    try:
        return carry_out(chosen)
    except ValueError as error:
        say(f"rds_job.py: {error}")
        return USAGE
    except OSError as error:
        say(f"rds_job.py: {error}")
        return FAILED
    except KeyboardInterrupt:
        say(f"interrupted; what was created goes on: kubectl -n {NAMESPACE} get jobs")
        return INTERRUPTED


def carry_out(chosen: argparse.Namespace) -> int:
    """Do what was asked for, and return the exit code.

    Raises:
        ValueError: the Job can't be made from this checkout.
        OSError: a file can't be read or written.
    """
    action: str = chosen.action
    bundle = packed(project_files(chosen.env))
    catalog = config_map(f"rds-catalog-{chosen.env}", {"ENVIRONMENT": chosen.env}, bundle)
    if action == "publish":
        return publish(json.dumps(catalog))
    manifests = rendered(request(chosen), bundle)
    if action == "render":
        sys.stdout.write(manifests)
        return 0
    with contextlib.ExitStack() as opened:
        log = opened.enter_context(chosen.log.open("w")) if chosen.log else sys.stdout
        job = KubernetesJob(name_of(chosen), recorded=chosen.command == "apply")
        code: int = job.run(manifests, log)
    # Only what was applied: `verify` may run on a checkout that never was.
    if code == 0 and chosen.command == "apply" and not chosen.dry_run:
        publish(json.dumps(catalog))
    return code


def parse() -> argparse.Namespace:
    """Return what was asked for; what can't be a name in Kubernetes is refused."""
    flags = Parser(
        prog="rds_job.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = flags.add_argument
    add("action", choices=["render", "run", "publish"])
    add("--env", required=True, help="the environment")
    add("--command", choices=["apply", "verify"], default="apply", help="of pgtenant")
    add("--run-number", default="0", help="the end of the Job's name")
    add("--build-id", help="for the audit  [default: GITHUB_RUN_ID, or manual]")
    add("--git-ref", help="the commit, for the audit  [default: GITHUB_SHA]")
    add("--dry-run", action="store_true", help="change nothing; needs no approval")
    add("--image", help="another image than gitops/kustomize/components/image says")
    add("--component", action="append", default=[], type=Path, help="a kustomize component to add")
    add("--log", type=Path, help="where run writes the pods' logs  [default: stdout]")
    chosen = flags.parse_args()
    if chosen.dry_run and chosen.command != "apply":
        flags.error("--dry-run is for apply")
    if not NAME.fullmatch(f"{chosen.env}-{chosen.run_number}") or len(name_of(chosen)) > LONGEST:
        flags.error(f"{name_of(chosen)!r} is no name for a Job")
    return chosen


def request(chosen: argparse.Namespace) -> Request:
    """Return what the Job is to be."""
    commit = chosen.git_ref or os.environ.get("GITHUB_SHA", "")
    build = chosen.build_id or os.environ.get("GITHUB_RUN_ID") or "manual"
    passed = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
    passed |= {"GITHUB_SHA": commit} if commit else {}
    return Request(
        suffix=name_of(chosen).removeprefix("rds-provision"),
        variables=passed | {"ENVIRONMENT": chosen.env, "PGTENANT_BUILD_ID": build},
        annotations={"pgtenant/build-id": build, "pgtenant/git-commit": commit},
        command=chosen.command,
        dry_run=chosen.dry_run,
        image=chosen.image or os.environ.get("PGTENANT_IMAGE", ""),
        components=tuple(chosen.component),
    )


def name_of(chosen: argparse.Namespace) -> str:
    """Return the Job's name."""
    end = "" if chosen.command == "apply" else f"-{chosen.command}"
    return f"rds-provision-{chosen.env}-{chosen.run_number}{end}"


if __name__ == "__main__":
    sys.exit(main())
