#!/usr/bin/env bash
# Opens the pull request of REQUEST, the form's fields as JSON, for the branch BASE. The fields are what
# somebody typed: they are data in a file, and never a part of a command.
set -euo pipefail

# shellcheck source=/dev/null
. .github/scripts/show.sh

request=$RUNNER_TEMP/request.json opened=$RUNNER_TEMP/opened.json refused=$RUNNER_TEMP/refused.txt
printf '%s' "$REQUEST" | jq 'del(.base) | with_entries(select(.value != ""))' > "$request"

if ! pgtenant request open --base="$BASE" --from="$request" --format json > "$opened" 2> "$refused"; then
    show "$refused"
    echo '### Refused' >> "$GITHUB_STEP_SUMMARY"
    summarize "$refused"
    exit 1
fi
number=$(jq '.pull_request.number // empty' "$opened")
if [ -z "$number" ]; then
    echo "The database is there as asked for: nothing was opened." | tee -a "$GITHUB_STEP_SUMMARY"
    exit
fi
jq --raw-output '"\(.pull_request.url) from \(.branch)"' "$opened" | tee -a "$GITHUB_STEP_SUMMARY"
# Only what targets development has a status: by the policy of another branch it would be good for this
# one, too.
if [ "$BASE" = development ]; then .github/scripts/review_request.sh "$number"; fi
