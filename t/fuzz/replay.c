/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Without libFuzzer: run the target over the files named, so that make check
 * keeps every input that ever broke it. */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
main(int argc, char **argv)
{
	static uint8_t buf[1 << 22];
	uint8_t *data;

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t n = f != NULL ? fread(buf, 1, sizeof(buf), f) : 0;

		/* A copy of its own, so that reads past its end are seen. */
		if (f == NULL || (data = malloc(n)) == NULL)
			err(99, "%s", argv[i]);
		memcpy(data, buf, n);
		LLVMFuzzerTestOneInput(data, n);
		free(data);
		fclose(f);
	}
	return 0;
}
