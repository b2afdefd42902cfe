#!/usr/bin/env bash
# Asks those for a review who have to approve a pull request, and sets its status: the arguments are those
# of `pgtenant request review`. That an approval is missing (3) is what the status says, and no failure of
# this job. The status has room for 140 characters; the run's summary says who has approved.
set -euo pipefail

# shellcheck source=/dev/null
. .github/scripts/show.sh

code=0 said=$RUNNER_TEMP/review.txt
pgtenant request review "$@" > "$said" 2>&1 || code=$?
if [ -s "$said" ]; then
    show "$said"
    summarize "$said"
fi
if [ "$code" = 3 ]; then exit; fi
exit "$code"
