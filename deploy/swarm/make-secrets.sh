#!/bin/sh
# Makes the Swarm secrets of a new installation, in the image of the target `secrets`: make-secrets.sh IMAGE
set -eu
image=${1:?usage: make-secrets.sh IMAGE}
there=$(docker secret ls --format '{{.Name}}')
if there=$(echo "$there" | grep '^countersign-'); then
  echo 'There are secrets of Countersign in this swarm already. If no service was ever deployed with them, remove them, and run this again:' >&2
  echo "docker secret rm $(echo $there)" >&2
  exit 1
fi
folder=$(mktemp -d)
made=''
# Some belong together, and none can be read again: so there are all or none.
finish() {
  rm -rf "$folder"
  [ -z "$made" ] || docker secret rm $made >&2
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
for part in issuer database redis verifier browser clients; do mkdir "$folder/$part"; done
docker run --rm --network none --read-only --cap-drop ALL --user "$(id -u):$(id -g)" --volume "$folder:/run/countersign" "$image" >/dev/null
create() {
  docker secret create "countersign-$1" "$folder/$2" >/dev/null
  made="$made countersign-$1"
  echo "Made countersign-$1."
}
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
made=''
