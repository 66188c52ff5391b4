# How the demonstration's servers are started, awaited and ended. Sourced by
# systems.sh, which sets $room and $tools. What brings one server is a file of
# its own beside this: it defines NAME_needs (prints what is missing), NAME_begin
# (starts it, waits for nothing) and NAME_ready (waits until it can be used).

servers=()   # process ids, in the order of their start
declare -A ended_by=()

# as becomes a program, as another user where one is named and that is possible:
# some servers refuse to be root. The kernel ends it with this script, however
# that ends.
as() { # USER PROGRAM...
  local user=$1
  shift
  if [ -n "$user" ] && [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --pdeathsig KILL -- "$@"
  fi
  exec setpriv --pdeathsig KILL -- "$@"
}

# give makes a user that a server runs as the owner of files.
give() { # USER FILE...
  if [ "$(id -u)" = 0 ]; then chown -R "$@"; fi
}

# launch starts a server; $launched is its process, $room/NAME.log what it says.
launch() { # NAME SIGNAL USER PROGRAM...
  local name=$1 signal=$2
  shift 2
  (cd "$room" && as "$@") >"$room/$name.log" 2>&1 </dev/null &
  started "$signal"
}

# started remembers the process that was put into the background last.
started() { # SIGNAL
  launched=$!
  servers+=("$launched")
  ended_by[$launched]=$1
}

# await repeats a command until it succeeds, for three minutes, and as long as
# the process lives. A machine under load is slow, not broken.
await() { # NAME PROCESS COMMAND...
  local name=$1 process=$2 until=$((SECONDS + 180))
  shift 2
  until "$@" >"$room/$name.tried" 2>&1; do
    if ! kill -0 "$process" 2>/dev/null || ((SECONDS > until)); then
      tail -n 20 "$room/$name.log" "$room/$name.tried" >&2
      fail "$name does not run"
    fi
    sleep 0.1
  done
}

# end_servers ends all that was launched, first as each likes it, then for sure.
end_servers() {
  local process i
  for process in "${servers[@]}"; do kill -"${ended_by[$process]}" "$process" 2>/dev/null || true; done
  for process in "${servers[@]}"; do
    for ((i = 0; i < 100; i++)); do
      kill -0 "$process" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  servers=()
}

# free_port prints a port that nobody listens on, out of those that the kernel
# gives to nobody by itself.
free_port() {
  local port
  while :; do
    port=$((RANDOM % 12000 + 20000))
    (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

# word makes a password.
word() { head -c 15 /dev/urandom | base64 | tr '+/' 'xy'; }

# secret keeps a text in a file that only we can read.
secret() { # FILE TEXT
  (umask 077 && printf '%s\n' "$2" >"$1")
}

# need prints the program where it isn't on the PATH.
need() { # PROGRAM...
  local program
  for program in "$@"; do command -v "$program" >/dev/null || echo "$program"; done
}
