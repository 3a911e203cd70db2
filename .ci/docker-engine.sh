#!/usr/bin/env bash
# A Docker engine for machines without one: docker-engine.sh start | stop | status | clear
#   start   uses the engine that responds, else starts one in the background on Docker's default socket
#   stop    stops the engine that `start` started, and no other
#   status  prints `own`, `other` or `none`
#   clear   removes all containers, volumes and networks of the own engine; images and build cache stay
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./lib.sh
cache=${COUNTERSIGN_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/countersign-ci}
pid_file=$cache/dockerd.pid
log=$cache/dockerd.log

is_up() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# The process id of the own engine; a stale file may hold the id of a stranger, hence the look at its command line.
own_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) && [[ $pid ]] &&
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--data-root $cache/docker " && echo "$pid"
}

status() {
  if own_pid >/dev/null; then echo own; elif is_up; then echo other; else echo none; fi
}

# Docker gives its bridge 1500; where the way out carries less, downloads in a build would hang.
uplink_mtu() {
  local device
  device=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
  cat "/sys/class/net/${device:-none}/mtu" 2>/dev/null || echo 1500
}

wait_for() {
  local seconds=$1 tick
  shift
  for ((tick = 0; tick < seconds * 5; tick++)); do
    if "$@"; then return 0; fi
    sleep 0.2
  done
  return 1
}

# After a SIGKILL, dockerd takes the zombie of its containerd for a living one, which it then waits for in vain.
forget_killed_containerd() {
  local file=/var/run/docker/containerd/containerd.pid pid
  pid=$(cat "$file" 2>/dev/null) || return 0
  if ! grep -qa containerd "/proc/$pid/cmdline" 2>/dev/null; then rm -f "$file"; fi
}

starts() { is_up || ! kill -0 "$1" 2>/dev/null; }
gone() { ! own_pid >/dev/null; }

start() {
  if is_up; then return; fi
  [[ $(id -u) == 0 ]] || fail 'no Docker engine responds, and only root can start one'
  mkdir -p "$cache/docker"
  rm -f "$pid_file"
  forget_killed_containerd
  # In a process group of its own: Ctrl-C must reach the scripts, which then stop the engine in order.
  PATH=$PATH:/usr/sbin:/sbin setsid nohup dockerd --data-root "$cache/docker" --pidfile "$pid_file" \
    --host "${DOCKER_HOST:-unix:///var/run/docker.sock}" --mtu "$(uplink_mtu)" >"$log" 2>&1 </dev/null &
  wait_for 60 starts "$!" && is_up && return
  tail -n 30 "$log" >&2
  fail "the Docker engine does not respond; its log is $log"
}

stop() {
  local pid
  pid=$(own_pid) || return 0
  kill "$pid"
  wait_for 60 gone || fail "the Docker engine (process $pid) does not stop"
}

clear() {
  [[ $(status) == own ]] || return 0
  docker ps --all --quiet | xargs -r docker rm --force --volumes >/dev/null
  docker network prune --force >/dev/null
  docker volume ls --quiet | xargs -r docker volume rm --force >/dev/null
}

case ${1:-} in
  start | stop | status | clear) "$1" ;;
  *) fail 'usage: docker-engine.sh start | stop | status | clear' ;;
esac
