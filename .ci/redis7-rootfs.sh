#!/usr/bin/env bash
# Makes an image of a root file system with Debian 12's Redis 7.0. Usage: redis7-rootfs.sh IMAGE
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
debootstrap --variant=minbase --include=redis-server bookworm "$work/root" >"$work/log" 2>&1 ||
  { tail -n 30 "$work/log" >&2 && exit 1; }
rm -rf "$work"/root/var/cache/apt/*.bin "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
tar -C "$work/root" -c . | docker import - "$1" >/dev/null
