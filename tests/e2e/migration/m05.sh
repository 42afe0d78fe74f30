#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M5: USB 5/6 to network 7, cloned slot to slot.
# cards: usb-6 network-7.8
# more: usb-5 network-7.7.1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_clone
