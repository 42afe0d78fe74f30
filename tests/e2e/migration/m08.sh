#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M8: PCIe or USB 5/6 to PCIe 7, by backup and restore.
# cards: pcie-6.24 pcie-7.4 backup-g7-7.7.1
# cards: pcie-5.22 pcie-7.8 backup-g5-6.28
# more: pcie-6.10.9 pcie-7.7.1 backup-g7-7.7.1
# more: pcie-6.21.2 pcie-7.8 backup-g5-6.28
# more: usb-5 pcie-7.8 backup-g5-6.28
# more: usb-6 pcie-7.8.1 backup-g7-7.7.1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_backup
