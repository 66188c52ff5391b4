# A directory shaped like that of an Axon Ivy engine, of files that are found on
# this machine, and what a day of work does to it. Sourced by run.sh. It holds no
# code of the engine's vendor.

# harvest copies files below a directory into a new one, in the order of their
# names, until that many MiB are there.
harvest() { # FROM MIB TO
  local left=$(( $2 * 1048576 )) size path
  mkdir -p "$3"
  while read -r size path; do
    (( left -= size )) || true
    (( left > 0 )) || break
    printf '%s\0' "$path"
  done < <(cd "$1" && find . -xdev -type f -readable -size +0 -size -4096k -printf '%s %P\n' 2>/dev/null | LC_ALL=C sort -k 2) |
    tar -c -C "$1" --null --no-recursion -T - | tar -x -C "$3" --no-same-owner
}

# first_there prints the first of the directories that exists.
first_there() {
  local d
  for d in "$@"; do [ -d "$d" ] && { echo "$d"; return; }; done
  fail "none of these directories is on this machine: $*"
}

make_engine() { # ENGINE
  local e=$1 case

  # Deployed projects, and the archive that they came in.
  harvest "$(first_there "$(go env GOROOT 2>/dev/null)/src/net" /usr/share/perl /usr/share)" 12 "$e/applications/insurance/portal/1"
  mkdir -p "$e/applications/insurance/archive"
  tar -c -f "$e/applications/insurance/archive/portal-1.tar" -C "$e/applications/insurance/portal" 1

  # Configuration, with what must never leave a vault unencrypted.
  mkdir -p "$e/configuration/applications/insurance/Variables"
  cat >"$e/configuration/ivy.yaml" <<'Y'
SystemDb:
  Url: jdbc:postgresql://db:5432/AxonIvySystemDatabase
  UserName: ivy
  Password: "${encrypt:demonstration}"
Data.Directory: data
SearchEngine:
  ExternalServer.Url: http://search:9200
SecuritySystems:
  default:
    DocumentStorage.Name: local
Y
  printf 'Variables:\n  Approval.Limit: 5000\n' >"$e/configuration/applications/insurance/app.yaml"
  printf '[{"name":"Claims","order":1},{"name":"Offers","order":2}]\n' >"$e/configuration/applications/insurance/Variables/Portal.Dashboard.FavoriteProcesses.json"
  head -c 4096 /dev/urandom >"$e/configuration/keystore.p12"
  head -c 2048 /dev/urandom >"$e/configuration/truststore.p12"
  head -c 1024 /dev/urandom | base64 >"$e/configuration/demo.lic"
  chmod 600 "$e"/configuration/*.p12 "$e/configuration/demo.lic"
  printf -- '-Xmx2g\n-XX:+UseG1GC\n' >"$e/configuration/jvm.options"

  # Documents of cases. The same form lies in each of them.
  harvest "$(first_there /usr/share/doc /usr/share)" 40 "$e/data/files/insurance/archive"
  for case in 1040 1041 1042 1043; do
    mkdir -p "$e/data/files/insurance/2026/claim-$case"
    cp "$here/../LICENSE" "$e/data/files/insurance/2026/claim-$case/form"
  done
  largest "$e/data/files/insurance/archive" >"$e/data/files/insurance/2026/claim-1042/report"
  seq -f 'page %.0f of an inventory, counted by hand' 200000 >"$e/data/files/insurance/2026/claim-1043/inventory.txt"
  ln -s ../2026/claim-1042 "$e/data/files/insurance/current"

  # Logs.
  mkdir -p "$e/logs" "$e/dropins" "$e/deploy"
  log_lines 1 40000 >"$e/logs/ivy.log"
  ln "$e/logs/ivy.log" "$e/logs/ivy.log.open"
}

largest() { find "$1" -type f -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p' | xargs -d '\n' cat; }

log_lines() { seq -f "%08.0f INFO  [engine] task finished, $(uname -s) $(uname -r)" "$1" "$2"; }

a_day_passes() { # ENGINE LOST
  local e=$1 lost=$2
  rm "$lost"
  echo "  deleted:  ${lost#"$room"}"
  sed -i '100000s/counted by hand/counted again/' "$e/data/files/insurance/2026/claim-1043/inventory.txt"
  echo '  changed:  one line in the middle of inventory.txt'
  mv "$e/data/files/insurance/archive" "$e/data/files/insurance/archive-2025"
  echo '  renamed:  the whole folder archive to archive-2025'
  cp -a "$e/applications/insurance/portal/1" "$e/applications/insurance/portal/2"
  printf '\n' >>"$(find "$e/applications/insurance/portal/2" -type f | LC_ALL=C sort | sed -n 10p)"
  tar -c -f "$e/applications/insurance/archive/portal-2.tar" -C "$e/applications/insurance/portal" 2
  echo '  deployed: version 2 of the portal, one file of it changed, and its archive'
  sed -i 's/Approval.Limit: 5000/Approval.Limit: 7500/' "$e/configuration/applications/insurance/app.yaml"
  echo '  changed:  the limit of approvals in app.yaml'
  log_lines 40001 45000 >>"$e/logs/ivy.log"
  echo '  grown:    logs/ivy.log by 5000 lines'
}
