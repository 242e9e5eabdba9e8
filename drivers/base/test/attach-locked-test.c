// SPDX-License-Identifier: GPL-2.0
/*
 * What device_driver_attach_locked() does in another way than
 * device_driver_attach(), on the bus of the tests of that.
 */
#include <linux/device.h>
#include "../base.h"
#include "test-bus.h"

/* Of each test: a device with a parent, and a driver that binds it. */
static struct {
	struct test_device *parent;
	struct test_device *dev;
	struct test_driver *a;
} fx;

static int locked_test_init(struct kunit *test)
{
	int ret = test_bus_init(test);

	if (ret)
		return ret;
	fx.parent = test_device_add(test, "parent");
	fx.parent->hidden = true;
	fx.dev = test_device_new(test, "");
	fx.dev->dev.parent = &fx.parent->dev;
	KUNIT_ASSERT_EQ(test, device_add(&fx.dev->dev), 0);
	fx.a = test_driver_add(test, "a");
	return 0;
}

static void expect_attach(struct kunit *test, int wanted, const char *trace)
{
	KUNIT_ASSERT_TRUE(test, device_trylock(&fx.dev->dev));
	KUNIT_EXPECT_EQ(test, wanted,
			device_driver_attach_locked(&fx.a->drv, &fx.dev->dev));
	KUNIT_EXPECT_TRUE(test, mutex_is_locked(&fx.dev->dev.mutex));
	device_unlock(&fx.dev->dev);
	EXPECT_TRACE(test, trace);
}

/* It binds under the lock that the caller holds, and leaves it held. */
static void device_locked_attach_binds(struct kunit *test)
{
	expect_attach(test, 0, "BIND, probe a, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &fx.a->drv);
	expect_attach(test, -EBUSY, "");
}

/* The parent's lock is the caller's business as well. */
static void parent_locked_attach_binds(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	bus->bus.need_parent_lock = true;
	device_lock(&fx.parent->dev);
	expect_attach(test, 0, "BIND, probe a, BOUND");
	device_unlock(&fx.parent->dev);
}

/* Nothing is left of a failure, and its errno comes back. */
static void probe_fails_attach_locked_returns_its_errno(struct kunit *test)
{
	fx.a->probe_ret = -ENXIO;
	expect_attach(test, -ENXIO, "BIND, probe a, NOT_BOUND");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver,
			    (struct device_driver *)NULL);
	fx.a->probe_ret = -EPROBE_DEFER;
	expect_attach(test, -EPROBE_DEFER, "BIND, probe a, NOT_BOUND");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(fx.dev));
}

/* Where device_driver_attach() says -EPROBE_DEFER, this one binds. */
static void probing_blocked_attach_locked_binds(struct kunit *test)
{
	int ret;

	device_block_probing();
	ret = device_driver_attach(&fx.a->drv, &fx.dev->dev);
	KUNIT_EXPECT_EQ(test, ret, -EPROBE_DEFER);
	expect_attach(test, 0, "BIND, probe a, BOUND");
	device_unblock_probing();
	wait_for_device_probe();
}

/* A device that was removed is not bound. */
static void device_removed_attach_locked_returns_enodev(struct kunit *test)
{
	device_del(&fx.dev->dev);
	expect_attach(test, -ENODEV, "");
}

static struct kunit_case attach_locked_cases[] = {
	KUNIT_CASE(device_locked_attach_binds),
	KUNIT_CASE(parent_locked_attach_binds),
	KUNIT_CASE(probe_fails_attach_locked_returns_its_errno),
	KUNIT_CASE(probing_blocked_attach_locked_binds),
	KUNIT_CASE(device_removed_attach_locked_returns_enodev),
	{}
};

static struct kunit_suite attach_locked_suite = {
	.name = "driver-attach-locked",
	.init = locked_test_init,
	.exit = test_bus_exit,
	.test_cases = attach_locked_cases,
};

kunit_test_suite(attach_locked_suite);

MODULE_LICENSE("GPL v2");
