# Two commands for newcomers: `make demo` shows what Drover does, `make test` tries all of it.
PREFIX ?= /usr/local
BUILD ?= debug
DROVER = .build/$(BUILD)/drover
SHELL_FILES = $(shell git ls-files "*.sh" .ci/run)

.PHONY: build release prerequisites demo test test-kills test-races test-faults test-leases test-containers check bench bench-up bench-vms bench-images bench-migrate install clean format

build: prerequisites
	swift build -c $(BUILD) --product drover

release:
	$(MAKE) build BUILD=release

# C libraries to build with, and what a lab needs; does nothing where all is there.
prerequisites:
	@.ci/prerequisites

demo: build
	@docs/demo.sh $(DROVER)

# The release build is part of it: its optimizer refuses code that the debug build takes.
test: check build
	.ci/test
	$(MAKE) release

# The controller killed at so many random moments of what it does to VMs: nothing may be left. SEED=N repeats a run.
KILLS ?= 100
test-kills: build
	DROVER_KILLS=$(KILLS) DROVER_SEED=$(SEED) .ci/test --filter ManyKills

# Migrations with something going wrong at each moment of them: 96 cells, RUNS in all, those first that were run least.
# Adds to the report in .build/faults (report.jsonl, report.md, evidence of failures); SEED=N repeats a call.
RUNS ?= 96
test-faults: build
	DROVER_FAULTS=$(RUNS) DROVER_SEED=$(SEED) .ci/test --filter AllFaults

# The role leases: no second copy of a VM starts on hosts that share a directory.
test-leases: build
	DROVER_TEST_LEASES=1 DROVER_REQUIRE_LAB=1 .ci/test --filter LeaseTests

# Two controllers with a copy of the fleet each, at one VM at the same time, so many times. SEED=N repeats a run.
RACES ?= 100
test-races: build
	DROVER_RACES=$(RACES) DROVER_SEED=$(SEED) .ci/test --filter ManyRaces

# Containers on a lab host whose driver is LXC: a whole life of one. Installs that driver there.
test-containers: build
	DROVER_TEST_CONTAINERS=1 DROVER_REQUIRE_LAB=1 .ci/test --filter ContainerLabTests

check:
	@.ci/prerequisites test
	shellcheck $(SHELL_FILES) .ci/prerequisites .ci/test Benchmarks/run Benchmarks/up Benchmarks/vms Benchmarks/images Benchmarks/migrate
	swift format lint --recursive --parallel --strict Sources Tests Package.swift

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift

bench: release
	Benchmarks/run

bench-up: release
	Benchmarks/up
	Benchmarks/up guest

bench-vms: release
	Benchmarks/vms

# An image to 8 hosts with links of 50 MiB/s: about 6 minutes, 14 GiB of memory.
bench-images: release
	Benchmarks/images

# Live migrations against virsh: two hosts, up to 8 guests at once, about 10 minutes.
bench-migrate: release
	Benchmarks/migrate

install: release
	install -D -m 0755 .build/release/drover $(DESTDIR)$(PREFIX)/bin/drover
	rm -rf $(DESTDIR)$(PREFIX)/share/drover
	mkdir -p $(DESTDIR)$(PREFIX)/share/drover
	cp -R roles inventory $(DESTDIR)$(PREFIX)/share/drover/

clean:
	rm -rf .build
