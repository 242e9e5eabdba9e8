// SPDX-License-Identifier: GPL-2.0
/*
 * What scripts written for the one driver dsa rely on. These cases pass on
 * Linux 5.10 as it was, where that driver did all the work, and have to pass
 * wherever its files are kept.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "dsa.h"

FIXTURE(old)
{
	bool ready;
};

FIXTURE_SETUP(old)
{
	ASSERT_EQ(0, dsa_setup());
	ASSERT_TRUE(dsa_has(WAY_COMPAT));
	/* 5.10 lost completions that came before the descriptor was listed */
	ASSERT_EQ(0, sim_latency(20 * LATENCY_US));
	ASSERT_EQ(0, dsa_configure());
	self->ready = true;
}

FIXTURE_TEARDOWN(old)
{
	if (self->ready)
		EXPECT_EQ(0, dsa_reset());
	/* no taint is looked for: 5.10 warned at each unbind, with lockdep */
}

static int bind(const char *name)
{
	return enable(WAY_COMPAT, name);
}

static int unbind(const char *name)
{
	return disable(WAY_COMPAT, name);
}

/* The device, then its queues; then back in any order. */
TEST_F(old, enable_and_disable)
{
	ASSERT_EQ(0, bind(DEVICE));
	EXPECT_TRUE(enabled(DEVICE));
	ASSERT_EQ(0, bind(WQ_KERNEL));
	ASSERT_EQ(0, bind(WQ_USER));
	ASSERT_EQ(0, bind(WQ_KERNEL2));
	EXPECT_TRUE(enabled(WQ_KERNEL));
	EXPECT_TRUE(enabled(WQ_USER));
	EXPECT_TRUE(enabled(WQ_KERNEL2));
	ASSERT_EQ(0, unbind(WQ_USER));
	EXPECT_TRUE(disabled(WQ_USER));
	ASSERT_EQ(0, unbind(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_TRUE(enabled(WQ_KERNEL2));
	ASSERT_EQ(0, unbind(DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
	EXPECT_TRUE(disabled(WQ_KERNEL2));
}

/* echo(1) ends its line, and what it writes counts as written. */
TEST_F(old, with_a_newline)
{
	ASSERT_EQ(0, store(DEVICE "\n", DRIVERS "/dsa/bind"));
	ASSERT_EQ(0, store(WQ_KERNEL "\n", DRIVERS "/dsa/bind"));
	EXPECT_TRUE(enabled(WQ_KERNEL));
	ASSERT_EQ(0, store(WQ_KERNEL "\n", DRIVERS "/dsa/unbind"));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	ASSERT_EQ(0, store(DEVICE "\n", DRIVERS "/dsa/unbind"));
	EXPECT_TRUE(disabled(DEVICE));
}

/* What cannot be, is refused, whatever the errno, and nothing is bound. */
TEST_F(old, refused)
{
	static const char * const never[] = {
		"engine0.0", "group0.0", "wq0.99", "nonsense",
	};
	int i;

	EXPECT_GT(0, bind(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_GT(0, unbind(WQ_KERNEL));
	EXPECT_GT(0, unbind(DEVICE));
	for (i = 0; i < ARRAY_SIZE(never); i++) {
		EXPECT_GT(0, bind(never[i]));
		EXPECT_GT(0, unbind(never[i]));
	}
	EXPECT_STREQ("", driver_of("engine0.0"));
	EXPECT_STREQ("", driver_of("group0.0"));

	ASSERT_EQ(0, bind(DEVICE));
	EXPECT_GT(0, bind(DEVICE));
	ASSERT_EQ(0, bind(WQ_KERNEL));
	EXPECT_GT(0, bind(WQ_KERNEL));
	EXPECT_TRUE(enabled(WQ_KERNEL));
	ASSERT_EQ(0, set(WQ_KERNEL2, "group_id", "-1"));
	EXPECT_GT(0, bind(WQ_KERNEL2));
	EXPECT_TRUE(disabled(WQ_KERNEL2));
}

/* A device without configuration is refused, and later enabled. */
TEST_F(old, not_configured)
{
	ASSERT_EQ(0, dsa_reset());
	EXPECT_GT(0, bind(DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
	ASSERT_EQ(0, dsa_configure());
	EXPECT_EQ(0, bind(DEVICE));
	EXPECT_TRUE(enabled(DEVICE));
}

/* A kernel queue with the known name gives a channel for copies. */
TEST_F(old, kernel_queue)
{
	struct copies c = { .threads = 1, .each = 50, .size = 512 };

	ASSERT_EQ(0, bind(DEVICE));
	ASSERT_EQ(0, bind(WQ_KERNEL));
	EXPECT_EQ(1, entries("/sys/class/dma"));
	EXPECT_EQ(0, dmatest(&c, 1));
	ASSERT_EQ(0, unbind(WQ_KERNEL));
	EXPECT_EQ(0, entries("/sys/class/dma"));
}

/* A user queue is a device file, whose number sysfs tells. */
TEST_F(old, user_queue)
{
	struct portal p;

	ASSERT_EQ(0, bind(DEVICE));
	ASSERT_EQ(0, bind(WQ_USER));
	EXPECT_TRUE(exists("/dev/dsa/" WQ_USER));
	EXPECT_TRUE(has(WQ_USER, "cdev_minor", "0"));
	ASSERT_EQ(0, portal_open(&p, WQ_USER));
	EXPECT_TRUE(has(WQ_USER, "clients", "1"));
	EXPECT_EQ(0, portal_copy(&p));
	portal_close(&p);
	EXPECT_TRUE(has(WQ_USER, "clients", "0"));
	ASSERT_EQ(0, unbind(WQ_USER));
	EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));
}

/* While a device is enabled its module stays. */
TEST_F(old, module_in_use)
{
	ASSERT_EQ(0, bind(DEVICE));
	EXPECT_LT(0, module_users("idxd"));
	EXPECT_EQ(-EWOULDBLOCK, module_unload("idxd"));
	EXPECT_TRUE(enabled(DEVICE));
}

/* What a disabled device forgets, and what it keeps */
TEST_F(old, forgets)
{
	ASSERT_EQ(0, bind(DEVICE));
	ASSERT_EQ(0, unbind(DEVICE));
	EXPECT_TRUE(has(WQ_KERNEL, "type", "none"));
	EXPECT_TRUE(has(WQ_KERNEL, "size", "0"));
	EXPECT_TRUE(has(WQ_KERNEL, "group_id", "-1"));
	EXPECT_TRUE(has("engine0.0", "group_id", "0"));
	EXPECT_TRUE(has("engine0.1", "group_id", "1"));
}

/* Attributes of a device and a queue that are in use are fixed. */
TEST_F(old, attributes)
{
	EXPECT_EQ(-EINVAL, set(WQ_KERNEL, "type", "mdev"));
	EXPECT_EQ(-EINVAL, set(WQ_KERNEL, "mode", "shared"));
	EXPECT_EQ(-EINVAL, set(WQ_KERNEL, "size", "100000"));
	EXPECT_EQ(-EINVAL, set(WQ_KERNEL, "group_id", "99"));
	EXPECT_EQ(-EINVAL, set(WQ_KERNEL, "priority", "16"));
	EXPECT_EQ(-EINVAL, set("engine0.0", "group_id", "99"));
	ASSERT_EQ(0, bind(DEVICE));
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "size", "4"));
	EXPECT_EQ(0, set(WQ_KERNEL, "priority", "2"));
	ASSERT_EQ(0, bind(WQ_KERNEL));
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "priority", "3"));
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "type", "user"));
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "name", "other"));
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "group_id", "1"));
	EXPECT_TRUE(has(WQ_KERNEL, "priority", "2"));
}

TEST_HARNESS_MAIN
