#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M1: network 5/6 to network 7, by backup and restore.
# cards: network-5 network-7.8 backup-g5-6.28
# cards: network-6 network-7.4 backup-g7-7.7.1
# more: network-5 network-7.4 backup-g7-7.7.1
# ped: network-6 network-7.8 backup-g7-7.7.1
# more: network-6 network-7.7.1 backup-g5-6.28
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_backup
