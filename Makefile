# glint: `make run` demonstrates it, `make test` tests it, `make help` lists all targets.
# Tools come from PATH, or else from the user's cache folder (or $GLINT_CACHE),
# or else they are built or unpacked from packages into that cache.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED := 0
install := go run ./cli/internal/toolchain/install
say      = @printf '\n\033[1m%s\033[0m\n' "$(1)"

# Flags of the edge program's compiler; edge/README.md has the measurements.
TINYGO_FLAGS := -target=wasip1 -opt=s -gc=leaking -no-debug -tags fastlyinternalsetparseuri

.PHONY: help run test tools build glint edge install fmt lint tidy-check test-unit test-clock test-sql test-edge test-e2e fuzz bench soak cluster accuracy worlds bench-scale golden clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: glint ## fetch the engine, build glint, play a demo campaign and keep running
	@bin/glint engine install >/dev/null
	@exec bin/glint up --demo

test: tools build lint tidy-check test-unit test-clock test-sql test-edge test-e2e ## install the tools and run every suite

tools: ## install TinyGo, Viceroy, the engine, the linter and a browser if they are missing
	$(call say,Tools)
	@$(install) engine tinygo viceroy golangci-lint fastly chromium

build: glint edge ## build bin/glint and bin/main.wasm

glint:
	$(call say,Building bin/glint)
	@go build -trimpath -o bin/glint ./cli

edge: ## compile the edge program to bin/main.wasm
	$(call say,Compiling bin/main.wasm)
	@mkdir -p bin
	@tinygo=$$($(install) tinygo) && "$$tinygo" build $(TINYGO_FLAGS) -o bin/main.wasm ./edge

PREFIX ?= $(HOME)/.local

install: build ## put glint and the edge program below PREFIX, ~/.local by default
	@install -D -m 755 bin/glint "$(DESTDIR)$(PREFIX)/bin/glint"
	@install -D -m 644 bin/main.wasm "$(DESTDIR)$(PREFIX)/share/glint/main.wasm"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/glint and share/glint/main.wasm"

fmt: ## format the code
	@lint=$$($(install) golangci-lint) && "$$lint" fmt

lint: ## check formatting, imports between the folders, and the code
	$(call say,Linting)
	@lint=$$($(install) golangci-lint) && "$$lint" run

tidy-check:
	@go mod tidy -diff

# One package at a time shows which one is slow; each prints one line.
go_test = go test -count=1 -timeout 40m

test-unit: ## run the tests beside the code; some need the engine or Fastly's command line
	$(call say,Unit tests)
	@$(go_test) $$(go list ./... | grep -vE '^glint/(schema|ingest/warehouse/sqltest|edge/edgetest|cli/e2e)(/|$$)')

# Only the tests' clock is shifted: the engine, the emulator and built programs keep
# the real one, so the suites that mostly wait for those are omitted.
test-clock: ## run the unit tests with the clock 40 and 400 days ahead
	$(call say,Unit tests on other days)
	@overlay=$$(go run ./cli/internal/shiftclock bin/.clock) && for days in 40 400; do \
		GLINT_TEST_CLOCK_DAYS=$$days $(go_test) -vet=off -overlay "$$overlay" $$(go list ./... | \
			grep -vE '^glint/(schema|edge/edgetest|cli/internal/toolchain|cli/e2e|cli/edge|cli/replay|ingest/wal|ingest/warehouse)(/|$$)|^glint/(cli|ingest)$$') | \
			grep -v 'no test files'; done

test-sql: ## run the schema's tests on the real engine
	$(call say,SQL tests on the engine)
	@$(go_test) ./schema/... ./ingest/warehouse/sqltest/...

test-edge: edge ## run the compiled edge program in the emulator
	$(call say,The edge program in the emulator)
	@$(go_test) ./edge/edgetest/...

test-e2e: build ## test from the pixel to the report, with the real parts
	$(call say,End to end)
	@$(go_test) ./cli/e2e/...

fuzz: ## fuzz every target for half a minute
	@go list ./... | while read -r p; do \
		for f in $$(go test -list '^Fuzz' "$$p" | grep '^Fuzz' || true); do \
			go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 30s "$$p"; done; done

bench: build ## run the benchmarks, each beside its baseline in the same run
	$(call say,Benchmarks)
	@go test -run '^$$' -bench . -benchtime 1s -timeout 60m $$(go list ./... | grep -vE '^glint/(ingest|edge/edgetest)$$')
	@go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./ingest ./edge/edgetest
	@GLINT_BENCH_SECONDS=60 go test -run '^$$' -bench BesideInserts -benchtime 1x -timeout 10m ./ingest
	@cd ingest/wal/pebblebench && go test -run '^$$' -bench . -benchtime 1s -timeout 60m

soak: build ## run the long forms of the tests: hundreds of kills and power cuts, an outage, ten minutes of load, millions of inputs
	$(call say,Memory under hostile input)
	@go test -count=1 -v -run 'Bombs|Endless|InFlight|Megabyte|SlowWriters|Idle' ./ingest/receiver | grep -E 'MiB|^(---|FAIL|ok)'
	$(call say,Soak)
	@GLINT_TEST_KILLS=1000 GLINT_FUZZ_REQUESTS=200000 GLINT_FUZZ_AGENTS=10000000 GLINT_TEST_POWER_CUTS=50 GLINT_TEST_ENGINE_KILLS=200 \
		GLINT_OUTAGE_SECONDS=120 GLINT_SOAK_SECONDS=600 go test -v -count=1 -timeout 4h ./edge/classify ./ingest/wal ./ingest ./edge/edgetest ./cli/e2e

cluster: build ## kill your own replicas under load, and time a quorum insert: GLINT_TEST_REPLICAS, GLINT_TEST_REPLICA_KILL, GLINT_TEST_REPLICA_KILLS, see cli/e2e/cluster_test.go
	@go test -tags cluster -count=1 -v -timeout 4h ./cli/e2e -run ReplicasLose
	@go test -tags cluster -run '^$$' -bench QuorumInsert -benchtime 100x ./ingest/warehouse

accuracy: ## test the classifier with the corpora in CORPORA=DIR
	@go build -o bin/accuracy ./edge/classify/accuracy && bin/accuracy -corpora "$(CORPORA)"

worlds: ## test the estimators with generated accounts whose truth is known: bias, coverage and width, in percentage points
	@GLINT_WORLDS=all go test -count=1 -v -timeout 60m -run OverallCovers ./ingest/warehouse/sqltest

bench-scale: ## benchmark the reports of an account of GLINT_SCALE_OPENS opens (default 10,000,000): alone, during inserts, and their cost
	@go test -run '^$$' -bench Scale -benchtime 1x -timeout 3h ./ingest/snapshots

golden: ## rewrite the golden files
	@grep -rlE 'flag.Bool\("update"' --include=*_test.go . | xargs -n1 dirname | sort -u | xargs -I{} go test {} -update

clean: ## remove built files; the cache of tools stays
	@rm -rf bin pkg
