#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Print the layout of every struct in the contracts.

layout.py INCLUDE [GCC-OPTION...]   one line per struct and per member:
    struct NAME SIZE
    NAME.MEMBER OFFSET SIZE

The members come from the text of the headers, the numbers from the compiler. Nothing is
linked or run, so that a 32-bit layout needs no 32-bit libraries.
"""
import pathlib
import re
import subprocess
import sys

HEADERS = ["hw/coffer_regs.h", "hw/coffer_cmd.h", "uapi/linux/coffer.h",
           "uapi/linux/coffer_netlink.h"]


def structs(text):
    """Yield (name, [member...]) of each struct that is defined in a header."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for found in re.finditer(r"^struct (\w+) \{(.*?)^\};", text, flags=re.S | re.M):
        members = re.findall(r"(\w+)(?:\[[^]]*\])*;", found.group(2))
        yield found.group(1), members


def program(include):
    lines = [f'#include "{h}"' for h in HEADERS]
    lines.append('#define NOTE(n, v) __asm__ volatile("\\n->" n " %c0" :: "i"(v))')
    lines.append("#define T(s) struct s")
    lines.append("void layout(void);\nvoid layout(void)\n{")
    included = sorted(f"hw/{h.name}" for h in (include / "hw").glob("*.h"))
    for header in included + HEADERS[2:]:
        for name, members in structs((include / header).read_text()):
            lines.append(f'NOTE("S {name} size", sizeof(T({name})));')
            for m in members:
                lines.append(f'NOTE("O {name}.{m} at", __builtin_offsetof(T({name}), {m}));')
                lines.append(f'NOTE("M {name}.{m} size", sizeof(((T({name}) *)0)->{m}));')
    lines.append("}")
    return "\n".join(lines) + "\n"


def main():
    include = pathlib.Path(sys.argv[1])
    result = subprocess.run(
        ["gcc", "-std=gnu11", "-O1", "-S", "-o", "-", "-x", "c", f"-I{include}", *sys.argv[2:],
         "-"], input=program(include), capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(result.stderr)
    notes = re.findall(r"^->(\w) (\S+) \w+ \$?(-?\d+)$", result.stdout, flags=re.M)
    if not notes:
        sys.exit("no structs found")
    for kind, name, value in notes:
        if kind == "S":
            print("struct", name, value)
        else:
            print(f"{name} {value}" if kind == "O" else value, end=" " if kind == "O" else "\n")


main()
