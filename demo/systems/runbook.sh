# A run book is followed to the letter, and a proposal is made a section. Sourced
# by systems.sh.

# follow takes the run book out of a night and executes its blocks of commands as
# they stand there, but for those that do the same by hand, without the program.
# It stops at the first that fails.
follow() { # SYSTEM RUNBOOK.md
  local script=$room/$1.follow.sh
  cp "$2" "$room/$1.RUNBOOK.md"
  echo 'set -eu' >"$script"
  awk '
    /^By hand:/ { hand = 1 }
    /^```/ && inside { inside = hand = 0; next }
    /^```sh$/ { inside = 1; if (!hand) found = 1; next }
    inside && !hand
    END { exit inside || !found }' "$room/$1.RUNBOOK.md" >>"$script" || fail "the run book of $1 has no commands, or a block without an end"
  show sh -v "the $(($(wc -l <"$script") - 1)) lines of commands in $2"
  # What stands in an administrator's environment: the program, and the vault.
  (export PATH=${ivyvault%/*}:$PATH IVYVAULT_REPOSITORY=$room/vault IVYVAULT_PASSWORD_FILE=$room/password && exec setpriv --pdeathsig KILL -- sh -v "$script") >"$room/$1.followed" 2>&1 </dev/null || {
    sed "s#$room##g; s/^/  /" "$room/$1.followed" >&2
    fail "the run book of $1 fails"
  }
  sed "s#$room##g; s/^/  /; \$a\\" "$room/$1.followed"
}

# proposal prints the section that is proposed for an installation, as it is.
proposal() { # SYSTEM ARGUMENTS OF discover...
  local system=$1
  shift
  "$ivyvault" system discover --name "$system" "$@" 2>"$room/$system.discovered" >"$room/$system.proposal" ||
    { cat "$room/$system.discovered" >&2; fail "$system can't be discovered"; }
  awk -v head="  $system:" '$0 == head { inside = 1; next } inside && /^(  )?[^ ]/ { exit } inside' "$room/$system.proposal"
}

# same_files compares two installed folders: every byte, and what files and links
# are beside it. What the vendor ships in a configuration is no part of a night.
same_files() { # WAS IS WHAT
  local list='( -name reference -prune ) -o ( -type f -printf %P_%y_%m_%U_%G_%s_%T@\n ) -o ( -type l -printf %P_%l\n )'
  diff -r --no-dereference --exclude reference "$1" "$2" >&2 || fail "$3: contents differ"
  set -f
  diff <(cd "$1" && find . $list | LC_ALL=C sort) <(cd "$2" && find . $list | LC_ALL=C sort) >&2 || fail "$3: attributes differ"
  set +f
  ok "$3 is the same: $(find "$2" -type f | wc -l) files, every byte, mode, owner and time"
}
