# A private MariaDB. Sourced by systems.sh.

mariadb_needs() {
  [ -x /usr/sbin/mariadbd ] || echo 'MariaDB (mariadb-server)'
  need mariadb mariadb-install-db
}

mariadb_begin() {
  local data=$room/mariadb
  mkdir "$data"
  mariadb_port=$(free_port)
  secret "$room/mariadb.password" "$(word)"
  secret "$room/mariadb.cnf" "$(printf '[client]\nuser=keeper\npassword="%s"\nhost=127.0.0.1\nport=%s' "$(<"$room/mariadb.password")" "$mariadb_port")"
  secret "$data/first.sql" "CREATE OR REPLACE USER keeper@'%' IDENTIFIED BY '$(<"$room/mariadb.password")';"$'\n'"GRANT ALL ON *.* TO keeper@'%' WITH GRANT OPTION;"
  give mysql "$data"
  launch mariadb TERM mysql bash -c '
    mariadb-install-db --no-defaults --datadir="$0/data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve &&
    exec /usr/sbin/mariadbd --no-defaults --datadir="$0/data" --socket="$0/socket" --port="$1" --bind-address=127.0.0.1 --pid-file="$0/pid" \
      --init-file="$0/first.sql" --innodb-flush-log-at-trx-commit=0 --innodb-log-file-size=16M --skip-name-resolve --character-set-server=utf8mb4' \
    "$data" "$mariadb_port"
  mariadb_process=$launched
}

mariadb_ready() {
  await mariadb "$mariadb_process" mysql_rows '' 'SELECT 1'
  line MariaDB "$(mysql_rows '' 'SELECT VERSION()'), port $mariadb_port"
}

# mysql_rows runs statements in a database and prints bare rows.
mysql_rows() { # DATABASE STATEMENTS
  mariadb --defaults-extra-file="$room/mariadb.cnf" --default-character-set=utf8mb4 --batch --skip-column-names --database="$1" <<<"$2"
}
