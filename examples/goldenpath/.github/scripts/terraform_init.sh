#!/usr/bin/env bash
# Initializes the root of ENVIRONMENT with the very providers of its lock file, which a person commits:
# a pull request's plan and its merge's apply have the same ones then.
set -euo pipefail

root=envs/$ENVIRONMENT-rds
if [ -e "$root/.terraform.lock.hcl" ]; then
    set -- "$@" -lockfile=readonly
else
    echo "::warning::$root has no .terraform.lock.hcl: the newest provider is taken; README.md says how to pin it"
fi
exec terraform -chdir="$root" init -no-color "$@"
