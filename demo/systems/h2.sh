# An H2 database that a process holds open, as an engine does. Sourced by
# systems.sh.

h2_jar=$tools/h2-2.3.232.jar

h2_needs() {
  need java
  [ -e "$h2_jar" ] || echo "H2's jar ($h2_jar)"
}

h2_begin() {
  mkdir "$room/h2"
  h2_url="jdbc:h2:$room/h2/rules;AUTO_SERVER=TRUE"
  secret "$room/h2.password" "$(word)"
  cp "$h2_jar" "$here/systems/Engine.java" "$room/h2"
  give nobody "$room/h2"
  mkfifo -m 600 "$room/h2.in" "$room/h2.out"
  # It reads its password, then statements; the script keeps the other end open.
  (cd "$room/h2" && as nobody java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.home="$room/h2" -cp "${h2_jar##*/}" Engine.java "$h2_url") \
    <"$room/h2.in" >"$room/h2.out" 2>"$room/h2.log" &
  started TERM
  h2_process=$launched
  exec {h2_in}>"$room/h2.in" {h2_out}<"$room/h2.out"
  cat "$room/h2.password" >&"$h2_in"
}

h2_ready() {
  local version
  await h2 "$h2_process" test -e "$room/h2/rules.lock.db"
  version=$(h2_rows 'SELECT H2VERSION()')
  line H2 "$version, held open by process $h2_process"
}

# h2_rows has the process run a statement, and prints the rows. Each answer ends
# with a line of its own.
h2_rows() { # STATEMENT
  local answer
  printf '%s\n' "${1//$'\n'/ }" >&"$h2_in"
  while IFS= read -r answer <&"$h2_out"; do
    case $answer in
    'done') return ;;
    'failed: '*) fail "H2: $answer" ;;
    *) printf '%s\n' "$answer" ;;
    esac
  done
  fail 'H2 does not run'
}
