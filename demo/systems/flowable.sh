# The system "flowable": a real Flowable of the project's own stories: its engine
# with processes, tasks and attachments, and its content engine with documents,
# both over PostgreSQL, while cases are begun. Sourced by systems.sh, which says
# what such a file defines.

flowable_servers='postgresql apps'

flowable_make() {
  local at
  flowable_at=$room/opt/flowable flowable_home=$room/opt/flowable/home
  mkdir -p "$flowable_home/config"
  flowable_engine=$(free_port) flowable_content=$(free_port)
  flowable_health=http://127.0.0.1:$flowable_engine/actuator/health
  flowable_items=http://127.0.0.1:$flowable_content/items
  at=jdbc:postgresql://127.0.0.1:$postgresql_port/flowable
  sql postgres -c 'CREATE DATABASE flowable'
  sql flowable -c 'CREATE SCHEMA content'
  cat >"$flowable_home/config/application.properties" <<P
server.address=127.0.0.1
server.port=$flowable_engine
spring.datasource.url=$at?currentSchema=public
spring.datasource.username=keeper
flowable.content.storage.root-folder=$flowable_at/content
flowable.database-schema=public
flowable.async-executor-activate=false
management.endpoint.health.show-components=always
P
  ln -s "$apps/engine/target/engine.jar" "$flowable_home/engine.jar"
  service_script 'flowable.engine flowable.content' "$flowable_health" "$flowable_items" >"$flowable_home/flowable.sh"
  chmod 755 "$flowable_home/flowable.sh"
  export SPRING_DATASOURCE_PASSWORD
  SPRING_DATASOURCE_PASSWORD=$(<"$room/postgresql.password")
  service flowable.engine sh -c 'cd "$0" && exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx320m -jar engine.jar' "$flowable_home"
  service flowable.content java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx128m -cp "$apps/content/target/content.jar:$apps/content/target/lib/*" \
    claims.Content "$flowable_content" "$at?currentSchema=content" keeper "$flowable_at/content"
  unset SPRING_DATASOURCE_PASSWORD
  run "$flowable_home/flowable.sh" start
  for _ in 1 2 3 4 5 6 7 8; do flowable_case; done
  line 'Flowable' "$(flowable_wrote)"
}

# flowable_case begins a case: a process with a task that has an attachment, and
# a document that the content engine keeps.
flowable_case() {
  local api=http://127.0.0.1:$flowable_engine/process-api/runtime name process task
  name=case-$(date +%s%N)
  process=$(curl -sSf -H 'Content-Type: application/json' -d "{\"processDefinitionKey\":\"claim\",\"businessKey\":\"$name\"}" "$api/process-instances" | jq -er .id) &&
    task=$(curl -sSf "$api/tasks?processInstanceId=$process" | jq -er '.data[0].id') &&
    echo "attachment of $name" >"$room/flowable.file" &&
    curl -sSf -o "$room/flowable.said" -F name="$name" -F type=text/plain -F "file=@$room/flowable.file;filename=$name.txt" "$api/tasks/$task/attachments" &&
    seq -f "$name, line %.0f" 200 | curl -sSf -o "$room/flowable.said" -H 'Content-Type: text/plain' --data-binary @- "$flowable_items?$task&$name"
}

flowable_section() {
  cat <<Y
    type: flowable
    mode: hot
    home: $flowable_home
    url: http://127.0.0.1:$flowable_engine
    databases:
      flowable:
        {type: postgresql, host: 127.0.0.1, port: $postgresql_port, database: flowable, user: keeper, password: "{file:$room/postgresql.password}"}
    documents:
      content: {type: dir, path: $flowable_at/content}
    directories:
      application: {path: $flowable_home}
    hooks:
      stop: {command: [$flowable_home/flowable.sh, stop], timeout: 1m}
      start: {command: [$flowable_home/flowable.sh, start], timeout: 3m}
Y
}

flowable_write() { while [ -e "$room/writing" ]; do flowable_case || return 1; done; }

flowable_wrote() { echo "$(curl -sSf "$flowable_items" | wc -l) cases, each with an attachment and a document"; }

flowable_day() {
  for _ in 1 2 3 4 5; do flowable_case; done
  echo '  5 cases begun'
}

# flowable_lose notes what was there before the second night's end, and loses a
# document.
flowable_lose() {
  flowable_lost=$(cd "$flowable_at/content" && find . -type f -printf '%P\n' | LC_ALL=C sort | sed -n 1p)
  cp "$flowable_at/content/$flowable_lost" "$room/flowable.document"
  curl -sSf "$flowable_items" >"$room/flowable.items"
  rm "$flowable_at/content/$flowable_lost"
  echo "  the document $flowable_lost is gone"
}

flowable_back() { # MOUNTED
  local mounted=$1 n
  step 'flowable: one document, out of the mount'
  run cp -a "$mounted/documents/content/$flowable_lost" "$flowable_at/content/$flowable_lost"
  run cmp "$flowable_at/content/$flowable_lost" "$room/flowable.document"
  expect 'what the content engine delivers' "$(fingerprint <"$room/flowable.items")" "$(curl -sSf "$flowable_items" | fingerprint)"

  step 'flowable: all of it is lost'
  run "$flowable_home/flowable.sh" stop
  sql postgres -c 'DROP DATABASE flowable WITH (FORCE)'
  rm -r "$flowable_at"
  echo '  both programs are stopped; database, documents and installation are gone'
  step 'flowable: its run book, followed to the letter'
  follow flowable "$mounted/RUNBOOK.md"
  curl -sSf "$flowable_items" >"$room/flowable.back"
  n=$(wc -l <"$room/flowable.back")
  ((n >= 13)) || fail "only $n cases came back"
  # Those that were begun after the second night's capture are in no snapshot.
  expect 'the documents as the content engine delivers them' "$(head -n "$n" "$room/flowable.items" | fingerprint)" "$(fingerprint <"$room/flowable.back")"
  flowable_case || fail 'the restored engine does not work on'
  ok 'the restored engine begins a new case'
}
