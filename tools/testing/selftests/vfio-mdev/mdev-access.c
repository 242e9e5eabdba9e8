// SPDX-License-Identifier: GPL-2.0
/*
 * The regions of each sample against what the device reports of them: config
 * space, every edge, and 20,000 accesses anywhere. An access is done whole, or
 * it fails with EINVAL because it does not lie in one region.
 */
#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define SEED		0x2545f491
#define ACCESSES	20000
#define BIG		(64 * 1024)
#define CANARY		0xc5
#define CANARIES	64

/* BIG bytes, room for the canary, and then what cannot be accessed */
static __u8 *buf;

FIXTURE(access)
{
	const struct mdev_sample *s;
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	struct regions r;
	__u64 config;
};

FIXTURE_VARIANT(access)
{
	const struct mdev_sample *s;
};

FIXTURE_VARIANT_ADD(access, mtty)
{
	.s = &sample_mtty,
};

FIXTURE_VARIANT_ADD(access, mdpy)
{
	.s = &sample_mdpy,
};

FIXTURE_VARIANT_ADD(access, mbochs)
{
	.s = &sample_mbochs,
};

FIXTURE_SETUP(access)
{
	struct vfio_region_info info;

	buf = mmap(NULL, BIG + 8192, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, mprotect(buf + BIG + 4096, 4096, PROT_NONE));
	self->s = variant->s;
	ASSERT_LT(0, sample_load(self->s));
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	ASSERT_EQ(0, vfio_regions(&self->v, &self->r));
	ASSERT_EQ(0, vfio_region(&self->v, VFIO_PCI_CONFIG_REGION_INDEX, &info));
	self->config = info.offset;
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_TRUE(vfio_answers(&self->v, self->s));
	vfio_close(&self->v);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(self->s));
}

/* The device is a PCI function with the BARs of its type, and a config space. */
TEST_F(access, info)
{
	struct vfio_device_info dev = { .argsz = sizeof(dev) };
	struct vfio_region_info config;
	unsigned int i;

	ASSERT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_GET_INFO, &dev));
	EXPECT_TRUE(dev.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_LE(VFIO_PCI_NUM_REGIONS, dev.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, dev.num_irqs);
	ASSERT_EQ(0, vfio_region(&self->v, VFIO_PCI_CONFIG_REGION_INDEX,
				 &config));
	EXPECT_EQ(256, config.size);

	for (i = 0; i < self->r.count; i++) {
		const struct vfio_region_info *info = &self->r.info[i];

		if (info->index < VFIO_PCI_ROM_REGION_INDEX) {
			EXPECT_EQ(!!(self->s->bars & 1 << info->index),
				  !!info->size);
		}
		if (!info->size)
			continue;
		EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ |
			  VFIO_REGION_INFO_FLAG_WRITE, info->flags & 3);
	}
}

/* Regions lie apart, or are two names of the same. */
TEST_F(access, no_overlap)
{
	unsigned int i, j;

	for (i = 0; i < self->r.count; i++) {
		for (j = 0; j < i; j++) {
			const struct vfio_region_info *a = &self->r.info[i];
			const struct vfio_region_info *b = &self->r.info[j];

			if (!a->size || !b->size)
				continue;
			EXPECT_TRUE(a->offset + a->size <= b->offset ||
				    b->offset + b->size <= a->offset ||
				    (a->offset == b->offset &&
				     a->size == b->size));
		}
	}
}

/* Config space is the same, however it is read. */
TEST_F(access, config_read)
{
	__u8 whole[256], val[4];
	unsigned int i, width;

	ASSERT_EQ(sizeof(whole), vfio_read(&self->v, self->config, whole,
					   sizeof(whole)));
	for (width = 1; width <= 4; width++) {
		for (i = 0; i + width <= sizeof(whole); i++) {
			ASSERT_EQ(width, vfio_read(&self->v, self->config + i,
						   val, width));
			ASSERT_EQ(0, memcmp(whole + i, val, width));
		}
	}
}

/* Each BAR tells its size in the way of PCI, and keeps an address. */
TEST_F(access, bars)
{
	unsigned int bar;

	for (bar = 0; bar < 6; bar++) {
		__u64 reg = self->config + PCI_BASE_ADDRESS_0 + 4 * bar;
		struct vfio_region_info info;
		__u32 first, mask, type;

		ASSERT_EQ(0, vfio_region(&self->v, bar, &info));
		first = vfio_read32(&self->v, reg);
		type = first & PCI_BASE_ADDRESS_SPACE_IO ? 0x3 : 0xf;
		ASSERT_EQ(4, vfio_write32(&self->v, reg, ~0));
		mask = vfio_read32(&self->v, reg);
		if (!info.size) {
			EXPECT_EQ(0, mask);
			continue;
		}
		EXPECT_EQ(info.size, ~(mask & ~type) + 1);
		EXPECT_EQ(first & type, mask & type);

		ASSERT_EQ(4, vfio_write32(&self->v, reg, 0xc0000000));
		EXPECT_EQ(0xc0000000 | (first & type),
			  vfio_read32(&self->v, reg));
	}
}

/* A write narrower than a BAR register takes nothing from beyond its bytes. */
TEST_F(access, bars_narrow)
{
	__u64 reg = self->config + PCI_BASE_ADDRESS_0;
	__u32 type = vfio_read32(&self->v, reg) & 0xf;
	unsigned int at, width;

	for (width = 1; width <= 3; width++) {
		for (at = 0; at + width <= 4; at++) {
			memset(buf, 0x40, width);
			vfio_write32(&self->v, reg, 0);
			EXPECT_EQ(width, vfio_write(&self->v, reg + at, buf,
						    width));
			/* ignored, or merged, but nothing else came along */
			EXPECT_EQ(0, vfio_read32(&self->v, reg) & ~type &
				  ~0x40404040);
		}
	}
	EXPECT_EQ(type, vfio_read32(&self->v, reg) & 0xf);
}

/* The identity of the function cannot be written over. */
TEST_F(access, config_read_only)
{
	__u8 before[256], after[256];
	unsigned int i;

	vfio_read(&self->v, self->config, before, sizeof(before));
	for (i = 0; i < PCI_BASE_ADDRESS_0; i++)
		if (i != PCI_COMMAND && i != PCI_COMMAND + 1 &&
		    i != PCI_CACHE_LINE_SIZE && i != PCI_LATENCY_TIMER)
			vfio_write8(&self->v, self->config + i, ~before[i]);
	vfio_read(&self->v, self->config, after, sizeof(after));
	EXPECT_EQ(0, memcmp(before, after, 4));
	EXPECT_EQ(0, memcmp(before + PCI_CLASS_REVISION,
			    after + PCI_CLASS_REVISION, 4));
}

/* What an access must return; the canary behind the buffer must stay. */
static bool access_ok(const struct regions *r, const struct vfio_mdev *v,
		      __u64 pos, size_t count, bool write)
{
	static int reports;
	ssize_t want = -EINVAL, got;
	int i;

	/* pread() and pwrite() themselves refuse a negative offset */
	if (regions_hold(r, pos, count) || (!count && pos <= LLONG_MAX))
		want = count;
	if (count <= BIG)
		memset(buf + count, CANARY, CANARIES);
	got = write ? vfio_write(v, pos, buf, count) :
		      vfio_read(v, pos, buf, count);
	for (i = 0; count <= BIG && i < CANARIES; i++)
		if (buf[count + i] != CANARY)
			got = -EILSEQ;
	if (got == want)
		return true;
	if (reports++ < 20)
		fprintf(stderr, "# %s of %zu bytes at %#llx: %zd instead of %zd\n",
			write ? "write" : "read", count,
			(unsigned long long)pos, got, want);
	return false;
}

/* Every edge of every region, from both sides. */
TEST_F_TIMEOUT(access, edges, 120)
{
	static const size_t counts[] = {
		0, 1, 2, 3, 4, 5, 8, 16, 256, 4096, BIG,
	};
	int bad = 0, write, from;
	unsigned int i, c;

	for (i = 0; i < self->r.count; i++) {
		const struct vfio_region_info *info = &self->r.info[i];

		/* what is no region need not have a place either */
		if (!info->size && !info->offset)
			continue;
		for (c = 0; c < ARRAY_SIZE(counts); c++) {
			__u64 n = counts[c];
			/* with the start and the end of the access there */
			const __u64 edge[] = {
				info->offset, info->offset - n,
				info->offset + info->size,
				info->offset + info->size - n,
			};

			for (write = 0; write < 2; write++)
				for (from = 0; from < 4 * 7; from++)
					bad += !access_ok(&self->r, &self->v,
						edge[from / 7] + from % 7 - 3,
						n, write);
		}
	}
	EXPECT_EQ(0, bad);
}

/* Far away from any region, and counts beyond all of them. */
TEST_F_TIMEOUT(access, far, 120)
{
	static const size_t huge[] = {
		BIG + 1, 1 << 24, INT_MAX - 4095, INT_MAX, 1UL << 31,
		1UL << 32, SSIZE_MAX, SIZE_MAX,
	};
	unsigned int i, shift;
	ssize_t ret;

	for (shift = 12; shift < 64; shift++) {
		__u64 pos = 1ULL << shift;

		EXPECT_TRUE(access_ok(&self->r, &self->v, pos, 4, false));
		EXPECT_TRUE(access_ok(&self->r, &self->v, pos - 2, 4, true));
		EXPECT_TRUE(access_ok(&self->r, &self->v, pos - 1, 1, false));
	}
	EXPECT_TRUE(access_ok(&self->r, &self->v, LLONG_MAX, 1, false));
	EXPECT_TRUE(access_ok(&self->r, &self->v, LLONG_MAX - 3, 8, true));
	EXPECT_TRUE(access_ok(&self->r, &self->v, -4, 8, true));

	/*
	 * The buffer is shorter, which must not matter: no region holds them.
	 * Those that leave the address space never come as far as the device.
	 */
	for (i = 0; i < ARRAY_SIZE(huge); i++) {
		ret = vfio_read(&self->v, self->config, buf, huge[i]);
		EXPECT_TRUE(ret == -EINVAL || ret == -EFAULT);
		ret = vfio_write(&self->v, self->config, buf, huge[i]);
		EXPECT_TRUE(ret == -EINVAL || ret == -EFAULT);
		if (huge[i] < 1UL << 32) {
			EXPECT_EQ(-EINVAL, vfio_read(&self->v, self->config,
						     buf, huge[i]));
			EXPECT_EQ(-EINVAL, vfio_write(&self->v, self->config,
						      buf, huge[i]));
		}
	}
}

static __u64 random64(__u32 *seed)
{
	__u64 high = xorshift(seed);

	return high << 32 | xorshift(seed);
}

/* Half of them about the edges of regions, half of them anywhere. */
static __u64 random_pos(const struct regions *r, __u32 *seed)
{
	const struct vfio_region_info *info;

	info = &r->info[xorshift(seed) % r->count];
	switch (xorshift(seed) % 4) {
	case 0:
		return info->offset + xorshift(seed) % 64 - 32;
	case 1:
		return info->offset + info->size + xorshift(seed) % 64 - 32;
	case 2:
		return info->offset + xorshift(seed) % (info->size + 4096);
	default:
		return random64(seed) >> xorshift(seed) % 64;
	}
}

static size_t random_count(__u32 *seed)
{
	switch (xorshift(seed) % 32) {
	case 0:
		return xorshift(seed) % 4097;
	case 1:
		return BIG + 1 + xorshift(seed) % (1 << 24);
	default:
		return xorshift(seed) % 10;
	}
}

/* Accesses anywhere do what they must, and the device survives them. */
TEST_F_TIMEOUT(access, random, 240)
{
	__u32 seed = SEED;
	int i, bad = 0;

	TH_LOG("%s: %d accesses, seed %#x", self->s->name, ACCESSES, SEED);
	for (i = 0; i < ACCESSES && bad < 20; i++) {
		__u64 pos = random_pos(&self->r, &seed);
		size_t count = random_count(&seed);
		bool write = xorshift(&seed) & 1;

		/* the buffer is not that long */
		if (count > BIG && regions_hold(&self->r, pos, count))
			count = 1;
		if (write && count <= BIG)
			memset(buf, xorshift(&seed), count);
		bad += !access_ok(&self->r, &self->v, pos, count, write);
		if (i % 1000 == 0)
			ASSERT_TRUE(vfio_answers(&self->v, self->s));
	}
	EXPECT_EQ(0, bad);
}

TEST_HARNESS_MAIN
