#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M2: network 5/6 to network 7, cloned slot to slot.
# cards: network-5 network-7.8
# more: network-5 network-7.4
# more: network-6 network-7.8
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_clone
