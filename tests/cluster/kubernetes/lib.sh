# Names and helpers for the scripts of this folder; to be sourced.
# shellcheck shell=bash disable=SC2034

export PATH=$PATH:/usr/sbin:/sbin
K8S_DIR=${COUNTERSIGN_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/countersign-cluster}
mkdir -p "$K8S_DIR"
# Mounts are listed by their real path.
K8S_DIR=$(realpath "$K8S_DIR")
bin=$K8S_DIR/bin
run=$K8S_DIR/run
logs=$K8S_DIR/logs
kubeconfig=$K8S_DIR/admin.kubeconfig
pause_image=countersign-cluster/pause:1
node=local
services=10.96.0.0/16
domain=cluster.local
engine=${DOCKER_HOST:-unix:///var/run/docker.sock}

say() { printf '[k8s] %s\n' "$*"; }

fail() {
  printf '[k8s] %s\n' "$*" >&2
  exit 1
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

kubectl() { "$bin/kubectl" --kubeconfig "$kubeconfig" --cache-dir "$run/kubectl-cache" "$@"; }

# The image of the container that holds a pod's network.
make_pause_image() {
  docker image inspect "$pause_image" >/dev/null 2>&1 ||
    tar -C "$bin" -c pause | docker import --change 'ENTRYPOINT ["/pause"]' - "$pause_image" >/dev/null
}
