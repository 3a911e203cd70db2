#!/usr/bin/env bash
# Start of the local Postgres image: sets up an empty data directory from POSTGRES_* variables, then runs the server.
set -euo pipefail

# Takes NAME from NAME_FILE, where secrets are mounted: from_file NAME
from_file() {
  local name=$1 file=${1}_FILE
  if [[ ${!name:-} && ${!file:-} ]]; then
    echo "error: $name and $file exclude each other" >&2
    exit 1
  fi
  if [[ ${!file:-} ]]; then export "$name=$(<"${!file}")"; fi
  unset "$file"
}

prepare_as_root() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  chmod 3777 /var/run/postgresql
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres:postgres {} +
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    # shellcheck disable=SC1090
    case $file in
      *.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
      *.sql) "${psql[@]}" --file "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | "${psql[@]}" ;;
    esac
  done
}

initialise() {
  if [[ -z ${POSTGRES_PASSWORD:-} && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]]; then
    echo 'error: POSTGRES_PASSWORD is not set and the database would have no superuser password' >&2
    exit 1
  fi
  local user=${POSTGRES_USER:-postgres} server_options
  local database=${POSTGRES_DB:-$user}
  # Word splitting is the contract of POSTGRES_INITDB_ARGS.
  # shellcheck disable=SC2086
  initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"

  # No TCP yet: nobody shall find a server that is about to stop again.
  server_options=$(printf '%q ' "${@:2}" -c listen_addresses=)
  PGUSER=$user pg_ctl --options="$server_options" --wait start
  psql=(psql --set ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$user")
  if [[ $database != postgres ]]; then
    "${psql[@]}" --dbname postgres --set db="$database" <<<'CREATE DATABASE :"db";'
  fi
  psql+=(--dbname "$database")
  export PGUSER=$user PGDATABASE=$database PGPASSWORD=${POSTGRES_PASSWORD:-}
  shopt -s nullglob
  run_init_files
  pg_ctl --mode=fast --wait stop
  unset PGUSER PGDATABASE PGPASSWORD
  echo 'PostgreSQL init process complete; ready for start up.'
}

if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
if [[ ${1:-} == postgres ]]; then
  for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file "$name"; done
  if [[ $(id -u) == 0 ]]; then
    prepare_as_root
    export HOME=/var/lib/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  if [[ ! -s $PGDATA/PG_VERSION ]]; then initialise "$@"; fi
fi
exec "$@"
