# The system "claims": claims and their tasks in PostgreSQL, a portal in MariaDB,
# rules in H2, an index in OpenSearch, scans in S3, letters in Azure, attachments
# and configuration in directories. Sourced by systems.sh, which says what such a
# file defines.

claims_servers='postgresql mariadb h2 opensearch s3 azure'

claims_make() {
  local at=$room/srv/claims
  sql postgres -c 'CREATE DATABASE claims'
  sql claims <<'Q'
CREATE ROLE claims_app LOGIN PASSWORD 'demonstration';
CREATE ROLE claims_reader;
GRANT claims_reader TO claims_app;
CREATE TABLE claim (id int PRIMARY KEY, holder text NOT NULL, opened date NOT NULL, amount numeric(10,2) NOT NULL, text text);
INSERT INTO claim SELECT i, 'holder ' || i % 700, date '2026-01-01' + i % 300, i * 7 % 9000 + 0.5, repeat(md5(i::text) || ' ', 8) FROM generate_series(1, 4000) i;
CREATE TABLE task (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, claim int NOT NULL REFERENCES claim, state text CHECK (state IN ('open', 'done')), note text, at timestamptz NOT NULL);
INSERT INTO task (claim, state, note, at) SELECT i % 4000 + 1, CASE i % 3 WHEN 0 THEN 'done' ELSE 'open' END, E'tab\t, line\n, ' || md5(i::text), timestamptz '2026-01-01 08:00Z' + i * interval '7 minutes' FROM generate_series(1, 6000) i;
CREATE INDEX task_open ON task (claim) WHERE state = 'open';
GRANT SELECT ON claim, task TO claims_reader;
GRANT INSERT, UPDATE (state, note) ON task TO claims_app;
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account SELECT i, 1000 FROM generate_series(1, 20) i;
CREATE TABLE transfer (id bigserial PRIMARY KEY, giver int REFERENCES account, taker int REFERENCES account, amount int NOT NULL);
Q
  line 'PostgreSQL, database claims' "$(sql claims -c 'SELECT (SELECT count(*) FROM claim) + (SELECT count(*) FROM task)') rows, 2 roles with rights"

  mysql_rows '' "CREATE DATABASE portal CHARACTER SET utf8mb4; USE portal;
    CREATE TABLE dashboard (id INT PRIMARY KEY, owner VARCHAR(40) NOT NULL, layout TEXT, KEY (owner)) ENGINE=InnoDB;
    INSERT INTO dashboard SELECT seq, CONCAT('häuser ', seq MOD 90), REPEAT(MD5(seq), 6) FROM seq_1_to_3000;
    CREATE TABLE visit (id INT AUTO_INCREMENT PRIMARY KEY, dashboard INT, changed TIMESTAMP DEFAULT '2026-01-01 00:00:00') ENGINE=InnoDB;
    CREATE TRIGGER seen AFTER UPDATE ON dashboard FOR EACH ROW INSERT INTO visit (dashboard) VALUES (NEW.id);
    CREATE ROLE portal_reader; GRANT SELECT ON portal.* TO portal_reader;"
  line 'MariaDB, database portal' "$(mysql_rows portal 'SELECT COUNT(*) FROM dashboard') rows, a trigger, a role"

  h2_rows "CREATE TABLE RULE (ID INT PRIMARY KEY, CONDITION_TEXT VARCHAR(200), ACTION_TEXT VARCHAR)"
  h2_rows "INSERT INTO RULE SELECT X, 'amount > ' || X * 10, 'route to desk ' || MOD(X, 12) FROM SYSTEM_RANGE(1, 2500)"
  line 'H2, database rules' "$(h2_rows 'SELECT COUNT(*) FROM RULE') rows, open all the time"

  opensearch /claims-document PUT <<<'{"settings":{"number_of_shards":1,"number_of_replicas":0},"mappings":{"properties":{"number":{"type":"integer"},"title":{"type":"text"}}},"aliases":{"papers":{}}}' >"$room/answer"
  opensearch /claims-task PUT <<<'{"settings":{"number_of_shards":1,"number_of_replicas":0}}' >"$room/answer"
  claims_index claims-document 1 1500
  claims_index claims-task 1 3000
  line 'OpenSearch, indices claims-*' "$(opensearch '/claims-*/_count' | jq .count) documents, an alias"

  harvest "$(first_there /usr/share/doc /usr/share)" 16 "$at/attachments/archive"
  claims_shelf=$(ls "$at/attachments/archive" | sed -n 3p)
  mkdir -p "$at/attachments/2026/claim-1042" "$at/configuration" "$room/upload"
  seq -f 'page %.0f of the expert opinion, read by two people' 20000 >"$at/attachments/2026/claim-1042/opinion"
  printf 'approval.limit=5000\ndesks=12\n' >"$at/configuration/claims.properties"
  head -c 4096 /dev/urandom >"$at/configuration/keystore.p12"
  measure "$at" 'directories'

  s3 /scans -X PUT
  claims_upload_scans 1 60
  head -c 3000000 /dev/urandom >"$room/upload/roof.tif"
  s3 /scans/2026/claim-1042/roof.tif -H 'x-amz-meta-scanned-by: desk 7' -H 'Content-Type: image/tiff' -T "$room/upload/roof.tif"
  line 'S3, bucket scans' '61 objects'

  azure letters -X PUT -G -d restype=container -H 'Content-Length: 0'
  claims_upload_letters 1 40
  line 'Azure, container letters' '40 blobs'
}

claims_section() {
  cat <<Y
    type: custom
    databases:
      system:
        {type: postgresql, host: 127.0.0.1, port: $postgresql_port, database: claims, user: keeper, password: "{file:$room/postgresql.password}"}
      portal:
        {type: mariadb, host: 127.0.0.1, port: $mariadb_port, database: portal, user: keeper, password: "{file:$room/mariadb.password}"}
      rules:
        {type: h2, url: "$h2_url", user: ENGINE, password: "{file:$room/h2.password}", jar: $room/h2/${h2_jar##*/}}
    search:
      {method: snapshot, url: "$opensearch_url", indices: ["claims-*"], snapshot: {location: $room/opensearch/snapshots/nightly}}
    documents:
      attachments: {type: dir, path: $room/srv/claims/attachments}
      scans:
        {type: s3, endpoint: "$s3_url", region: us-east-1, path-style: true, bucket: scans,
         access-key: "{file:$room/s3.access}", secret-key: "{file:$room/s3.secret}"}
      letters:
        {type: azure, account: $azure_account, endpoint: "$azure_url", container: letters, account-key: "{file:$room/azure.key}"}
    directories:
      configuration: {path: $room/srv/claims/configuration}
Y
}

# claims_write works as long as it may: money moves from account to account,
# each time in one transaction, so that their sum never changes; scans arrive.
claims_write() {
  local n=0 money
  while [ -e "$room/writing" ]; do
    echo "BEGIN; UPDATE account SET balance = balance - 1 WHERE id = $((RANDOM % 10 + 1)); UPDATE account SET balance = balance + 1 WHERE id = $((RANDOM % 10 + 11));
      INSERT INTO transfer (giver, taker, amount) VALUES (1, 11, 1); COMMIT;"
    sleep 0.02
  done | sql claims >/dev/null &
  money=$!
  while [ -e "$room/writing" ]; do
    ((n += 1))
    s3 "/scans/inbox/$(date +%s%N)" -d "scan $n" -X PUT || return 1
    sleep 0.1
  done
  wait "$money"
}

claims_wrote() { echo "$(sql claims -c 'SELECT count(*) FROM transfer') transfers, $(s3 '/scans?list-type=2&prefix=inbox' | awk '{ n += gsub("<Key>", "") } END { print n + 0 }') uploads"; }

claims_day() {
  local at=$room/srv/claims
  sql claims -c "INSERT INTO claim SELECT i, 'new holder', date '2026-11-01', 100, 'water' FROM generate_series(4001, 4100) i" \
    -c "UPDATE task SET state = 'done', note = 'paid' WHERE id % 200 = 0"
  echo '  PostgreSQL: 100 claims opened, 30 tasks done'
  mysql_rows portal "UPDATE dashboard SET layout = 'two columns' WHERE id = 42"
  echo '  MariaDB:    a dashboard arranged anew'
  h2_rows "INSERT INTO RULE SELECT X, 'holder is new', 'ask back' FROM SYSTEM_RANGE(2501, 2510)"
  echo '  H2:         10 rules added'
  claims_index claims-task 3001 3100
  echo '  OpenSearch: 100 documents indexed'
  sed -i '10000s/two people/three people/' "$at/attachments/2026/claim-1042/opinion"
  mv "$at/attachments/archive/$claims_shelf" "$at/attachments/2025"
  sed -i 's/limit=5000/limit=7500/' "$at/configuration/claims.properties"
  echo '  files:      one line of an opinion and one setting changed, a folder of the archive renamed'
  claims_upload_scans 61 65
  claims_upload_letters 41 42
  echo '  S3, Azure:  5 scans and 2 letters arrived'
}

# claims_lose notes what is there, and loses it.
claims_lose() {
  claims_were=("$(claims_tasks)" "$(claims_dashboards)" "$(claims_rules)" "$(claims_documents)")
  claims_all=$(claims_whole claims)
  cp "$room/srv/claims/attachments/2026/claim-1042/opinion" "$room/upload/opinion"
  sql claims -c 'DROP TABLE task'
  mysql_rows portal 'DROP TABLE dashboard'
  h2_rows 'DROP TABLE RULE'
  opensearch /claims-document DELETE </dev/null >"$room/answer"
  rm "$room/srv/claims/attachments/2026/claim-1042/opinion"
  s3 /scans/2026/claim-1042/roof.tif -X DELETE
  azure letters/letter-7 -X DELETE
  echo '  the tables task, dashboard and RULE, the index claims-document, the opinion on'
  echo '  claim 1042, the scan of its roof, and letter 7 are gone'
}

claims_back() { # MOUNTED, where the mount shows the newest night
  local mounted=$1 sum rows

  part 'one table of PostgreSQL' claims databases/system --table public.task --to original
  expect 'the table task, its rows, rights and indices' "${claims_were[0]}" "$(claims_tasks)"
  part 'one table of MariaDB' claims databases/portal --table dashboard --to original
  expect 'the table dashboard and its trigger' "${claims_were[1]}" "$(claims_dashboards)"
  part 'one table of H2, into the database that is open' claims databases/rules --table RULE --to original
  expect 'the table RULE' "${claims_were[2]}" "$(claims_rules)"

  part 'one index' claims search --only claims-document --to original
  expect 'the index claims-document, its documents and alias' "${claims_were[3]}" "$(claims_documents)"

  step 'claims: one document, out of the mount'
  run ls "$mounted"
  run cp "$mounted/documents/attachments/2026/claim-1042/opinion" "$room/srv/claims/attachments/2026/claim-1042/opinion"
  run cmp "$room/srv/claims/attachments/2026/claim-1042/opinion" "$room/upload/opinion"
  ok 'the opinion is back, byte for byte'

  part 'one object of S3' claims documents/scans --only 2026/claim-1042/roof.tif --to original
  s3 /scans/2026/claim-1042/roof.tif -D "$room/head" -o "$room/roof.tif"
  run cmp "$room/roof.tif" "$room/upload/roof.tif"
  grep -i '^x-amz-meta-scanned-by: desk 7' "$room/head" >/dev/null || fail 'the scan has lost its metadata'
  ok 'the scan is back, byte for byte, and who scanned it'
  part 'one blob of Azure' claims documents/letters --only letter-7 --to original
  azure letters/letter-7 -o "$room/letter-7"
  run cmp "$room/letter-7" "$room/upload/letter-7"
  ok 'the letter is back, byte for byte'

  part 'the whole database, beside the one that lives' claims databases/system --to database=claims_copy
  expect 'all tables but those that were written to meanwhile' "$claims_all" "$(claims_whole claims_copy)"

  step 'claims: what was written to all the time, read in the mount'
  rows=$(grep -c $'^[0-9]*\t' "$mounted/databases/system/tables/public.transfer.dat")
  sum=$(awk -F '\t' '{ n += $2 } END { print n }' "$mounted/databases/system/tables/public.account.dat")
  expect "the accounts add up, after $rows transfers and before the next" 20000 "$sum"
}

# What things are like, to be compared: rows as a number and a check sum, and
# what belongs to them.
claims_tasks() {
  sql claims -c 'SELECT row_to_json(task) FROM task ORDER BY id' | fingerprint
  sql claims -c "SELECT relacl FROM pg_class WHERE oid = 'task'::regclass" -c "SELECT attname, attacl FROM pg_attribute WHERE attrelid = 'task'::regclass AND attacl IS NOT NULL ORDER BY 1" \
    -c "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'task'::regclass ORDER BY 1" -c "SELECT indexdef FROM pg_indexes WHERE tablename = 'task' ORDER BY 1"
}
claims_dashboards() {
  mysql_rows portal 'SELECT * FROM dashboard ORDER BY id' | fingerprint
  mysql_rows portal 'SHOW CREATE TABLE dashboard; SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()'
}
claims_rules() { h2_rows 'SELECT * FROM RULE ORDER BY ID' | fingerprint; }
claims_documents() {
  opensearch /claims-document/_refresh POST </dev/null >"$room/answer"
  opensearch '/claims-document/_search?size=10000&sort=number' | jq -c '.hits.hits[] | [._id, ._source]' | fingerprint
  opensearch /claims-document/_count | jq .count
  opensearch /claims-document/_alias | jq -c .
}
claims_whole() { # DATABASE
  sql "$1" -c 'SELECT row_to_json(claim) FROM claim ORDER BY id' -c 'SELECT row_to_json(task) FROM task ORDER BY id' | fingerprint
}

claims_index() { # INDEX FROM TO
  seq "$2" "$3" | awk '{ printf "{\"index\":{\"_id\":\"%d\"}}\n{\"number\":%d,\"title\":\"paper %d of claim %d\",\"pages\":%d}\n", $1, $1, $1, $1 * 7 % 4000, $1 % 90 }' |
    opensearch "/$1/_bulk?refresh=true" POST | jq -e '.errors == false' >/dev/null || fail "the index $1 could not be filled"
}
claims_upload_scans() { # FROM TO
  local i
  for ((i = $1; i <= $2; i++)); do seq -f "scan $i, line %.0f" 2000 >"$room/upload/scan-$i"; done
  s3 "/scans/2026/" -T "$room/upload/scan-[$1-$2]"
}
claims_upload_letters() { # FROM TO
  local i
  for ((i = $1; i <= $2; i++)); do
    seq -f "Dear holder $i, line %.0f" 500 >"$room/upload/letter-$i"
    azure "letters/letter-$i" -H 'x-ms-blob-type: BlockBlob' -H 'Content-Type: text/plain' -T "$room/upload/letter-$i"
  done
}
