#!/usr/bin/env bash
# Two nights in the life of a process engine. In a temporary folder, which is
# removed at the end: an engine's directory is made of real files found on this
# machine and backed up on two nights with changes and a deletion in between.
# The vault is mounted, the deleted document is found and copied out, both
# nights are restored, and everything is compared byte by byte.
# Exits 1 where anything differs. Needs bin/ivyvault; 'make demo' builds it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
ivyvault=$here/../bin/ivyvault
[ -x "$ivyvault" ] || { echo "demo: bin/ivyvault is missing: run 'make build' first" >&2; exit 1; }
source "$here/show.sh"
source "$here/engine.sh"

room=$(mktemp -d "${TMPDIR:-/tmp}/ivyvault-demo.XXXXXX")
engine=$room/srv/ivy
mnt=$room/mnt
mounted_by=''

leave() {
  if [ -n "$mounted_by" ]; then
    kill -INT "$mounted_by" 2>/dev/null || true
    wait "$mounted_by" 2>/dev/null || true
  fi
  rm -rf "$room"
}
trap leave EXIT
trap 'exit 130' INT TERM

export IVYVAULT_REPOSITORY=$room/vault
export IVYVAULT_CACHE_DIR=$room/cache
export IVYVAULT_PASSWORD_FILE=$room/password
unset IVYVAULT_PASSWORD IVYVAULT_PASSWORD_COMMAND
(umask 077 && head -c 18 /dev/urandom | base64 >"$IVYVAULT_PASSWORD_FILE")

first_night=$(date -d '2 days ago' +%F)' 02:00:00'
second_night=$(date -d 'yesterday' +%F)' 02:00:00'
lost=$engine/data/files/insurance/2026/claim-1042/report

# ---------------------------------------------------------------------------
step 'An engine, made of files of this machine'
make_engine "$engine"
measure "$engine" 'the engine holds'

step 'A vault'
run "$ivyvault" init

step "First night, $first_night"
run "$ivyvault" backup "$engine" --tag nightly --time "$first_night"
cp -a "$engine" "$room/first"

step 'A day of work'
a_day_passes "$engine" "$lost"
cp -a "$engine" "$room/second"

step "Second night, $second_night"
run "$ivyvault" backup "$engine" --tag nightly --time "$second_night"
run "$ivyvault" snapshots
run "$ivyvault" diff latest~1 latest | grep -v '/archive\|portal/2/'

# ---------------------------------------------------------------------------
step 'The deleted document'
run "$ivyvault" versions "$lost"
if can_mount; then
  mkdir "$mnt"
  show "$ivyvault" mount "$mnt" '&'
  "$ivyvault" mount -q "$mnt" >"$room/mount.log" 2>&1 &
  mounted_by=$!
  await_mount "$mnt" "$mounted_by" || { cat "$room/mount.log" >&2; fail 'the mount did not come up'; }
  run ls "$mnt/versions$lost"
  found=$(find "$mnt/versions$lost" -type f)
  run cp "$found" "$room/report"
  run cmp "$room/report" "$room/first${lost#"$engine"}"
  ok 'the document is back, byte for byte'

  step 'Both nights, walked through in the mount'
  mapfile -t nights < <(find "$mnt/snapshots" -mindepth 1 -maxdepth 1 ! -name latest | sort)
  run ls "$mnt/snapshots"
  [ "${#nights[@]}" = 2 ] || fail "the mount shows ${#nights[@]} snapshots instead of 2"
  same "$room/first" "${nights[0]}$engine" 'the first night in the mount'
  same "$room/second" "$mnt/snapshots/latest$engine" 'the second night in the mount'
else
  run "$ivyvault" ls latest~1 "$(dirname "$lost")"
  show "$ivyvault" dump latest~1 "$lost" '>' "$room/report"
  "$ivyvault" dump latest~1 "$lost" >"$room/report"
  run cmp "$room/report" "$room/first${lost#"$engine"}"
  ok 'the document is back, byte for byte'

  step 'Both nights, as archives'
  for night in 'latest~1 first' 'latest second'; do
    read -r snapshot name <<<"$night"
    mkdir "$room/dump-$name"
    show "$ivyvault" dump "$snapshot" "$(dirname "$engine")" '|' tar -x -p
    "$ivyvault" dump "$snapshot" "$(dirname "$engine")" | tar -x -p -C "$room/dump-$name"
    same "$room/$name" "$room/dump-$name$engine" "the $name night from the archive"
  done
fi

# ---------------------------------------------------------------------------
step 'Everything back'
run "$ivyvault" restore latest~1 --target "$room/back-first"
same "$room/first" "$room/back-first$engine" 'the first night restored'
run "$ivyvault" restore latest --target "$room/back-second" --verify
same "$room/second" "$room/back-second$engine" 'the second night restored'
run "$ivyvault" check --read-data

# ---------------------------------------------------------------------------
step 'What it took'
two=$(( $(bytes "$room/first") + $(bytes "$room/second") ))
kept=$(bytes "$IVYVAULT_REPOSITORY")
line 'two nights, all files' "$(mib "$two")"
line 'the vault, all of its files' "$(mib "$kept")"
line 'so the vault is smaller by a factor of' "$(awk -v a="$two" -v b="$kept" 'BEGIN { printf "%.1f", a / b }')"
run "$ivyvault" stats
ok "all compared equal in $SECONDS seconds; $room is removed"
