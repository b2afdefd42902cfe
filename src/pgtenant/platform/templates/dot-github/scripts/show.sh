# Sourced, for `show FILE`, which prints a file, and `summarize FILE`, which has it in the run's summary: of what
# is in it, which others wrote, nothing is a command to the runner, and nothing Markdown.
# shellcheck shell=bash

show() {
    local stop
    stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$stop"
    cat -- "$1"
    echo "::$stop::"
}

summarize() {
    {
        echo '````````text'
        cat -- "$1"
        echo '````````'
    } >> "$GITHUB_STEP_SUMMARY"
}
