# How the demonstration speaks, and how it compares. Sourced by run.sh.

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' green='' red='' plain=''; fi

step() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }
ok() { printf '%s✓%s %s\n' "$green" "$plain" "$*"; }
line() { printf '  %-40s %s\n' "$1" "$2"; }
fail() { printf '%s✗ %s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

# show prints a command as one would type it.
show() {
  local words="$*"
  words=${words//"$ivyvault"/ivyvault}
  words=${words//"$room"/}
  printf '%s$ %s%s\n' "$dim" "$words" "$plain"
}

# run shows a command and runs it; what it prints is indented, and the folder
# of the demonstration is left out of its paths.
run() {
  show "$@"
  "$@" 2>&1 | sed "s#$room##g; s/^/  /" || fail "failed: $*"
}

# bytes adds up the files below a directory, those with several names once.
bytes() { find "$1" -type f -printf '%i %s\n' | sort -u | awk '{ n += $2 } END { printf "%d", n }'; }
mib() { awk -v b="$1" 'BEGIN { printf "%.1f MiB", b / 1048576 }'; }
measure() { line "$2" "$(find "$1" -type f | wc -l) files, $(mib "$(bytes "$1")")"; }

# attributes prints what a tree is beside its contents: names, types, modes,
# owners, sizes of files, times to the nanosecond, targets of links.
attributes() {
  (cd "$1" && find . \( -type f -printf '%P %y %m %U %G %s %T@\n' \) -o \( -type l -printf '%P %y %U %G %l\n' \) -o -printf '%P %y %m %U %G %T@\n' | LC_ALL=C sort)
}

# same compares two trees: every byte, and every attribute.
same() {
  diff -r --no-dereference "$1" "$2" || fail "$3: contents differ"
  diff <(attributes "$1") <(attributes "$2") || fail "$3: attributes differ"
  ok "$3 is the same: $(find "$2" -type f | wc -l) files, every byte, mode, owner and time"
}

# can_mount tells whether FUSE is there, and says what to install where it is not.
# DEMO_FUSE=no shows what happens then.
can_mount() {
  if [ "${DEMO_FUSE:-yes}" = yes ] && [ -w /dev/fuse ] && { [ "$(id -u)" = 0 ] || command -v fusermount3 >/dev/null; }; then return 0; fi
  echo '  FUSE is missing here. To mount a vault install the package fuse3 and load the'
  echo '  module (modprobe fuse; a container needs --device /dev/fuse --cap-add SYS_ADMIN).'
  echo "  The same goes on with 'dump'."
  return 1
}

# await_mount waits until the directory shows snapshots, as long as the process lives.
await_mount() {
  local i
  for ((i = 0; i < 200; i++)); do
    [ -d "$1/snapshots/latest" ] && return 0
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}
