#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M7: PCIe 5/6 to network 7: the card is put into the new host, then cloned.
# cards: pcie-6.24 network-7.8
# more: pcie-5.22 network-7.4
# more: pcie-6.10.9 network-7.8
# more: pcie-6.21.2 network-7.8
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_clone
