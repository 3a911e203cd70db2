#!/usr/bin/env bash
# Prints what this machine's npm needs to reach its registry, so that npm inside a local image reaches it too.
# Usage: machine-trust.sh npmrc | certificates | all
set -euo pipefail

# Not the project's .npmrc: a build brings that one along by itself.
cd /

npmrc() {
  npm config get registry proxy https-proxy noproxy 2>/dev/null | grep -Ev '=(null|undefined|)$' || true
}

# All authorities that the machine trusts, or nothing where it trusts no other than Debian's own.
certificates() {
  local bundle=/etc/ssl/certs/ca-certificates.crt cafile file
  cafile=$(npm config get cafile 2>/dev/null || true)
  local -a extra=()
  for file in "${NODE_EXTRA_CA_CERTS:-}" "$cafile" /usr/local/share/ca-certificates/*.crt; do
    if [[ -f $file ]]; then extra+=("$file"); fi
  done
  if ((${#extra[@]} == 0)); then return; fi
  for file in "$bundle" "${extra[@]}"; do
    if [[ -f $file ]]; then realpath "$file"; fi
  done | awk '!seen[$0]++' | xargs -d '\n' cat
}

case ${1:-} in
  npmrc) npmrc ;;
  certificates) certificates ;;
  all) npmrc && certificates ;;
  *) echo "usage: $0 npmrc | certificates | all" >&2 && exit 2 ;;
esac
