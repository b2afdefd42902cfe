#!/usr/bin/env bash
# Commits the audit records in the logs to governance/. Two environments may do so at once: whoever comes
# second collects again on top of what the first one pushed. Collecting twice changes nothing.
#
# PROVISIONED is what pgtenant exited with, or "not reached"; empty when the runner could not tell. Only
# what was refused (3, 64) or was not reached may have no records.
set -euo pipefail

shopt -s nullglob
logs=(rds-logs/*/apply.log)
may_be_empty=() worst=0
case $PROVISIONED in
    3 | 64 | "not reached") may_be_empty=(--allow-empty) ;;
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
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"

for attempt in 1 2 3 4 5; do
    code=0
    pgtenant audit collect --env "$ENVIRONMENT" "${may_be_empty[@]}" "${logs[@]}" \
        > rds-logs/collected.txt || code=$?
    # What does not hold is kept apart by then; it is recorded too, and fails this job.
    if [ "$code" != 0 ]; then worst=$code; fi
    if [ -d governance ]; then git add -- governance; fi
    if git diff --cached --quiet; then
        break
    fi
    git commit --quiet --message "Record what pgtenant did in $ENVIRONMENT" \
        --message "Run $GITHUB_RUN_ID at $GITHUB_SHA."
    if git push --quiet origin "HEAD:refs/heads/$BRANCH"; then
        break
    fi
    if [ "$attempt" = 5 ]; then
        echo "::error::governance/ could not be pushed to $BRANCH; the log is kept as an artifact"
        exit 1
    fi
    sleep $((RANDOM % 5 + attempt))
    git fetch --quiet origin "$BRANCH"
    git reset --quiet --hard FETCH_HEAD
done

{
    echo "### Audit of $ENVIRONMENT"
    echo '```'
    cat rds-logs/collected.txt
    echo '```'
} | tee -a "$GITHUB_STEP_SUMMARY"
exit "$worst"
