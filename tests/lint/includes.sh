# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Who may include what: the table of design.md, section 1. Each rule prints the
# #include lines that it forbids.

OPENSSL='openssl/' SQLITE='sqlite3' LIBNL='netlink/' LIBPCI='[<"]pci/'
QEMU='qemu/|qapi/|qom/|hw/pci|hw/qdev|exec/|migration/|sysemu/|chardev/'
REGS='coffer_regs' CMD='coffer_cmd' UAPI='uapi/|linux/coffer' FIRMWARE='(^|/)fw\.h'

# forbid PATTERN FILE...: lines that include a header whose name matches
forbid() {
	local pattern=$1
	shift
	[ $# -eq 0 ] || grep -HnE '^[[:space:]]*#[[:space:]]*include' "$@" |
		grep -E ":[[:space:]]*#[[:space:]]*include[^>]*($pattern)"
}

# one_file PATTERN FILE...: more than one file that includes such a header
one_file() {
	local users
	users=$(forbid "$@" | cut -d: -f1 | sort -u)
	[ "$(grep -c . <<<"$users")" -le 1 ] || echo "more than one file includes $1:" "$users"
}

sources() { project_files "$@" | grep -E '\.[ch]$'; }

includes_contracts() {
	local files
	mapfile -t files < <(sources driver/include)
	grep -HnE '^#[[:space:]]*include' "${files[@]}" |
		grep -vE '[<"](linux/(types|ioctl)|(\.\./)*(hw/|uapi/linux/)?coffer[a-z_]*)\.h[>"]'
}

includes_driver() {
	local files
	mapfile -t files < <(sources driver | grep -v '^driver/include/')
	forbid "$OPENSSL|$SQLITE|$LIBNL|$LIBPCI|qemu|$FIRMWARE|firmware-sim|userspace" "${files[@]}"
}

includes_device() {
	local files
	mapfile -t files < <(sources qemu-device)
	forbid "$OPENSSL|$SQLITE|$LIBNL|$LIBPCI|$CMD|$UAPI|userspace" "${files[@]}"
	# of the firmware only its API
	forbid 'fw/' "${files[@]}" | grep -vE '[<"/]fw\.h[>"]'
}

includes_firmware() {
	local files
	mapfile -t files < <(sources firmware-sim)
	forbid "$REGS|$UAPI|$QEMU|$LIBNL|$LIBPCI|userspace" "${files[@]}"
}

includes_firmware_crypto() {
	local files
	mapfile -t files < <(sources firmware-sim | grep -vE '/crypto_[^/]*$')
	forbid "$OPENSSL" "${files[@]}"
}

includes_firmware_sqlite() {
	local files
	mapfile -t files < <(sources firmware-sim)
	one_file "$SQLITE" "${files[@]}"
}

includes_library() {
	local files
	mapfile -t files < <(sources userspace/lib)
	forbid "$REGS|$QEMU|$OPENSSL|$SQLITE" "${files[@]}"
	forbid "$FIRMWARE|firmware-sim" "${files[@]}" | grep -v inproc
	one_file "$LIBNL" "${files[@]}"
	one_file "$LIBPCI" "${files[@]}"
}

includes_programs() {
	local files
	local private='firmware-sim|\.\./lib/|transport\.h'
	mapfile -t files < <(sources userspace/cli userspace/pkcs11)
	forbid "$REGS|$CMD|$UAPI|$QEMU|$SQLITE|$LIBNL|$LIBPCI|$FIRMWARE|$private" "${files[@]}"
	mapfile -t files < <(sources userspace/pkcs11)
	forbid "$OPENSSL" "${files[@]}"
}
