// SPDX-License-Identifier: BSD-3-Clause
/* replay FOLDER...: run every input once, without libFuzzer; to count the lines that they reach. */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static void replay(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	uint8_t *exact;
	size_t len;

	if (!f)
		return;
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	/* A block of its own length, so that reading past its end is seen. */
	exact = malloc(len + 1);
	memcpy(exact, bytes, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	char path[4096];
	DIR *dir;
	int i;

	for (i = 1; i < argc; i++) {
		dir = opendir(argv[i]);
		while (dir && (entry = readdir(dir))) {
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			if (entry->d_name[0] != '.')
				replay(path);
		}
		if (dir)
			closedir(dir);
	}
	return 0;
}
