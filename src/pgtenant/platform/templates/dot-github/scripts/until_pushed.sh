# Sourced, for `until_pushed WORK OPTION...`: has the function WORK change and stage files, commits them with these
# options and pushes them to BRANCH. Whoever comes second does so again on top of what the first one pushed: WORK
# has to come to the same each time.
# shellcheck shell=bash

until_pushed() {
    local work=$1 attempt
    shift
    git config user.name "github-actions[bot]"
    git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
    for attempt in 1 2 3 4 5; do
        "$work"
        if git diff --cached --quiet; then return; fi
        # Nothing is to be applied for a record; the push of an App would start workflows.
        git commit --quiet "$@" --message "[skip ci]"
        if git push --quiet origin "HEAD:refs/heads/$BRANCH"; then return; fi
        if [ "$attempt" = 5 ]; then break; fi
        sleep $((RANDOM % 5 + attempt))
        git fetch --quiet origin "$BRANCH"
        git reset --quiet --hard FETCH_HEAD
    done
    echo "::error::nothing could be pushed to $BRANCH"
    exit 1
}
