// SPDX-License-Identifier: GPL-2.0
/*
 * device_driver_attach() while somebody else binds, unbinds or removes what it
 * works on. Its return codes are those of driver-attach-test.c.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/sched.h>
#include "../base.h"
#include "test-bus.h"

/* Of each test: a device, and a driver that binds it. */
static struct {
	struct test_device *dev;
	struct test_driver *a;
} fx;

static int race_test_init(struct kunit *test)
{
	int ret = test_bus_init(test);

	if (ret)
		return ret;
	fx.dev = test_device_add(test, "");
	fx.a = test_driver_add(test, "a");
	return 0;
}

/* A thread that attaches again and again, each time it is told to. */
struct rival {
	struct test_thread *thread;
	struct test_driver *tdrv;
	struct test_device *tdev;
	struct completion go, ready, over;
	bool stop;
	unsigned int rounds;
	int ret;
};

static int rival_run(void *arg)
{
	struct rival *rival = arg;

	for (;;) {
		if (!wait_for_completion_timeout(&rival->go, TEST_TIMEOUT))
			return -ETIMEDOUT;
		if (rival->stop)
			return 0;
		complete(&rival->ready);
		/* Be late every other time, on one processor, too. */
		if (rival->rounds++ & 1)
			schedule();
		rival->ret = device_driver_attach(&rival->tdrv->drv,
						  &rival->tdev->dev);
		complete(&rival->over);
	}
}

static struct rival *rival_start(struct kunit *test)
{
	struct test_bus *bus = test->priv;
	struct rival *rival;

	rival = kunit_kzalloc(test, sizeof(*rival), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rival);
	rival->thread = &bus->threads[0];
	rival->tdrv = fx.a;
	rival->tdev = fx.dev;
	init_completion(&rival->go);
	init_completion(&rival->ready);
	init_completion(&rival->over);
	test_thread_start(test, rival->thread, rival_run, rival);
	return rival;
}

static void rival_go(struct kunit *test, struct rival *rival)
{
	complete(&rival->go);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&rival->ready,
							    TEST_TIMEOUT) > 0);
}

static int rival_result(struct kunit *test, struct rival *rival)
{
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&rival->over,
							    TEST_TIMEOUT) > 0);
	return rival->ret;
}

static void rival_stop(struct kunit *test, struct rival *rival)
{
	rival->stop = true;
	complete(&rival->go);
	KUNIT_EXPECT_EQ(test, test_thread_join(test, rival->thread), 0);
}

/* Let the other thread run in the midst of it, on one processor, too. */
static void pause_in_probe(struct device *dev)
{
	schedule();
}

/* Two attach at once, a thousand times: one is told 0, the other -EBUSY. */
static void two_attach_at_once_exactly_one_wins(struct kunit *test)
{
	struct test_driver *b = test_driver_add(test, "b");
	struct rival *rival = rival_start(test);
	struct device *dev = &fx.dev->dev;
	int round, mine, theirs, bad = 0;

	fx.a->in_probe = pause_in_probe;
	b->in_probe = pause_in_probe;
	for (round = 0; round < 1000; round++) {
		/* The same driver, and another. */
		struct test_driver *tdrv = round & 1 ? fx.a : b;
		struct device_driver *winner;

		rival_go(test, rival);
		mine = device_driver_attach(&tdrv->drv, dev);
		theirs = rival_result(test, rival);
		winner = mine ? &fx.a->drv : &tdrv->drv;
		if (min(mine, theirs) != -EBUSY || max(mine, theirs) != 0 ||
		    dev->driver != winner)
			bad++;
		device_release_driver(dev);
	}
	rival_stop(test, rival);
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_EQ(test,
			atomic_read(&fx.a->probes) + atomic_read(&b->probes),
			1000);
	KUNIT_EXPECT_PTR_EQ(test, dev_get_drvdata(&fx.dev->dev), (void *)NULL);
}

/* While the device is deleted: 0 or -ENODEV, and it ends without a driver. */
static void attach_while_device_deleted_leaves_it_unbound(struct kunit *test)
{
	struct rival *rival = rival_start(test);
	int round, ret;

	fx.a->in_probe = pause_in_probe;
	for (round = 0; round < 200; round++) {
		struct test_device *dev = test_device_add(test, "");

		rival->tdev = dev;
		rival_go(test, rival);
		device_del(&dev->dev);
		ret = rival_result(test, rival);
		KUNIT_EXPECT_TRUE(test, ret == 0 || ret == -ENODEV);
		KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver,
				    (struct device_driver *)NULL);
	}
	rival_stop(test, rival);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx.a->probes),
			atomic_read(&fx.a->removes));
}

/* While another driver is unregistered, the device is bound as ever. */
static void attach_while_other_driver_unregistered_binds(struct kunit *test)
{
	struct test_driver *b = test_driver_new(test, "b");
	struct rival *rival = rival_start(test);
	int round;

	/* Behind "b" on the bus in each round but the first. */
	rival->tdrv = fx.a;
	fx.a->in_probe = pause_in_probe;
	for (round = 0; round < 200; round++) {
		test_driver_unregister(fx.a);
		KUNIT_ASSERT_EQ(test, test_driver_register(b), 0);
		KUNIT_ASSERT_EQ(test, test_driver_register(fx.a), 0);
		rival_go(test, rival);
		test_driver_unregister(b);
		KUNIT_EXPECT_EQ(test, rival_result(test, rival), 0);
		KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &fx.a->drv);
		device_release_driver(&fx.dev->dev);
	}
	rival_stop(test, rival);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx.a->probes), 200);
}

/*
 * While the driver itself is unregistered: 0 or -EINVAL, and in either case the
 * device is without it when driver_unregister() returns.
 */
static void attach_while_driver_unregistered_leaves_unbound(struct kunit *test)
{
	struct rival *rival = rival_start(test);
	int round, ret, bad = 0;

	fx.a->in_probe = pause_in_probe;
	test_bus_mute(test->priv);
	for (round = 0; round < 200; round++) {
		rival_go(test, rival);
		test_driver_unregister(fx.a);
		if (fx.dev->dev.driver ||
		    atomic_read(&fx.a->probes) != atomic_read(&fx.a->removes))
			bad++;
		ret = rival_result(test, rival);
		if ((ret && ret != -EINVAL) || fx.dev->dev.driver)
			bad++;
		if (test_driver_register(fx.a))
			bad++;
	}
	rival_stop(test, rival);
	test_bus_unmute(test->priv);
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_PTR_EQ(test, dev_get_drvdata(&fx.dev->dev), (void *)NULL);
}

static DECLARE_COMPLETION(probe_entered);
static bool probe_over;

static void probe_slowly(struct device *dev)
{
	complete(&probe_entered);
	/* Time for the other thread to get to wait. */
	msleep(50);
	probe_over = true;
}

/* device_block_probing() waits for the probe of an attach under way. */
static void block_probing_waits_for_attach(struct kunit *test)
{
	struct rival *rival = rival_start(test);

	probe_over = false;
	fx.a->in_probe = probe_slowly;
	reinit_completion(&probe_entered);
	rival_go(test, rival);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&probe_entered,
							    TEST_TIMEOUT) > 0);
	device_block_probing();
	KUNIT_EXPECT_TRUE(test, probe_over);
	KUNIT_EXPECT_EQ(test, rival_result(test, rival), 0);
	rival_stop(test, rival);
}

static struct kunit_case driver_attach_race_cases[] = {
	KUNIT_CASE(two_attach_at_once_exactly_one_wins),
	KUNIT_CASE(attach_while_device_deleted_leaves_it_unbound),
	KUNIT_CASE(attach_while_other_driver_unregistered_binds),
	KUNIT_CASE(attach_while_driver_unregistered_leaves_unbound),
	KUNIT_CASE(block_probing_waits_for_attach),
	{}
};

static struct kunit_suite driver_attach_race_suite = {
	.name = "driver-attach-race",
	.init = race_test_init,
	.exit = test_bus_exit,
	.test_cases = driver_attach_race_cases,
};

kunit_test_suite(driver_attach_race_suite);

MODULE_LICENSE("GPL v2");
