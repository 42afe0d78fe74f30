# SPDX-License-Identifier: BSD-3-Clause
# From a list of trace points: their prototypes (bodies=0), or functions that do nothing and give
# way to those of the oracle (bodies=1).
BEGIN {
	print "/* made from trace-events */"
	if (bodies)
		print "#include <stdbool.h>\n#include <stdint.h>\n" \
		      "#include \"trace/trace-hw_misc_coffer.h\""
	else
		print "#pragma once"
}
/^[a-z]/ {
	sub(/ *".*/, "")
	name = $0
	sub(/\(.*/, "", name)
	args = substr($0, length(name) + 1)
	if (bodies)
		print "void __attribute__((weak)) trace_" name args " { }"
	else
		print "void trace_" name args ";"
}
