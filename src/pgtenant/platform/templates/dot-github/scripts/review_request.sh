#!/usr/bin/env bash
# Asks those for a review who have to approve a pull request, and sets its status: the arguments are those
# of `pgtenant request review`. That an approval is missing (3) is what the status says, and no failure of
# this job. The status has room for 140 characters; the run's summary says who has approved.
set -euo pipefail

code=0 said=$RUNNER_TEMP/review.txt
pgtenant request review "$@" > "$said" || code=$?
if [ -s "$said" ]; then
    stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$stop" # what is shown is of the pull request
    cat "$said"
    echo "::$stop::"
    {
        echo '````````text'
        cat "$said"
        echo '````````'
    } >> "$GITHUB_STEP_SUMMARY"
fi
if [ "$code" = 3 ]; then exit; fi
exit "$code"
