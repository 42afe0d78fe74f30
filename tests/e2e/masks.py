# SPDX-License-Identifier: BSD-3-Clause
"""What differs from run to run in what the program prints, by name, for all who compare it."""

import os
import re

MASKS = [
    ("FOLDER", re.escape(os.getcwd())),
    ("OUID", r"\b[0-9a-f]{48}\b"),
    ("DIGEST", r"\b[0-9a-f]{64}\b"),
    ("TIME", r"\b20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:.]{8,12}Z"),
    # Keys of a group have handles of no order.
    ("HANDLE", r"(?:(?<=handle        ->  )|(?<=handle       ->  ))[0-9]{3,}$"),
    ("MILLISECONDS", r"(?<=Power-on time, ms        ->  )[0-9]+$"),
    # Commands in a second that is never quite one.
    ("RATE", r"(?<=-      )[0-9]+\.[0-9] *(?=  )"),
    ("GROUP NUMBER", r"(?<=HA Group Number          ->  )[0-9]+$"),
    ("SERIAL", r"(?<!bytes           ->  )(?<!bytes      ->  )\b[0-9]{5,14}\b(?:  +)?"),
]


def masked(text):
    for name, pattern in MASKS:
        # In a column: as wide as it is not.
        text = re.sub(pattern, lambda m, n=name: "<%s>%s" % (n, "  " * m[0].endswith("  ")), text,
                      flags=re.M)
    return text
