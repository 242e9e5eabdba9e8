// SPDX-License-Identifier: GPL-2.0
/*
 * A VFIO client for the command line, as small as they come:
 *
 *	vfio-mdev-client regions UUID		the regions, as the device tells
 *	vfio-mdev-client loopback UUID TEXT	TEXT through the UART of an mtty
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/serial_reg.h>
#include <stdio.h>
#include <string.h>

#include "vfio-mdev.h"

static const char * const names[] = {
	"BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "config", "VGA",
};

static int show_regions(const struct vfio_mdev *v)
{
	struct regions r;
	unsigned int i;
	int ret;

	ret = vfio_regions(v, &r);
	if (ret)
		return ret;

	printf("%-8s %14s %10s  %s\n", "region", "offset", "size", "access");
	for (i = 0; i < r.count; i++) {
		const struct vfio_region_info *info = &r.info[i];

		if (!info->size)
			continue;
		if (info->index < ARRAY_SIZE(names))
			printf("%-8s", names[info->index]);
		else
			printf("%-8u", info->index);
		printf(" %#14llx %#10llx  %s%s%s\n",
		       (unsigned long long)info->offset,
		       (unsigned long long)info->size,
		       info->flags & VFIO_REGION_INFO_FLAG_READ ? "r" : "-",
		       info->flags & VFIO_REGION_INFO_FLAG_WRITE ? "w" : "-",
		       info->flags & VFIO_REGION_INFO_FLAG_MMAP ? " mmap" : "");
	}
	return 0;
}

/* The FIFO is short: byte for byte, and no byte before it is there. */
static int loopback(const struct vfio_mdev *v, const char *text)
{
	struct vfio_region_info bar;
	int ret;

	ret = vfio_region(v, VFIO_PCI_BAR0_REGION_INDEX, &bar);
	if (ret)
		return ret;

	vfio_write8(v, bar.offset + UART_LCR, UART_LCR_WLEN8);
	vfio_write8(v, bar.offset + UART_FCR, UART_FCR_ENABLE_FIFO |
		    UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	vfio_write8(v, bar.offset + UART_MCR, UART_MCR_LOOP);
	for (; *text; text++) {
		ret = vfio_write8(v, bar.offset + UART_TX, *text);
		if (ret < 0)
			return ret;
		if (!(vfio_read8(v, bar.offset + UART_LSR) & UART_LSR_DR))
			return -EIO;
		putchar(vfio_read8(v, bar.offset + UART_RX));
	}
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	bool regions = argc == 3 && !strcmp(argv[1], "regions");
	bool loop = argc == 4 && !strcmp(argv[1], "loopback");
	struct vfio_mdev v;
	int ret;

	if (!regions && !loop) {
		fprintf(stderr, "usage: %s regions UUID | loopback UUID TEXT\n",
			argv[0]);
		return 2;
	}

	ret = vfio_open(&v, argv[2]);
	if (!ret) {
		ret = regions ? show_regions(&v) : loopback(&v, argv[3]);
		vfio_close(&v);
	}
	if (ret)
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[2],
			strerror(-ret));
	return ret ? 1 : 0;
}
