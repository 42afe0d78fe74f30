#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M10: PCIe or USB 5/6 to PCIe 7, by a temporary HA group.
# cards: pcie-5.22 pcie-7.4
# cards: pcie-6.21.2 pcie-7.8
# more: pcie-6.24 pcie-7.8
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_group
