// SPDX-License-Identifier: BSD-3-Clause
/* Before the first input: with COFFER_SEEDS=DIR, write the seeds of the corpus and end. */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct fuzz_seed seed;

	(void)argc;
	(void)argv;
	if (getenv("COFFER_SEEDS")) {
		fuzz_seeds(&seed);
		exit(0);
	}
	return 0;
}
