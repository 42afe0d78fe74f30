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

driver_w1() {
	rm -rf "$lint_driver"
	build_driver W=1
}

driver_sparse() { build_driver C=2; }

# checkpatch's view of patches to the kernel's tree does not fit a tree beside it.
not_ours=FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE,MACRO_ARG_REUSE,SPLIT_STRING
not_ours+=,LONG_LINE,LONG_LINE_COMMENT,LONG_LINE_STRING # a rule of its own counts columns
not_ours+=,CONST_STRUCT,PREFER_KERNEL_TYPES,AVOID_EXTERNS,COMPLEX_MACRO,NEW_TYPEDEFS

# It leaves a cache of names where it is run.
checkpatch() {
	local checker
	checker=$(tests/vm/kernel --tools)/scripts/checkpatch.pl
	mkdir -p build/lint/include
	(cd build/lint && "$checker" --root=. --no-tree --strict --terse --no-summary \
		--show-types --ignore "$not_ours" --file "${@/#/$COFFER_TOP/}") |
		sed "s,^$COFFER_TOP/,,"
}

checkpatch_driver() {
	local files
	mapfile -t files < <(project_files 'driver/*.c' 'driver/*.h' | grep -v ^driver/include/)
	checkpatch "${files[@]}"
}

# Contracts are read by user space too, which has neither BIT() nor static_assert.
checkpatch_contracts() {
	local files
	mapfile -t files < <(project_files 'driver/include/*.h')
	checkpatch "${files[@]}" | grep -vE ':(BIT_MACRO|CAMELCASE):'
}

checkpatch_selftests() {
	local files
	mapfile -t files < <(project_files 'tests/kselftest/*.c' 'tests/kselftest/*.h')
	[ ${#files[@]} -eq 0 ] || checkpatch "${files[@]}"
}

format() { project_files '*.c' '*.h' | xargs -r tests/lint/format; }
