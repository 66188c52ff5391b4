# What stands in for an engine, and the keystores of engines. Sourced by
# systems.sh. A stand-in is compiled once and started by the system that needs it.

standin_h2=$tools/h2-2.3.232.jar # what holds a database needs it

standin_needs() {
  need java javac keytool curl
  [ -e "$standin_h2" ] || echo "H2's jar ($standin_h2)"
}

standin_begin() {
  mkdir "$room/standin"
  javac -d "$room/standin" "$here/systems/Standin.java" || fail 'the stand-in does not compile'
}

standin_ready() { line 'stand-in for engines' "compiled, $(java --version | head -n 1)"; }

# standin starts one that is ended with the servers, and waits until it answers.
standin() { # NAME PORT PATH ANSWER
  launch "$1.standin" TERM '' java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$room/standin" Standin "$2" "$3" "$4"
  await "$1.standin" "$launched" curl -sSf "http://127.0.0.1:$2$3"
  line "the engine's health, by a stand-in" "http://127.0.0.1:$2$3"
}

# keystore makes one with a key of its own.
keystore() { # FILE ALIAS FILE-WITH-PASSWORD
  keytool -genkeypair -keystore "$1" -storetype PKCS12 -storepass:file "$3" -alias "$2" \
    -keyalg EC -dname CN=engine -validity 3650 >"$room/answer" 2>&1 || { cat "$room/answer" >&2; fail "keytool can't make $1"; }
}

# opens fails where a keystore can't be opened or lacks its key.
opens() { # FILE ALIAS FILE-WITH-PASSWORD
  keytool -list -keystore "$1" -storepass:file "$3" -alias "$2" >"$room/answer" 2>&1 && grep -q PrivateKeyEntry "$room/answer" ||
    { cat "$room/answer" >&2; fail "${1##*/} lacks its key"; }
  ok "${1##*/} opens, and has its key"
}
