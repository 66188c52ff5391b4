# The programs of the story of Flowable: those that were built of its sources
# before, or built now from what setup has fetched. Sourced by systems.sh.

apps_needs() { need java mvn curl jq; }

apps_begin() {
  local sources=$here/../stories/flowable/testdata app
  apps=''
  for app in "$tools"/flowable-*/; do
    if [ -e "$app/engine/target/engine.jar" ] && [ -e "$app/content/target/content.jar" ] &&
      diff -rq "$sources" "$app" --exclude target >/dev/null; then apps=${app%/}; fi
  done
  [ -z "$apps" ] || return 0
  apps=$room/apps
  cp -r "$sources" "$apps"
  for app in engine content; do
    (cd "$apps/$app" && mvn -o -q -B package) >"$room/apps.log" 2>&1 || { tail "$room/apps.log" >&2; fail "Flowable's programs do not build; 'make setup' fetches what they are made of"; }
  done
}

apps_ready() { line 'Flowable, engine and content engine' 'programs of the stories, built'; }
