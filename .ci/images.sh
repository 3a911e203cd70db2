# The local images: to be sourced after lib.sh and env.sh.
# shellcheck shell=bash

image_is_there() { docker image inspect "$1" >/dev/null 2>&1; }

install_cli_plugins() {
  local plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins plugin
  mkdir -p "$plugins"
  for plugin in "$COUNTERSIGN_CI_ROOTFS"/cli-plugins/*; do
    # A plugin that the machine already has stays.
    docker "$(basename "${plugin##*docker-}")" version >/dev/null 2>&1 || install -m 755 "$plugin" "$plugins/"
  done
}

# Builds the image NAME as REF unless it is there: image NAME REF CONTEXT [BUILD_ARGUMENT...]
image() {
  local name=$1 ref=$2 context=$3
  shift 3
  docker build --quiet --tag "$ref" --build-arg BASE="${base:-$BASE_IMAGE}" "$@" "$context" >/dev/null
  say "made $name as $ref"
}

# Redis 7 comes from another release of Debian than the rest.
redis7_image() {
  if ! image_is_there "$REDIS7_BASE_IMAGE"; then
    retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" debootstrap=debootstrap
    retry 3 "$COUNTERSIGN_CI_DIR/redis7-rootfs.sh" "$REDIS7_BASE_IMAGE"
  fi
  base=$REDIS7_BASE_IMAGE image redis7 "$REDIS7_IMAGE" "$COUNTERSIGN_CI_DIR/images/redis"
}

# In a subshell, for a trap of its own.
node_image() (
  context=$(mktemp -d "$COUNTERSIGN_CI_CACHE/node-context.XXXXXX")
  trap 'rm -rf "$context"' EXIT
  retry 3 "$COUNTERSIGN_CI_DIR/images/node/context.sh" "$context"
  arguments=()
  if [[ -s $context/root/etc/ssl/certs/ca-certificates.crt ]]; then
    arguments=(--build-arg EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
  fi
  image node "$NODE_IMAGE" "$context" "${arguments[@]}"
)
