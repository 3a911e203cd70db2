# Other people's software that the tests run beside; to be sourced after lib.sh, gives `prepare_neighbours`.
# shellcheck shell=bash

prepare_neighbours() {
  local python=/usr/lib/python3/dist-packages
  step 'Debian packages of other software' retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" \
    haproxy=haproxy nginx=nginx-light "$python/authlib/__init__.py=python3-authlib" "$python/requests/__init__.py=python3-requests" \
    "$python/jwt/__init__.py=python3-jwt" "$python/redis/__init__.py=python3-redis" \
    "$python/cryptography/__init__.py=python3-cryptography" "$python/jose/jwt.py=python3-jose" \
    jq=jq oathtool=oathtool ruby=ruby /usr/share/doc/ruby-jwt=ruby-jwt /usr/share/doc/ruby-openid-connect=ruby-openid-connect \
    apache2=apache2-bin /usr/lib/apache2/modules/mod_auth_openidc.so=libapache2-mod-auth-openidc oidc-agent=oidc-agent-cli
}
