#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""netlink.py [--schema FILE]: what the netlink specification says is what header and driver do.

Compares driver/Documentation/netlink/coffer.yaml with coffer_netlink.h (names, numbers, groups)
and with driver/*.c (operations, policy, the type of everything that is put into a message).
--schema: the kernel's own Documentation/netlink/genetlink.yaml; the specification has to
fit it. Prints what does not agree, and nothing else.
"""
import glob
import os
import re
import sys

import yaml

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SPEC = os.path.join(TOP, "driver/Documentation/netlink/coffer.yaml")
HEADER = os.path.join(TOP, "driver/include/uapi/linux/coffer_netlink.h")
# What the driver calls a type of the specification: in a policy, and when it puts one.
POLICY = {"u8": "NLA_U8", "u16": "NLA_U16", "u32": "NLA_U32", "u64": "NLA_U64",
          "string": "NLA_NUL_STRING", "flag": "NLA_FLAG", "binary": "NLA_BINARY"}
PUT = {"u8": "u8", "u16": "u16", "u32": "u32", "u64": "u64_64bit", "string": "string",
       "flag": "flag", "binary": ""}


def complain(text):
    print("coffer.yaml: " + text)


def uncomment(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def constants(text):
    """Numbers of all enumerators, and strings and numbers of all #defines."""
    found = {}
    for body in re.findall(r"enum\s*\w*\s*\{(.*?)\}", text, flags=re.S):
        number = 0
        for entry in filter(None, (e.strip() for e in body.split(","))):
            name, _, value = (part.strip() for part in entry.partition("="))
            number = int(value, 0) if value else number
            found[name] = number
            number += 1
    for name, value in re.findall(r'^#define\s+(\w+)\s+("[^"]*"|\d+)$', text, flags=re.M):
        found[name] = value.strip('"') if value[0] == '"' else int(value)
    return found


def macro(prefix, name):
    return (prefix + name).upper().replace("-", "_")


def numbered(entries, first):
    """(entry, its number): given, or one more than the one before."""
    number = first - 1
    for entry in entries:
        number = entry.get("value", number + 1)
        yield entry, number


def check_numbers(what, prefix, entries, first, known):
    """Each entry has its constant; no constant is without entry."""
    names = set()
    for entry, number in numbered(entries, first):
        name = macro(prefix, entry["name"])
        names.add(name)
        if known.get(name) != number:
            complain("%s %s is %d, %s is %s" % (what, entry["name"], number, name,
                                                known.get(name, "not there")))
    for name in known:
        if name.startswith(macro(prefix, "")) and name not in names and \
                not name.endswith(("_UNSPEC", "_MAX")):
            complain("%s is in the header alone" % name)


def check_operations(spec, source):
    prefix = spec["operations"]["name-prefix"]
    table = re.search(r"genl_(?:small_|split_)?ops \w+\[\] = \{(.*?)\n\};", source, re.S)
    served = {}
    for body in re.findall(r"\{(.*?)\}", table.group(1), re.S):
        fields = dict(re.findall(r"\.(\w+)\s*=\s*(\w+)", body))
        served[fields["cmd"]] = {how for how in ("doit", "dumpit") if how in fields}
    for op in spec["operations"]["list"]:
        name = macro(prefix, op["name"])
        wanted = {c for c, y in (("doit", "do"), ("dumpit", "dump")) if y in op}
        if served.pop(name, set()) != wanted:
            complain("operation %s: its do and dump are not those of the driver" % op["name"])
    for name in served:
        complain("%s is served, and not described" % name)


def check_types(spec, source):
    attributes = spec["attribute-sets"][0]
    prefix = attributes["name-prefix"]
    types = {macro(prefix, a["name"]): a["type"] for a in attributes["attributes"]}
    policy = dict(re.findall(r"\[(COFFER_GENL_A_\w+)\]\s*=\s*\{\s*\.type\s*=\s*(\w+)", source))
    asked = {macro(prefix, name) for op in spec["operations"]["list"]
             for how in ("do", "dump")
             for name in op.get(how, {}).get("request", {}).get("attributes", [])}
    for name in asked ^ set(policy):
        complain("%s: asked for, or in the driver's policy, but not both" % name)
    for name, kind in policy.items():
        if POLICY.get(types.get(name)) != kind:
            complain("%s: %s, the policy says %s" % (name, types.get(name), kind))
    put = set()
    for kind, name in re.findall(r"nla_put_?(\w*)\(\s*\w+,\s*(COFFER_GENL_A_\w+)", source):
        put.add(name)
        if PUT.get(types.get(name)) != kind:
            complain("%s: %s, the driver puts %s" % (name, types.get(name), kind))
    told = {macro(prefix, name) for op in spec["operations"]["list"]
            for part in (op.get("do", {}).get("reply", {}), op.get("dump", {}).get("reply", {}),
                         op.get("event", {}))
            for name in part.get("attributes", [])}
    for name in put ^ told:
        complain("%s: put into messages, or described in them, but not both" % name)


def check_schema(spec, path):
    import jsonschema

    with open(path, encoding="utf-8") as file:
        schema = yaml.safe_load(file)
    for error in jsonschema.Draft7Validator(schema).iter_errors(spec):
        complain("%s: %s" % ("/".join(map(str, error.path)), error.message[:200]))


def main():
    with open(SPEC, encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    with open(HEADER, encoding="utf-8") as file:
        known = constants(uncomment(file.read()))
    source = ""
    for path in sorted(glob.glob(os.path.join(TOP, "driver/*.c"))):
        with open(path, encoding="utf-8") as file:
            source += uncomment(file.read())

    if sys.argv[1:2] == ["--schema"]:
        check_schema(spec, sys.argv[2])
    if known.get("COFFER_GENL_NAME") != spec["name"]:
        complain("the family's name is not the header's")
    if known.get("COFFER_GENL_VERSION") != spec.get("version", 1):
        complain("the family's version is not the header's")
    groups = {v for n, v in known.items() if n.startswith("COFFER_GENL_GROUP_")}
    if groups != {g["name"] for g in spec["mcast-groups"]["list"]}:
        complain("the groups are not the header's: %s" % sorted(groups))
    attributes = spec["attribute-sets"][0]
    check_numbers("attribute", attributes["name-prefix"], attributes["attributes"], 1, known)
    check_numbers("operation", spec["operations"]["name-prefix"],
                  spec["operations"]["list"], 1, known)
    check_operations(spec, source)
    check_types(spec, source)


main()
