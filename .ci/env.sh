# What a command needs to find the local images: source it from bash, after `.ci/with-docker true` has made them.
# shellcheck shell=bash

COUNTERSIGN_CI_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export COUNTERSIGN_CI_DIR
export COUNTERSIGN_CI_CACHE=${COUNTERSIGN_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/countersign-ci}

countersign_ci_digest() { sha256sum | cut -c1-12; }

# A tag is the digest of all that made the image, so that a changed script makes a new image.
countersign_ci_base=$(countersign_ci_digest <"$COUNTERSIGN_CI_DIR/rootfs.sh")
countersign_ci_tag() {
  { echo "$countersign_ci_base" && cat "$COUNTERSIGN_CI_DIR/images/$1"/* && "${@:2}"; } | countersign_ci_digest
}

export COUNTERSIGN_CI_ROOTFS="$COUNTERSIGN_CI_CACHE/rootfs-$countersign_ci_base"
export BASE_IMAGE="countersign-ci/base:$countersign_ci_base"
POSTGRES_IMAGE="countersign-ci/postgres:17-$(countersign_ci_tag postgres)"
REDIS_IMAGE="countersign-ci/redis:8-$(countersign_ci_tag redis)"
REDIS7_BASE_IMAGE="countersign-ci/redis7-base:$(countersign_ci_digest <"$COUNTERSIGN_CI_DIR/redis7-rootfs.sh")"
REDIS7_IMAGE="countersign-ci/redis:7-$(countersign_ci_tag redis cat "$COUNTERSIGN_CI_DIR/redis7-rootfs.sh")"
VALKEY_IMAGE="countersign-ci/valkey:8-$(countersign_ci_tag redis)"
HAPROXY_IMAGE="countersign-ci/haproxy:3.0-$(countersign_ci_tag haproxy)"
NODE_IMAGE="countersign-ci/node:24-$(countersign_ci_tag node "$COUNTERSIGN_CI_DIR/machine-trust.sh" all)"
export POSTGRES_IMAGE REDIS_IMAGE REDIS7_BASE_IMAGE REDIS7_IMAGE VALKEY_IMAGE HAPROXY_IMAGE NODE_IMAGE

# The reaper's image cannot be pulled here.
export TESTCONTAINERS_RYUK_DISABLED=true
# The engine is on this machine; testcontainers guesses otherwise where the machine is itself a container.
export TESTCONTAINERS_HOST_OVERRIDE=${TESTCONTAINERS_HOST_OVERRIDE:-127.0.0.1}
export REQUIRE_DOCKER=1
export REQUIRE_CHROMIUM=1
export REQUIRE_FIREFOX=1
export REQUIRE_WEBKIT=1
# Debian 12's client still builds with the old builder by itself.
export DOCKER_BUILDKIT=1

unset countersign_ci_base
unset -f countersign_ci_digest countersign_ci_tag
