# A stand-in for an Axon Server, over the event store that a real one once wrote.
# Sourced by systems.sh.

recording_store=$here/../testdata/axonserver/axonserver-4.6.12.tar.zst

recording_needs() {
  need node curl zstd
  [ -e "$recording_store" ] || echo "the recorded event store ($recording_store)"
}

# It begins with the segments before that of token 9123, and writes the rest of
# the 13,000 events when it is told to.
recording_begin() {
  mkdir -p "$room/recorded" "$room/axon"
  zstd -qdc "$recording_store" | tar -x -C "$room/recorded" --no-same-owner
  recording_port=$(free_port)
  recording_url=http://127.0.0.1:$recording_port
  secret "$room/axon.token" "$(word)"
  AXON_TOKEN=$(<"$room/axon.token") launch recording TERM '' \
    node "$here/systems/axonserver.mjs" "$recording_port" "$room/recorded/store" "$room/axon" 9123
  recording_process=$launched
}

recording_ready() {
  await recording "$recording_process" curl -sSf "$recording_url/actuator/health"
  line 'Axon Server, by a stand-in' "port $recording_port, over what a real 4.6.12 wrote"
}

# play has it write transactions; it prints the token of the next event.
play() { # TRANSACTIONS
  curl -sSf -X POST "$recording_url/play?transactions=$1"
}
