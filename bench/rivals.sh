#!/usr/bin/env bash
# Installs the programs that IvyVault is measured against, each at a pinned
# version and by its registry's ordinary client, and says which of them could
# not be had and why. One that fails never stops the others: the exit status
# is 0 as long as the arguments are right.
#
#   bench/rivals.sh [restic|kopia|borg|rustic|bupstash ...]
#
# IVYVAULT_RIVALS is the folder (default bench/.rivals); programs are in its
# bin, one file NAME.version beside each, NAME.log says how it was built.
# Packages of the system are installed only as root on Debian.
set -u -o pipefail

RESTIC_VERSION=v0.19.1
KOPIA_VERSION=v0.23.1
BORG_VERSION=1.4.5
RUSTIC_VERSION=0.11.4
BUPSTASH_VERSION=0.12.0
# What borg's and bupstash's C parts and the mounts of borg and rustic link to.
DEBIAN="libacl1-dev libssl-dev liblz4-dev libzstd-dev libxxhash-dev libsodium-dev \
libfuse3-dev fuse3 pkg-config build-essential python3-dev python3-venv"

all="restic kopia rustic bupstash borg"
for name in "$@"; do
	case " $all " in
	*" $name "*) ;;
	*) echo "rivals.sh: no rival is called $name; there are: $all" >&2; exit 2 ;;
	esac
done
wanted="${*:-$all}"

here="$(cd "$(dirname "$0")" && pwd)"
root="${IVYVAULT_RIVALS:-$here/.rivals}"
mkdir -p "$root/bin" || exit 0
root="$(cd "$root" && pwd)"

version_of() {
	case "$1" in
	restic) echo "$RESTIC_VERSION" ;;
	kopia) echo "$KOPIA_VERSION" ;;
	borg) echo "$BORG_VERSION" ;;
	rustic) echo "$RUSTIC_VERSION" ;;
	bupstash) echo "$BUPSTASH_VERSION" ;;
	esac
}

need() { command -v "$1" >/dev/null || { echo "$1 is not installed"; return 1; }; }

# go_program NAME PACKAGE MODULE VERSION [LDFLAGS]: `go install` refuses a module whose
# go.mod replaces another; such a one is built where the client unpacked it.
go_program() {
	local name=$1 package=$2 module=$3 version=$4 flags="-s -w ${5:-}" dir
	need go || return 1
	export CGO_ENABLED=0 GOFLAGS=
	cd "$root" || return 1
	GOBIN="$root/bin" go install -trimpath -ldflags "$flags" "$package@$version" && return 0
	dir="$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')"
	[ -n "$dir" ] || return 1
	(cd "$dir" && go build -trimpath -ldflags "$flags" -o "$root/bin/$name" "$package")
}

install_restic() { go_program restic github.com/restic/restic/cmd/restic github.com/restic/restic "$RESTIC_VERSION"; }
# kopia learns its version from the linker only.
install_kopia() {
	go_program kopia github.com/kopia/kopia github.com/kopia/kopia "$KOPIA_VERSION" \
		"-X github.com/kopia/kopia/repo.BuildVersion=${KOPIA_VERSION#v}"
}

# cargo_program NAME CRATE VERSION [FLAGS]: what is built stays until it is whole,
# so that a build that was broken off goes on.
cargo_program() {
	local name=$1 crate=$2 version=$3
	shift 3
	need cargo || return 1
	export CARGO_TARGET_DIR="$root/build-$name"
	cargo install --locked --quiet --root "$root" --version "$version" "$@" "$crate" && rm -rf "$CARGO_TARGET_DIR"
}

# The mount is a feature that the published rustic has switched on by choice.
install_rustic() {
	cargo_program rustic rustic-rs "$RUSTIC_VERSION" --features mount || cargo_program rustic rustic-rs "$RUSTIC_VERSION"
}

install_bupstash() { need pkg-config && cargo_program bupstash bupstash "$BUPSTASH_VERSION"; }

# A borg without a FUSE library still backs up; its mount rows stay empty then.
install_borg() {
	need python3 || return 1
	python3 -m venv "$root/borg" || return 1
	"$root/borg/bin/pip" install --quiet "borgbackup[pyfuse3]==$BORG_VERSION" ||
		"$root/borg/bin/pip" install --quiet "borgbackup==$BORG_VERSION" || return 1
	ln -sf ../borg/bin/borg "$root/bin/borg"
}

current() { [ -x "$root/bin/$1" ] && [ "$(cat "$root/$1.version" 2>/dev/null)" = "$(version_of "$1")" ]; }

one() {
	local name=$1
	rm -f "$root/$name.version"
	renice -n 10 $BASHPID >/dev/null 2>&1 || true
	if "install_$name" </dev/null >"$root/$name.log" 2>&1 && [ -x "$root/bin/$name" ]; then
		version_of "$name" >"$root/$name.version"
	fi
}

# The Go ones need no package of the system: they start at once.
for name in $wanted; do
	case "$name" in restic | kopia) current "$name" || one "$name" & ;; esac
done
missing=
for name in $wanted; do
	case "$name" in borg | rustic | bupstash) current "$name" || missing=yes ;; esac
done
if [ -n "$missing" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $DEBIAN; } \
		>"$root/debian.log" 2>&1 || echo "rivals.sh: some packages of the system could not be installed, see $root/debian.log" >&2
fi
for name in $wanted; do
	case "$name" in borg | rustic | bupstash) current "$name" || one "$name" & ;; esac
done
wait

for name in $wanted; do
	if current "$name"; then
		printf '%-9s %s\n' "$name" "$(version_of "$name")"
	else
		printf '%-9s could not be had at %s: %s\n' "$name" "$(version_of "$name")" \
			"$(grep -iE 'error|fail|not |forbidden' "$root/$name.log" 2>/dev/null | head -1 | cut -c1-200 || true) (see $root/$name.log)"
	fi
done
exit 0
