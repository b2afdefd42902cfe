#!/usr/bin/env bash
# Makes the kubeconfig of the environment's cluster. Without one the next step finds no Kubernetes API, and
# runs pgtenant here: not even the one that this runner may be a pod of, which kubectl takes when it is told
# of no other.
set -euo pipefail

kubeconfig=$RUNNER_TEMP/kubeconfig
echo "KUBECONFIG=$kubeconfig" >> "$GITHUB_ENV"
cat > "$kubeconfig" <<'NOWHERE'
{"apiVersion": "v1", "kind": "Config", "current-context": "nowhere",
 "clusters": [{"name": "nowhere", "cluster": {"server": "https://127.0.0.1:9"}}],
 "users": [{"name": "nobody", "user": {"token": "none"}}],
 "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}]}
NOWHERE
if [ -z "$EKS_CLUSTER" ]; then
    echo "::warning::the variable EKS_CLUSTER names no cluster"
elif ! aws eks update-kubeconfig --name "$EKS_CLUSTER" --region "$AWS_REGION" --kubeconfig "$kubeconfig"; then
    echo "::warning::the cluster $EKS_CLUSTER can't be asked for"
fi
