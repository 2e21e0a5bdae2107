# The build of pgtandem. `make help` lists what can be asked for.
#
# Everything that is made lands in build/<variant>/, so that objects built with
# a sanitizer never meet others; build/pgtandem and build/plugin point at the
# release variant. All code but main() is in one archive, which the unit tests
# link as well.

VARIANT ?= release
BUILD   ?= build
OUT     := $(BUILD)/$(VARIANT)
VERSION := $(shell cat VERSION)

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
PLUGINDIR  ?= $(PREFIX)/lib/pgtandem
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man/man1

# Compiler and flags ---------------------------------------------------------

PACKAGES := libpq libuv yajl yaml-0.1

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual \
            -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
            -Wwrite-strings -Wimplicit-fallthrough $(if $(WERROR),-Werror)
# gcc takes snprintf's cutting a long text short, which is what it is for, as a mistake
WARNINGS += -Wno-format-truncation

# Headers of others are system headers: their warnings are not ours to mend.
CPPFLAGS := -D_GNU_SOURCE -Isrc -Iplugin \
            $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)) \
            -DPGTANDEM_VERSION='"$(VERSION)"' -DPGTANDEM_PLUGIN_DIR='"$(PLUGINDIR)"'

FLAGS_release  := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS_sanitize := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
                  -fno-sanitize-recover=undefined
FLAGS_coverage := -O0 --coverage -fprofile-update=atomic
FLAGS_fuzz     := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
                  -fno-sanitize-recover=undefined

# mutant-<name>: broken on purpose (src/base/mutant.h), to see that chaos would tell
MUTANT := $(patsubst mutant-%,%,$(filter mutant-%,$(VARIANT)))
ifneq ($(MUTANT),)
FLAGS_$(VARIANT) := $(FLAGS_release) -DPGTANDEM_MUTANT=$(MUTANT)
endif

ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(VARIANT)),clang,gcc)
endif

COMPILE := $(CC) -std=c11 $(CPPFLAGS) -g $(FLAGS_$(VARIANT)) $(WARNINGS) $(CFLAGS)
LINK    := $(CC) $(FLAGS_$(VARIANT)) -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -ldl -lm -lpthread

# Commands are shown in short; in full with V=1
Q   := $(if $(V),,@)
say  = @$(if $(V),:,printf '  %-6s %s\n' $(1) $(2))

# What is made from what -----------------------------------------------------

MAIN     := $(wildcard src/command/main.c)
SOURCES  := $(filter-out $(MAIN),$(wildcard src/*/*.c))
EMBEDDED := $(patsubst sql/%.sql,$(OUT)/gen/%_sql.o,$(wildcard sql/state.sql sql/state_guard.sql))
OBJECTS  := $(SOURCES:%.c=$(OUT)/%.o) $(EMBEDDED)
LIBRARY  := $(OUT)/libpgtandem.a
PROGRAM  := $(if $(MAIN),$(OUT)/pgtandem)
PLUGINS  := $(patsubst %.c,$(OUT)/%.so,$(wildcard plugin/*.c))
LINKS    := $(if $(filter release,$(VARIANT)),$(BUILD)/plugin $(if $(MAIN),$(BUILD)/pgtandem))

# tests/unit/test_x.c becomes a program; other files there are linked into each
UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNIT_TESTS   := $(patsubst %.c,$(OUT)/%,$(filter tests/unit/test_%,$(UNIT_SOURCES)))
UNIT_SHARED  := $(patsubst %.c,$(OUT)/%.o,$(filter-out tests/unit/test_%,$(UNIT_SOURCES)))
FIXTURES     := $(patsubst tests/unit/%.c,$(OUT)/tests/%.so,$(wildcard tests/unit/fixtures/plugin_*.c))
CHAOS        := $(OUT)/tests/chaos/nemesis
FUZZERS      := $(patsubst %.c,$(OUT)/%,$(wildcard tests/fuzz/fuzz_*.c))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo test unit integration tests chaos chaos-mutants bench lint format sanitize \
        coverage fuzz install uninstall clean help FORCE

all: $(LIBRARY) $(PROGRAM) $(PLUGINS) $(LINKS)  ## the program and its plugins

# Holds the commands in use and changes only when they do: then all is rebuilt.
export COMMANDS := $(COMPILE) / $(LINK) $(LIBS)
$(OUT)/commands: FORCE
	@pkg-config --exists $(PACKAGES) || { echo "libraries are missing: run 'make deps'" >&2; exit 1; }
	@mkdir -p $(@D)
	@echo "$$COMMANDS" | cmp -s - $@ || echo "$$COMMANDS" >$@

$(OUT)/%.o: %.c $(OUT)/commands
	@mkdir -p $(@D)
	$(call say,cc,$<)
	$(Q)$(COMPILE) -fPIE -MMD -MP -c $< -o $@

# SQL that is embedded: sql/state.sql becomes `const char state_sql[]`
$(OUT)/gen/%_sql.c: sql/%.sql tools/embed-sql
	@mkdir -p $(@D)
	$(call say,embed,$<)
	$(Q)tools/embed-sql $* $< >$@

$(OUT)/gen/%.o: $(OUT)/gen/%.c $(OUT)/commands
	$(Q)$(COMPILE) -Wno-overlength-strings -fPIE -MMD -MP -c $< -o $@

# Made anew each time, so that a source that went leaves no object behind
$(LIBRARY): $(OBJECTS)
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(OUT)/pgtandem: $(OUT)/src/command/main.o $(LIBRARY)
	$(call say,link,$@)
	$(Q)$(LINK) -pie $^ $(LIBS) -o $@

# A plugin depends on the interface and the C library alone
$(OUT)/plugin/%.so: plugin/%.c $(OUT)/commands
	@mkdir -p $(@D)
	$(call say,plugin,$@)
	$(Q)$(COMPILE) -fPIC -MMD -MP -shared -Wl,-z,relro,-z,now $< -o $@

$(OUT)/tests/fixtures/%.so: tests/unit/fixtures/%.c $(OUT)/commands
	@mkdir -p $(@D)
	$(call say,plugin,$@)
	$(Q)$(COMPILE) -fPIC -MMD -MP -shared $< -o $@

$(BUILD)/pgtandem: $(PROGRAM)
	$(Q)ln -sfn release/pgtandem $@

$(BUILD)/plugin: $(PLUGINS)
	@mkdir -p $(OUT)/plugin
	$(Q)ln -sfn release/plugin $@

-include $(shell [ -d $(OUT) ] && find $(OUT) -name '*.d')

# Running it -----------------------------------------------------------------

deps:  ## install what is needed to build, test and lint (Debian packages)
	@tools/deps all

demo:  ## a whole migration, start to end, on a server of its own (ROWS=n)
	@tools/deps demo
	@$(MAKE) --no-print-directory all
	@$(if $(ROWS),ROWS=$(ROWS)) PGTANDEM=$(CURDIR)/$(OUT)/pgtandem demo/run

bench:  ## measure against a native subscription and plain SQL
	@tools/deps demo
	@$(MAKE) --no-print-directory all
	@PGTANDEM=$(CURDIR)/$(OUT)/pgtandem bench/run

# Tests ----------------------------------------------------------------------

RUN_TESTS = BUILD=$(BUILD) VARIANT=$(VARIANT) tests/run

test unit integration:  ## run all tests, or one kind of them (T="name ...")
	@tools/deps test
	@$(MAKE) --no-print-directory tests
	@$(RUN_TESTS) $(if $(T)$(filter-out test,$@),$(filter-out test,$@)) $(T)

tests: all $(UNIT_TESTS) $(FIXTURES) $(CHAOS)

$(OUT)/tests/unit/test_%: $(OUT)/tests/unit/test_%.o $(UNIT_SHARED) $(LIBRARY)
	$(call say,link,$@)
	$(Q)$(LINK) -pie $^ -lcmocka $(LIBS) -o $@

$(CHAOS): $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/chaos/*.c)) $(LIBRARY)
	$(call say,link,$@)
	$(Q)$(LINK) -pie $^ $(LIBS) -o $@

RUN_CHAOS = PGTANDEM=$(abspath $(OUT)/pgtandem) NEMESIS=$(abspath $(CHAOS)) \
            LOGS=$(abspath $(OUT)/logs) tests/chaos/run

chaos:  ## write to both sides while everything breaks, and judge (ROUNDS=n SEED=s)
	@tools/deps test
	@$(MAKE) --no-print-directory all $(CHAOS)
	@$(RUN_CHAOS)

chaos-mutants:  ## see that chaos catches each way to break pgtandem (MUTANTS="name ...")
	@tools/deps test
	@$(MAKE) --no-print-directory all $(CHAOS)
	@BUILD=$(abspath $(BUILD)) NEMESIS=$(abspath $(CHAOS)) tests/chaos/mutants

# Sanitized code is several times slower, and what it is to find does not hide in
# the number of rows.
sanitize: export LARGE_ROWS ?= 50000
sanitize:  ## run all tests under the address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory VARIANT=sanitize test

coverage:  ## run all tests and report which lines they reached
	@tools/deps all
	@find $(BUILD)/coverage -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) --no-print-directory VARIANT=coverage test
	@gcovr --root . --filter src/ --filter plugin/ --object-directory $(BUILD)/coverage \
	    --html-details $(BUILD)/coverage/report.html --txt $(BUILD)/coverage/report.txt
	@cat $(BUILD)/coverage/report.txt
	@echo "details: $(BUILD)/coverage/report.html"

FUZZ_SECONDS ?= 30

fuzz:  ## feed each parser random input for FUZZ_SECONDS
	@tools/deps all
	@$(MAKE) --no-print-directory VARIANT=fuzz fuzz-all

$(OUT)/tests/fuzz/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o $(LIBRARY)
	$(call say,link,$@)
	$(Q)$(LINK) -fsanitize=fuzzer $^ $(LIBS) -o $@

.PHONY: fuzz-all
fuzz-all: $(FUZZERS)
	@set -e; for fuzzer in $(FUZZERS); do \
	    name=$$(basename $$fuzzer); work=$(OUT)/corpus/$$name; mkdir -p $$work; \
	    seeds=tests/fuzz/corpus/$$name; [ -d $$seeds ] || seeds=; \
	    echo "$$name: $(FUZZ_SECONDS) seconds"; \
	    $$fuzzer -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$$work- -print_final_stats=1 \
	        $$work $$seeds >$$work.log 2>&1 || { tail -n 40 $$work.log; exit 1; }; \
	    grep -E 'executed_units' $$work.log; \
	done

# Keeping it tidy ------------------------------------------------------------

lint:  ## check format, clang-tidy, layering, headers and shell scripts
	@tools/deps all
	@$(MAKE) --no-print-directory -j2 -k --output-sync lint-all

ifneq ($(filter lint-%,$(MAKECMDGOALS)),)
include tools/lint.mk
endif

format:  ## rewrite the sources in the project's format
	clang-format -i $(wildcard src/*/*.[ch] plugin/*.[ch] plugin/*/*.c tests/*/*.[ch] tests/*/*/*.c)

# Installing -----------------------------------------------------------------

install: all  ## install to PREFIX, which is to be the one `make all` was given (DESTDIR)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(PLUGINDIR) $(DESTDIR)$(INCLUDEDIR)
	$(if $(PROGRAM),install -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/pgtandem)
	$(if $(PLUGINS),install -m 755 $(PLUGINS) $(DESTDIR)$(PLUGINDIR))
	install -m 644 plugin/pgtandem_transform.h $(DESTDIR)$(INCLUDEDIR)
	$(if $(wildcard docs/man/*.1),install -D -m 644 -t $(DESTDIR)$(MANDIR) $(wildcard docs/man/*.1))

uninstall:  ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/pgtandem $(DESTDIR)$(INCLUDEDIR)/pgtandem_transform.h
	rm -f $(addprefix $(DESTDIR)$(PLUGINDIR)/,$(notdir $(PLUGINS)))
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/,$(notdir $(wildcard docs/man/*.1)))
	-rmdir $(DESTDIR)$(PLUGINDIR) 2>/dev/null

clean:  ## remove everything that was built
	rm -rf $(BUILD)

help:  ## this list
	@awk -F ':.*## *' '/^[a-z -]+:.*## /{printf "  %-22s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
