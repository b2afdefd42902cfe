#!/usr/bin/env bash
# Commits the audit records in the logs to governance/, and what they make of the status of each entry. Two
# environments may do so at once: whoever comes second collects again on top of what the first one pushed.
# Collecting twice changes nothing.
#
# PROVISIONED is what pgtenant exited with, or "not reached"; empty when the runner could not tell. Only
# what was refused (3, 64) or was not reached may have no records.
set -euo pipefail

shopt -s nullglob
logs=(rds-logs/*/apply.log)
may_be_empty=() worst=0 at_least=provisioning
case $PROVISIONED in
    3 | 64 | "not reached") may_be_empty=(--allow-empty) at_least=approved ;;
    "")
        echo "::error::how far the run came is not known: it was rejected or cancelled, or its runner was lost." \
            "If a Job began: kubectl -n platform-system logs job/NAME, and pgtenant audit collect"
        may_be_empty=(--allow-empty) worst=1
        ;;
    *)
        if [ ${#logs[@]} = 0 ]; then
            echo "::error::pgtenant ran (exit code $PROVISIONED), and there is no log of it"
            exit 1
        fi
        ;;
esac
if [ ${#logs[@]} = 0 ]; then
    echo "::notice::there is no log, and nothing to record"
    exit "$worst"
fi
# shellcheck source=/dev/null
. .github/scripts/until_pushed.sh

collect() {
    local code=0
    pgtenant audit collect --env "$ENVIRONMENT" "${may_be_empty[@]}" "${logs[@]}" \
        > rds-logs/collected.txt || code=$?
    # What does not hold is kept apart by then; it is recorded too, and fails this job.
    if [ "$code" != 0 ]; then worst=$code; fi
    # On a branch for the audit alone the catalogs are not those that were applied.
    if [ "$BRANCH" = "$GITHUB_REF_NAME" ]; then
        pgtenant request status --env "$ENVIRONMENT" --from-audit --at-least "$at_least" \
            >> rds-logs/collected.txt ||
            echo "::warning::the catalog of resources does not say what became of $ENVIRONMENT"
    fi
    git add --update
    if [ -d governance ]; then git add -- governance; fi
}

until_pushed collect --message "Record what pgtenant did in $ENVIRONMENT" \
    --message "Run $GITHUB_RUN_ID at $GITHUB_SHA."

{
    echo "### Audit of $ENVIRONMENT"
    echo '```'
    cat rds-logs/collected.txt
    echo '```'
} | tee -a "$GITHUB_STEP_SUMMARY"
exit "$worst"
