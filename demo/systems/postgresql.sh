# A private PostgreSQL. Sourced by systems.sh.

postgresql_needs() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo 'PostgreSQL (postgresql-15)'
  need psql
}

postgresql_begin() {
  local bin data=$room/postgresql
  bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1)")
  mkdir "$data"
  give postgres "$data"
  postgresql_port=$(free_port)
  secret "$room/postgresql.password" "$(word)"
  (umask 077 && printf '127.0.0.1:%s:*:keeper:%s\n' "$postgresql_port" "$(<"$room/postgresql.password")" >"$room/pgpass")
  # The server's first start makes its data: initdb and the server in one process.
  launch postgresql QUIT postgres bash -c '
    "$0/initdb" -D "$1/data" -N -E UTF8 --locale=C.UTF-8 -U keeper --auth=scram-sha-256 --pwfile=<(cat <&3) &&
    exec "$0/postgres" -D "$1/data" -p "$2" -k "$1" -c listen_addresses=127.0.0.1 -c dynamic_shared_memory_type=mmap -c fsync=off -c shared_buffers=32MB' \
    "$bin" "$data" "$postgresql_port" 3<"$room/postgresql.password"
  postgresql_process=$launched
}

postgresql_ready() {
  await postgresql "$postgresql_process" sql postgres -c 'SELECT 1'
  line PostgreSQL "$(sql postgres -c 'SHOW server_version'), port $postgresql_port"
}

# sql runs statements in a database, as the superuser, and prints bare rows.
sql() { # DATABASE ARGUMENTS...
  PGPASSFILE=$room/pgpass psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$postgresql_port" -U keeper -d "$@"
}
