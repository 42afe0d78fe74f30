#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""man_examples.py FILE: run what `coffer-man --examples` wrote to FILE, compare what it prints.

Whole outputs, line by line. Pages show what one run has printed: what differs from run to run is
masked on both sides, see masks.py.
"""

import difflib
import re
import subprocess
import sys

from masks import masked


def examples(text):
    """Yield (name, command, expected output)."""
    for block in re.split(r"^(?=# coffer-)", text, flags=re.M)[1:]:
        name, command, output = block.split("\n", 2)
        yield name[2:], command[2:], output


def differs(name, command, output):
    """Run it; tell the difference, if there is one."""
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, timeout=60,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                          encoding="utf-8")
    if masked(done.stdout) == masked(output):
        return False
    print(f"{name}\n$ {command}")
    sys.stdout.writelines(difflib.unified_diff(
        masked(output).splitlines(True), masked(done.stdout).splitlines(True), "page", "printed",
        n=2))
    return True


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        results = [differs(*example) for example in examples(file.read())]
    print(f"{len(results)} examples, {sum(results)} wrong")
    return sum(results) or not results


sys.exit(main() and 1)
