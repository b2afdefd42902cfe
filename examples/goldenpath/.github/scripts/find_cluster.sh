#!/usr/bin/env bash
# Makes the kubeconfig of the environment's cluster. Without one the next step finds no Kubernetes API, and
# runs pgtenant here.
set -euo pipefail

kubeconfig=$RUNNER_TEMP/kubeconfig
echo "KUBECONFIG=$kubeconfig" >> "$GITHUB_ENV"
if [ -z "$EKS_CLUSTER" ]; then
    echo "::warning::the variable EKS_CLUSTER names no cluster"
elif ! aws eks update-kubeconfig --name "$EKS_CLUSTER" --region "$AWS_REGION" --kubeconfig "$kubeconfig"; then
    echo "::warning::the cluster $EKS_CLUSTER can't be asked for"
fi
