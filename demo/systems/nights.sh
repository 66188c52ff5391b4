# What is done with each system: a night, what it copied, one part put back.
# Sourced by systems.sh.

# night captures a system while its writers are at work.
night() { # SYSTEM TIME
  local before status=0
  before=$("$1_wrote")
  touch "$room/writing"
  "$1_write" >"$room/$1.writers.log" 2>&1 &
  writers=$!
  run "$ivyvault" backup --system "$1" --tag nightly --time "$2"
  kill -0 "$writers" 2>/dev/null || status=1
  rm "$room/writing"
  wait "$writers" || status=1
  writers=''
  [ "$status" = 0 ] || { cat "$room/$1.writers.log" >&2; fail "the writers of $1 stopped by themselves"; }
  line 'written before' "$before"
  line 'written now that the night is over' "$("$1_wrote")"
}

# copied shows, part by part, what the newest night read and what it found
# unchanged, as its manifest has it. A dump has no time or tag by which it could
# be left unread; that most of it is stored already shows in the vault's size.
copied() { # SYSTEM
  local path files unchanged bytes read how
  show "$ivyvault" dump "${night_of[$1]}" "/systems/$1/manifest.json" '| jq …'
  "$ivyvault" dump "${night_of[$1]}" "/systems/$1/manifest.json" >"$room/manifest.json"
  printf '  %-26s %7s %10s %9s %9s  %s\n' part files unchanged size read consistency
  jq -r '.parts[] | [.path, .files, .files_unchanged, .bytes, .bytes_read, (.facts.consistency // "-")] | @tsv' "$room/manifest.json" |
    while IFS=$'\t' read -r path files unchanged bytes read how; do
      printf '  %-26s %7d %10d %9s %9s  %s\n' "$path" "$files" "$unchanged" "$(kib "$bytes")" "$(kib "$read")" "$how"
    done
  jq -e .whole "$room/manifest.json" >/dev/null || fail "the manifest of $1 says that the night is not whole"
}

kib() { echo "$((($1 + 1023) / 1024)) KiB"; }

# part puts a part, or something of it, back.
part() { # WHAT SYSTEM PART ARGUMENTS...
  local what=$1 system=$2 name=$3
  shift 3
  step "$system: $what"
  run "$ivyvault" restore --system "$system" --part "$name" "$@"
}

# fingerprint says how many rows come in, and what they are.
fingerprint() {
  cat >"$room/rows"
  echo "$(wc -l <"$room/rows") rows, md5 $(md5sum <"$room/rows" | cut -c 1-12)"
}

# expect compares what is with what was.
expect() { # WHAT WAS IS
  if [ "$2" != "$3" ]; then
    diff <(echo "$2") <(echo "$3") >&2 || true
    fail "$1: not what it was"
  fi
  ok "$1: as it was ($(head -n 1 <<<"$3"))"
}
