# SPDX-License-Identifier: BSD-3-Clause
# Every verb does its own set-up on a fresh Debian 12; `make help` lists them.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
# Debian's own tools come first: a pyenv or conda python would shadow them.
export PATH := /usr/bin:/bin:/usr/sbin:/sbin:$(PATH)

BUILD := $(CURDIR)/build
MESON := $(BUILD)/meson
PREFIX ?= /usr/local
T ?= 60
LANES := lint contract kunit unit device e2e guest

.DEFAULT_GOAL := all
.PHONY: all help packages kernel qemu userspace driver demo check check-debug rows coverage fuzz check-loops $(LANES) install clean
.PHONY: coverage-device check-device-asan check-qemu-next
.PHONY: check-kernels check-dkms check-boot dkms

all: userspace driver qemu ## build everything into build/ and driver/coffer.ko

help: ## this list
	@sed -n 's/^\([a-z0-9 -]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 24

packages: ## install the Debian packages that are missing
	@tests/setup/packages

kernel: packages ## fetch Debian's kernel for guests and driver into the cache
	@tests/vm/kernel

qemu: packages ## build QEMU with the device
	@tests/vm/qemu

$(MESON)/build.ninja: | packages
	@mkdir -p $(BUILD)/logs
	@echo "make: configuring firmware, library and command line"
	@meson setup $(MESON) --prefix $(PREFIX) >$(BUILD)/logs/meson.log || \
		{ tail -n 30 $(BUILD)/logs/meson.log; exit 1; }

userspace: packages $(MESON)/build.ninja ## build firmware, card-host, library and command line
	@ninja -C $(MESON) >$(BUILD)/logs/ninja.log 2>&1 || \
		{ tail -n 40 $(BUILD)/logs/ninja.log; exit 1; }
	@tests/setup/link-results $(MESON) $(BUILD)

driver: packages kernel ## build driver/coffer.ko for the guests' kernel
	@$(MAKE) -s -C "$$(tests/vm/kernel --headers)" M=$(CURDIR) modules \
		2> >(grep -v '^Skipping BTF generation' >&2)

demo: all ## show a key cloned, backed up and restored across three cards
	@tests/e2e/demo

check: all ## run every test; ends with "N passed, N failed"
	@tests/check $(LANES)

check-loops: all ## hot-plug, resets and lost links under load, a thousand times: most of an hour
	@tests/check loops

rows: packages ## the features, and the tests that show them; runs the lanes whose logs are old
	@lanes=$$(tests/rows/run --stale); [ -z "$$lanes" ] || $(MAKE) -k $$lanes || \
		echo "make rows: not all tests pass: their rows are not shown"
	@tests/rows/run

coverage: packages ## lines and branches of the firmware that the unit tests reach
	@tests/setup/packages gcovr
	@tests/coverage

fuzz: packages $(if $(findstring ioctl,$(TARGET)),all) ## hostile input, T seconds each (T=60); TARGET=ioctl: in a guest
	@tests/setup/packages clang-14 libclang-rt-14-dev
	@tests/fuzz/run -t $(T) $(TARGET)

coverage-device: userspace ## lines and branches of the device that its tests reach, without a guest
	@tests/setup/packages gcovr
	@tests/coverage --device

check-device-asan: userspace ## the device's tests on a QEMU built with ASan and UBSan
	@tests/check device-asan

check-qemu-next: userspace ## build the device in the next Debian's QEMU, without a warning, and test it
	@tests/setup/packages python3-distlib
	@tests/check device-next

model: packages ## search the ring protocol's model in all states, and without each of its guards
	@tests/setup/packages spin
	@tests/model/run

teeth: userspace ## every guard of firmware and groups taken away once: its test has to notice
	@tests/teeth/run $(NAME)

check-kernels: packages ## the driver by W=1, sparse, coccinelle for each kernel, the newest source too
	@tests/setup/packages coccinelle
	@tests/check kernels

check-dkms: packages ## DKMS builds, signs, installs and removes the driver, for two kernels
	@tests/setup/packages dkms
	@tests/check dkms

check-boot: all ## the driver in guests with IOMMU, swiotlb, one vector, one CPU, newer kernel, udev
	@tests/setup/packages udev
	@tests/check boot

check-debug: all ## the guest's tests on a kernel with KASAN, lockdep and more; then with KCSAN
	@tests/check debug kcsan

# one lane of `make check`, with what it needs
lint: packages kernel
contract unit e2e: userspace
kunit: packages
device: userspace qemu
guest: all
$(LANES):
	@tests/check $@

# PREFIX may be another one than it was when this was configured.
install: userspace ## install library, command line, headers, udev rule, driver's sources under PREFIX
	@grep -qsx '$(PREFIX)' $(MESON)/.prefix || { meson configure $(MESON) -Dprefix=$(PREFIX) && \
		ninja -C $(MESON) >$(BUILD)/logs/ninja.log 2>&1 && echo '$(PREFIX)' >$(MESON)/.prefix; }
	@meson install -C $(MESON) --no-rebuild --quiet

dkms: packages ## install the driver by DKMS for KERNEL=VERSION (default: the one that runs)
	@[ -n "$(DESTDIR)" ] || tests/setup/packages dkms
	@DESTDIR='$(DESTDIR)' userspace/dkms/install $(KERNEL)

clean: ## remove what was built here; the cache outside of the checkout stays
	@rm -rf $(BUILD)
	@find . -path ./.git -prune -o \( -name '*.ko' -o -name '*.o' -o -name '.*.cmd' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '*.symvers' -o -name 'modules.order' -o -name '*.o.d' \) \
		-type f -exec rm -f {} +

# Verbs that later issues bring: they say so, and fail.
define later
.PHONY: $(1)
$(1):
	@echo "make $(1): not built yet: issue $(2)" >&2; exit 2
endef
$(foreach v,check-p11,$(eval $(call later,$(v),6)))
$(foreach v,bench,$(eval $(call later,$(v),7)))
