#!/usr/bin/env bash
# Two nights of whole systems, with real servers: PostgreSQL, MariaDB, H2,
# OpenSearch, an S3 server and Azurite run privately in a temporary folder and
# are ended with it. The systems are filled, captured while they are written to,
# changed, captured again; then things are lost and brought back one at a time,
# by the means of each part, and each is compared with what it was. Engines, of
# which stand-ins answer, are then lost as a whole and brought back by following
# their run books to the letter.
# Exits 1 where anything differs. 'make demo-systems' runs it.
#
#   demo/systems.sh [SYSTEM...]    each is a file demo/systems/SYSTEM.sh
#
# Such a file defines:
#   SYSTEM_servers   names of the servers that it needs, each a file beside it
#   SYSTEM_make      fills them
#   SYSTEM_section   prints its section of ivyvault.yaml
#   SYSTEM_write     works on as long as $room/writing is there; fails if it can't
#   SYSTEM_wrote     prints how much that was
#   SYSTEM_day       changes something between the nights
#   SYSTEM_lose      notes what is there, and loses it
#   SYSTEM_back DIR  brings it back and compares; DIR shows the newest night
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
ivyvault=$here/../bin/ivyvault
tools=${IVYVAULT_TOOLS:-$HOME/.cache/ivyvault-tools}
source "$here/show.sh"
source "$here/engine.sh"
source "$here/systems/servers.sh"
source "$here/systems/service.sh"
source "$here/systems/nights.sh"
source "$here/systems/runbook.sh"

systems=("$@")
[ $# -gt 0 ] || systems=(claims ivy wso2 flowable axonserver)

# What the systems need, each server once, and whether it is there.
declare -a kinds=()
for system in "${systems[@]}"; do
  [ -e "$here/systems/$system.sh" ] || fail "there is no system $system: no demo/systems/$system.sh"
  source "$here/systems/$system.sh"
  wanted=${system}_servers
  for kind in ${!wanted}; do
    [[ " ${kinds[*]} " == *" $kind "* ]] && continue
    kinds+=("$kind")
    source "$here/systems/$kind.sh"
  done
done
missing=$(
  [ -x "$ivyvault" ] || echo "bin/ivyvault ('make build')"
  need jq setpriv mkfifo
  for kind in "${kinds[@]}"; do "${kind}_needs"; done
)
[ -z "$missing" ] || fail "these are not on this machine, and 'make setup' installs them:"$'\n'"$(sort -u <<<"$missing" | sed 's/^/    /')"

room=$(mktemp -d "${TMPDIR:-/tmp}/ivyvault-demo-systems.XXXXXX")
chmod 711 "$room" # the servers' own users find their folders in it
mnt=$room/mnt
mounted_by=''
writers=''
declare -A night_of=() # the newest snapshot of each system

leave() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  rm -f "$room/writing"
  if [ -n "$mounted_by" ]; then
    kill -INT "$mounted_by" 2>/dev/null || true
    wait "$mounted_by" 2>/dev/null || true
  fi
  end_servers
  if [ -n "$writers" ]; then wait "$writers" 2>/dev/null || true; fi
  rm -rf "$room"
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP PIPE

for v in "${!IVYVAULT_@}"; do unset "$v"; done
export IVYVAULT_CACHE_DIR=$room/cache IVYVAULT_STATE_DIR=$room/state

# ---------------------------------------------------------------------------
step 'Servers of our own'
for kind in "${kinds[@]}"; do "${kind}_begin"; done
for kind in "${kinds[@]}"; do "${kind}_ready"; done

for system in "${systems[@]}"; do
  step "The system $system"
  "${system}_make"
done

step 'A vault, and the configuration'
secret "$room/password" "$(word)"
mkdir "$room/scratch"
{
  printf 'version: 1\nrepository: %s/vault\npassword: "{file:%s/password}"\nscratch: %s/scratch\nsystems:\n' "$room" "$room" "$room"
  for system in "${systems[@]}"; do
    printf '  %s:\n' "$system"
    "${system}_section"
  done
} >"$room/ivyvault.yaml"
cd "$room" # where ivyvault.yaml is found without being named
run "$ivyvault" init
run cat ivyvault.yaml
run "$ivyvault" config check

# ---------------------------------------------------------------------------
first_night=$(date -d '2 days ago' +%F)' 02:00:00'
second_night=$(date -d 'yesterday' +%F)' 02:00:00'
for system in "${systems[@]}"; do
  step "$system: what would be captured, and in which order"
  run "$ivyvault" system plan "$system"
  step "$system: first night, $first_night, while it is written to"
  night "$system" "$first_night"
  step "$system: a day of work"
  "${system}_day"
  step "$system: second night, $second_night, while it is written to"
  night "$system" "$second_night"
  night_of[$system]=$("$ivyvault" snapshots --path "/systems/$system" --json | jq -r '.[-1].id')
  step "$system: what the second night copied"
  copied "$system"
  step "$system: how it would go back"
  show "$ivyvault" system runbook "$system" "| grep '^#'"
  "$ivyvault" system runbook "$system" | grep '^#' | sed "s#$room##g; s/^/  /"
done

step 'The vault'
run "$ivyvault" snapshots
run "$ivyvault" check --read-data

# ---------------------------------------------------------------------------
for system in "${systems[@]}"; do
  step "$system: what is lost"
  "${system}_lose"
done
step 'The nights as directories'
mkdir "$mnt"
if can_mount; then
  show "$ivyvault" mount "$mnt" '&'
  "$ivyvault" mount -q "$mnt" >"$room/mount.log" 2>&1 &
  mounted_by=$!
  await_mount "$mnt" "$mounted_by" || { cat "$room/mount.log" >&2; fail 'the mount did not come up'; }
  run ls "$mnt/systems/"*
else
  for system in "${systems[@]}"; do
    show "$ivyvault" dump "${night_of[$system]}" "/systems/$system" '|' tar -x -C "$mnt"
    "$ivyvault" dump "${night_of[$system]}" "/systems/$system" | tar -x -C "$room/scratch"
    mkdir -p "$mnt/systems/$system"
    mv "$room/scratch/systems/$system" "$mnt/systems/$system/latest"
  done
  rmdir "$room/scratch/systems"
fi
for system in "${systems[@]}"; do "${system}_back" "$mnt/systems/$system/latest"; done

left=$(find "$room/scratch" -mindepth 1; find "$room" -path "$mnt" -prune -o -name '.ivyvault*' -print)
[ -z "$left" ] || fail "this was left behind:"$'\n'"$left"
ok "nothing is left in the folder for scratch"
ok "all compared equal in $SECONDS seconds; the servers end and $room is removed"
