/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of mediated devices share: a VFIO client, and an
 * administrator who makes and removes mdevs through sysfs.
 *
 * Functions that can fail return 0 or a count, or a negative errno.
 */
#ifndef __VFIO_MDEV_H
#define __VFIO_MDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <linux/types.h>
#include <linux/vfio.h>

#ifndef ARRAY_SIZE	/* kselftest_harness.h has it too */
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#define DEVICES		"/sys/bus/mdev/devices"
#define DRIVERS		"/sys/bus/mdev/drivers"
#define UUID_LEN	36

/* A sample of samples/vfio-mdev/ and the types of its mdevs */
struct mdev_sample {
	const char *name;	/* of the module, the parent and the driver */
	const char *type;	/* the one that the tests take */
	const char *big_type;	/* the one with the fewest instances */
	const char *foreign;	/* the driver of another sample */
	__u32 id;		/* PCI device and vendor ID */
	int bars;		/* bitmap of the BARs of an mdev of this type */
};

extern const struct mdev_sample sample_mtty, sample_mdpy, sample_mbochs;

/* An open device, with the group and the container that it needs */
struct vfio_mdev {
	int container;
	int group;
	int device;
};

#define MAX_REGIONS	32

struct regions {
	unsigned int count;
	struct vfio_region_info info[MAX_REGIONS];
};

/* modules */
int module_load(const char *name);
int module_unload(const char *name);

/* sysfs */
int store(const char *text, const char *fmt, ...)
	__attribute__((format(__printf__, 2, 3)));
int load(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(__printf__, 3, 4)));
int entries(const char *dir);
void make_uuid(char uuid[UUID_LEN + 1], unsigned int n);

int mdev_create(const struct mdev_sample *s, const char *type,
		const char *uuid);
int mdev_remove(const char *uuid);
void mdev_remove_all(void);
bool mdev_exists(const char *uuid);
int mdev_available(const struct mdev_sample *s, const char *type);
const char *mdev_driver(const char *uuid);
int mdev_unbind(const char *uuid);

/* From a loaded module without mdevs to an unloaded one, for each test */
int sample_load(const struct mdev_sample *s);
int sample_unload(const struct mdev_sample *s);

/* VFIO */
int vfio_open(struct vfio_mdev *v, const char *uuid);
void vfio_close(struct vfio_mdev *v);
int vfio_ioctl(const struct vfio_mdev *v, unsigned int cmd, void *arg);
int vfio_region(const struct vfio_mdev *v, unsigned int index,
		struct vfio_region_info *info);
int vfio_regions(const struct vfio_mdev *v, struct regions *r);
ssize_t vfio_read(const struct vfio_mdev *v, __u64 pos, void *buf,
		  size_t count);
ssize_t vfio_write(const struct vfio_mdev *v, __u64 pos, const void *buf,
		   size_t count);
__u8 vfio_read8(const struct vfio_mdev *v, __u64 pos);
__u32 vfio_read32(const struct vfio_mdev *v, __u64 pos);
int vfio_write8(const struct vfio_mdev *v, __u64 pos, __u8 val);
int vfio_write16(const struct vfio_mdev *v, __u64 pos, __u16 val);
int vfio_write32(const struct vfio_mdev *v, __u64 pos, __u32 val);
bool vfio_answers(const struct vfio_mdev *v, const struct mdev_sample *s);

/* Whether [pos, pos + count) lies in one region */
bool regions_hold(const struct regions *r, __u64 pos, __u64 count);

/* A process of its own for what may block, and its result within a time */
#define PATIENCE_MS	20000
pid_t start(int (*fn)(void *arg), void *arg);
bool still_running(pid_t pid, int ms);
int finish(pid_t pid, int ms);

/* Numbers that a seed reproduces */
__u32 xorshift(__u32 *state);

#endif
