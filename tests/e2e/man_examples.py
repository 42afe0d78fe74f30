#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""man_examples.py FILE: run what `coffer-man --examples` wrote to FILE, compare the output.

"..." stands for any text of a line; alone on a line, for any lines.
"""

import re
import subprocess
import sys


def pattern(lines):
    """The expected lines as one regular expression."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return re.compile("".join(parts))


def examples(text):
    """Yield (name, command, expected lines)."""
    for block in re.split(r"^(?=# coffer-)", text, flags=re.M)[1:]:
        name, command, *output = block.rstrip("\n").split("\n")
        yield name[2:], command[2:], output


def main():
    bad = count = 0
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    for name, command, output in examples(text):
        count += 1
        done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, timeout=60,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                              encoding="utf-8")
        if not pattern(output).fullmatch(done.stdout):
            bad += 1
            print(f"{name}\n$ {command}\n--- wanted\n" + "\n".join(output) +
                  f"\n--- printed\n{done.stdout}---")
    print(f"{count} examples, {bad} wrong")
    return bad or not count


sys.exit(main() and 1)
