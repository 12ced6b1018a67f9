# search_assign: a PostgreSQL extension built by PGXS.
#
#   make && make install && make installcheck     build, install into and test on a server of yours (PG_CONFIG=, PGHOST=, ...)
#   make demo | demo-stop | test | lint | bench | soak | format
#                                                 need nothing but git and make: they install missing Debian packages,
#                                                 and work in a private PostgreSQL under build/

.DEFAULT_GOAL := all
SCRIPT_GOALS := demo demo-stop test lint bench soak format

# ---- goals that are scripts; they call make again, so PostgreSQL may be missing while this is read ------------------
.PHONY: $(SCRIPT_GOALS)
demo:      ; scripts/install_packages && scripts/demo
demo-stop: ; scripts/demo stop
test:      ; scripts/install_packages && scripts/test $(LAYERS)
lint:      ; scripts/install_packages && scripts/test lint
bench:     ; scripts/install_packages && tests/bench/run
soak:      ; scripts/install_packages && tests/soak/run
format:    ; git ls-files -co --exclude-standard '*.cpp' '*.hpp' | xargs clang-format -i

ifneq ($(filter-out $(SCRIPT_GOALS),$(or $(MAKECMDGOALS),all)),)

# All that is built, but not the private PostgreSQL and its clusters, which may be running.
BUILT := search_assign.so $(addprefix build/,obj regress isolation cmake cmake-sanitized log search_assign--*.sql)

PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq ($(PGXS)$(filter-out clean distclean,$(or $(MAKECMDGOALS),all)),)
clean: ; rm -rf $(BUILT)
distclean: clean
else
ifeq ($(PGXS),)
$(error $(PG_CONFIG) finds no server headers: install postgresql-server-dev-15 (scripts/install_packages does) or give PG_CONFIG=)
endif

# ---- module -------------------------------------------------------------------------------------------------------
MODULE_big = search_assign
OBJS := $(patsubst src/%.cpp,build/obj/%.o,$(sort $(wildcard src/core/*.cpp src/pg/*.cpp)))

OPT ?= -O2
# As system headers, the server's raise no warnings of ours.
PG_CPPFLAGS = -Iinclude -isystem $(shell $(PG_CONFIG) --includedir-server)
# PostgreSQL 15 leaves PGDLLEXPORT empty, which would hide our functions together with everything else.
PG_CPPFLAGS += -DPGDLLEXPORT='__attribute__((visibility("default")))'
PG_CXXFLAGS = -std=c++20 $(OPT) -Wall -Wextra -Wshadow -fvisibility=hidden -fvisibility-inlines-hidden
ifneq ($(filter true 1,$(CI) $(WERROR)),)
PG_CXXFLAGS += -Werror
endif
SHLIB_LINK = -lstdc++ -Wl,--version-script=$(CURDIR)/control/search_assign.map
# Bitcode for JIT inlining gains nothing here and would need clang.
override with_llvm := no

# ---- extension files ------------------------------------------------------------------------------------------------
EXTENSION = control/search_assign
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" control/search_assign.control)
SQL_PARTS := $(sort $(wildcard sql/install/*.sql))
DATA = $(wildcard sql/updates/*.sql)
DATA_built = build/search_assign--$(EXTVERSION).sql

# ---- installcheck: pg_regress and isolation on the server that PGHOST, PGPORT and so on name -------------------------
REGRESS_INPUTS := $(wildcard tests/regress/sql/*.sql)
REGRESS = $(if $(REGRESS_INPUTS),--schedule=tests/regress/schedule)
REGRESS_OPTS = --inputdir=tests/regress --outputdir=build/regress --load-extension=search_assign
ISOLATION = $(sort $(basename $(notdir $(wildcard tests/isolation/specs/*.spec))))
ISOLATION_OPTS = --inputdir=tests/isolation --outputdir=build/isolation --load-extension=search_assign
REGRESS_PREP = build/regress/expected

EXTRA_CLEAN = $(BUILT)
include $(PGXS)

# ---- rules ----------------------------------------------------------------------------------------------------------
# A text kept in a file that changes only when the text does, so that what was built with other flags or from other
# files is built again.
define remember
ifneq ($$(strip $$(file <$(1))),$$(strip $$($(2))))
$$(file >$(1),$$($(2)))
endif
endef
COMPILE_MODULE = $(CXX) $(CXXFLAGS) $(CPPFLAGS) -c
$(shell mkdir -p build/obj)
$(eval $(call remember,build/obj/command,COMPILE_MODULE))
$(eval $(call remember,build/obj/objects,OBJS))
$(eval $(call remember,build/obj/sql_parts,SQL_PARTS))

build/obj/core/%.o: override CXXFLAGS += -Wconversion
build/obj/%.o: src/%.cpp build/obj/command
	@mkdir -p $(@D)
	$(COMPILE_MODULE) -MMD -MP -o $@ $<
$(shlib): build/obj/objects
-include $(OBJS:.o=.d)

$(DATA_built): $(SQL_PARTS) build/obj/sql_parts
	cat $(SQL_PARTS) >$@

# pg_regress looks for expected/ in its output folder.
build/regress/expected:
	mkdir -p build/regress
	ln -sfn ../../expected $@

endif

# The private PostgreSQL, too; outside build/ where the user who runs servers cannot enter it.
distclean: remove-private
.PHONY: clean distclean remove-private
remove-private:
	scripts/cluster stop-all
	for d in build/pg build/clusters; do \
	  if [ -L $$d ]; then t=$$(readlink $$d) && rm -rf "$$t" && rmdir --ignore-fail-on-non-empty "$${t%/*}"; fi; done
	rm -rf build

endif
