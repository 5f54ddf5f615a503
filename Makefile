# envpod: every directory under tools/ is a program, every directory under
# plugins/ is a .so, and every *.c inside belongs to it.  Nothing to register.
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.0.0)
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec/envpod
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
-include config.mk

# One build folder per flavour: build/plain, build/address,undefined, build/cov
FLAVOUR := $(if $(SAN),$(SAN),$(if $(COV),cov,plain))
B       := build/$(FLAVOUR)

# External libraries, per program.  Every program may write audit lines (BLAKE2b of libsodium).
LIBS_pod-exec   := -lseccomp
LIBS_pod-config := -lyaml -ljq
LIBS_pod-audit  := -ljq
LIBS            := -lsodium -lm

# Programs of the warm path are static: an exec of a dynamic one costs more (DESIGN 15).  Debian
# has no static libjq, so what parses JSON stays dynamic.  Sanitizers and coverage need dynamic.
DYNAMIC := pod-config pod-audit
static   = $(if $(SAN)$(COV)$(filter $(1),$(DYNAMIC)),-pie,-static -no-pie -Wl,-z,norelro -Wl,-z,noseparate-code)

CC       ?= cc
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wformat=2 -Wvla -Wundef
CPPFLAGS += -Iinclude -I. -D_GNU_SOURCE -DENVPOD_VERSION='"$(VERSION)"' \
            -DENVPOD_LIBDIR='"$(LIBEXECDIR)"' -DENVPOD_DATADIR='"$(DATADIR)/envpod"'
BASE     := -std=c11 $(WARN) -fvisibility=hidden -fPIC
HARDEN   := -fstack-protector-strong $(if $(SAN)$(COV),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
SANFLAGS += $(if $(COV),--coverage -O0)
ALLC      = $(BASE) $(HARDEN) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS)
Q        := $(if $(V),,@)

TOOLS   := $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c))
PLUGINS := $(patsubst plugins/%/,%,$(wildcard plugins/*/))
obj      = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))

LIB     := $(B)/libcommon.a
UNIT    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*/test_*.c))
FUZZ    := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*/*.c))

.PHONY: all
.DELETE_ON_ERROR:
.SECONDARY:
all: $(TOOLS:%=$(B)/bin/%) $(PLUGINS:%=$(B)/plugins/%.so)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALLC) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,libcommon)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define tool
$(B)/bin/$(1): $(call obj,tools/$(1)) $(LIB)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(ALLC) $(call static,$(1)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) $$(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))

define plugin
$(B)/plugins/$(1).so: $(call obj,plugins/$(1))
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(ALLC) $$(LDFLAGS) -shared -Wl,-z,defs -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin,$(p))))

# tests/TOOL/test_x.c is linked with that tool's objects, less its main.o; tests/libcommon/ with
# libcommon alone.
unit_of = $(notdir $(patsubst %/,%,$(dir $(1))))
define unit
$(1): $(1).o $(filter-out %/main.o,$(call obj,tools/$(call unit_of,$(1)))) $(LIB)
	$(Q)$$(CC) $$(ALLC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(call unit_of,$(1))) $$(LIBS)
endef
$(foreach u,$(UNIT),$(eval $(call unit,$(u))))


-include $(shell find build -name '*.d' 2>/dev/null)
