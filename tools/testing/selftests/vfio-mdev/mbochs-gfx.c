// SPDX-License-Identifier: GPL-2.0
/*
 * The display of mbochs: its memory through the BAR, mmap() and dma-bufs, and
 * its EDID region.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define PAGE		4096u
#define PRIMARY		1	/* DRM_PLANE_TYPE_PRIMARY */
#define XRGB8888	0x34325258
#define MODE_SIZE	(640 * 480 * 4)

/* the registers of the VBE interface, in the MMIO BAR */
enum vbe { ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT,
	   X_OFFSET, Y_OFFSET, MEMORY_64K };
#define VBE_ENABLED	0x41
#define VBE(reg)	(self->mmio.offset + 0x500 + 2 * (reg))

FIXTURE(mbochs)
{
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	struct vfio_region_info mem, mmio, edid;
};

FIXTURE_SETUP(mbochs)
{
	ASSERT_LT(0, sample_load(&sample_mbochs));
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(&sample_mbochs, sample_mbochs.type, self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	ASSERT_EQ(0, vfio_region(&self->v, 0, &self->mem));
	ASSERT_EQ(0, vfio_region(&self->v, 2, &self->mmio));
	ASSERT_EQ(0, vfio_region(&self->v, VFIO_PCI_NUM_REGIONS, &self->edid));
}

FIXTURE_TEARDOWN(mbochs)
{
	vfio_close(&self->v);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(&sample_mbochs));
}

static __u8 *map(const struct vfio_mdev *v, __u64 offset, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->device,
		    offset);
}

/* BAR and mapping show the same bytes, on each page, at each offset. */
TEST_F(mbochs, mapping)
{
	static const __u64 offset[] = { 0, 1, PAGE - 1, PAGE, 7 * PAGE + 5 };
	unsigned int i, count = ARRAY_SIZE(offset);
	__u64 size = self->mem.size;
	__u8 *fb = map(&self->v, self->mem.offset, size);

	ASSERT_NE(MAP_FAILED, fb);
	for (i = 0; i < count; i++) {
		ASSERT_EQ(1, vfio_write8(&self->v, self->mem.offset + offset[i],
					 0x10 + i));
		ASSERT_EQ(1, vfio_write8(&self->v, self->mem.offset + size - 1 -
					 offset[i], 0x20 + i));
	}
	for (i = 0; i < count; i++) {
		EXPECT_EQ(0x10 + i, fb[offset[i]]);
		EXPECT_EQ(0x20 + i, fb[size - 1 - offset[i]]);
		fb[offset[i]] += 0x30;
		EXPECT_EQ(0x40 + i, vfio_read8(&self->v, self->mem.offset +
					       offset[i]));
	}
	EXPECT_EQ(0, fb[100]);
	EXPECT_EQ(0, fb[100 * PAGE]);
	munmap(fb, size);
}

/* A mapping that loses its first pages keeps the others where they were. */
TEST_F(mbochs, mapping_cut)
{
	__u8 *fb = map(&self->v, self->mem.offset, 4 * PAGE);

	ASSERT_NE(MAP_FAILED, fb);
	vfio_write8(&self->v, self->mem.offset + PAGE, 1);
	vfio_write8(&self->v, self->mem.offset + 2 * PAGE, 2);
	vfio_write8(&self->v, self->mem.offset + 3 * PAGE, 3);
	munmap(fb, 2 * PAGE);
	EXPECT_EQ(2, fb[2 * PAGE]);
	EXPECT_EQ(3, fb[3 * PAGE]);
	munmap(fb + 2 * PAGE, 2 * PAGE);
}

static sigjmp_buf past_fault;

static void on_fault(int sig)
{
	siglongjmp(past_fault, sig);
}

/* Returns the signal that reading the byte raised, or 0. */
static int peek(const __u8 *p)
{
	struct sigaction action = { .sa_handler = on_fault };
	int sig;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sig = sigsetjmp(past_fault, 1);
	if (!sig)
		(void)__atomic_load_n(p, __ATOMIC_SEQ_CST);
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return sig;
}

/* A mapping grown past the end of the memory has no pages there. */
TEST_F(mbochs, mapping_grown)
{
	__u64 size = self->mem.size;
	__u8 *fb = map(&self->v, self->mem.offset, size);

	ASSERT_NE(MAP_FAILED, fb);
	fb = mremap(fb, size, size + PAGE, MREMAP_MAYMOVE);
	if (fb == MAP_FAILED)
		return;
	EXPECT_EQ(0, peek(fb + size - 1));
	EXPECT_EQ(SIGBUS, peek(fb + size));
	munmap(fb, size + PAGE);
}

/* What one client left in the memory, the next does not find. */
TEST_F(mbochs, memory_cleared)
{
	vfio_write32(&self->v, self->mem.offset + PAGE, 0xdeadbeef);
	vfio_close(&self->v);
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	EXPECT_EQ(0, vfio_read32(&self->v, self->mem.offset + PAGE));
}

/* The VBE registers keep what is written; a reset restores the first state. */
TEST_F(mbochs, vbe)
{
	__u16 val;

	ASSERT_EQ(2, vfio_read(&self->v, VBE(MEMORY_64K), &val, 2));
	EXPECT_EQ(self->mem.size / 65536, val);
	ASSERT_EQ(2, vfio_write16(&self->v, VBE(XRES), 800));
	ASSERT_EQ(2, vfio_read(&self->v, VBE(XRES), &val, 2));
	EXPECT_EQ(800, val);
	EXPECT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_RESET, NULL));
	ASSERT_EQ(2, vfio_read(&self->v, VBE(XRES), &val, 2));
	EXPECT_EQ(0, val);
}

static int set_mode(const struct vfio_mdev *v, __u64 vbe, int width,
		    int height, int y)
{
	return vfio_write16(v, vbe + 2 * XRES, width) == 2 &&
		vfio_write16(v, vbe + 2 * YRES, height) == 2 &&
		vfio_write16(v, vbe + 2 * BPP, 32) == 2 &&
		vfio_write16(v, vbe + 2 * X_OFFSET, 0) == 2 &&
		vfio_write16(v, vbe + 2 * Y_OFFSET, y) == 2 &&
		vfio_write16(v, vbe + 2 * ENABLE, VBE_ENABLED) == 2;
}

static int query(const struct vfio_mdev *v,
		 struct vfio_device_gfx_plane_info *plane)
{
	memset(plane, 0, sizeof(*plane));
	plane->argsz = sizeof(*plane);
	plane->flags = VFIO_GFX_PLANE_TYPE_DMABUF;
	plane->drm_plane_type = PRIMARY;
	return vfio_ioctl(v, VFIO_DEVICE_QUERY_GFX_PLANE, plane);
}

static int get_dmabuf(const struct vfio_mdev *v, __u32 id)
{
	return vfio_ioctl(v, VFIO_DEVICE_GET_GFX_DMABUF, &id);
}

/* The dma-buf of the current mode, or a negative errno. */
static int mode_dmabuf(const struct vfio_mdev *v, __u64 vbe, int y)
{
	struct vfio_device_gfx_plane_info plane;
	int ret;

	if (!set_mode(v, vbe, 640, 480, y))
		return -EIO;
	/* that the first query does not fail is for "plane" to tell */
	ret = query(v, &plane);
	if (ret == -ENOMEM)
		ret = query(v, &plane);
	return ret ?: get_dmabuf(v, plane.dmabuf_id);
}

/* The plane is what the registers say, from the first query on. */
TEST_F(mbochs, plane)
{
	struct vfio_device_gfx_plane_info plane;
	__u32 id;

	plane.argsz = sizeof(plane);
	plane.flags = VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_DMABUF;
	EXPECT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_QUERY_GFX_PLANE, &plane));
	plane.flags = VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_REGION;
	EXPECT_EQ(-EINVAL,
		  vfio_ioctl(&self->v, VFIO_DEVICE_QUERY_GFX_PLANE, &plane));

	EXPECT_EQ(0, query(&self->v, &plane));
	EXPECT_EQ(0, plane.width);
	ASSERT_TRUE(set_mode(&self->v, VBE(0), 640, 480, 0));
	ASSERT_EQ(0, query(&self->v, &plane));
	EXPECT_EQ(XRGB8888, plane.drm_format);
	EXPECT_EQ(640, plane.width);
	EXPECT_EQ(480, plane.height);
	EXPECT_EQ(640 * 4, plane.stride);
	EXPECT_EQ(640 * 480 * 4, plane.size);
	id = plane.dmabuf_id;
	ASSERT_EQ(0, query(&self->v, &plane));
	EXPECT_EQ(id, plane.dmabuf_id);

	/* a mode larger than the memory is none */
	ASSERT_TRUE(set_mode(&self->v, VBE(0), 4096, 4096, 0));
	EXPECT_EQ(0, query(&self->v, &plane));
	EXPECT_EQ(0, plane.width);
	ASSERT_TRUE(set_mode(&self->v, VBE(0), 640, 480, 65535));
	EXPECT_EQ(0, query(&self->v, &plane));
	EXPECT_EQ(0, plane.width);
}

/*
 * What can be done with the descriptor itself. It is for importers: exported
 * for reading only, mbochs does not let it be mapped.
 */
static bool dmabuf_works(int fd)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ };
	bool ret = lseek(fd, 0, SEEK_END) == MODE_SIZE;

	ret &= !ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
	sync.flags |= DMA_BUF_SYNC_END;
	return ret && !ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Descriptors of one dma-buf have this in common. */
static ino_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* The dma-buf of a plane has its size, wherever in the memory it starts. */
TEST_F(mbochs, dmabuf)
{
	static const int y[] = { 0, 8, 480, 1000 };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(y); i++) {
		fd = mode_dmabuf(&self->v, VBE(0), y[i]);
		ASSERT_LE(0, fd);
		EXPECT_TRUE(dmabuf_works(fd));
		EXPECT_EQ(MAP_FAILED, mmap(NULL, MODE_SIZE + PAGE, PROT_READ,
					   MAP_SHARED, fd, 0));
		close(fd);
	}
}

/* A client who goes through many modes gets a dma-buf of each. */
TEST_F(mbochs, dmabuf_many)
{
	int fd[40], i;

	for (i = 0; i < 40; i++) {
		fd[i] = mode_dmabuf(&self->v, VBE(0), 8 * i);
		ASSERT_LE(0, fd[i]);
	}
	for (i = 0; i < 40; i++) {
		EXPECT_TRUE(dmabuf_works(fd[i]));
		close(fd[i]);
	}
}

/* Two descriptors of one dma-buf are two references to it. */
TEST_F(mbochs, dmabuf_twice)
{
	struct vfio_device_gfx_plane_info plane;
	int first = mode_dmabuf(&self->v, VBE(0), 0);
	int second;

	ASSERT_LE(0, first);
	ASSERT_EQ(0, query(&self->v, &plane));
	second = get_dmabuf(&self->v, plane.dmabuf_id);
	ASSERT_LE(0, second);
	EXPECT_EQ(inode(first), inode(second));
	close(first);
	EXPECT_TRUE(dmabuf_works(second));
	close(second);

	/* given back by all, it can be had anew */
	second = get_dmabuf(&self->v, plane.dmabuf_id);
	EXPECT_LE(0, second);
	EXPECT_TRUE(dmabuf_works(second));
	close(second);
}

/* No dma-buf has this ID; a framebuffer off a page's start has none either. */
TEST_F(mbochs, dmabuf_refused)
{
	struct vfio_device_gfx_plane_info plane;

	EXPECT_GT(0, get_dmabuf(&self->v, 0));
	EXPECT_GT(0, get_dmabuf(&self->v, 1));
	EXPECT_GT(0, get_dmabuf(&self->v, 0xffffffff));
	EXPECT_EQ(-EFAULT, vfio_ioctl(&self->v, VFIO_DEVICE_GET_GFX_DMABUF, NULL));
	ASSERT_TRUE(set_mode(&self->v, VBE(0), 640, 480, 1));
	EXPECT_TRUE(query(&self->v, &plane) ||
		    get_dmabuf(&self->v, plane.dmabuf_id) < 0);
	EXPECT_TRUE(vfio_answers(&self->v, &sample_mbochs));
}

/* A dma-buf lives on when its device is closed, and when that is removed. */
TEST_F(mbochs, dmabuf_outlives_device)
{
	int fd = mode_dmabuf(&self->v, VBE(0), 0);

	ASSERT_LE(0, fd);
	vfio_close(&self->v);
	EXPECT_TRUE(dmabuf_works(fd));
	ASSERT_EQ(0, mdev_remove(self->uuid));
	EXPECT_TRUE(dmabuf_works(fd));
	EXPECT_EQ(-EAGAIN, module_unload("mbochs"));
	close(fd);
	ASSERT_EQ(0, mdev_create(&sample_mbochs, sample_mbochs.type, self->uuid));
}

/* The same with a next client in between, who gets a dma-buf of his own. */
TEST_F(mbochs, dmabuf_of_former_client)
{
	int old = mode_dmabuf(&self->v, VBE(0), 0);
	int new;

	ASSERT_LE(0, old);
	vfio_close(&self->v);
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	new = mode_dmabuf(&self->v, VBE(0), 0);
	ASSERT_LE(0, new);
	EXPECT_NE(inode(old), inode(new));
	EXPECT_TRUE(dmabuf_works(old));
	close(old);
	EXPECT_TRUE(dmabuf_works(new));
	vfio_close(&self->v);
	EXPECT_TRUE(dmabuf_works(new));
	close(new);
	EXPECT_EQ(0, vfio_open(&self->v, self->uuid));
}

#define EDID(field) (self->edid.offset + \
		     offsetof(struct vfio_region_gfx_edid, field))

/* A capability says that the region is for the EDID. */
TEST_F(mbochs, edid_capability)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type type;
	} r = { .info.argsz = sizeof(r), .info.index = self->edid.index };

	ASSERT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_GET_REGION_INFO, &r));
	ASSERT_TRUE(r.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	ASSERT_EQ(sizeof(r.info), r.info.cap_offset);
	EXPECT_EQ(VFIO_REGION_INFO_CAP_TYPE, r.type.header.id);
	EXPECT_EQ(0, r.type.header.next);
	EXPECT_EQ(VFIO_REGION_TYPE_GFX, r.type.type);
	EXPECT_EQ(VFIO_REGION_SUBTYPE_GFX_EDID, r.type.subtype);

	/* without room for it, only how much room it needs */
	ASSERT_EQ(0, vfio_region(&self->v, self->edid.index, &r.info));
	EXPECT_EQ(sizeof(r), r.info.argsz);
}

/* A blob written to the region is what the guest reads, link up and down. */
TEST_F(mbochs, edid)
{
	__u32 blob = vfio_read32(&self->v, EDID(edid_offset));
	__u32 max = vfio_read32(&self->v, EDID(edid_max_size));
	__u8 out[256], in[256];
	unsigned int i;

	ASSERT_LE(sizeof(struct vfio_region_gfx_edid), blob);
	ASSERT_LE(sizeof(out), max);
	ASSERT_LE(blob + max, self->edid.size);
	EXPECT_EQ(800, vfio_read32(&self->v, EDID(max_xres)));
	EXPECT_EQ(600, vfio_read32(&self->v, EDID(max_yres)));

	for (i = 0; i < sizeof(out); i++)
		out[i] = 255 - i;
	vfio_write32(&self->v, EDID(link_state), VFIO_DEVICE_GFX_LINK_STATE_DOWN);
	vfio_write32(&self->v, EDID(edid_size), sizeof(out));
	ASSERT_EQ(sizeof(out), vfio_write(&self->v, self->edid.offset + blob,
					  out, sizeof(out)));
	EXPECT_EQ(sizeof(out), vfio_read32(&self->v, EDID(edid_size)));
	ASSERT_EQ(sizeof(in), vfio_read(&self->v, self->edid.offset + blob, in,
					sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));

	ASSERT_EQ(sizeof(in), vfio_read(&self->v, self->mmio.offset, in,
					sizeof(in)));
	for (i = 0; i < sizeof(in); i++)
		ASSERT_EQ(0, in[i]);
	vfio_write32(&self->v, EDID(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	EXPECT_EQ(VFIO_DEVICE_GFX_LINK_STATE_UP,
		  vfio_read32(&self->v, EDID(link_state)));
	ASSERT_EQ(sizeof(in), vfio_read(&self->v, self->mmio.offset, in,
					sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
}

/* What is only to be read stays; a size above the maximum shows nothing more. */
TEST_F(mbochs, edid_limits)
{
	__u32 blob = vfio_read32(&self->v, EDID(edid_offset));
	__u32 max = vfio_read32(&self->v, EDID(edid_max_size));
	__u8 in[1024 + 8];
	unsigned int i;

	vfio_write32(&self->v, EDID(edid_offset), 0);
	vfio_write32(&self->v, EDID(edid_max_size), 0xffffffff);
	vfio_write32(&self->v, EDID(max_xres), 1);
	EXPECT_EQ(blob, vfio_read32(&self->v, EDID(edid_offset)));
	EXPECT_EQ(max, vfio_read32(&self->v, EDID(edid_max_size)));
	EXPECT_EQ(800, vfio_read32(&self->v, EDID(max_xres)));

	vfio_write32(&self->v, EDID(edid_size), 0xffffffff);
	vfio_write32(&self->v, EDID(link_state), VFIO_DEVICE_GFX_LINK_STATE_UP);
	vfio_read(&self->v, self->mmio.offset, in, sizeof(in));
	for (i = 0; i < 8; i++)
		vfio_read(&self->v, self->mmio.offset + max - i, in, i);
	/* the ends of the registers and of the blob, within the region */
	for (i = 0; i < 8; i++) {
		vfio_read(&self->v, self->edid.offset + i +
			  sizeof(struct vfio_region_gfx_edid) - 4, in, 8);
		vfio_read(&self->v, self->edid.offset + blob + max - i, in, 8);
		vfio_write(&self->v, self->edid.offset + blob + max - i, in, 8);
	}
	EXPECT_TRUE(vfio_answers(&self->v, &sample_mbochs));
}

TEST_HARNESS_MAIN
