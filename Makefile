# The two commands of a fresh machine: make setup && make build
#
#   make setup       checks for what is needed, installs it (root on Debian) or names it
#   make build       bin/ivyvault, one static program
#   make test        format, vet, staticcheck, every test under the race detector
#   make test-large  the large cases, and what the race detector spoils, with their figures
#   make bench       IvyVault and its rivals side by side, medians and ratios
#                    (BENCH_ROUNDS, BENCH_ROWS, BENCH_FLAGS; see bench/compare)
#   make bench-limits  what the machine itself can do
#   make demo        two nights of a process engine: backup, mount, one document back
#   make demo-systems  two nights of whole systems on real servers; a table, an index,
#                    a document, an object, an application, a keystore brought back; then
#                    whole systems lost, and restored by following their run books

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

# The program never uses cgo; only the race detector does, in its own run.
export CGO_ENABLED := 0

# Linters are pinned in a module file of their own, so that the program's
# dependencies stay those of the program.
TOOLS := go tool -modfile=.ci/tools.mod

.PHONY: setup build test format vet race test-large bench bench-limits demo demo-systems clean

setup:
	@.ci/setup

# -buildvcs=auto writes commit and date into the program, for 'ivyvault version'.
build:
	go build -trimpath -buildvcs=auto -ldflags='-s -w' -o bin/ivyvault ./cmd/ivyvault

test: setup format vet race

format:
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi

# The tag large adds files, so these see all of them.
vet:
	go vet -tags large ./...
	$(TOOLS) staticcheck -tags large ./...

race:
	CGO_ENABLED=1 go test -race -vet=off -count=1 -timeout 9m -json ./... | go run ./internal/testrun

# One package at a time: what is measured is measured alone. These packages have
# large cases, or cases that the race detector spoils.
LARGE := ./chunk ./fusefs ./index/... ./large ./repo ./repo/backup ./repo/history ./repo/log ./repo/prooftest ./repo/tree
test-large:
	IVYVAULT_LARGE=1 go test -tags large -vet=off -p 1 -count=1 -timeout 25m -json $(LARGE) | go run ./internal/testrun -figures

BENCH_ROUNDS ?= 3
BENCH_ROWS ?=
BENCH_FLAGS ?=

bench: build
	bench/rivals.sh
	go run ./bench/compare -rounds $(BENCH_ROUNDS) -only '$(BENCH_ROWS)' $(BENCH_FLAGS)

bench-limits:
	go run ./bench/limits $(BENCH_FLAGS)

demo: build
	@demo/run.sh

demo-systems: build
	@demo/systems.sh

clean:
	rm -rf bin
