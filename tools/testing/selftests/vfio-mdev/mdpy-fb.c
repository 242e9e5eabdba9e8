// SPDX-License-Identifier: GPL-2.0
/*
 * The framebuffer of mdpy, through its memory BAR and through mmap().
 */
#include <sys/mman.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define PAGE	4096u

FIXTURE(mdpy)
{
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	struct vfio_region_info bar;
	__u8 *fb;
};

FIXTURE_SETUP(mdpy)
{
	ASSERT_LT(0, sample_load(&sample_mdpy));
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(&sample_mdpy, sample_mdpy.type, self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	ASSERT_EQ(0, vfio_region(&self->v, 0, &self->bar));
	ASSERT_LT(64 * PAGE, self->bar.size);
	self->fb = mmap(NULL, self->bar.size, PROT_READ | PROT_WRITE,
			MAP_SHARED, self->v.device, self->bar.offset);
	ASSERT_NE(MAP_FAILED, self->fb);
}

FIXTURE_TEARDOWN(mdpy)
{
	if (self->fb)
		munmap(self->fb, self->bar.size);
	vfio_close(&self->v);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(&sample_mdpy));
}

static const __u64 offsets[] = {
	0, 1, 2, 3, 4, PAGE - 1, PAGE, PAGE + 2, 5 * PAGE + 4, 63 * PAGE + 17,
};

/* What is written to the BAR at an offset shows in the mapping, there only. */
TEST_F(mdpy, bar_write)
{
	unsigned int i;

	memset(self->fb, 0, self->bar.size);
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		ASSERT_EQ(1, vfio_write8(&self->v, self->bar.offset + offsets[i],
					 0x40 + i));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		EXPECT_EQ(0x40 + i, self->fb[offsets[i]]);
		self->fb[offsets[i]] = 0;
	}
	for (i = 0; i < self->bar.size; i++)
		ASSERT_EQ(0, self->fb[i]);
}

/* What is written to the mapping is read from the BAR at its offset. */
TEST_F(mdpy, bar_read)
{
	unsigned int i;

	memset(self->fb, 0xff, self->bar.size);
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		self->fb[offsets[i]] = 0x80 + i;
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		EXPECT_EQ(0x80 + i,
			  vfio_read8(&self->v, self->bar.offset + offsets[i]));
}

/* The first and the last bytes of the BAR are its own, not each other's. */
TEST_F(mdpy, ends)
{
	__u64 last = self->bar.size - 4;

	vfio_write32(&self->v, self->bar.offset, 0x11223344);
	vfio_write32(&self->v, self->bar.offset + last, 0x55667788);
	EXPECT_EQ(0x11223344, vfio_read32(&self->v, self->bar.offset));
	EXPECT_EQ(0x55667788, vfio_read32(&self->v, self->bar.offset + last));
	EXPECT_EQ(0, memcmp(self->fb + last, "\x88\x77\x66\x55", 4));
}

/* Accesses of any length and alignment, up to several pages. */
TEST_F(mdpy, lengths)
{
	static __u8 out[3 * PAGE], in[3 * PAGE];
	static const size_t length[] = { 1, 2, 3, 5, 7, 64, PAGE, 3 * PAGE };
	unsigned int i, j;

	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 256;
	for (i = 0; i < ARRAY_SIZE(length); i++) {
		for (j = 0; j < 4; j++) {
			__u64 at = 2 * PAGE - 2 + j;
			__u64 pos = self->bar.offset + at;
			size_t n = length[i];

			memset(self->fb, 0, 8 * PAGE);
			ASSERT_EQ(n, vfio_write(&self->v, pos, out, n));
			ASSERT_EQ(0, memcmp(self->fb + at, out, n));
			ASSERT_EQ(0, self->fb[at - 1]);
			ASSERT_EQ(0, self->fb[at + n]);
			memset(in, 0, sizeof(in));
			ASSERT_EQ(n, vfio_read(&self->v, pos, in, n));
			ASSERT_EQ(0, memcmp(in, out, n));
		}
	}
}

/* A reset paints the picture anew: black on top, light grey at the bottom. */
TEST_F(mdpy, reset)
{
	memset(self->fb, 0x55, self->bar.size);
	EXPECT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(0, self->fb[0]);
	EXPECT_EQ(479 * 255 / 480, self->fb[640 * 4 * 479]);
}

/* The plane that the device describes lies in a region, and is the type's. */
TEST_F(mdpy, plane)
{
	struct vfio_device_gfx_plane_info plane = { .argsz = sizeof(plane) };
	struct vfio_region_info info;

	plane.flags = VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_REGION;
	EXPECT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_QUERY_GFX_PLANE, &plane));
	plane.flags = VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_DMABUF;
	EXPECT_EQ(-EINVAL,
		  vfio_ioctl(&self->v, VFIO_DEVICE_QUERY_GFX_PLANE, &plane));

	plane.flags = VFIO_GFX_PLANE_TYPE_REGION;
	plane.drm_plane_type = 1;
	ASSERT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_QUERY_GFX_PLANE, &plane));
	EXPECT_EQ(640, plane.width);
	EXPECT_EQ(480, plane.height);
	EXPECT_EQ(640 * 4, plane.stride);
	ASSERT_EQ(0, vfio_region(&self->v, plane.region_index, &info));
	EXPECT_EQ(self->bar.offset, info.offset);
	EXPECT_LE(plane.stride * plane.height, info.size);
	EXPECT_LE(plane.size, info.size);
}

static int remove_it(void *uuid)
{
	return mdev_remove(uuid);
}

/* A mapping keeps the device open: its removal waits for munmap(). */
TEST_F(mdpy, mapping_outlives_descriptors)
{
	pid_t pid;

	ASSERT_EQ(0, madvise(self->fb, self->bar.size, MADV_DONTFORK));
	self->fb[PAGE] = 0x77;
	vfio_close(&self->v);
	pid = start(remove_it, self->uuid);
	EXPECT_TRUE(still_running(pid, 500));
	EXPECT_EQ(0x77, self->fb[PAGE]);
	self->fb[self->bar.size - 1] = 1;
	munmap(self->fb, self->bar.size);
	self->fb = NULL;
	EXPECT_EQ(0, finish(pid, PATIENCE_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
	ASSERT_EQ(0, mdev_create(&sample_mdpy, sample_mdpy.type, self->uuid));
}

TEST_HARNESS_MAIN
