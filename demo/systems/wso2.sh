# The system "wso2": a directory of the shape of a WSO2 Identity Server, with
# databases in PostgreSQL and in an H2 file that the server locks, so that it is
# stopped for each night and started again, by its own script. None of it is the
# vendor's; what the script starts is a stand-in, which holds that file open and
# answers with the key in the real keystore. Sourced by systems.sh, which says
# what such a file defines.

wso2_servers='postgresql standin'

wso2_make() {
  wso2_home=$room/opt/wso2is wso2_pki=$room/etc/wso2
  secret "$room/wso2.keys" "$(word)"
  wso2_port=$(free_port)
  wso2_url="https://127.0.0.1:$wso2_port/api/health-check/v1.0/health"
  wso2_file="jdbc:h2:$wso2_home/repository/database/WSO2SHARED_DB"

  sql postgres -c 'CREATE DATABASE identity'
  sql identity <<'Q'
CREATE TABLE idn_base_table (product_name varchar(20) PRIMARY KEY);
INSERT INTO idn_base_table VALUES ('WSO2 Identity Server');
CREATE TABLE um_user (um_id int PRIMARY KEY, um_name text NOT NULL, um_changed timestamptz);
INSERT INTO um_user SELECT i, 'user ' || md5(i::text), timestamptz '2026-01-01' + i * interval '1 hour' FROM generate_series(1, 5000) i;
Q
  line 'PostgreSQL, database identity' "$(sql identity -c 'SELECT count(*) FROM um_user') users"

  wso2_install
  mkdir -p "$wso2_home"/repository/{resources/security,components/plugins,database,deployment/server/webapps,tenants/1/userstores} "$wso2_pki"
  cat >"$wso2_home/repository/conf/deployment.toml" <<T
[server]
hostname = "localhost"
[transport.https.properties]
port = $wso2_port
[carbon_health_check]
enable = true

[database.identity_db]
type = "postgre"
hostname = "127.0.0.1"
port = "$postgresql_port"
name = "identity"
username = "keeper"
password = "\$secret{identity}"

[database.shared_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2SHARED_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
username = "wso2carbon"
password = "wso2carbon"

[keystore.primary]
file_name = "wso2carbon.p12"
[keystore.tls]
file_name = "$wso2_pki/tls.p12"

[secrets]
identity = "b64ciphertext"
T
  keystore "$wso2_home/repository/resources/security/wso2carbon.p12" wso2carbon "$room/wso2.keys"
  keystore "$wso2_pki/tls.p12" tls "$room/wso2.keys"
  cp "$standin_h2" "$wso2_home/repository/components/plugins/h2_2.3.232.wso2v1.jar"
  printf '<UserStoreManager class="x"/>\n' >"$wso2_home/repository/tenants/1/userstores/x.xml"
  harvest "$(first_there /usr/share/perl /usr/share)" 4 "$wso2_home/repository/deployment/server/webapps/portal"
  wso2_shell 'CREATE TABLE REG_RESOURCE (ID INT PRIMARY KEY, NAME VARCHAR(200)) AS SELECT X, CONCAT($$resource $$, X) FROM SYSTEM_RANGE(1, 2000)' >"$room/answer"
  wso2_shell 'CREATE TABLE REG_LOG (ID INT PRIMARY KEY) AS SELECT X FROM SYSTEM_RANGE(1, 100)' >"$room/answer"
  line 'H2, database WSO2SHARED_DB' "$(wso2_shell 'SELECT COUNT(*) FROM REG_RESOURCE' | sed -n 2p) resources"
  measure "$wso2_home" 'the installation'

  STANDIN_PASSWORD=$(<"$room/wso2.keys") service wso2.server \
    java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$room/standin:$standin_h2" -Dcarbon.home="$wso2_home" \
    Standin "$wso2_port" /api/health-check/v1.0/health '{"health": [{"key": "jdbc/SHARED_DB.connectivityTime.ms", "value": "1"}]}' \
    "$wso2_pki/tls.p12" "$wso2_file"
  run "$wso2_home/bin/wso2server.sh" start
  line 'its process holds the H2 file' "$(<"$room/wso2.server.pid")"
}

# wso2_install puts down what a new installation of that version brings along.
# Its script has a service of the machine's do the work.
wso2_install() {
  mkdir -p "$wso2_home"/{bin,updates,jdk,lib,logs,repository/conf,repository/logs}
  printf 'wso2is-7.0.0\n' >"$wso2_home/updates/product.txt"
  printf 'JAVA_VERSION="17.0.9"\n' >"$wso2_home/jdk/release"
  printf '# as it is shipped\n' >"$wso2_home/repository/conf/deployment.toml"
  printf 'started\n' >"$wso2_home/repository/logs/wso2carbon.log"
  service_script wso2.server "$wso2_url" >"$wso2_home/bin/wso2server.sh"
  chmod 755 "$wso2_home/bin/wso2server.sh"
}

wso2_section() {
  export IVYVAULT_IDENTITY_DB_PASSWORD IVYVAULT_SHARED_DB_PASSWORD # the names that the proposal asks for
  IVYVAULT_IDENTITY_DB_PASSWORD=$(<"$room/postgresql.password")
  IVYVAULT_SHARED_DB_PASSWORD=wso2carbon
  proposal wso2 "$wso2_home"
}

# wso2_write registers users in PostgreSQL, which does not stop, as an agent does.
wso2_write() {
  while [ -e "$room/writing" ]; do
    echo "INSERT INTO um_user VALUES ((SELECT max(um_id) + 1 FROM um_user), 'registered meanwhile', now());"
    sleep 0.05
  done | sql identity >/dev/null
}

wso2_wrote() { echo "$(sql identity -c "SELECT count(*) FROM um_user WHERE um_name = 'registered meanwhile'") users registered"; }

wso2_day() {
  sql identity -c "UPDATE um_user SET um_name = 'renamed' WHERE um_id % 100 = 0"
  echo '  PostgreSQL:   50 users renamed'
  cp -a "$wso2_home/repository/deployment/server/webapps/portal" "$wso2_home/repository/deployment/server/webapps/portal-2"
  echo '  applications: another one deployed'
}

# wso2_lose notes what is there, and loses one of each.
wso2_lose() {
  run "$wso2_home/bin/wso2server.sh" stop
  wso2_were=("$(wso2_users)" "$(wso2_resources)")
  cp -a "$wso2_home" "$room/wso2.was"
  cp -a "$wso2_pki" "$room/wso2.pki.was"
  sql identity -c 'DROP TABLE um_user'
  wso2_shell 'DROP TABLE REG_RESOURCE' >"$room/answer"
  rm -r "$wso2_home/repository/deployment/server/webapps/portal" "$wso2_home/repository/tenants/1/userstores/x.xml"
  rm "$wso2_home/repository/resources/security/wso2carbon.p12"
  echo '  the server is stopped; the tables um_user and REG_RESOURCE, the application'
  echo '  portal, the document of a user store, and the keystore are gone'
}

wso2_back() { # MOUNTED
  local mounted=$1 at=$wso2_home/repository

  step 'wso2: one document and one keystore, out of the mount'
  run cp -a "$mounted/directories/repository/tenants/1/userstores/x.xml" "$at/tenants/1/userstores/x.xml"
  run cmp "$at/tenants/1/userstores/x.xml" "$room/wso2.was/repository/tenants/1/userstores/x.xml"
  run cp -a "$mounted/directories/repository/resources/security/wso2carbon.p12" "$at/resources/security/wso2carbon.p12"
  run cmp "$at/resources/security/wso2carbon.p12" "$room/wso2.was/repository/resources/security/wso2carbon.p12"
  opens "$at/resources/security/wso2carbon.p12" wso2carbon "$room/wso2.keys"
  part 'one table of PostgreSQL' wso2 databases/identity --table public.um_user --to original
  expect 'the table um_user, but for users registered meanwhile' "${wso2_were[0]}" "$(wso2_users)"
  part 'one table of the H2 file' wso2 databases/shared --table REG_RESOURCE --to original
  expect 'the table REG_RESOURCE' "${wso2_were[1]}" "$(wso2_resources)"
  part 'one application' wso2 directories/repository --only /deployment/server/webapps/portal --to "$at"
  same_files "$room/wso2.was/repository/deployment" "$at/deployment" 'what is deployed'

  step 'wso2: all of it is lost, and the same version installed anew'
  sql postgres -c 'DROP DATABASE identity WITH (FORCE)'
  rm -r "$wso2_home" "$wso2_pki"
  wso2_install
  echo '  databases, installation and keystores are gone'
  step 'wso2: its run book, followed to the letter'
  follow wso2 "$mounted/RUNBOOK.md"
  # It runs now, with the keystore that came back: that it answers shows it.
  run curl -sSfk "$wso2_url"
  echo
  run "$wso2_home/bin/wso2server.sh" stop
  expect 'the database identity' "${wso2_were[0]}" "$(wso2_users)"
  expect 'the database WSO2SHARED_DB' "${wso2_were[1]}" "$(wso2_resources)"
  rm -r "$room/wso2.was/repository/"{database,logs} "$at/database" # a database is compared by its rows, logs are in no night
  rm -rf "$at/logs"
  same_files "$room/wso2.was/repository" "$at" 'the folder repository'
  same_files "$room/wso2.pki.was" "$wso2_pki" 'the folder of the TLS keystore'
  opens "$wso2_pki/tls.p12" tls "$room/wso2.keys"
}

wso2_users() { sql identity -c "SELECT row_to_json(um_user) FROM um_user WHERE um_name <> 'registered meanwhile' ORDER BY um_id" -c 'TABLE idn_base_table' | fingerprint; }
wso2_resources() { wso2_shell 'SELECT * FROM REG_RESOURCE ORDER BY ID' | sed '1d; /^(/d' | fingerprint; }

# wso2_shell runs a statement in the H2 file, while the server is stopped. User
# and password are those that the product ships; they protect nothing.
wso2_shell() { # STATEMENT
  java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$standin_h2" org.h2.tools.Shell -url "$wso2_file" -user wso2carbon -password wso2carbon -sql "$1"
}
