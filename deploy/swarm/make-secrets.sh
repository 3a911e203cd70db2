#!/bin/sh
# Makes the Swarm secrets of a new installation, in the image of the target `secrets`: make-secrets.sh IMAGE
set -eu
image=${1:?usage: make-secrets.sh IMAGE}
if docker secret ls --format '{{.Name}}' | grep -q '^countersign-'; then
  echo 'There are secrets of Countersign in this swarm already.' >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for part in issuer database redis verifier browser clients; do mkdir "$folder/$part"; done
docker run --rm --network none --read-only --cap-drop ALL --user "$(id -u):$(id -g)" --volume "$folder:/run/countersign" "$image" >/dev/null
create() { docker secret create "countersign-$1" "$folder/$2" >/dev/null && echo "Made countersign-$1."; }
create database-password database/password
create database-url database/url
create redis-acl redis/acl-2.conf
create redis-url redis/url
create verifier-redis-url verifier/redis-url
create browser-redis-url browser/redis-url
create master-key issuer/master-key
create admin-password issuer/admin-password
create forwarder-key browser/forwarder-key
create client-key verifier/client-key.pem
create client-jwks clients/resource-service.jwks.json
