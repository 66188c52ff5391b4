# A service of the machine's, as systemd keeps one: a program that the start and
# stop scripts of engines have started and stopped. Whatever such a script has
# started ends with the demonstration. Sourced by systems.sh.

# service keeps a program. "start" and "stop" written to $room/NAME.do start and
# stop it; $room/NAME.pid is there while it runs.
service() { # NAME PROGRAM...
  local name=$1
  shift
  mkfifo -m 600 "$room/$name.do"
  (cd "$room" && exec setpriv --pdeathsig KILL -- bash -c '
    pid="" file=$1; shift
    end() { [ -z "$pid" ] || { kill "$pid"; wait "$pid"; pid=""; }; rm -f "$file"; }
    trap "end 2>/dev/null; exit" TERM
    while read -r word <&3; do
      case $word in
      start) [ -n "$pid" ] || { setpriv --pdeathsig KILL -- "$@" 3<&- & pid=$!; echo "$pid" >"$file"; } ;;
      stop) end ;;
      esac
    done' service "$room/$name.pid" "$@") 3<>"$room/$name.do" >"$room/$name.log" 2>&1 </dev/null &
  started TERM
}

# service_script prints the script that starts and stops services, and returns
# when that is done: when all addresses answer, or all processes are gone.
service_script() { # "NAMES" URL...
  local names=$1 name
  shift
  echo '#!/bin/sh'
  for name in $names; do echo "echo \"\$1\" >'$room/$name.do'"; done
  echo 'case $1 in'
  printf 'start) for at in'
  printf " '%s'" "$@"
  echo '; do'
  echo "  curl -sSfk --retry 180 --retry-delay 1 --retry-all-errors -o /dev/null \"\$at\" 2>/dev/null || exit 1"
  echo 'done ;;'
  printf 'stop) while'
  for name in $names; do printf " [ -e '%s' ] ||" "$room/$name.pid"; done
  echo ' false; do sleep 0.1; done ;;'
  echo 'esac'
}
