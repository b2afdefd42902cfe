#!/usr/bin/env bash
# Writes rds-logs/plan-<env>.md, for the comment. Fails when Terraform can't plan; pgtenant's plan is extra:
# the runner may not reach the instance, and a new entry has no secret before the merge.
#
# Without a refresh: the provider reads the passwords of all secrets for one, and this runs what a pull
# request brings along. What somebody changed in AWS by hand is not in the plan therefore; the apply's has it.
set -uo pipefail

mkdir -p rds-logs
comment=rds-logs/plan-$ENVIRONMENT.md

fenced() { # what it shows can't end the block
    printf '\n````````text\n'
    head --bytes 24000
    printf '\n````````\n'
}

terraform() {
    command terraform -chdir="envs/$ENVIRONMENT-rds" "$1" -no-color "${@:2}"
}

code=0
{ .github/scripts/terraform_init.sh && terraform plan -lock=false -refresh=false -out=run.tfplan; } > rds-logs/terraform.log 2>&1 || code=$?
cat rds-logs/terraform.log
{
    echo "## $ENVIRONMENT"
    if [ "$code" = 0 ]; then
        terraform show run.tfplan | fenced
    else
        echo "Terraform can't plan:"
        tail --lines 40 rds-logs/terraform.log | fenced
    fi
    echo
    pgtenant plan --env "$ENVIRONMENT" --format markdown 2> rds-logs/pgtenant.log || {
        echo "pgtenant can't plan from here, or not yet:"
        tail --lines 20 rds-logs/pgtenant.log | fenced
    }
} > "$comment"
rm -f "envs/$ENVIRONMENT-rds/run.tfplan"
exit "$code"
