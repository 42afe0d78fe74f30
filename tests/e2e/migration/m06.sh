#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M6: PCIe 5/6 to network 7, by a backup card that is carried to a new host.
# cards: pcie-6.21.2 network-7.8 backup-g5-6.28
# more: pcie-5.22 network-7.8 backup-g7-7.7.1
# more: pcie-6.10.9 network-7.4 backup-g5-6.28
# more: pcie-6.24 network-7.8 backup-g7-7.7.1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_carried_backup
