// SPDX-License-Identifier: GPL-2.0
/*
 * A text, copied by a DSA device through the portal of a queue for user space;
 * prints what arrived.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dsa.h"

int main(int argc, char **argv)
{
	struct portal p;
	int ret;

	if (argc != 3 || strlen(argv[2]) >= BUFFER) {
		fprintf(stderr, "usage: %s QUEUE TEXT\n", argv[0]);
		return 2;
	}
	ret = portal_open(&p, argv[1]);
	if (!ret) {
		strcpy((char *)p.source, argv[2]);
		ret = portal_run(&p);
		if (!ret)
			puts((char *)p.target);
		portal_close(&p);
	}
	if (ret)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-ret));
	return !!ret;
}
