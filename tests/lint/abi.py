#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""abi.py [--sysfs FOLDER]: every attribute of the driver is documented, and nothing else is.

Compares driver/Documentation/ABI/testing/ with the attributes in driver/*.c, and the table of
module parameters in driver/Documentation/design.md with the parameters. --sysfs: compares with
what a card's folder really has (/sys/class/coffer/coffer0, in a guest). Prints what does not
agree, and nothing else.
"""
import glob
import os
import re
import stat
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ABI = os.path.join(TOP, "driver/Documentation/ABI/testing")
CARD = "/sys/class/coffer/cofferN/"
DEBUG = "/sys/kernel/debug/coffer/cofferN/"
# What the kernel itself puts into every device's folder.
GENERIC = re.compile(r"^(dev|uevent|power/.*|device/.*|subsystem/.*|hwmon/.*)$")
FIELDS = ("What", "Date", "Contact", "Description")


def documented():
    """{path: "RO", "RW" or "WO"} of all entries; entries that lack a field are told of."""
    found = {}
    for path in sorted(glob.glob(ABI + "/*")):
        with open(path, encoding="utf-8") as file:
            entries = re.split(r"^(?=What:)", file.read(), flags=re.M)
        for entry in filter(lambda e: e.startswith("What:"), entries):
            names = re.findall(r"^What:\s+(\S+)$", entry, re.M)
            for field in FIELDS:
                if not re.search(r"^%s:\s+\S" % field, entry, re.M):
                    print("%s: %s has no %s" % (os.path.basename(path), names, field))
            access = re.search(r"^Description:\s+\((RO|RW|WO)\b", entry, re.M)
            if not access:
                print("%s: %s says neither RO nor RW nor WO" % (os.path.basename(path), names))
            for name in names:
                if name in found:
                    print("%s is documented twice" % name)
                found[name] = access.group(1) if access else "?"
    return found


def in_source():
    """{path: access} of the class's attributes and of the counters of its queues."""
    found = {}
    for path in sorted(glob.glob(os.path.join(TOP, "driver/*.c"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for access, name in re.findall(r"^static DEVICE_ATTR_(RO|RW|WO)\((\w+)\)", text, re.M):
            found[CARD + name] = access
        for name in re.findall(r'\.name\s*= "(\w+)", \.mode = 0444', text):
            found[CARD + name] = "RO"
        for name in re.findall(r'debugfs_create_\w+\("(\w+)", 0', text):
            found[DEBUG + name] = "RO"
        for table in re.findall(r"coffer_counters\[\] = \{(.*?)\n\};", text, re.S):
            for name in re.findall(r'\{ "(\w+)",', table):
                found[CARD + "queueM/" + name] = "RO"
    return found


def in_sysfs(folder):
    found = {}
    for here, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not os.path.islink(os.path.join(here, f))]
        for name in files:
            path = os.path.join(here, name)
            short = os.path.relpath(path, folder)
            if GENERIC.match(short) or os.path.islink(path):
                continue
            mode = os.stat(path).st_mode
            access = {(True, False): "RO", (True, True): "RW", (False, True): "WO"}[
                bool(mode & stat.S_IRUSR), bool(mode & stat.S_IWUSR)]
            if mode & stat.S_IWOTH:
                print("%s: everybody may write it" % path)
            found[CARD + re.sub(r"^queue\d+/", "queueM/", short)] = access
    return found


def check_parameters():
    """The table of parameters: each one, and its default."""
    parameters = {}
    for path in sorted(glob.glob(os.path.join(TOP, "driver/*.c"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name in re.findall(r"^module_param\((\w+),", text, re.M):
            value = re.search(r"^static [\w ]+ %s(?: = (\w+))?;" % name, text, re.M)
            parameters[name] = (value.group(1) or "0") if value else "?"
            if not re.search(r"^MODULE_PARM_DESC\(%s," % name, text, re.M):
                print("parameter %s has no MODULE_PARM_DESC" % name)
    with open(os.path.join(TOP, "driver/Documentation/design.md"), encoding="utf-8") as file:
        section = file.read().partition("## Module parameters")[2].partition("\n## ")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.M))
    same = {"false": ("0", "N", "off"), "true": ("1", "Y", "on")}
    for name in sorted(set(parameters) | set(table)):
        value = parameters.get(name)
        if table.get(name) not in (value, *same.get(value, ())):
            print("parameter %s: the default is %s, design.md says %s" %
                  (name, value, table.get(name)))


def main():
    said = {name: access for name, access in documented().items()
            if name.startswith((CARD, DEBUG))}
    if sys.argv[1:2] == ["--sysfs"]:
        real = in_sysfs(sys.argv[2])
        said = {name: access for name, access in said.items() if name.startswith(CARD)}
    else:
        real = in_source()
        check_parameters()
    if len(real) < 10:
        print("only %d attributes found" % len(real))
    for name in sorted(set(said) | set(real)):
        if said.get(name) != real.get(name):
            print("%s: documented as %s, is %s" % (name, said.get(name, "nothing"),
                                                   real.get(name, "not there")))


main()
