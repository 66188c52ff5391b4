# The system "axonserver": the event store of a real Axon Server, which a
# stand-in writes again, transaction by transaction, while it answers the calls of
# a backup as the real one did. Sourced by systems.sh, which says what such a
# file defines.

axonserver_servers='recording'

axonserver_make() {
  axonserver_at=$room/axon
  mkdir "$axonserver_at/etc"
  printf 'axoniq.axonserver.name=axon-1\n' >"$axonserver_at/etc/axonserver.properties"
  line 'events so far, by the real server' "$(play 0)"
  measure "$axonserver_at/events" 'the event store'
}

axonserver_section() {
  cat <<Y
    type: axonserver
    url: $recording_url
    token: "{file:$room/axon.token}"
    events: $axonserver_at/events
    controldb: $axonserver_at/data
    directories:
      properties: {path: $axonserver_at/etc}
Y
}

axonserver_write() {
  while [ -e "$room/writing" ]; do
    play 2 >"$room/played" || return 1
    sleep 0.02
  done
}

axonserver_wrote() { echo "$(play 0) events"; }

axonserver_day() {
  play 600 >"$room/played"
  echo "  600 transactions: $(<"$room/played") events now, in $(ls "$axonserver_at"/events/default/*.events | wc -l) segments"
}

# axonserver_lose notes what is there, and loses all of it.
axonserver_lose() {
  axonserver_order=$("$ivyvault" axon events "$axonserver_at/events" --from 9200 --to 9200 | jq -r .aggregate)
  "$ivyvault" axon events "$axonserver_at/events" --from 0 >"$room/axon.events"
  kill -TERM "$recording_process"
  wait "$recording_process" || true
  cp -a "$axonserver_at" "$room/axon.was"
  rm -r "$axonserver_at"
  mkdir "$axonserver_at"
  echo '  the server has ended; event store, control database and properties are gone'
}

axonserver_back() { # MOUNTED
  local mounted=$1 events

  step 'axonserver: the proof that the events are whole, read in the mount'
  run "$ivyvault" axon verify "$mounted"

  step "axonserver: one aggregate's history, out of the mount and with no server"
  show "$ivyvault" axon events "$mounted/events" --aggregate "$axonserver_order"
  "$ivyvault" axon events "$mounted/events" --aggregate "$axonserver_order" >"$room/history"
  jq -r '"  \(.token)  \(.aggregate)  \(.sequence)  \(.time)  \(.payload_type)"' "$room/history"
  expect 'the history' "$(history_of <"$room/axon.events")" "$(history_of <"$room/history")"

  step 'axonserver: its run book, followed to the letter'
  follow axonserver "$mounted/RUNBOOK.md"
  "$ivyvault" axon events "$axonserver_at/events" --from 0 >"$room/axon.back"
  events=$(wc -l <"$room/axon.back")
  ((events > 9123)) || fail "only $events events came back"
  # Those that were written after the second night's capture are in no snapshot.
  expect "the events up to the second night" "$(head -n "$events" "$room/axon.events" | fingerprint)" "$(fingerprint <"$room/axon.back")"
  same_files "$room/axon.was/etc" "$axonserver_at/etc" 'the folder of the properties'
  run cmp "$axonserver_at/data/axonserver-controldb.mv.db" "$mounted/controldb/axonserver-controldb.mv.db"
  ok 'the control database is back, byte for byte'
}

history_of() { jq -c --arg a "$axonserver_order" 'select(.aggregate == $a) | [.token, .id, .sequence, .time, .payload]' | fingerprint; }
