#!/usr/bin/env bash
# Installs Debian packages whose commands or files are missing. Usage: packages.sh COMMAND=PACKAGE... /FILE=PACKAGE...
set -euo pipefail

missing=()
for pair in "$@"; do
  wanted=${pair%%=*}
  if [[ $wanted == /* && -e $wanted ]]; then continue; fi
  PATH=$PATH:/usr/sbin:/sbin command -v "$wanted" >/dev/null || missing+=("${pair#*=}")
done
if ((${#missing[@]} == 0)); then exit 0; fi

echo "installing ${missing[*]}"
# Installing docker.io would start a second engine, with a data root of its own.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [[ ! -e $policy ]]; then
  trap 'rm -f "$log" "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"; }
# A source that does not respond may not matter; if it does, the next command fails.
apt update >"$log" 2>&1 || true
apt install --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || { tail -n 30 "$log" >&2 && exit 1; }
