# Output and retries for the scripts of this folder; to be sourced.
# shellcheck shell=bash

say() { printf '[ci] %s\n' "$*"; }

fail() {
  printf '[ci] %s\n' "$*" >&2
  exit 1
}

# Runs a command and says how long it took: step TITLE COMMAND...
step() {
  local title=$1 started=$SECONDS
  shift
  say "$title"
  "$@"
  say "$title: $((SECONDS - started)) s"
}

# Tries a command up to so many times: retry TIMES COMMAND...
# COMMAND must be a program: bash ignores `set -e` inside a function that is called as a condition.
retry() {
  local times=$1 try
  shift
  for ((try = 1; try <= times; try++)); do
    if "$@"; then return 0; fi
    say "try $try of $times failed: $*"
    sleep $((try * 2))
  done
  return 1
}
