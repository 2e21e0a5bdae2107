# What `make lint` runs; included by the Makefile, whose flags it uses. A stamp in
# build/lint/ for each file that passed keeps it incremental.

LINT         := $(BUILD)/lint
LINT_SOURCES := $(wildcard src/*/*.c plugin/*.c plugin/*/*.c tests/unit/*.c tests/unit/*/*.c \
                           tests/fuzz/*.c tests/chaos/*.c bench/*.c)
LINT_HEADERS := $(wildcard src/*/*.h plugin/*.h tests/unit/*.h tests/chaos/*.h)
LINT_SCRIPTS := $(shell grep -lsE '^.!/bin/(ba)?sh' .ci/* tools/* demo/* bench/* tests/* tests/*/*) \
                tests/cluster.sh tests/integration/lib.sh bench/lib.sh

.PHONY: lint-all lint-format lint-layers
lint-all: lint-format lint-layers \
          $(LINT_SOURCES:%=$(LINT)/%.tidy) $(LINT_HEADERS:%=$(LINT)/%.alone) \
          $(LINT_SCRIPTS:%=$(LINT)/%.shell)

lint-format:
	@! clang-format --dry-run -Werror $(LINT_SOURCES) $(LINT_HEADERS) 2>&1 | grep 'error:' | \
	    sed 's/:.*/: not in the project format, which `make format` gives it/' | uniq -c | grep .

# First that it sees a violation, then that there is none
lint-layers:
	@tools/layers --self-test
	@tools/layers

# What a source depends on is asked of the compiler, so that a changed header counts
$(LINT)/%.tidy: % .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	$(call say,tidy,$<)
	@clang-tidy --quiet $< -- -std=c11 $(CPPFLAGS) 2>$@.log || { cat $@.log; exit 1; }
	@$(CC) -std=c11 $(CPPFLAGS) -MM -MP -MT $@ -MF $@.d $<
	@touch $@

# A header needs nothing included before it
$(LINT)/%.alone: %
	@mkdir -p $(@D)
	@echo '#include "$(abspath $<)"' >$@.c
	@$(CC) -std=c11 $(CPPFLAGS) $(WARNINGS) -Werror -fsyntax-only $@.c
	@$(CC) -std=c11 $(CPPFLAGS) -MM -MP -MT $@ -MF $@.d $@.c
	@touch $@

$(LINT)/%.shell: % .shellcheckrc
	@mkdir -p $(@D)
	$(call say,shell,$<)
	@bash -n $<
	@shellcheck $<
	@touch $@

-include $(shell [ -d $(LINT) ] && find $(LINT) -name '*.d')
