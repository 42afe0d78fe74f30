#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M3: network 5/6 to network 7, by a temporary HA group.
# cards: network-6 network-7.4
# more: network-5 network-7.8
# ped: network-6 network-7.4
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_group
