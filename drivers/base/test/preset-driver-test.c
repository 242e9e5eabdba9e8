// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a device whose driver was set before device_add(): it is
 * bound, by the core, and nothing is probed.
 */
#include <linux/device.h>
#include <linux/sysfs.h>
#include "../base.h"
#include "test-bus.h"

static void add_with_driver(struct kunit *test, struct test_device *tdev,
			    struct test_driver *tdrv)
{
	tdev->dev.driver = &tdrv->drv;
	KUNIT_ASSERT_EQ(test, device_add(&tdev->dev), 0);
}

static void expect_bound_until_removed(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *tdev = test_device_new(test, "");
	struct device *dev = &tdev->dev;

	add_with_driver(test, tdev, a);
	EXPECT_TRACE(test, "BIND, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, &a->drv);
	device_lock(dev);
	KUNIT_EXPECT_TRUE(test, device_is_bound(dev));
	device_unlock(dev);

	device_del(dev);
	EXPECT_TRACE(test, "UNBIND, remove a, UNBOUND");
}

/* Bound, without a match and without a probe; removed as any other. */
static void driver_set_add_binds_without_probe(struct kunit *test)
{
	test_bus_set_autoprobe(test->priv, true);
	expect_bound_until_removed(test);
}

/* Nothing is searched for, so the bus need not probe by itself. */
static void driver_set_autoprobe_off_add_binds(struct kunit *test)
{
	test_bus_set_autoprobe(test->priv, false);
	expect_bound_until_removed(test);
}

/* The links cannot be made: it is added without a driver; none is tried. */
static void driver_set_link_fails_add_leaves_no_driver(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *other = test_device_new(test, "other");
	struct test_device *tdev = test_device_new(test, "");
	const char *name = dev_name(&tdev->dev);

	test_bus_set_autoprobe(test->priv, false);
	KUNIT_ASSERT_EQ(test, device_add(&other->dev), 0);
	KUNIT_ASSERT_EQ(test, sysfs_create_link(&a->drv.p->kobj,
						&other->dev.kobj, name), 0);
	test_bus_mute(test->priv);
	add_with_driver(test, tdev, a);
	test_bus_unmute(test->priv);
	EXPECT_TRACE(test, "BIND, NOT_BOUND");
	KUNIT_EXPECT_PTR_EQ(test, tdev->dev.driver,
			    (struct device_driver *)NULL);
	device_del(&tdev->dev);
	EXPECT_TRACE(test, "");
	sysfs_remove_link(&a->drv.p->kobj, name);
}

static struct kunit_case preset_driver_cases[] = {
	KUNIT_CASE(driver_set_add_binds_without_probe),
	KUNIT_CASE(driver_set_autoprobe_off_add_binds),
	KUNIT_CASE(driver_set_link_fails_add_leaves_no_driver),
	{}
};

static struct kunit_suite preset_driver_suite = {
	.name = "preset-driver",
	.init = test_bus_init,
	.exit = test_bus_exit,
	.test_cases = preset_driver_cases,
};

kunit_test_suite(preset_driver_suite);

MODULE_LICENSE("GPL v2");
