#!/usr/bin/env bash
# Has pgtenant read every catalog. It reads them before anything else and exits with 64 when one is wrong;
# without secrets it gets no further.
set -uo pipefail

wrong=0
for root in envs/*-rds; do
    environment=$(basename "$root" -rds)
    code=0
    said=$(PGTENANT_SECRETS_STORE=file PGTENANT_SECRETS_DIRECTORY="$RUNNER_TEMP/no-secrets" \
        pgtenant plan --env "$environment" 2>&1) || code=$?
    if [ "$code" = 64 ]; then
        echo "::error::the catalog or the settings of $environment are wrong"
        printf '%s\n' "$said"
        wrong=1
    else
        echo "$environment: the catalog is valid"
    fi
done
exit "$wrong"
