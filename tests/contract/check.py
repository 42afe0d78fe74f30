#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rules about the tables of contract 2.

check.py RULE ROWS [LAYOUT|TABLE]   prints what breaks the rule; nothing when it holds
ROWS is the output of rows.c, LAYOUT of layout.py, TABLE of table.c.
"""
import struct
import sys

NAME_MAX = 23
PAYLOAD = 64 * 1024
S = "coffer_req_session"
# Of each command: fixed struct of the request (or its bytes), variable items behind it, fixed
# struct of the reply (or its bytes). From the comments of coffer_cmd.h.
# Nothing has to follow, but something may.
OPTIONAL_TAIL = ("ECHO", "POLICY_SET", "CLONE_START")
SHAPES = {
    "ECHO": (0, 0, 0), "IDENTIFY": (0, 0, "coffer_card_info"), "PARTITION_LIST": (0, 0, 4),
    "COMMANDS": (0, 0, 4), "STATS": (0, 0, "coffer_stats"),
    "EVENTS": ("coffer_req_events", 0, 4),
    "OWNER_OPEN": ("coffer_req_owner", 0, "coffer_req_owner"),
    "OWNER_CLOSE": ("coffer_req_owner", 0, 0),
    "SESSION_OPEN": ("coffer_req_session_open", 0, "coffer_rep_session_open"),
    "SESSION_CLOSE": (S, 0, 0), "SESSION_INFO": (S, 0, "coffer_rep_session_info"),
    "LOGIN": ("coffer_req_role", 1, "coffer_rep_login"), "LOGOUT": (S, 0, 0),
    "ROLE_INIT": ("coffer_req_role", 1, 0), "ROLE_CHANGE_PW": ("coffer_req_role", 2, 0),
    "ROLE_RESET_PW": ("coffer_req_role", 1, 0),
    "ROLE_CHALLENGE": ("coffer_req_role", 1, 0), "ROLE_DEACTIVATE": ("coffer_req_role", 0, 0),
    "PED_STATUS": (S, 0, "coffer_rep_ped"), "FW_UPDATE": (S, 1, "coffer_rep_update"),
    "CLONE_INVITE": (S, 0, "coffer_rep_clone"), "ROLE_LIST": (S, 0, 4),
    "HSM_INIT": ("coffer_req_init", 3, 0), "HSM_FACTORY_RESET": (S, 0, 0),
    "HSM_ZEROIZE": (S, 0, 0), "POLICY_LIST": (S, 0, 4),
    "POLICY_SET": ("coffer_req_policy_set", 0, 0),
    "CLOCK_SET": ("coffer_req_clock", 0, 0), "SELF_TEST": (S, 0, 4),
    "TAMPER_CLEAR": (S, 0, 0), "AUDIT_INIT": (S, 1, 0),
    "AUDIT_CONFIG": ("coffer_req_audit_config", 0, "coffer_rep_audit_config"),
    "AUDIT_READ": ("coffer_req_audit_read", 0, 4),
    "PARTITION_CREATE": ("coffer_req_partition_create", 1, "coffer_rep_partition_create"),
    "PARTITION_DELETE": ("coffer_req_partition_delete", 0, 0),
    "PARTITION_INIT": ("coffer_req_init", 3, 0),
    "PARTITION_INFO": (S, 0, "coffer_rep_partition_info"), "MECHANISM_LIST": (S, 0, 4),
    "DOMAIN_LIST": (S, 0, 4), "DOMAIN_ADD": ("coffer_req_domain", 2, 0),
    "DOMAIN_DELETE": ("coffer_req_domain", 1, 0),
    "DOMAIN_CHANGE": ("coffer_req_domain", 2, 0),
    "CIPHER_LIST": (S, 0, 4), "CIPHER_SET": ("coffer_req_cipher_set", 0, 0),
    "PARTITION_RESIZE": ("coffer_req_partition_resize", 0, 0), "PARTITION_LABEL": (S, 1, 0),
    "OBJECT_CREATE": (S, 1, "coffer_rep_object"),
    "KEY_GENERATE": ("coffer_req_mech", 2, "coffer_rep_object"),
    "KEY_PAIR_GENERATE": ("coffer_req_mech", 3, "coffer_rep_object"),
    "OBJECT_DESTROY": ("coffer_req_object", 0, 0),
    "OBJECT_FIND": ("coffer_req_find", 2, "coffer_rep_find"),
    "OBJECT_GET": ("coffer_req_object", 1, 4), "OBJECT_SET": ("coffer_req_object", 1, 0),
    "OBJECT_COPY": ("coffer_req_object", 1, "coffer_rep_object"),
    "RANDOM": ("coffer_req_random", 0, 0), "SIGN": ("coffer_req_mech", 2, 0),
    "VERIFY": ("coffer_req_mech", 3, 0), "ENCRYPT": ("coffer_req_mech", 2, 0),
    "DECRYPT": ("coffer_req_mech", 2, 0), "DIGEST": ("coffer_req_mech", 1, 0),
    "CLONE_START": (S, 0, "coffer_rep_clone"), "CLONE_ANSWER": (S, 1, "coffer_rep_clone"),
    "CLONE_CONFIRM": ("coffer_req_clone", 1, "coffer_rep_clone"),
    "CLONE_VERIFY": ("coffer_req_clone", 1, "coffer_rep_clone"),
    "CLONE_ACCEPT": ("coffer_req_clone", 1, 0),
    "CLONE_EXTRACT": ("coffer_req_clone", 1, 4), "CLONE_INSERT": ("coffer_req_clone", 1, 4),
    "CLONE_FINISH": ("coffer_req_clone", 0, 4), "CLONE_DIGEST": ("coffer_req_clone", 1, 4),
    "CLONE_CLOSE": ("coffer_req_clone", 1, "coffer_rep_clone_close"),
    "CERTIFICATES": (0, 0, 12), "ARCHIVE_CREATE": (S, 2, "coffer_rep_clone"),
    "ARCHIVE_OPEN": (S, 1, "coffer_rep_clone"), "ARCHIVE_READ": ("coffer_req_clone", 1, 4),
    "ARCHIVE_CHECK": ("coffer_req_clone", 1, "coffer_rep_clone_close"),
}


class Row:
    def __init__(self, words):
        self.name = words[0]
        (self.opcode, self.req_min, self.req_max, self.reply_max, self.flags, self.roles,
         self.timeout) = map(int, words[1:])


def read(path):
    with open(path, encoding="ascii") as f:
        return [line.split() for line in f]


def rows(path):
    return [Row(words[1:]) for words in read(path) if words[0] == "command"]


def unique(path, kind, column=2):
    seen = {}
    found = [w for w in read(path) if w[0] == kind]
    if not found:
        yield f"no {kind} at all"
    for words in found:
        if words[column] in seen:
            yield f"{kind} {words[1]} and {seen[words[column]]}: both {words[column]}"
        seen[words[column]] = words[1]


def names(path):
    for row in rows(path):
        if len(row.name) > NAME_MAX:
            yield f"{row.name}: longer than {NAME_MAX}"


def limits(path):
    for row in rows(path):
        if not row.req_min <= row.req_max <= PAYLOAD or row.reply_max > PAYLOAD:
            yield f"{row.name}: sizes out of range"
        if not 0 < row.opcode < 0xfffe or row.flags > 0xffff or not row.timeout or not row.roles:
            yield f"{row.name}: opcode, flags, roles or time-out out of range"


def shapes(path, layout):
    sizes = {w[1]: int(w[2]) for w in read(layout) if w[0] == "struct"}
    for row in rows(path):
        if row.name not in SHAPES:
            yield f"{row.name}: add it to SHAPES"
            continue
        request, tails, reply = SHAPES[row.name]
        request, reply = sizes.get(request, request), sizes.get(reply, reply)
        want = request + 4 * tails
        if row.req_min != want or row.req_max < want:
            yield f"{row.name}: fixed part and lengths are {want} bytes, not {row.req_min}"
        if not tails and row.name not in OPTIONAL_TAIL and row.req_max != want:
            yield f"{row.name}: nothing may follow, but up to {row.req_max} bytes are let in"
        if row.reply_max < reply:
            yield f"{row.name}: the reply has {reply} bytes, not at most {row.reply_max}"


def fnv1a(data):
    value = 0x811c9dc5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xffffffff
    return value


def driver_table(path, table):
    lines = [w for w in read(table) if w]
    packed = [struct.pack("<HHIIIII24s", r.opcode, r.flags, r.req_min, r.req_max, r.reply_max,
                          r.timeout, 0, r.name.encode()) for r in rows(path)]
    if [w[0] for w in lines[1:]] != [p.hex() for p in packed]:
        yield "the driver's rows differ from the contract's"
    if lines[0] != ["hash", str(fnv1a(b"".join(packed)))]:
        yield f"the driver says {lines[0]}, the rows give {fnv1a(b''.join(packed))}"


RULES = {
    "opcodes": lambda a: unique(a, "command"),
    "command-names": lambda a: unique(a, "command", 1),
    "statuses": lambda a: unique(a, "status"),
    "events": lambda a: unique(a, "event"),
    "attributes": lambda a: unique(a, "attribute"),
    "names": names, "limits": limits, "shapes": shapes, "driver-table": driver_table,
}

for offence in RULES[sys.argv[1]](*sys.argv[2:]):
    print(offence)
