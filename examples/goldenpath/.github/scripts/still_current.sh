#!/usr/bin/env bash
# Refuses to apply what the branch has moved on from, as after a late approval or a re-run: Terraform would
# delete the secrets of the entries that are not in it yet, and take the modules back to what they were.
#
# The branch is checked out in .tip. Trees are compared, as git has them: what else changed on the branch,
# other environments' catalogs above all, stops nobody. pgtenant is installed after it: from requirements that
# may be of long ago.
set -euo pipefail

settings=$(python3 -I - <<'PYTHON'
import pathlib, tomllib

settings = pathlib.Path("pgtenant.toml")
given = tomllib.loads(settings.read_text("utf-8")) if settings.exists() else {}
print(given.get("project", {}).get("catalog", "envs/{env}-rds/terraform.tfvars"))
PYTHON
)
catalog=${settings//\{env\}/$ENVIRONMENT}
directory=$(dirname "$catalog")
catalogs=("$catalog" "$directory"/terraform.{tfvars,tfvars.json,yaml,yml})

tree() {
    git -C "$1" rev-parse --verify --quiet "HEAD:$2" || true
}

found=
for path in "${catalogs[@]}"; do
    found=$found$(tree . "$path")
done
if [ -z "$found" ]; then
    echo "::error::there is no catalog $catalog: nothing was touched"
    exit 1
fi
for path in "${catalogs[@]}" "envs/$ENVIRONMENT-rds" infrastructure schemas certs pgtenant.toml; do
    if [ "$(tree . "$path")" != "$(tree .tip "$path")" ]; then
        echo "::error::$path has changed on the branch since: nothing was touched; approve the newer run, or" \
            "start one by hand"
        exit 1
    fi
done
rm -rf .tip
