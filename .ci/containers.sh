# An engine, Compose and the local images, each made only where it is missing; to be sourced, gives `prepare_containers`.
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$COUNTERSIGN_CI_DIR/images.sh"

prepare_containers() {
  local started=$SECONDS
  mkdir -p "$COUNTERSIGN_CI_CACHE"
  # Two runs at once would make the same things twice, in the same places.
  exec 9>"$COUNTERSIGN_CI_CACHE/lock"
  flock 9
  if [[ $("$COUNTERSIGN_CI_DIR/docker-engine.sh" status) == none ]]; then
    step 'Debian packages for the engine' retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" \
      dockerd=docker.io docker=docker.io iptables=iptables
    # The engine outlives this script and must not hold the lock.
    step 'Docker engine' "$COUNTERSIGN_CI_DIR/docker-engine.sh" start 9>&-
  fi
  if [[ ! -e $COUNTERSIGN_CI_ROOTFS/rootfs.tar ]]; then
    step 'Debian packages for the images' retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" debootstrap=debootstrap
    step 'root file system' retry 3 "$COUNTERSIGN_CI_DIR/rootfs.sh"
  fi
  install_cli_plugins
  if ! image_is_there "$BASE_IMAGE"; then
    step 'base image' docker import "$COUNTERSIGN_CI_ROOTFS/rootfs.tar" "$BASE_IMAGE"
  fi
  if ! image_is_there "$POSTGRES_IMAGE"; then
    step 'Postgres image' image postgres "$POSTGRES_IMAGE" "$COUNTERSIGN_CI_DIR/images/postgres"
  fi
  if ! image_is_there "$REDIS_IMAGE"; then
    step 'Redis image' image redis "$REDIS_IMAGE" "$COUNTERSIGN_CI_DIR/images/redis"
  fi
  if ! image_is_there "$REDIS7_IMAGE"; then step 'Redis 7 image' redis7_image; fi
  if ! image_is_there "$VALKEY_IMAGE"; then
    step 'Valkey image' image valkey "$VALKEY_IMAGE" "$COUNTERSIGN_CI_DIR/images/redis" --build-arg SERVER=valkey-server
  fi
  if ! image_is_there "$HAPROXY_IMAGE"; then
    step 'HAProxy image' image haproxy "$HAPROXY_IMAGE" "$COUNTERSIGN_CI_DIR/images/haproxy"
  fi
  if ! image_is_there "$NODE_IMAGE"; then step 'Node image' node_image; fi
  exec 9>&-
  say "containers are ready after $((SECONDS - started)) s"
}
