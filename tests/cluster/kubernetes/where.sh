#!/usr/bin/env bash
# Prints where the cluster's programs and its admin's configuration are, as JSON: where.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
printf '{ "kubeconfig": "%s", "bin": "%s" }\n' "$kubeconfig" "$bin"
