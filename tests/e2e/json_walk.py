#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""json_walk.py PROGRAM SCHEMAS STORY: every command of the table with -o json.

The commands are those that `help` has, so a new one fails here until the story runs it with
success and the schema has its data. Each must write exactly one document, of its schema, when it
works (the story), when it is typed wrong, when nobody is logged in, when there is no such slot
and no card, and with --dry-run; with standard input closed and no terminal, and on a terminal,
where nothing may be asked. Documents that are changed must not fit the schema.

Without STORY the documents on standard input have to fit it.
"""

import copy
import fcntl
import json
import os
import pathlib
import subprocess
import sys
import termios

import jsonschema

PROGRAM, SCHEMAS = sys.argv[1], pathlib.Path(sys.argv[2])
STORY = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
LIMIT_S = 100
# What a required option of this kind may look like; others are numbers.
VALUES = {"text": "some-text", "objects": "all", "role": "co", "file": "no/file",
          "secret": "not-the-secret", "label": "some-label", "partition": "some-label",
          "archive": "some-label", "group": "some-group", "domain": "some-label",
          "profile": "coffer", "mechanism": "rsa-pkcs", "card": "none.coffer"}
WRONG = {"number": "x", "numbers": "1,x", "choice": "no-choice", "policies": "1,,2",
         "cipher": "x", "serial": "x"}
# Exit statuses; that of a script is its worst command's.
WORSE = [0, 6, 5, 4, 1, 2, 124, 3]
# The exit status where something else is wrong before what a walk is about: at slot 0, a partition
# of today, with nobody logged in.
BEFORE = dict.fromkeys(["partition " + verb for verb in (
    "login", "activate", "deactivate", "createuser", "createchallenge", "changepw", "resetpw")], 1)
LOGIN = dict.fromkeys(["partition clear", "partition clone", "partition archive backup",
                       "partition archive restore", "partition archive verify",
                       "object delete"], 4)
CARD_SLOT = dict.fromkeys(["partition create", "partition delete", "partition resize",
                           "hsm changehsmpolicy", "hsm tamperclear", "audit config", "audit show",
                           "audit verify"], 2)
VALUE = {"partition delete": 2, "partition domainchangelabel": 2, "hsm time set": 2,
         "hsm updatefw": 1, "hagroup synchronize": 2, "hagroup check": 2, "hagroup recover": 2}
OTHERS = {
    "would ask": BEFORE | LOGIN | {"ped insert": 3, "ped key create": 1, "hagroup listgroups": 0},
    "nobody is logged in": BEFORE | CARD_SLOT | VALUE | {
        "partition archive contents": 2, "partition archive delete": 2,
        "migrate": 5},      # slot 1 was tampered with
    "no such slot": LOGIN | {"partition delete": 2, "partition resize": 2, "ped connect": 2},
    "no card": VALUE | {"ped connect": 2, "hagroup retry": 2, "hagroup interval": 2,
                        "hagroup haonly": 2, "hagroup halog": 2},
}
# Options that want what no step can know before.
UNKNOWN = {"audit verify": {"number", "chain"}}
faults = []


def fault(where, what):
    faults.append("%s: %s" % (where, what))


# ---- The schema ----------------------------------------------------------------------

class Schema:
    def __init__(self):
        files = {p.name: json.loads(p.read_text()) for p in SCHEMAS.glob("*.json")}
        top = files["coffer-1.schema.json"]
        for name, one in files.items():
            jsonschema.Draft202012Validator.check_schema(one)
            if one["$id"] != name:
                fault(name, "calls itself " + one["$id"])
        resolver = jsonschema.RefResolver(top["$id"], top, store=files)
        self.named = set(top["$defs"]["command"]["enum"]) - {""}
        self.whole = jsonschema.Draft202012Validator(top, resolver=resolver)
        # To look at one row instead of a hundred is the same, and quick.
        self.rows = {}
        for row in top["$defs"]["by command"]["allOf"]:
            one = dict(top["$defs"]["result"], allOf=[row])
            one["$id"] = top["$id"]
            which = row["if"]["properties"]["command"]
            for name in which.get("enum") or [which["const"]]:
                self.rows[name] = jsonschema.Draft202012Validator(one, resolver=resolver)

    def error(self, doc, quick=True):
        """None, or what does not fit."""
        name = doc.get("command")
        quick = quick and isinstance(name, str)
        validator = self.rows.get(name, self.whole) if quick else self.whole
        found = jsonschema.exceptions.best_match(validator.iter_errors(doc))
        if found is None:
            return None
        return "%s: %s" % ("/".join(map(str, found.absolute_path)), found.message[:300])


# ---- Running -------------------------------------------------------------------------

def alone():
    """No terminal, and no standard input at all."""
    os.setsid()
    os.close(0)


def run(script, *options, cards=None):
    """Its documents, one for each line that holds a command."""
    path = pathlib.Path("walk.script")
    path.write_text("\n".join(script) + "\n")
    env = dict(os.environ, **({"COFFER_CARDS": cards} if cards else {}))
    done = subprocess.run([PROGRAM, "-o", "json", *options, "--keep-going", "-f", path], env=env,
                          preexec_fn=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=LIMIT_S)
    return documents(done.stdout, done.stderr, done.returncode)


def documents(out, err, status):
    docs = []
    for line in out.splitlines():
        try:
            docs.append(json.loads(line))
        except ValueError:
            fault("standard output", "is no document: " + line[:100])
    if "Enter " in err or "coffer>" in err:
        fault("standard error", "has a question: " + err[:300])
    worst = max((d["exit"] for d in docs), key=WORSE.index, default=0)
    if status != worst:
        fault("exit status", "%d, but the documents say %d" % (status, worst))
    return docs


def on_terminal(script):
    """The same with a terminal that is the process's own: it must stay silent."""
    master, slave = os.openpty()
    path = pathlib.Path("walk.script")
    path.write_text("\n".join(script) + "\n")

    def own():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    with os.fdopen(master, "rb", 0) as terminal:
        done = subprocess.Popen([PROGRAM, "-o", "json", "--keep-going", "-f", path], stdin=slave,
                                preexec_fn=own, stdout=subprocess.PIPE, stderr=slave, text=True)
        os.close(slave)
        out = done.communicate(timeout=LIMIT_S)[0]
        os.set_blocking(master, False)
        shown = b""
        try:
            while part := terminal.read(65536):
                shown += part
        except OSError:
            pass
    return documents(out, shown.decode(errors="replace"), done.returncode)


def status_of(what, line, status, table):
    """@status, or that of OTHERS; where a required option is missing that is all there is."""
    command = max((c for c in table if (line + " ").startswith(c["command"] + " ")),
                  key=lambda c: len(c["command"]))
    if line == command["command"] and any(o["required"] for o in command["options"]):
        return 2
    return OTHERS.get(what, {}).get(command["command"], status)


def check_all(schema, what, script, docs, status, table):
    """One document per command, of the schema, with the exit status."""
    if len(docs) != len(script):
        fault(what, "%d commands, %d documents" % (len(script), len(docs)))
        return
    for line, doc in zip(script, docs):
        wrong = schema.error(doc)
        want = status_of(what, line, status, table)
        if wrong:
            fault("%s: %s" % (what, line), wrong)
        elif doc["exit"] != want:
            fault("%s: %s" % (what, line), "exit %d instead of %d: %s"
                  % (doc["exit"], want, doc["error"]))


# ---- Commands made from the table ----------------------------------------------------

def typed(command, option, value=None):
    if option["kind"] == "flag":
        return " -" + option["option"]
    if value is None:
        value = (option["choices"].split("|")[0] if option["choices"]
                 else VALUES.get(option["kind"], "1"))
    return ' -%s "%s"' % (option["option"], value)


def whole(command, change=None):
    """The command with all that it has to have and every secret; nothing left to ask."""
    line = command["command"]
    for option in command["options"]:
        if option["option"] == (change and change[0]):
            line += typed(command, option, change[1])
        elif (option["required"] or option["kind"] == "secret"
              or option["option"] in ("force", "timeout")):
            line += typed(command, option)
    return line


def errors(table):
    """Commands that are typed wrong: status 2, whatever there is."""
    for command in table:
        name = command["command"]
        yield name + " -no-such-option"
        yield name + " a b c d e f g h"
        if any(o["required"] for o in command["options"]) or command["silent"]:
            yield name
        for option in command["options"]:
            if option["kind"] in WRONG:
                yield whole(command, (option["option"], WRONG[option["kind"]]))
            if option["kind"] != "flag":
                yield name + " -" + option["option"]


def questions(table):
    """Commands that would ask a person for something."""
    for command in table:
        secrets = [o for o in command["options"] if o["kind"] == "secret"]
        force = any(o["option"] == "force" for o in command["options"])
        if any(o["required"] for o in command["options"]):
            yield command["command"]
        if secrets or (force and command["erases"]):
            line = command["command"]
            for option in command["options"]:
                if option["required"]:
                    line += typed(command, option)
            yield line


# ---- The walk ------------------------------------------------------------------------

def read_story():
    """(command, its expected exit status, the list that must be empty or None)"""
    steps, status, empty = [], 0, None
    for line in STORY.read_text().splitlines():
        if line.startswith("#= exit "):
            status = int(line.split()[2])
        elif line.startswith("#= empty "):
            empty = line.split()[2]
        elif line and not line.startswith("#"):
            steps.append((line, status, empty))
            status, empty = 0, None
    return steps


def walk_story(schema, table):
    steps = read_story()
    docs = run([line for line, _, _ in steps])
    good = []
    if len(docs) != len(steps):
        fault("story", "%d commands, %d documents" % (len(steps), len(docs)))
    for (line, status, empty), doc in zip(steps, docs):
        wrong = schema.error(doc, quick=False)
        if wrong:
            fault(line, wrong)
        elif doc["exit"] != status:
            fault(line, "exit %d instead of %d: %s" % (doc["exit"], status, doc["error"]))
        elif empty and doc["data"].get(empty) != []:
            fault(line, "%s is not empty: %s" % (empty, str(doc["data"].get(empty))[:200]))
        elif not status:
            good.append(doc)
    good += [d for d in run(["quit"]) if not d["exit"]]
    shown = {doc["command"] for doc in good}
    for command in table:
        if not command["silent"] and not command["absent"] and command["command"] not in shown:
            fault(command["command"], "no step of json.story shows it working")
        for option in unseen(command, [line for line, status, _ in steps if not status]):
            fault(command["command"], "no step of json.story shows it with -" + option)
    return good


def unseen(command, lines):
    """What is shown may have another form with each option that a command which changes nothing
    has: those that no step has."""
    if command["changes"] or command["silent"] or command["absent"]:
        return []
    words = {word.split("=")[0].lower() for line in lines
             if (line + " ").startswith(command["command"] + " ") for word in line.split()}
    return [o["option"] for o in command["options"]
            if o["kind"] != "secret" and o["option"] != "force" and not o["bare"]
            and o["option"] not in UNKNOWN.get(command["command"], ())
            and not words & {"-" + o["option"], "-" + (o["brief"] or o["option"])}]


def walk_failures(schema, table, none):
    def walk(what, script, status, *options, **more):
        check_all(schema, what, script, run(script, *options, **more), status, table)

    walk("does not apply", [c["command"] for c in table if c["absent"]], 1)
    there = [c for c in table if not c["absent"]]
    walk("typed wrong", list(errors(there)), 2)
    walk("would ask", list(questions(there)), 2)
    walk("nobody is logged in", [whole(c) for c in there if c["roles"] and not c["silent"]], 4)
    walk("no such slot", [whole(c, (o["option"], "7777")) for c in there for o in c["options"]
                          if o["kind"] == "slot"], 3)
    walk("no card", [whole(c) for c in there if not c["no_card"]], 3, cards=none)
    walk("dry run", [whole(c) for c in there if c["changes"] and not c["plans"]], 0, "--dry-run",
         cards=none)
    # The same where there is a terminal, on which nothing may be asked.
    asks = list(questions(there))
    check_all(schema, "would ask", asks, on_terminal(asks), 2, table)


def places(value, path=()):
    """The path of every object in a document."""
    if isinstance(value, dict):
        yield path
        for key, one in value.items():
            yield from places(one, path + (key,))
    elif isinstance(value, list):
        for i, one in enumerate(value[:1]):
            yield from places(one, path + (i,))


def at(doc, path):
    for step in path:
        doc = doc[step]
    return doc


def must_not_fit(schema, doc, what, path, change):
    other = copy.deepcopy(doc)
    change(at(other, path))
    if schema.error(other) is None:
        fault(doc["command"], "the schema does not mind %s in /%s"
              % (what, "/".join(map(str, path))))


def walk_teeth(schema, good):
    """What is more, less or of another kind than the schema says is refused."""
    forms = {(d["command"], *sorted(d["data"])): d for d in good}
    for doc in forms.values():
        for path in places(doc):
            must_not_fit(schema, doc, "a key more", path, lambda o: o.update(surprise=1))
            for key in at(doc, path):
                must_not_fit(schema, doc, key + " of another kind", path,
                             lambda o, k=key: o.update({k: [1.5]}))
    first = good[0]
    for key in first:
        must_not_fit(schema, first, "no " + key, (), lambda o, k=key: o.pop(k))
    must_not_fit(schema, first, "an unknown command", (), lambda o: o.update(command="slot x"))
    must_not_fit(schema, first, "another version", (), lambda o: o.update(schema=2))
    must_not_fit(schema, first, "a failure without words", (), lambda o: o.update(rc=5, exit=1))


def main():
    schema = Schema()
    if not STORY:
        for line in sys.stdin:
            wrong = schema.error(json.loads(line), quick=False)
            if wrong:
                sys.exit(wrong)
        return 0
    table = run(["help"])[0]["data"]["commands"]
    if set(schema.rows) - {""} != schema.named:
        fault("coffer-1.schema.json", "does not look at the data of every command")
    for name in schema.named ^ {c["command"] for c in table}:
        fault(name, "is in the table or in the schema, not in both")
    table = [c for c in table if c["command"] in schema.named]
    walk_failures(schema, table, "none.coffer")
    good = walk_story(schema, table)
    if good:
        walk_teeth(schema, good)
    for line in faults[:60]:
        print(line, file=sys.stderr)
    print("%d commands, %d faults" % (len(table), len(faults)))
    return 1 if faults else 0


sys.exit(main())
