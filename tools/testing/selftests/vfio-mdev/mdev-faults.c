// SPDX-License-Identifier: GPL-2.0
/*
 * The Nth memory allocation fails, for N from 1 until nothing is left to fail:
 * whatever was asked for fails with it, or works, and after a failure nothing
 * is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/serial_reg.h>
#include <sys/eventfd.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <sys/syslog.h>
#include <sys/utsname.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define FAILSLAB	"/sys/kernel/debug/failslab"
#define MANY		1000
#define STRIDE		5	/* where a test of each allocation took too long */
#define TAINT_WARN	0x200
#define SYSLOG_CONSOLE_LEVEL	8

static bool warned(void)
{
	char text[32];

	return load(text, sizeof(text), "/proc/sys/kernel/tainted") < 0 ||
		strtoul(text, NULL, 0) & TAINT_WARN;
}

FIXTURE(faults)
{
	const struct mdev_sample *s;
	char uuid[UUID_LEN + 1];
	int available;
	int nth;	/* /proc/self/fail-nth */
	bool warned;
};

FIXTURE_VARIANT(faults)
{
	const struct mdev_sample *s;
};

FIXTURE_VARIANT_ADD(faults, mtty)
{
	.s = &sample_mtty,
};

FIXTURE_VARIANT_ADD(faults, mdpy)
{
	.s = &sample_mdpy,
};

FIXTURE_VARIANT_ADD(faults, mbochs)
{
	.s = &sample_mbochs,
};

FIXTURE_SETUP(faults)
{
	self->s = variant->s;
	self->nth = open("/proc/self/fail-nth", O_RDWR);
	/* every allocation can fail, and none is reported */
	if (self->nth < 0 || store("0", FAILSLAB "/verbose") ||
	    store("N", FAILSLAB "/ignore-gfp-wait"))
		SKIP(return, "this kernel has no CONFIG_FAILSLAB with debugfs");
	self->warned = warned();
	self->available = sample_load(self->s);
	ASSERT_LT(0, self->available);
	make_uuid(self->uuid, 1);
}

FIXTURE_TEARDOWN(faults)
{
	if (!self->available)
		return;
	mdev_remove_all();
	EXPECT_EQ(self->available, mdev_available(self->s, self->s->type));
	EXPECT_EQ(0, sample_unload(self->s));
	EXPECT_EQ(self->warned, warned());
}

/*
 * A failed vmalloc() says so, with a stack trace, as a warning. Meanwhile only
 * errors go to the console, and a real warning is known by its taint.
 */
static bool fail_nth(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	klogctl(SYSLOG_CONSOLE_LEVEL, NULL, LOG_WARNING);
	return pwrite(fd, text, len, 0) == len;
}

/* Ends the injection; whether the allocation came that was to fail. */
static bool failed(int fd)
{
	char text[16] = "";
	bool ret = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	if (pwrite(fd, "0", 1, 0) != 1)
		ret = false;
	klogctl(SYSLOG_CONSOLE_LEVEL, NULL, LOG_DEBUG);
	return ret;
}

/* Creating an mdev. */
TEST_F_TIMEOUT(faults, create, 120)
{
	char path[256];
	int create, n, ret, failures = 0, groups;
	bool hit = true;

	if (!self->available)
		return;
	snprintf(path, sizeof(path),
		 "/sys/class/mdev_bus/%s/mdev_supported_types/%s/create",
		 self->s->name, self->s->type);
	create = open(path, O_WRONLY);
	ASSERT_LE(0, create);
	groups = entries("/sys/kernel/iommu_groups");

	for (n = 1; hit && n < MANY; n++) {
		ASSERT_TRUE(fail_nth(self->nth, n));
		ret = write(create, self->uuid, UUID_LEN) < 0 ? -errno : 0;
		hit = failed(self->nth);
		if (!ret) {
			ASSERT_EQ(0, mdev_remove(self->uuid));
		} else {
			ASSERT_TRUE(hit);
			ASSERT_EQ(-ENOMEM, ret);
			failures++;
		}
		ASSERT_EQ(self->warned, warned());
		ASSERT_EQ(0, entries(DEVICES));
		ASSERT_EQ(groups, entries("/sys/kernel/iommu_groups"));
		ASSERT_EQ(self->available,
			  mdev_available(self->s, self->s->type));
	}
	TH_LOG("%s: %d allocations, %d of them needed", self->s->name, n - 2,
	       failures);
	EXPECT_LT(n, MANY);
	EXPECT_LT(0, failures);
	close(create);
}

/* Unbinding and binding an mdev. */
TEST_F_TIMEOUT(faults, bind, 120)
{
	int bind, n, ret, failures = 0;
	char path[256];
	bool hit = true;

	if (!self->available)
		return;
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
	snprintf(path, sizeof(path), DRIVERS "/%s/bind",
		 mdev_driver(self->uuid));
	bind = open(path, O_WRONLY);
	ASSERT_LE(0, bind);

	for (n = 1; hit && n < MANY; n += STRIDE) {
		ASSERT_EQ(0, mdev_unbind(self->uuid));
		ASSERT_TRUE(fail_nth(self->nth, n));
		ret = write(bind, self->uuid, UUID_LEN) < 0 ? -errno : 0;
		hit = failed(self->nth);
		if (ret) {
			ASSERT_TRUE(hit);
			ASSERT_STREQ("", mdev_driver(self->uuid));
			ASSERT_EQ(0, store(self->uuid, "%s", path));
			failures++;
		}
		ASSERT_STRNE("", mdev_driver(self->uuid));
	}
	EXPECT_LT(n, MANY);
	EXPECT_LT(0, failures);
	close(bind);
}

/* What a client does, from opening the device on. */
static int session(const struct mdev_sample *s, const char *uuid)
{
	struct vfio_irq_set *set;
	char room[sizeof(*set) + sizeof(int)] = { };
	struct vfio_device_gfx_plane_info plane = { .argsz = sizeof(plane) };
	struct vfio_region_info info;
	struct vfio_mdev v;
	int event, ret;

	ret = vfio_open(&v, uuid);
	if (ret)
		return ret;

	event = eventfd(0, EFD_NONBLOCK);
	set = (struct vfio_irq_set *)room;
	set->argsz = sizeof(room);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->count = 1;
	memcpy(set->data, &event, sizeof(event));
	vfio_ioctl(&v, VFIO_DEVICE_SET_IRQS, set);

	if (!vfio_region(&v, 0, &info)) {
		vfio_write8(&v, info.offset, 'x');
		vfio_read8(&v, info.offset);
	}
	if (s == &sample_mbochs && !vfio_region(&v, 2, &info)) {
		vfio_write16(&v, info.offset + 0x502, 64);
		vfio_write16(&v, info.offset + 0x504, 64);
		vfio_write16(&v, info.offset + 0x506, 32);
		vfio_write16(&v, info.offset + 0x508, 0x41);
		plane.flags = VFIO_GFX_PLANE_TYPE_DMABUF;
		plane.drm_plane_type = 1;
		if (!vfio_ioctl(&v, VFIO_DEVICE_QUERY_GFX_PLANE, &plane)) {
			ret = vfio_ioctl(&v, VFIO_DEVICE_GET_GFX_DMABUF,
					 &plane.dmabuf_id);
			if (ret >= 0)
				close(ret);
		}
	}
	vfio_close(&v);
	if (event >= 0)
		close(event);
	return 0;
}

/* A client's calls: the next client finds a device that works. */
TEST_F_TIMEOUT(faults, client, 120)
{
	struct vfio_mdev v;
	bool hit = true;
	int n, ret;

	if (!self->available)
		return;
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
	for (n = 1; hit && n < MANY; n++) {
		ASSERT_TRUE(fail_nth(self->nth, n));
		ret = session(self->s, self->uuid);
		hit = failed(self->nth);
		ASSERT_TRUE(hit || !ret);
	}
	TH_LOG("%s: %d allocations", self->s->name, n - 2);
	EXPECT_LT(n, MANY);
	ASSERT_EQ(0, vfio_open(&v, self->uuid));
	EXPECT_TRUE(vfio_answers(&v, self->s));
	vfio_close(&v);
}

/* Loading the parent's module: it is there, or nothing of it is. */
TEST_F_TIMEOUT(faults, load, 180)
{
	int fd, n, ret, nodes, failures = 0;
	char path[256], types[256];
	struct utsname uts;
	bool hit = true;

	if (!self->available)
		return;
	uname(&uts);
	snprintf(path, sizeof(path),
		 "/lib/modules/%s/kernel/samples/vfio-mdev/%s.ko", uts.release,
		 self->s->name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		SKIP(return, "%s cannot be read", path);

	snprintf(types, sizeof(types),
		 "/sys/devices/virtual/%s/%s/mdev_supported_types",
		 self->s->name, self->s->name);

	ASSERT_EQ(0, module_unload(self->s->name));
	nodes = entries("/sys/devices/virtual");
	for (n = 1; hit && n < MANY; n += STRIDE) {
		ASSERT_TRUE(fail_nth(self->nth, n));
		ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
		hit = failed(self->nth);
		if (!ret) {
			/* it works without its link in /sys/class/mdev_bus */
			ASSERT_LE(2, entries(types));
			ASSERT_TRUE(!hit || !module_unload(self->s->name));
		} else {
			ASSERT_TRUE(hit);
			failures++;
		}
		ASSERT_EQ(nodes + !hit, entries("/sys/devices/virtual"));
	}
	EXPECT_LT(n, MANY);
	EXPECT_LT(0, failures);
	close(fd);
}

TEST_HARNESS_MAIN
