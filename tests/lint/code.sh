# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Rules that other programs check: checkpatch, sparse, the compiler, clang-format.

# A copy of the driver is built, so that the real one's objects stay as they are.
lint_driver=$COFFER_TOP/build/lint/driver

build_driver() { # MAKE-ARGUMENTS...
	mkdir -p "$lint_driver"
	rsync -rt --delete --include='*/' --include='*.[ch]' --include=Kbuild \
		--exclude='*' "$COFFER_TOP/driver" "$lint_driver/" || return
	cp "$COFFER_TOP/Kbuild" "$lint_driver/" || return
	make -s -C "$(tests/vm/kernel --headers)" M="$lint_driver" "$@" modules 2>&1 |
		grep -v '^Skipping BTF' | sed "s,$lint_driver/,,g"
	[ -e "$lint_driver/driver/coffer.ko" ] || echo "no driver/coffer.ko came out"
}

build_w1() {
	rm -rf "$lint_driver"
	build_driver W=1
}

driver_w1() { project_files driver Kbuild | once all driver-w1 build_w1; }
driver_sparse() { project_files driver Kbuild | once all driver-sparse build_driver C=2; }

# checkpatch's view of patches to the kernel's tree does not fit a tree beside it.
not_ours=FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE,MACRO_ARG_REUSE,SPLIT_STRING
not_ours+=,LONG_LINE,LONG_LINE_COMMENT,LONG_LINE_STRING # a rule of its own counts columns
not_ours+=,MACRO_ARG_UNUSED # a row's columns are for several tables
not_ours+=,ALLOC_WITH_SIZEOF # the oldest kernel that we build for has nothing else
not_ours+=,CONST_STRUCT,PREFER_KERNEL_TYPES,AVOID_EXTERNS,COMPLEX_MACRO,NEW_TYPEDEFS

# It leaves a cache of names where it is run.
checkpatch() {
	local checker
	checker=${COFFER_CHECKPATCH-$(tests/vm/kernel --tools)/scripts/checkpatch.pl}
	mkdir -p build/lint/include
	(cd build/lint && "$checker" --root=. --no-tree --strict --terse --no-summary \
		--show-types --ignore "$not_ours" --file "${@/#/$COFFER_TOP/}") |
		sed "s,^$COFFER_TOP/,,"
}

# Contracts are read by user space too, which has neither BIT() nor static_assert.
checkpatch_shared() { checkpatch "$@" | grep -vE ':(BIT_MACRO|CAMELCASE):'; }

checkpatch_driver() {
	project_files 'driver/*.c' 'driver/*.h' | grep -v ^driver/include/ |
		once each checkpatch-driver checkpatch
}

# The device is laid out as a part of QEMU: its own script looks at it. Columns are a rule of ours,
# and it takes an argument of a macro for a declaration.
checkpatch_qemu() {
	local checker
	checker=$(tests/vm/qemu --src)/scripts/checkpatch.pl
	"$checker" --no-tree --terse --no-summary --file "$@" |
		grep -vE 'line over [0-9]+ characters|storage class should be at the beginning'
}

checkpatch_device() {
	project_files 'qemu-device/*.c' 'qemu-device/*.h' |
		once each checkpatch-device checkpatch_qemu
}

checkpatch_contracts() {
	project_files 'driver/include/*.h' | once each checkpatch-contracts checkpatch_shared
}

checkpatch_selftests() {
	project_files 'tests/kselftest/*.c' 'tests/kselftest/*.h' |
		once each checkpatch-selftests checkpatch
}

format() { project_files '*.c' '*.h' | once each format tests/lint/format; }
