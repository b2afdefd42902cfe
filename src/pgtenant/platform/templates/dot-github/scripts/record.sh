#!/usr/bin/env bash
# Commits the audit records in the logs to governance/. Two environments may do so at once: whoever comes
# second collects again on top of what the first one pushed. Collecting twice changes nothing.
set -euo pipefail

shopt -s nullglob
logs=(rds-logs/*/apply.log)
if [ ${#logs[@]} = 0 ]; then
    echo "::notice::nothing was provisioned: there is nothing to record"
    exit
fi
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"

worst=0
for attempt in 1 2 3 4 5; do
    code=0
    pgtenant audit collect --env "$ENVIRONMENT" "${logs[@]}" > rds-logs/collected.txt || code=$?
    if [ "$code" = 64 ]; then
        # Refused before its first record: there is none.
        echo "::notice::the log holds no audit record"
        exit
    fi
    # What does not hold is kept apart by then; it is recorded too, and fails this job.
    worst=$code
    git add -- governance
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
