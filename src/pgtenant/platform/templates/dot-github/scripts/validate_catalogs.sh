#!/usr/bin/env bash
# Has pgtenant read every catalog. It reads them before anything else and exits with 64 when one is wrong;
# without secrets it gets no further, and says which one it lacks. Anything else is no answer.
set -uo pipefail

nothing=$RUNNER_TEMP/no-secrets
wrong=0
for root in envs/*-rds; do
    environment=$(basename "$root" -rds)
    code=0
    said=$(PGTENANT_SECRETS_STORE=file PGTENANT_SECRETS_DIRECTORY="$nothing" \
        pgtenant plan --env "$environment" 2>&1) || code=$?
    case $code:$said in
        1:*"$nothing/"*)
            echo "$environment: the catalog is valid"
            continue
            ;;
        64:*) echo "::error::the catalog or the settings of $environment are wrong" ;;
        *) echo "::error::whether the catalog of $environment is valid can't be told: exit code $code" ;;
    esac
    printf '%s\n' "$said"
    wrong=1
done
exit "$wrong"
