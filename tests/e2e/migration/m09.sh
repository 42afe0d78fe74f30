#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M9: PCIe or USB 5/6 to PCIe 7, cloned slot to slot.
# cards: pcie-6.21.2 pcie-7.4
# cards: pcie-5.22 pcie-7.8
# more: pcie-6.10.9 pcie-7.8
# more: pcie-6.24 pcie-7.8.1
# more: usb-5 pcie-7.8
# more: usb-6 pcie-7.7.1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_clone
