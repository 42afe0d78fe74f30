#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# M4: USB 5/6 to network 7, by a backup card that is carried to a new host.
# cards: usb-5 network-7.8 backup-g5-6.28
# cards: usb-6 network-7.7.1 backup-g7-7.7.1
# more: usb-6 network-7.8 backup-g5-6.28
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps.sh"

if does prepare; then prepare; fi
[ "$phase" = prepare ] || by_carried_backup
