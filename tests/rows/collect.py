# SPDX-License-Identifier: BSD-3-Clause
"""Which tests say that they show a row, and what their logs say of them.

A test names its rows in a comment of its own line: above a test function in C
`/* row 31 */` or `/* rows 32, 33 */`, above or in a case of tests/e2e in shell
`# row 31`. Other comments may stand between; code may not. Where the log knows the test by
another name than its function's, `/* case NAME */` stands below. What looks like such a
comment and is none, or stands above no test, is an error: a row must not get lost.
"""

import os
import re

ROW_COUNT = 97
# In small letters with anything behind the numbers; sentences begin with a capital.
LIKE_C = re.compile(r"^\s*/\*\s*(?:rows?\s+\d.*|(?i:rows?\s+\d[\d\s,and-]*(?:\*/)?\s*))$")
LIKE_SHELL = re.compile(r"^\s*#\s*(?:rows?\s+\d.*|(?i:rows?\s+\d[\d\s,and-]*))$")
COMMENT_C = re.compile(r"^/\* rows? (\d+(?:, \d+)*) \*/$")
COMMENT_SHELL = re.compile(r"^\s*# rows? (\d+(?:, \d+)*)$")
# cmocka's tests and the device's; then those of the kernel's harness.
COMMENT_CASE = re.compile(r"^/\* case (.+) \*/$")
FUNCTION = re.compile(r"^static void (\w+)\((?:void \*\*\w+|struct \w+ \*\w+|void)\)$")
HARNESS = re.compile(r"^TEST(?:_F(?:_TIMEOUT)?\((\w+),\s*(\w+)[,)]|\((\w+)\))")
SHELL_CASE = re.compile(r"^(\w+)\(\) \{")
TRY = re.compile(r"^try (\w+) '(.*)'$", re.M)
RESULT = re.compile(r"^(not )?ok\b(?: \d+)?(?: -)? (.*)$")
SKIP = re.compile(r"\s*# *skip\b.*$", re.I)


class Test:
    """One test: where it stands, in which lane's log, under which name."""

    def __init__(self, file, line, lane, name, title, rows):
        self.file, self.line, self.lane = file, line, lane
        self.name = name        # of the function: what people look for
        self.title = title      # in the log, behind any "asan/PROGRAM: "
        self.rows = rows
        self.verdict = "not run"


class Found:
    def __init__(self):
        self.tests = []
        self.errors = []

    def error(self, file, line, text):
        self.errors.append("%s:%d: %s" % (file, line, text))


def numbers(found, file, line, text):
    rows = [int(n) for n in text.split(", ")]
    for n in rows:
        if not 1 <= n <= ROW_COUNT:
            found.error(file, line, "there is no row %d" % n)
    return rows


def c_lane(file):
    for part, lane in (("kselftest", "guest"), ("device", "device"), ("unit", "unit")):
        if "/%s/" % part in file:
            return lane
    return None


def c_test(text, file, line, called):
    """(name, title) of the test that begins with this line; None if none does."""
    harness = HARNESS.match(line)
    if harness:
        fixture, name, alone = harness.groups()
        title = "%s.%s" % (fixture, name) if fixture else "global.%s" % alone
        return (name or alone), "%s: %s" % (os.path.basename(file)[:-2], title)
    function = FUNCTION.match(line)
    if not function:
        return None
    name = function.group(1)
    if called:
        return name, "%s: %s" % (os.path.basename(file)[:-len("_test.c")], called)
    case = re.search(r'\{ "([^"]+)", %s \}' % name, text)
    if case:
        return name, case.group(1)
    # In the list of the program: T(name), cmocka_unit_test(name), { "name", name, ...
    if not re.search(r"(?:^|[^\w])(?:[A-Z_]+|cmocka_unit_test\w*)\(%s[,)]" % name, text):
        return None
    return name, "%s: %s" % (os.path.basename(file)[:-len("_test.c")], name)


def scan_c(found, root, file):
    with open(os.path.join(root, file), encoding="utf-8") as f:
        text = f.read()
    lines = text.splitlines()
    rows, since, in_comment, called = [], 0, False, None
    for at, line in enumerate(lines, 1):
        if in_comment:
            in_comment = "*/" not in line
        elif LIKE_C.match(line):
            comment = COMMENT_C.match(line)
            if not comment:
                found.error(file, at, "not of the form /* row 31 */ or /* rows 32, 33 */")
                continue
            rows, since = rows + numbers(found, file, at, comment.group(1)), at
        elif COMMENT_CASE.match(line):
            called = COMMENT_CASE.match(line).group(1)
        elif line.startswith("/*"):
            in_comment = "*/" not in line
        elif rows:
            test = c_test(text, file, line, called)
            if test:
                found.tests.append(Test(file, since, c_lane(file), *test, rows))
            else:
                found.error(file, since, "stands above no test")
            rows, called = [], None
    if rows:
        found.error(file, since, "stands above no test")


def scan_shell(found, root, file, titles):
    with open(os.path.join(root, file), encoding="utf-8") as f:
        lines = f.read().splitlines()
    case, waiting = None, []
    cases = {}
    for at, line in enumerate(lines, 1):
        begin = SHELL_CASE.match(line)
        comment = COMMENT_SHELL.match(line)
        if begin:
            case = begin.group(1)
            for since, rows in waiting:
                cases.setdefault(case, [since, []])[1].extend(rows)
            waiting = []
        elif comment:
            rows = numbers(found, file, at, comment.group(1))
            if not line.startswith("#") and case:
                cases.setdefault(case, [at, []])[1].extend(rows)
            else:
                waiting.append((at, rows))
        elif LIKE_SHELL.match(line):
            found.error(file, at, "not of the form # row 31 or # rows 32, 33")
        elif waiting and not line.startswith("#"):
            found.error(file, waiting[0][0], "stands above no case")
            waiting = []
        if line == "}":
            case = None
    for since, _ in waiting:
        found.error(file, since, "stands above no case")
    for name, (since, rows) in cases.items():
        if name in titles:
            found.tests.append(Test(file, since, "e2e", name, titles[name], rows))
        else:
            found.error(file, since, "%s is no case of tests/e2e/run" % name)


def scan(root):
    """All tests that name rows, and what is wrong with the comments."""
    found = Found()
    runner = os.path.join(root, "tests/e2e/run")
    titles = {}
    if os.path.exists(runner):
        with open(runner, encoding="utf-8") as f:
            titles = dict(TRY.findall(f.read()))
    for folder, _, names in sorted(os.walk(os.path.join(root, "tests"))):
        for name in sorted(names):
            file = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(".c") and c_lane(file):
                scan_c(found, root, file)
            elif folder.endswith("/e2e") and name.endswith(".sh"):
                scan_shell(found, root, file, titles)
    return found


# ---- Logs --------------------------------------------------------------------------

def results(log):
    """{title: [True or False for each time that it ran]}; skipped ones did not run."""
    ran = {}
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            case = RESULT.match(line.rstrip("\n"))
            if not case or SKIP.search(case.group(2)):
                continue
            # asan/fw_core_role: x, asan: y and the same under tsan are one test.
            title = re.sub(r"^(asan|tsan)(/|: )", "", case.group(2))
            title = re.sub(r" \(status \d+\)$", "", title)
            ran.setdefault(title, []).append(not case.group(1))
    return ran


def judge(tests, logs, lanes):
    """Verdicts from the logs of these lanes: passed, FAILED, not run."""
    ran = {lane: results(os.path.join(logs, lane + ".log")) for lane in lanes}
    for test in tests:
        outcomes = ran.get(test.lane, {}).get(test.title, [])
        if outcomes:
            test.verdict = "passed" if all(outcomes) else "FAILED"


def tests_of_rows(tests):
    rows = {n: [] for n in range(1, ROW_COUNT + 1)}
    for test in tests:
        for n in test.rows:
            if n in rows and test not in rows[n]:
                rows[n].append(test)
    return rows


def shown(tests):
    """A row counts when a test of it passed and none failed or was left out."""
    return bool(tests) and all(t.verdict == "passed" for t in tests)
