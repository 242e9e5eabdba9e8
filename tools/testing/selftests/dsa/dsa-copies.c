// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's use of a work queue: dmatest's threads copy through the channel
 * of each, at once, and again after it was unbound and bound; a queue that is
 * unbound under them ends their copies and takes the channel away.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "dsa.h"

FIXTURE(copies)
{
	enum way way;
	bool ready;
};

FIXTURE_VARIANT(copies)
{
	enum way way;
};

FIXTURE_VARIANT_ADD(copies, compat)
{
	.way = WAY_COMPAT,
};

FIXTURE_VARIANT_ADD(copies, driver)
{
	.way = WAY_DRIVER,
};

FIXTURE_SETUP(copies)
{
	ASSERT_EQ(0, dsa_setup());
	if (!dsa_has(variant->way))
		SKIP(return, "this kernel has no such driver");
	self->way = variant->way;
	ASSERT_EQ(0, dsa_configure());
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	self->ready = true;
}

FIXTURE_TEARDOWN(copies)
{
	if (!self->ready)
		return;
	EXPECT_EQ(0, dsa_reset());
	EXPECT_EQ(0, entries("/sys/class/dma"));
	EXPECT_FALSE(warned());
}

/* Ten thousand copies by four threads, and again after unbind and bind. */
TEST_F_TIMEOUT(copies, ten_thousand, 240)
{
	struct copies c = { .threads = 4, .each = 2500, .size = 512 };

	if (!self->ready)
		return;
	/* once is enough: what copies is the same */
	if (self->way == WAY_COMPAT && dsa_has(WAY_DRIVER))
		c.each = 50;
	ASSERT_EQ(0, dmatest(&c, 1));
	ASSERT_EQ(0, disable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	EXPECT_EQ(0, dmatest(&c, 1));
}

/* Done before the submitter's next instruction, or long after */
TEST_F_TIMEOUT(copies, latencies, 240)
{
	static const int us[] = { 0, 10, 2000 };
	struct copies c = { .threads = 4, .each = 50, .size = 256 };
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(us); i++) {
		ASSERT_EQ(0, sim_latency(us[i]));
		EXPECT_EQ(0, dmatest(&c, 1));
	}
}

/* The device unbound and bound, too */
TEST_F_TIMEOUT(copies, device_again, 120)
{
	struct copies c = { .threads = 2, .each = 30, .size = 512 };
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, dmatest(&c, 1));
		ASSERT_EQ(0, disable(self->way, DEVICE));
		ASSERT_EQ(0, entries("/sys/class/dma"));
		ASSERT_EQ(0, dsa_configure());
		ASSERT_EQ(0, enable(self->way, DEVICE));
		ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	}
}

/*
 * Two queues of two groups at once. A thread may hold a second descriptor when
 * the first was reported to it and is not yet free: half as many as there are.
 */
TEST_F_TIMEOUT(copies, two_channels, 120)
{
	struct copies c = { .threads = 4, .each = 20, .size = 512 };

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL2));
	ASSERT_EQ(2, entries("/sys/class/dma"));
	EXPECT_EQ(0, dmatest(&c, 2));
}

/* Whatever its name is, a kernel queue gives a channel. */
TEST_F_TIMEOUT(copies, any_name, 120)
{
	struct copies c = { .threads = 1, .each = 20, .size = 512 };

	if (!self->ready)
		return;
	ASSERT_EQ(0, set(WQ_KERNEL2, "name", "anything"));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL2));
	ASSERT_EQ(2, entries("/sys/class/dma"));
	EXPECT_EQ(0, dmatest(&c, 2));
}

static int disable_it(void *way)
{
	return disable(*(enum way *)way, WQ_KERNEL);
}

/* Unbound under the copies: they end, the channel goes, a new one works. */
TEST_F_TIMEOUT(copies, unbound_meanwhile, 240)
{
	struct copies endless = { .threads = 4, .each = 0, .size = 1024 };
	struct copies c = { .threads = 4, .each = 10, .size = 512 };
	int i;

	if (!self->ready)
		return;
	console_quiet(true);	/* each copy that fails has its line */
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, dmatest_start(&endless));
		usleep(20000 * i);
		ASSERT_EQ(0, finish(start(disable_it, &self->way),
				    3 * PATIENCE_MS));
		ASSERT_TRUE(disabled(WQ_KERNEL));
		ASSERT_EQ(0, dmatest_stop());
		EXPECT_EQ(0, entries("/sys/class/dma"));
		ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
		EXPECT_EQ(0, dmatest(&c, 1));
	}
	console_quiet(false);
}

TEST_HARNESS_MAIN
