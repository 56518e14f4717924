# Two commands for newcomers: `make demo` shows what Drover does, `make test` tries all of it.
PREFIX ?= /usr/local
BUILD ?= debug
DROVER = .build/$(BUILD)/drover
SHELL_FILES = $(shell git ls-files "*.sh" .ci/run)

.PHONY: build release prerequisites demo test check bench install clean format

build: prerequisites
	swift build -c $(BUILD) --product drover

release:
	$(MAKE) build BUILD=release

# C libraries to build with, and what a lab needs; does nothing where all is there.
prerequisites:
	@.ci/prerequisites

demo: build
	@docs/demo.sh $(DROVER)

test: check build
	.ci/test

check:
	@.ci/prerequisites test
	shellcheck $(SHELL_FILES) .ci/prerequisites .ci/test Benchmarks/run
	swift format lint --recursive --parallel --strict Sources Tests Package.swift

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift

bench: release
	Benchmarks/run

install: release
	install -D -m 0755 .build/release/drover $(DESTDIR)$(PREFIX)/bin/drover
	rm -rf $(DESTDIR)$(PREFIX)/share/drover
	mkdir -p $(DESTDIR)$(PREFIX)/share/drover
	cp -R roles inventory $(DESTDIR)$(PREFIX)/share/drover/

clean:
	rm -rf .build
