#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""transcript.py [--update] TEXT TRANSCRIPT: the examples of a text, run and compared.

All blocks of TEXT that are marked `sh` run in its order, in one shell and the folder of now. What
each prints, standard error too, has to be what TRANSCRIPT says, line by line; what differs from run
to run is masked: see masks.py. A line for make or a program of the
tree is not run here: the target or file has to be there. A command in a block that is not marked
`sh` would never run, so it is a fault. --update writes TRANSCRIPT.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys

from masks import masked

TOP = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 120
NOT_HERE = re.compile(r"(make|tests/|export PATH=)")
# What a block that is not run must not have: commands with or without the program's name.
LOST = re.compile(r"(\$ |coffer |make |%s)" % "|".join(
    noun + " [a-z]" for noun in ("slot", "partition", "role", "hsm", "card", "object", "hagroup",
                                 "ped", "audit", "clientconfig")))


def blocks(text):
    """(number of the first line, language, lines)"""
    found, language, first = [], None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```") and language is None:
            language, first, lines = line[3:].strip(), number + 1, []
        elif line.startswith("```"):
            found.append((first, language, lines))
            language = None
        elif language is not None:
            lines.append(line)
    return found


def check_elsewhere(number, line):
    """make, and programs of the tree: they are there, with the options that are shown."""
    words = line.split("#")[0].split()
    if words[0] == "make":
        makefile = (TOP / "Makefile").read_text()
        for target in words[1:]:
            if not re.search(r"^(\$\(LANES\)|[a-z0-9 -]*\b%s\b[a-z0-9 -]*):" % re.escape(target),
                             makefile, re.M):
                sys.exit("line %d: make knows no %s" % (number, target))
    elif words[0].startswith("tests/"):
        if not os.access(TOP / words[0], os.X_OK):
            sys.exit("line %d: there is no %s" % (number, words[0]))
        text = (TOP / words[0]).read_text()
        for option in re.findall(r"--[a-z-]+", line):
            if option not in text:
                sys.exit("line %d: %s knows no %s" % (number, words[0], option))


def script_of(found):
    """One script: a line before the output of each block tells which it is."""
    script = ["set -eu", "exec 2>&1"]
    for first, language, lines in found:
        if language != "sh":
            for number, line in enumerate(lines, first):
                if LOST.match(line):
                    sys.exit("line %d: an example that is not run: %s" % (number, line))
            continue
        script.append("printf '%%s\\n' %s" % quoted("#### " + next(
            line for line in lines if line.strip())))
        for number, line in enumerate(lines, first):
            if NOT_HERE.match(line):
                check_elsewhere(number, line)
                line = ":"
            script.append(line)
    return "\n".join(script) + "\n"


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def main():
    update = sys.argv[1] == "--update"
    text, transcript = (pathlib.Path(p) for p in sys.argv[1 + update:])
    script = script_of(blocks(text.read_text()))
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL, text=True, errors="replace")
    got = masked(done.stdout)
    if done.returncode:
        print(got[-3000:])
        sys.exit("an example ends with status %d" % done.returncode)
    if update:
        transcript.write_text(got)
        return
    want = transcript.read_text()
    sys.stdout.writelines(difflib.unified_diff(
        want.splitlines(True), got.splitlines(True), str(transcript), "printed", n=2))
    if got != want:
        sys.exit("the examples of %s print something else" % text)


main()
