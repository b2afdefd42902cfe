#!/usr/bin/env bash
# Runs `pgtenant apply` or `verify` as a Job in the cluster, which reaches the instance; on this runner
# when the Kubernetes API does not answer. Exits with pgtenant's own code.
set -uo pipefail

# shellcheck source=/dev/null
. .github/scripts/show.sh

command=$1
log=rds-logs/$command.log
number=$GITHUB_RUN_NUMBER
if [ "$GITHUB_RUN_ATTEMPT" != 1 ]; then
    number=$number-$GITHUB_RUN_ATTEMPT
fi
mkdir -p rds-logs

where="Job in the cluster" code=0
python3 scripts/rds_job.py run --command "$command" --env "$ENVIRONMENT" \
    --run-number "$number" --git-ref "$GITHUB_SHA" --build-id "$GITHUB_RUN_ID" --log "$log" || code=$?
if [ "$code" = 69 ]; then
    echo "::warning::the Kubernetes API does not answer: pgtenant $command runs here"
    where="on the runner" code=0
    case $command in
        apply) set -- --build-id "$GITHUB_RUN_ID" --audit "$RUNNER_TEMP/audit.csv" ;;
        *) set -- ;;
    esac
    PGTENANT_PROJECT_AUDIT_LOG=true pgtenant "$command" --env "$ENVIRONMENT" "$@" > "$log" 2>&1 || code=$?
    if [ "$command$code" = apply0 ]; then
        python3 scripts/rds_job.py publish --env "$ENVIRONMENT" ||
            echo "::warning::the drift report compares with what the Job before this run applied, until the" \
                "next one or scripts/rds_job.py publish --env $ENVIRONMENT"
    fi
fi

if [ -e "$log" ]; then show "$log"; fi
printf '%s\n' "code=$code" "result=exit code $code ($where)" >> "$GITHUB_OUTPUT"
exit "$code"
