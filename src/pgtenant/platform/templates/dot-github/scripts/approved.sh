#!/usr/bin/env bash
# Records in the catalog of resources that what was merged is approved. Not where it says more already.
set -euo pipefail

# shellcheck source=/dev/null
. .github/scripts/until_pushed.sh

approve() {
    local environment
    for environment in $ENVIRONMENTS; do
        pgtenant request status --env "$environment" --from-audit --at-least approved
    done
    git add --update # nothing else is changed in this checkout
}

until_pushed approve --message "Record what was approved" --message "Run $GITHUB_RUN_ID at $GITHUB_SHA."
