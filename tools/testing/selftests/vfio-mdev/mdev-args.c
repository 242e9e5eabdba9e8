// SPDX-License-Identifier: GPL-2.0
/*
 * Every wrong argument to the system calls on a device: an errno, and a device
 * that still answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define PAGE		4096u
#define SEED		0x9e3779b9
#define IOCTLS		5000

FIXTURE(args)
{
	const struct mdev_sample *s;
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	struct regions r;
	char *page;	/* one that can be accessed, and one that cannot */
	char *read_only;
};

FIXTURE_VARIANT(args)
{
	const struct mdev_sample *s;
};

FIXTURE_VARIANT_ADD(args, mtty)
{
	.s = &sample_mtty,
};

FIXTURE_VARIANT_ADD(args, mdpy)
{
	.s = &sample_mdpy,
};

FIXTURE_VARIANT_ADD(args, mbochs)
{
	.s = &sample_mbochs,
};

FIXTURE_SETUP(args)
{
	self->s = variant->s;
	ASSERT_LT(0, sample_load(self->s));
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	ASSERT_EQ(0, vfio_regions(&self->v, &self->r));
	self->page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_EQ(0, mprotect(self->page + PAGE, PAGE, PROT_NONE));
	self->read_only = mmap(NULL, PAGE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->read_only);
}

FIXTURE_TEARDOWN(args)
{
	EXPECT_TRUE(vfio_answers(&self->v, self->s));
	vfio_close(&self->v);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(self->s));
}

static const struct {
	unsigned int cmd;
	unsigned int size;
	bool optional;		/* not every sample has it */
	bool in;		/* copied in only */
} structs[] = {
	{ VFIO_DEVICE_GET_INFO, offsetof(struct vfio_device_info, cap_offset) },
	{ VFIO_DEVICE_GET_REGION_INFO, sizeof(struct vfio_region_info) },
	{ VFIO_DEVICE_GET_IRQ_INFO, sizeof(struct vfio_irq_info) },
	{ VFIO_DEVICE_SET_IRQS, sizeof(struct vfio_irq_set), .in = true },
	{ VFIO_DEVICE_QUERY_GFX_PLANE,
	  offsetof(struct vfio_device_gfx_plane_info, region_index) + 4,
	  .optional = true },
};

/* Flags, the second word of each, with which only the size can be wrong */
static __u32 good_flags(const struct mdev_sample *s, unsigned int cmd)
{
	switch (cmd) {
	case VFIO_DEVICE_SET_IRQS:
		return VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return VFIO_GFX_PLANE_TYPE_PROBE |
		       (s == &sample_mbochs ? VFIO_GFX_PLANE_TYPE_DMABUF :
					      VFIO_GFX_PLANE_TYPE_REGION);
	default:
		return 0;
	}
}

/* A structure that says that it is too short is refused, and left alone. */
TEST_F(args, short_argsz)
{
	__u32 before[PAGE / sizeof(__u32)];
	unsigned int i, argsz;
	int ret;

	for (i = 0; i < ARRAY_SIZE(structs); i++) {
		for (argsz = 0; argsz <= structs[i].size; argsz++) {
			memset(before, 0, PAGE);
			before[0] = argsz;
			before[1] = good_flags(self->s, structs[i].cmd);
			memcpy(self->page, before, PAGE);
			ret = vfio_ioctl(&self->v, structs[i].cmd, self->page);
			if (ret == -ENOTTY && structs[i].optional)
				break;
			if (argsz < structs[i].size) {
				ASSERT_EQ(-EINVAL, ret);
				ASSERT_EQ(0, memcmp(before, self->page, PAGE));
			} else if (!structs[i].in || self->s == &sample_mtty) {
				/* a device without interrupts sets up none */
				EXPECT_EQ(0, ret);
			}
		}
	}
}

/* Bad pointers, whole and in part, for reading and for writing. */
TEST_F(args, bad_pointers)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(structs); i++) {
		char *straddling = self->page + PAGE - structs[i].size + 1;
		void *const bad[] = {
			NULL, (void *)1, (void *)-4096L,
			(void *)0xffff888000001000UL, self->page + PAGE,
			straddling, self->page + PAGE - 1,
		};
		/* a device without interrupts need not look */
		int want = structs[i].in && self->s != &sample_mtty ?
			   -EINVAL : -EFAULT;
		unsigned int j;

		memcpy(straddling, &structs[i].size, sizeof(structs[i].size));
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			ret = vfio_ioctl(&self->v, structs[i].cmd, bad[j]);
			if (ret == -ENOTTY && structs[i].optional)
				break;
			EXPECT_EQ(want, ret);
		}
	}

	/* what can be read, but not written to */
	for (i = 0; i < ARRAY_SIZE(structs); i++) {
		if (structs[i].in || structs[i].optional)
			continue;
		ASSERT_EQ(0, mprotect(self->read_only, PAGE,
				      PROT_READ | PROT_WRITE));
		memset(self->read_only, 0, PAGE);
		memcpy(self->read_only, &structs[i].size, 4);
		ASSERT_EQ(0, mprotect(self->read_only, PAGE, PROT_READ));
		EXPECT_EQ(-EFAULT, vfio_ioctl(&self->v, structs[i].cmd,
					      self->read_only));
	}
}

/* A region or an interrupt that the device does not count is none. */
TEST_F(args, bad_indices)
{
	struct vfio_device_info dev = { .argsz = sizeof(dev) };
	static const unsigned int far[] = { 1000, INT_MAX, 1u << 31, UINT_MAX };
	struct vfio_region_info region;
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };
	unsigned int i;

	ASSERT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_GET_INFO, &dev));
	EXPECT_EQ(-EINVAL, vfio_region(&self->v, dev.num_regions, &region));
	irq.index = dev.num_irqs;
	EXPECT_EQ(-EINVAL, vfio_ioctl(&self->v, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		EXPECT_EQ(-EINVAL, vfio_region(&self->v, far[i], &region));
		irq.index = far[i];
		EXPECT_EQ(-EINVAL,
			  vfio_ioctl(&self->v, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	}
}

/* An interrupt is described whether or not the device was asked before. */
TEST_F(args, irq_info_first)
{
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };

	vfio_close(&self->v);
	ASSERT_EQ(0, mdev_remove(self->uuid));
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	ASSERT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	EXPECT_EQ(self->s == &sample_mtty, irq.count);
}

/* No other ioctl is known, with this type or another. */
TEST_F(args, unknown_ioctl)
{
	EXPECT_EQ(-ENOTTY, vfio_ioctl(&self->v, VFIO_DEVICE_RESET + 100, NULL));
	EXPECT_EQ(-ENOTTY, vfio_ioctl(&self->v, VFIO_GET_API_VERSION, NULL));
	EXPECT_EQ(-ENOTTY, vfio_ioctl(&self->v, 0, self->page));
	EXPECT_EQ(-ENOTTY, vfio_ioctl(&self->v, UINT_MAX, self->page));
}

struct irq_request {
	struct vfio_irq_set set;
	int fd[4];
};

static int set_irqs(const struct vfio_mdev *v, unsigned int argsz,
		    unsigned int flags, unsigned int index, unsigned int start,
		    unsigned int count, int fd)
{
	struct irq_request r = {
		.set.argsz = argsz,
		.set.flags = flags,
		.set.index = index,
		.set.start = start,
		.set.count = count,
	};

	memcpy(r.set.data, &fd, sizeof(fd));
	return vfio_ioctl(v, VFIO_DEVICE_SET_IRQS, &r);
}

#define NONE	VFIO_IRQ_SET_DATA_NONE
#define BOOL	VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD	VFIO_IRQ_SET_DATA_EVENTFD
#define MASK	VFIO_IRQ_SET_ACTION_MASK
#define UNMASK	VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER	VFIO_IRQ_SET_ACTION_TRIGGER

/* No data type or two, no action or two, ranges that no interrupt has. */
TEST_F(args, set_irqs)
{
	static const struct {
		unsigned int argsz, flags, index, start, count;
	} bad[] = {
		{ 36, 0, 0, 0, 1 },
		{ 36, NONE, 0, 0, 1 },
		{ 36, EVENTFD, 0, 0, 1 },
		{ 36, TRIGGER, 0, 0, 1 },
		{ 36, MASK, 0, 0, 1 },
		{ 36, NONE | BOOL | TRIGGER, 0, 0, 1 },
		{ 36, NONE | EVENTFD | TRIGGER, 0, 0, 1 },
		{ 36, BOOL | EVENTFD | TRIGGER, 0, 0, 1 },
		{ 36, EVENTFD | MASK | TRIGGER, 0, 0, 1 },
		{ 36, NONE | MASK | UNMASK, 0, 0, 1 },
		{ 36, NONE | MASK | UNMASK | TRIGGER, 0, 0, 1 },
		{ 36, EVENTFD | TRIGGER | 1 << 6, 0, 0, 1 },
		{ 36, EVENTFD | TRIGGER | 1u << 31, 0, 0, 1 },
		{ 36, UINT_MAX, 0, 0, 1 },
		{ 36, EVENTFD | TRIGGER, VFIO_PCI_NUM_IRQS, 0, 1 },
		{ 36, EVENTFD | TRIGGER, UINT_MAX, 0, 1 },
		{ 36, NONE | TRIGGER, VFIO_PCI_NUM_IRQS, 0, 0 },
		/* more interrupts, or others, than there are */
		{ 36, EVENTFD | TRIGGER, 0, 1, 1 },
		{ 36, EVENTFD | TRIGGER, 0, 0, 2 },
		{ 36, EVENTFD | TRIGGER, 0, 0, 4 },
		{ 36, EVENTFD | TRIGGER, 0, UINT_MAX, 1 },
		{ 36, EVENTFD | TRIGGER, 0, UINT_MAX, 2 },
		{ 36, EVENTFD | TRIGGER, 0, 1, UINT_MAX },
		{ 36, EVENTFD | TRIGGER, 0, 0, UINT_MAX },
		{ 36, EVENTFD | TRIGGER, 1, 0, UINT_MAX / 4 + 1 },
		{ 36, NONE | TRIGGER, 0, 5, 0 },
		{ 36, NONE | TRIGGER, 0, 0, 1000 },
		/* less data than said */
		{ 20, EVENTFD | TRIGGER, 0, 0, 1 },
		{ 23, EVENTFD | TRIGGER, 0, 0, 1 },
		{ 20, BOOL | TRIGGER, 0, 0, 1 },
	};
	int fd = eventfd(0, EFD_NONBLOCK);
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ret = set_irqs(&self->v, bad[i].argsz, bad[i].flags,
			       bad[i].index, bad[i].start, bad[i].count, fd);
		if (ret == -EINVAL)
			continue;
		TH_LOG("argsz %u flags %#x index %u start %u count %u",
		       bad[i].argsz, bad[i].flags, bad[i].index,
		       bad[i].start, bad[i].count);
		EXPECT_EQ(-EINVAL, ret);
	}
	close(fd);
}

/* The eventfds lie where nothing can be read. */
TEST_F(args, set_irqs_bad_data)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set) + sizeof(int),
		.flags = EVENTFD | TRIGGER,
		.count = 1,
	};
	char *at = self->page + PAGE - sizeof(set);
	int ret;

	memcpy(at, &set, sizeof(set));
	ret = vfio_ioctl(&self->v, VFIO_DEVICE_SET_IRQS, at);
	/* the others have no interrupts at all */
	EXPECT_EQ(self->s == &sample_mtty ? -EFAULT : -EINVAL, ret);
}

/* Bad buffers for reading and writing, whole and in part. */
TEST_F(args, bad_buffers)
{
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < self->r.count; i++) {
		const struct vfio_region_info *info = &self->r.info[i];
		void *const bad[] = {
			NULL, (void *)1, (void *)0xffff888000001000UL,
			self->page + PAGE, self->page + PAGE - 1,
			self->page + PAGE - 5,
		};
		unsigned int j;

		if (!info->size)
			continue;
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			/* what was possible may have been done */
			ret = vfio_read(&self->v, info->offset, bad[j], 8);
			EXPECT_TRUE(ret == -EFAULT || (j > 3 && ret > 0 &&
						       ret < 8));
			ret = vfio_write(&self->v, info->offset, bad[j], 8);
			EXPECT_TRUE(ret == -EFAULT || (j > 3 && ret > 0 &&
						       ret < 8));
		}
		EXPECT_EQ(-EFAULT, vfio_read(&self->v, info->offset,
					     self->read_only, 8));
	}
}

/* Whether the whole mapping is refused with EINVAL. */
static bool no_map(const struct vfio_mdev *v, __u64 offset, __u64 size,
		   int flags)
{
	void *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, v->device, offset);
	if (p == MAP_FAILED)
		return errno == EINVAL;
	munmap(p, size);
	return false;
}

/* Only what lies within a region for mapping can be mapped, and only shared. */
TEST_F(args, mmap)
{
	unsigned int i;
	char *p;

	for (i = 0; i < self->r.count; i++) {
		const struct vfio_region_info *info = &self->r.info[i];
		__u64 offset = info->offset & ~(PAGE - 1ull);

		if (!info->size)
			continue;
		if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP)) {
			EXPECT_TRUE(no_map(&self->v, offset, PAGE, MAP_SHARED));
			continue;
		}
		EXPECT_TRUE(no_map(&self->v, offset, PAGE, MAP_PRIVATE));
		EXPECT_TRUE(no_map(&self->v, offset - PAGE, PAGE, MAP_SHARED));
		EXPECT_TRUE(no_map(&self->v, offset - PAGE, 2 * PAGE,
				   MAP_SHARED));
		EXPECT_TRUE(no_map(&self->v, offset + info->size, PAGE,
				   MAP_SHARED));
		EXPECT_TRUE(no_map(&self->v, offset + info->size - PAGE,
				   2 * PAGE, MAP_SHARED));
		EXPECT_TRUE(no_map(&self->v, offset, info->size + PAGE,
				   MAP_SHARED));
		EXPECT_TRUE(no_map(&self->v, offset + PAGE, info->size,
				   MAP_SHARED));

		/* the last page by itself is refused, or is that page */
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->v.device, offset + info->size - PAGE);
		if (p == MAP_FAILED) {
			EXPECT_EQ(EINVAL, errno);
		} else {
			p[PAGE - 1] = 0x5d;
			EXPECT_EQ(0x5d, vfio_read8(&self->v, info->offset +
						   info->size - 1));
			munmap(p, PAGE);
		}
	}
	EXPECT_TRUE(no_map(&self->v, 1ull << 50, PAGE, MAP_SHARED));
	EXPECT_TRUE(no_map(&self->v, 1ull << 62, PAGE, MAP_SHARED));
	EXPECT_TRUE(no_map(&self->v, 1ull << 40, 1 << 30, MAP_SHARED));
}

/* Any ioctl with any argument: no matter what it returns. */
TEST_F_TIMEOUT(args, random_ioctls, 120)
{
	static const unsigned int cmds[] = {
		VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO,
		VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_SET_IRQS,
		VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_SET_IRQS,
		VFIO_DEVICE_RESET, VFIO_DEVICE_QUERY_GFX_PLANE,
		VFIO_DEVICE_QUERY_GFX_PLANE, VFIO_DEVICE_GET_GFX_DMABUF,
	};
	int event = eventfd(0, EFD_NONBLOCK);
	__u32 seed = SEED;
	unsigned int i, j, resets = 0;

	TH_LOG("%s: %d ioctls, seed %#x", self->s->name, IOCTLS, SEED);
	for (i = 0; i < IOCTLS; i++) {
		unsigned int cmd = cmds[xorshift(&seed) % 10];
		__u32 arg[32];
		int ret;

		if (cmd == VFIO_DEVICE_RESET && resets++ > 20)
			continue;
		/* small numbers, single bits, and anything */
		for (j = 0; j < 32; j++) {
			arg[j] = xorshift(&seed);
			switch (arg[j] % 4) {
			case 0:
				arg[j] = xorshift(&seed) % 8;
				break;
			case 1:
				arg[j] = 1u << xorshift(&seed) % 32;
				break;
			}
		}
		if (xorshift(&seed) % 4)
			arg[0] = sizeof(arg);
		if (cmd == VFIO_DEVICE_SET_IRQS && xorshift(&seed) % 2) {
			arg[1] = xorshift(&seed) % 64;
			arg[3] = 0;
			arg[4] = xorshift(&seed) % 2;
			arg[5] = event;
		}
		ret = vfio_ioctl(&self->v, cmd, arg);
		if (cmd == VFIO_DEVICE_GET_GFX_DMABUF && ret >= 0)
			close(ret);
		/* interrupts, if they are set up, and modes of the display */
		for (j = 0; j < self->r.count; j++) {
			const struct vfio_region_info *info = &self->r.info[j];

			if (info->size && info->index < 3)
				vfio_write16(&self->v, info->offset +
					     (info->size > 0x500 ? 0x500 : 0) +
					     2 * (xorshift(&seed) % 11),
					     xorshift(&seed) % 1024);
		}
		if (i % 500 == 0)
			ASSERT_TRUE(vfio_answers(&self->v, self->s));
	}
	close(event);
}

TEST_HARNESS_MAIN
