#!/usr/bin/env bash
# Refuses to apply a catalog that the branch has moved on from, as after a late approval or a re-run:
# Terraform would delete the secrets of the entries that are not in it yet.
set -euo pipefail

for file in terraform.tfvars terraform.tfvars.json terraform.yaml terraform.yml; do
    here=envs/$ENVIRONMENT-rds/$file tip=.tip/envs/$ENVIRONMENT-rds/$file
    if [ ! -e "$here" ] && [ ! -e "$tip" ]; then
        continue
    fi
    if ! cmp --silent "$here" "$tip"; then
        echo "::error::$here has changed on the branch since: nothing was touched; approve the newer run"
        exit 1
    fi
done
rm -rf .tip
