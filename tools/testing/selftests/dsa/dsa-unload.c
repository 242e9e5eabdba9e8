// SPDX-License-Identifier: GPL-2.0
/*
 * The module is unloaded, the PCI function removed, or its driver unbound
 * while a device is idle, enabled, open, at work or halted. Where the driver
 * can go it leaves nothing, where it is in use it stays whole; and afterwards
 * the device can be enabled and copies.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "dsa.h"

static int unload(void)
{
	module_unload("idxd_compat");
	return module_unload("idxd");
}

static int unload_back(void)
{
	return module_load("idxd", NULL);
}

static int unbind(void)
{
	return pci_driver("unbind");
}

static int unbind_back(void)
{
	return pci_driver("bind");
}

FIXTURE(unload)
{
	enum way way;
	struct portal p;
	int (*out)(void);
	int (*back)(void);
	bool halted;
	bool ready;
};

FIXTURE_VARIANT(unload)
{
	int (*out)(void);
	int (*back)(void);
	int in_use;		/* what is returned while it is in use */
};

FIXTURE_VARIANT_ADD(unload, module)
{
	.out = unload,
	.back = unload_back,
	.in_use = -EWOULDBLOCK,
};

FIXTURE_VARIANT_ADD(unload, function)
{
	.out = pci_remove,
	.back = pci_rescan,
};

FIXTURE_VARIANT_ADD(unload, driver)
{
	.out = unbind,
	.back = unbind_back,
};

FIXTURE_SETUP(unload)
{
	self->p = (struct portal){ .fd = -1 };
	ASSERT_EQ(0, dsa_setup());
	self->way = dsa_has(WAY_DRIVER) ? WAY_DRIVER : WAY_COMPAT;
	self->out = variant->out;
	self->back = variant->back;
	ASSERT_EQ(0, dsa_configure());
	if (variant->in_use && !exists("/sys/module/idxd/initstate"))
		SKIP(return, "idxd is built in");
	self->ready = true;
}

FIXTURE_TEARDOWN(unload)
{
	struct copies c = { .threads = 2, .each = 10, .size = 512 };

	if (!self->ready)
		return;
	portal_close(&self->p);
	/* what is halted does not come back before its reset */
	if (!exists(DEVICES "/" DEVICE) && !self->halted)
		EXPECT_EQ(0, self->back());
	EXPECT_EQ(0, dsa_setup());
	EXPECT_EQ(0, dsa_configure());
	EXPECT_EQ(0, enable(self->way, DEVICE));
	EXPECT_EQ(0, enable(self->way, WQ_KERNEL));
	EXPECT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_EQ(0, dmatest(&c, 1));
	EXPECT_EQ(0, dsa_reset());
	EXPECT_FALSE(warned());
}

static int call(void *fn)
{
	return ((int (*)(void))fn)();
}

/* In a process of its own, because it may never end */
static int out(int (*fn)(void))
{
	return finish(start(call, fn), 4 * PATIENCE_MS);
}

/* Nothing is enabled, and all goes. */
TEST_F_TIMEOUT(unload, idle, 100)
{
	if (!self->ready)
		return;
	EXPECT_EQ(0, out(self->out));
	EXPECT_FALSE(exists(DEVICES "/" DEVICE));
}

/* Enabled, and its queues, too: a module in use stays, a function goes. */
TEST_F_TIMEOUT(unload, enabled, 100)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(variant->in_use, out(self->out));
	if (variant->in_use) {
		EXPECT_TRUE(enabled(WQ_KERNEL));
		EXPECT_TRUE(enabled(WQ_USER));
		return;
	}
	EXPECT_FALSE(exists(DEVICES "/" DEVICE));
	EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));
	EXPECT_EQ(0, entries("/sys/class/dma"));
}

/* Open and mapped: the same, and the client's mapping is dead afterwards. */
TEST_F_TIMEOUT(unload, open, 100)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, portal_copy(&self->p));
	ASSERT_EQ(variant->in_use, out(self->out));
	if (variant->in_use) {
		EXPECT_EQ(0, portal_copy(&self->p));
		return;
	}
	EXPECT_FALSE(exists(DEVICES "/" DEVICE));
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
	if (exists("/sys/module/idxd/initstate"))
		EXPECT_EQ(-EWOULDBLOCK, module_unload("idxd"));
	/* the client goes only when the device is back, as another one */
	ASSERT_EQ(0, self->back());
	EXPECT_EQ(-EFAULT, portal_touch(&self->p));
}

/* Copying: what is under way ends, and the client's channel goes. */
TEST_F_TIMEOUT(unload, copying, 200)
{
	struct copies endless = { .threads = 4, .each = 0, .size = 1024 };

	if (!self->ready)
		return;
	console_quiet(true);	/* each copy that fails has its line */
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, dmatest_start(&endless));
	usleep(50000);
	EXPECT_EQ(variant->in_use, out(self->out));
	EXPECT_EQ(!!variant->in_use, exists(DEVICES "/" DEVICE));
	EXPECT_EQ(0, dmatest_stop());
	console_quiet(false);
}

/* Descriptors of a user under way, which nobody waits for */
TEST_F_TIMEOUT(unload, submitted, 100)
{
	int i;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, portal_touch(&self->p));
	EXPECT_EQ(variant->in_use, out(self->out));
}

/* Halted for good, its queues bound and one of them open */
TEST_F_TIMEOUT(unload, halted, 100)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, sim_fault("halt 1"));
	self->halted = true;
	ASSERT_TRUE(comes_to(DEVICE, "halted"));
	EXPECT_EQ(variant->in_use, out(self->out));
	EXPECT_EQ(!!variant->in_use, exists(DEVICES "/" DEVICE));
}

/* Halted, and about to be reset by the driver */
TEST_F_TIMEOUT(unload, resetting, 100)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, sim_fault("halt 0"));
	EXPECT_EQ(variant->in_use, out(self->out));
	EXPECT_EQ(!!variant->in_use, exists(DEVICES "/" DEVICE));
}

TEST_HARNESS_MAIN
