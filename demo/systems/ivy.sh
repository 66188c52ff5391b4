# The system "ivy": a directory of the shape of an Axon Ivy Engine, with its
# system database in PostgreSQL, its indices in OpenSearch, applications,
# documents, real keystores and a licence file. None of it is the vendor's, and
# what answers for the engine's health is a stand-in. Sourced by systems.sh,
# which says what such a file defines.

ivy_servers='postgresql opensearch standin'
ivy_folders='configuration applications data dropins'

ivy_make() {
  local i
  ivy_home=$room/opt/axonivy ivy_pki=$room/etc/pki
  secret "$room/ivy.keys" "$(word)"
  ivy_port=$(free_port)
  standin ivy "$ivy_port" /system/health 'well'

  sql postgres -c 'CREATE DATABASE axonivy'
  sql axonivy <<'Q'
CREATE TABLE IWA_Version (Version int NOT NULL);
INSERT INTO IWA_Version VALUES (157);
CREATE TABLE IWA_Case (CaseId bigint PRIMARY KEY, Name varchar(200) NOT NULL);
INSERT INTO IWA_Case SELECT i, 'claim ' || md5(i::text) FROM generate_series(1, 3000) i;
CREATE TABLE IWA_Task (TaskId bigint PRIMARY KEY, CaseId bigint NOT NULL REFERENCES IWA_Case, Name varchar(200), Document varchar(200));
INSERT INTO IWA_Task SELECT i, i % 3000 + 1, 'review ' || md5(i::text) FROM generate_series(1, 6000) i;
CREATE INDEX IWA_Task_Case ON IWA_Task (CaseId);
Q
  line 'PostgreSQL, the system database' "$(sql axonivy -c 'SELECT (SELECT count(*) FROM IWA_Case) + (SELECT count(*) FROM IWA_Task)') rows"
  for i in task businessdata-claim; do
    opensearch "/ivy-default-$i" PUT <<<'{"settings":{"number_of_shards":1,"number_of_replicas":0}}' >"$room/answer"
    seq 1 800 | awk '{ printf "{\"index\":{\"_id\":\"%d\"}}\n{\"title\":\"paper %d\"}\n", $1, $1 * 7 }' |
      opensearch "/ivy-default-$i/_bulk?refresh=true" POST | jq -e '.errors == false' >/dev/null || fail "the index $i could not be filled"
  done
  line 'OpenSearch, indices ivy-*' "$(opensearch '/ivy-*/_count' | jq .count) documents"

  ivy_install
  cat >"$ivy_home/configuration/ivy.yaml" <<Y
SystemDb:
  Url: jdbc:postgresql://127.0.0.1:$postgresql_port/axonivy
  UserName: keeper
  Password: \${decrypt:what-only-the-engine-can-read}
Connector:
  HTTP.Port: $ivy_port
  HTTPS.KeystoreFile: $ivy_pki/tls.p12
SearchEngine.ExternalServer.Url: $opensearch_url
Databases.crm.Url: jdbc:postgresql://crm.example.org/crm
Y
  printf 'licensee.organisation=ACME\nexpiry.date=2031-05-31\n' >"$ivy_home/configuration/acme.lic"
  mkdir -p "$ivy_home/configuration/applications/portal" "$ivy_home/dropins" "$ivy_pki"
  printf 'Variables:\n  Approval.Limit: 5000\n' >"$ivy_home/configuration/applications/portal/app.yaml"
  keystore "$ivy_home/configuration/keystore.p12" ivy "$room/ivy.keys"
  keystore "$ivy_pki/tls.p12" tls "$room/ivy.keys"
  harvest "$(first_there /usr/share/perl /usr/share)" 6 "$ivy_home/applications/default/portal/1"
  harvest "$(first_there /usr/share/doc /usr/share)" 6 "$ivy_home/data/portal/files/archive"
  mkdir -p "$ivy_home/data/portal/files/inbox" "$ivy_home/data/portal/files/claim-1042"
  seq -f 'page %.0f of the expert opinion' 20000 >"$ivy_home/data/portal/files/claim-1042/opinion"
  measure "$ivy_home" 'the installation'
}

# ivy_install puts down what a new installation of that version brings along.
ivy_install() {
  mkdir -p "$ivy_home"/{bin,system/plugins,jre,configuration/reference,logs}
  printf '#!/bin/sh\n' >"$ivy_home/bin/AxonIvyEngine"
  : >"$ivy_home/system/plugins/ch.ivyteam.util_12.0.3.202601010101.jar"
  printf 'JAVA_VERSION="21.0.5"\n' >"$ivy_home/jre/release"
  printf '# all settings and what they mean\n' >"$ivy_home/configuration/reference/ivy.yaml"
  printf '# as it is shipped\n' >"$ivy_home/configuration/ivy.yaml"
}

ivy_section() {
  IVYVAULT_SYSTEM_DB_PASSWORD=$(<"$room/postgresql.password")
  export IVYVAULT_SYSTEM_DB_PASSWORD # the name that the proposal asks for
  proposal ivy "$ivy_home"
}

# ivy_write files a document, then the row that names it, as long as it may.
ivy_write() {
  local name
  while [ -e "$room/writing" ]; do
    name=inbox/$(date +%s%N)
    echo "letter $name" >"$ivy_home/data/portal/files/$name" || return 1
    echo "INSERT INTO IWA_Task VALUES ((SELECT max(TaskId) + 1 FROM IWA_Task), 1, 'file a letter', '$name');"
    sleep 0.05
  done | sql axonivy >/dev/null
}

ivy_wrote() { echo "$(sql axonivy -c 'SELECT count(Document) FROM IWA_Task') letters with their rows"; }

ivy_day() {
  sql axonivy -c "UPDATE IWA_Task SET Name = 'done' WHERE TaskId % 300 = 0"
  echo '  PostgreSQL:   20 tasks done'
  cp -a "$ivy_home/applications/default/portal/1" "$ivy_home/applications/default/portal/2"
  echo '  applications: version 2 of the portal deployed'
  sed -i '10000s/expert/second expert/' "$ivy_home/data/portal/files/claim-1042/opinion"
  echo '  documents:    one line of an opinion changed'
}

# ivy_lose notes what is there, and loses one of each.
ivy_lose() {
  cp -a "$ivy_home" "$room/ivy.was"
  cp -a "$ivy_pki" "$room/ivy.pki.was"
  ivy_were=$(ivy_tasks) ivy_found=$(ivy_documents)
  sql axonivy -c 'DROP TABLE IWA_Task'
  rm -r "$ivy_home/applications/default/portal"
  rm "$ivy_home/data/portal/files/claim-1042/opinion" "$ivy_home/configuration/keystore.p12"
  echo '  the table IWA_Task, the application portal, the opinion on claim 1042, and the'
  echo '  keystore with which the engine reads its own secrets are gone'
}

ivy_back() { # MOUNTED
  local mounted=$1 folder named

  step 'ivy: one document and one keystore, out of the mount'
  run cp -a "$mounted/directories/data/portal/files/claim-1042/opinion" "$ivy_home/data/portal/files/claim-1042/opinion"
  run cmp "$ivy_home/data/portal/files/claim-1042/opinion" "$room/ivy.was/data/portal/files/claim-1042/opinion"
  ok 'the opinion is back, byte for byte'
  run cp -a "$mounted/directories/configuration/keystore.p12" "$ivy_home/configuration/keystore.p12"
  run cmp "$ivy_home/configuration/keystore.p12" "$room/ivy.was/configuration/keystore.p12"
  opens "$ivy_home/configuration/keystore.p12" ivy "$room/ivy.keys"
  part 'one table' ivy databases/system --table public.iwa_task --to original
  # Letters came in as long as the night lasted: what was there before is compared.
  expect 'the table IWA_Task, its rows and index' "$(sed 1d <<<"$ivy_were")" "$(ivy_tasks | sed 1d)"
  part 'one application' ivy directories/applications --only default/portal --to "$ivy_home/applications"
  same_files "$room/ivy.was/applications" "$ivy_home/applications" 'the application portal'

  step 'ivy: what was written to all the time, read in the mount'
  named=$(cut -f 4 "$mounted/databases/system/tables/public.iwa_task.dat" | grep '^inbox/')
  (cd "$mounted/directories/data/portal/files" && ls -d $named >/dev/null) || fail 'a row names a letter that the night does not have'
  ok "each of the $(wc -l <<<"$named") letters that the database names is among the documents"

  step 'ivy: all of it is lost, and the same version installed anew'
  sql postgres -c 'DROP DATABASE axonivy WITH (FORCE)'
  opensearch '/ivy-default-*' DELETE </dev/null >"$room/answer"
  rm -r "$ivy_home" "$ivy_pki"
  ivy_install
  echo '  database, indices, installation and keystores are gone'
  step 'ivy: its run book, followed to the letter'
  follow ivy "$mounted/RUNBOOK.md"
  # What came in after the second night's capture is in no snapshot.
  for folder in "$room/ivy.was" "$ivy_home"; do rm -r "$folder/data/portal/files/inbox"; done
  for folder in $ivy_folders; do same_files "$room/ivy.was/$folder" "$ivy_home/$folder" "the folder $folder"; done
  same_files "$room/ivy.pki.was" "$ivy_pki" 'the folder of the TLS keystore'
  opens "$ivy_home/configuration/keystore.p12" ivy "$room/ivy.keys"
  opens "$ivy_pki/tls.p12" tls "$room/ivy.keys"
  expect 'the system database' "$(sed 1d <<<"$ivy_were")" "$(ivy_tasks | sed 1d)"
  expect 'the documents of the indices' "$ivy_found" "$(ivy_documents)"
}

# ivy_tasks tells how many letters there are, and then what does not change
# while a night lasts.
ivy_tasks() {
  sql axonivy -c 'SELECT count(Document) FROM IWA_Task'
  sql axonivy -c 'SELECT row_to_json(IWA_Task) FROM IWA_Task WHERE Document IS NULL ORDER BY TaskId' -c 'SELECT row_to_json(IWA_Case) FROM IWA_Case ORDER BY CaseId' | fingerprint
  sql axonivy -c "SELECT indexdef FROM pg_indexes WHERE tablename = 'iwa_task' ORDER BY 1" \
    -c "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'iwa_task'::regclass ORDER BY 1"
}
ivy_documents() {
  opensearch '/ivy-*/_refresh' POST </dev/null >"$room/answer"
  opensearch '/ivy-*/_search?size=10000' | jq -c '.hits.hits[] | [._index, ._id, ._source]' | LC_ALL=C sort | fingerprint
}
