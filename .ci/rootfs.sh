#!/usr/bin/env bash
# Makes the root file system of the local images and takes Docker's command-line plugins out of the same release:
# $COUNTERSIGN_CI_ROOTFS/rootfs.tar and $COUNTERSIGN_CI_ROOTFS/cli-plugins/.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
mkdir -p "$(dirname "$COUNTERSIGN_CI_ROOTFS")"
work=$(mktemp -d "$COUNTERSIGN_CI_ROOTFS.XXXXXX")
# One file system only: an interrupted debootstrap may leave the machine's /proc mounted in there.
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

debootstrap --variant=minbase --include=postgresql-17,redis-server,valkey-server,ca-certificates trixie "$root" >"$work/log" 2>&1 ||
  { tail -n 30 "$work/log" >&2 && exit 1; }

mkdir -p "$work/result/cli-plugins"
chroot "$root" apt-get -q -o Acquire::Retries=3 update >"$work/log" 2>&1
(cd "$root/tmp" && chroot "$root" sh -c 'cd /tmp && apt-get -q download docker-compose docker-buildx' >>"$work/log" 2>&1)
for package in "$root"/tmp/*.deb; do dpkg -x "$package" "$work/plugins"; done
cp "$work"/plugins/usr/libexec/docker/cli-plugins/* "$work/result/cli-plugins/"

rm -rf "$root"/tmp/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
tar -C "$root" -cf "$work/result/rootfs.tar" .
rm -rf "$COUNTERSIGN_CI_ROOTFS"
mv "$work/result" "$COUNTERSIGN_CI_ROOTFS"
