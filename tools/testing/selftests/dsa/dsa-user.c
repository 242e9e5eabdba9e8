// SPDX-License-Identifier: GPL-2.0
/*
 * A queue for user space: its file opened, its portal mapped, descriptors
 * submitted. The portal is gone when the queue is.
 */
#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "../kselftest_harness.h"
#include "dsa.h"

#define UNCONFINED	"/sys/module/idxd/parameters/user_unconfined"

FIXTURE(user)
{
	enum way way;
	struct portal p;
	bool ready;
};

FIXTURE_VARIANT(user)
{
	enum way way;
};

FIXTURE_VARIANT_ADD(user, compat)
{
	.way = WAY_COMPAT,
};

FIXTURE_VARIANT_ADD(user, driver)
{
	.way = WAY_DRIVER,
};

FIXTURE_SETUP(user)
{
	self->p = (struct portal){ .fd = -1 };
	ASSERT_EQ(0, dsa_setup());
	if (!dsa_has(variant->way))
		SKIP(return, "this kernel has no such driver");
	self->way = variant->way;
	ASSERT_EQ(0, dsa_configure());
	ASSERT_EQ(0, enable(self->way, DEVICE));
	self->ready = true;
}

FIXTURE_TEARDOWN(user)
{
	if (!self->ready)
		return;
	portal_close(&self->p);
	EXPECT_EQ(0, dsa_reset());
	EXPECT_FALSE(warned());
}

/* Copies, one after the other, by one client after the other */
TEST_F(user, copies)
{
	int i, j;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
		EXPECT_TRUE(has(WQ_USER, "clients", "1"));
		for (j = 0; j < 20; j++)
			ASSERT_EQ(0, portal_copy(&self->p));
		portal_close(&self->p);
		EXPECT_TRUE(has(WQ_USER, "clients", "0"));
	}
}

/* A dedicated queue has one client. */
TEST_F(user, one_client)
{
	struct portal second;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	EXPECT_EQ(-EBUSY, portal_open(&second, WQ_USER));
	EXPECT_EQ(0, portal_copy(&self->p));
	portal_close(&self->p);
	EXPECT_EQ(0, portal_open(&self->p, WQ_USER));
}

/* One page is all there is of a portal. */
TEST_F(user, mappings)
{
	long size = sysconf(_SC_PAGESIZE);
	void *more;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	more = mmap(NULL, 2 * size, PROT_WRITE, MAP_SHARED, self->p.fd, 0);
	EXPECT_EQ(MAP_FAILED, more);
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, portal_copy(&self->p));
}

/* Nobody hands out DMA to all memory unless he was told to. */
TEST_F(user, refused)
{
	int log;

	if (!self->ready)
		return;
	if (!exists(UNCONFINED))
		SKIP(return, "this kernel asks nobody");
	log = log_open();
	ASSERT_EQ(0, store("0", UNCONFINED));
	EXPECT_EQ(-EPERM, enable(self->way, WQ_USER));
	EXPECT_TRUE(disabled(WQ_USER));
	EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));
	EXPECT_EQ(1, log_count(log, "user_unconfined"));
	close(log);
	EXPECT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, store("1", UNCONFINED));
	EXPECT_EQ(0, enable(self->way, WQ_USER));
	/* what is bound stays bound */
	ASSERT_EQ(0, store("0", UNCONFINED));
	EXPECT_EQ(0, portal_open(&self->p, WQ_USER));
	EXPECT_EQ(0, portal_copy(&self->p));
	EXPECT_EQ(0, store("1", UNCONFINED));
}

/* Where an IOMMU confines the device nobody is asked; in passthrough it does not. */
TEST_F(user, confined)
{
	static const char * const iommu[] = { "iommu=identity", "iommu=dma" };
	int i;

	if (!self->ready)
		return;
	if (!exists(UNCONFINED))
		SKIP(return, "this kernel asks nobody");
	for (i = 0; i < ARRAY_SIZE(iommu); i++) {
		ASSERT_EQ(0, dsa_unload());
		ASSERT_EQ(0, module_unload("dsa_sim"));
		ASSERT_EQ(0, module_load("dsa_sim", iommu[i]));
		ASSERT_EQ(0, dsa_setup());
		ASSERT_EQ(0, store("0", UNCONFINED));
		ASSERT_EQ(0, dsa_configure());
		ASSERT_EQ(0, enable(self->way, DEVICE));
		EXPECT_EQ(i ? 0 : -EPERM, enable(self->way, WQ_USER));
		EXPECT_TRUE(i ? enabled(WQ_USER) : disabled(WQ_USER));
	}
	/* all others are without */
	ASSERT_EQ(0, dsa_unload());
	ASSERT_EQ(0, module_unload("dsa_sim"));
	ASSERT_EQ(0, dsa_setup());
}

/* An open file and a mapping of a queue that was disabled do nothing more. */
TEST_F(user, disabled_while_open)
{
	struct pollfd pollfd = { .events = POLLIN };
	long size = sysconf(_SC_PAGESIZE);
	void *again;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, portal_touch(&self->p));
	ASSERT_EQ(0, disable(self->way, WQ_USER));
	EXPECT_TRUE(disabled(WQ_USER));
	EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));

	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	again = mmap(NULL, size, PROT_WRITE, MAP_SHARED, self->p.fd, 0);
	EXPECT_EQ(MAP_FAILED, again);
	EXPECT_EQ(ENODEV, errno);
	pollfd.fd = self->p.fd;
	ASSERT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_TRUE(pollfd.revents & (POLLHUP | POLLERR));
}

/* Nor when the queue is enabled again, for another user. */
TEST_F(user, enabled_again)
{
	struct portal next;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, disable(self->way, WQ_USER));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	EXPECT_TRUE(has(WQ_USER, "clients", "0"));

	ASSERT_EQ(0, portal_open(&next, WQ_USER));
	EXPECT_EQ(0, portal_copy(&next));
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	EXPECT_TRUE(has(WQ_USER, "clients", "1"));
	/* the old user's end is not that of the new one */
	portal_close(&self->p);
	EXPECT_TRUE(has(WQ_USER, "clients", "1"));
	EXPECT_EQ(-EBUSY, portal_open(&self->p, WQ_USER));
	EXPECT_EQ(0, portal_copy(&next));
	portal_close(&next);
	EXPECT_TRUE(has(WQ_USER, "clients", "0"));
}

/* Nor when it was given to the kernel, whose copies all are right. */
TEST_F_TIMEOUT(user, given_to_the_kernel, 120)
{
	struct copies c = { .threads = 2, .each = 20, .size = 512 };

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, disable(self->way, WQ_USER));
	ASSERT_EQ(0, set(WQ_USER, "type", "kernel"));
	ASSERT_EQ(0, set(WQ_USER, "name", "dmaengine"));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	EXPECT_EQ(0, dmatest(&c, 1));
	portal_close(&self->p);
	EXPECT_EQ(0, dmatest(&c, 1));
	EXPECT_TRUE(enabled(WQ_USER));
}

/* The file outlives the queue, the device and its PCI function. */
TEST_F(user, file_outlives_all)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, disable(self->way, DEVICE));
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	ASSERT_EQ(0, pci_driver("unbind"));
	EXPECT_FALSE(exists(DEVICES "/" DEVICE));
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	EXPECT_EQ(-EWOULDBLOCK, module_unload("idxd"));
	ASSERT_EQ(0, pci_driver("bind"));
	portal_close(&self->p);
	ASSERT_EQ(0, dsa_configure());
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	EXPECT_EQ(0, portal_copy(&self->p));
}

TEST_HARNESS_MAIN
