#!/usr/bin/env bash
# Makes the open requests once more that can't be merged any more. What stands in the way of one is said of it,
# and fails this job when the others have had their turn.
set -euo pipefail

# shellcheck source=/dev/null
. .github/scripts/show.sh

code=0 rebuilt=$RUNNER_TEMP/rebuilt.txt
pgtenant request rebuild --base development > "$rebuilt" 2>&1 || code=$?
show "$rebuilt"
summarize "$rebuilt"
exit "$code"
