// SPDX-License-Identifier: GPL-2.0
/*
 * What device_driver_claim() promises: the device is bound under a lock that
 * the caller holds, nothing of the driver or the bus is called, and a failure
 * leaves nothing.
 */
#include <linux/device.h>
#include <linux/kernfs.h>
#include "../base.h"
#include "test-bus.h"

/* Of each test: a device that is registered, and a driver that claims it. */
static struct {
	struct test_device *dev;
	struct test_driver *a;
} fx;

static int claim_test_init(struct kunit *test)
{
	int ret = test_bus_init(test);

	if (ret)
		return ret;
	fx.dev = test_device_add(test, "");
	fx.a = test_driver_add(test, "a");
	return 0;
}

static int claim(struct test_driver *tdrv, struct test_device *tdev)
{
	int ret;

	device_lock(&tdev->dev);
	ret = device_driver_claim(&tdrv->drv, &tdev->dev);
	device_unlock(&tdev->dev);
	return ret;
}

static bool has_link(struct kobject *kobj, const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get(kobj->sd, name);

	kernfs_put(kn);
	return kn;
}

static void expect_unbound(struct kunit *test, struct test_device *tdev)
{
	KUNIT_EXPECT_PTR_EQ(test, tdev->dev.driver,
			    (struct device_driver *)NULL);
	KUNIT_EXPECT_FALSE(test, device_is_bound(&tdev->dev));
	KUNIT_EXPECT_FALSE(test, has_link(&fx.a->drv.p->kobj,
					  dev_name(&tdev->dev)));
}

static void expect_bound(struct kunit *test, struct test_device *tdev)
{
	KUNIT_EXPECT_PTR_EQ(test, tdev->dev.driver, &fx.a->drv);
	KUNIT_EXPECT_TRUE(test, device_is_bound(&tdev->dev));
	KUNIT_EXPECT_TRUE(test, has_link(&tdev->dev.kobj, "driver"));
	KUNIT_EXPECT_TRUE(test, has_link(&fx.a->drv.p->kobj,
					 dev_name(&tdev->dev)));
}

/*
 * 0: bound, with neither match() nor dma_configure() nor probe(), which would
 * all refuse. Released like any other device.
 */
static void device_unbound_claim_binds_unprobed(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	fx.a->match_ret = 0;
	fx.a->probe_ret = -ENODEV;
	bus->dma_configure_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), 0);
	EXPECT_TRACE(test, "BIND, BOUND");
	expect_bound(test, fx.dev);

	device_release_driver(&fx.dev->dev);
	EXPECT_TRACE(test, "UNBIND, remove a, UNBOUND");
	expect_unbound(test, fx.dev);
}

/* -EBUSY, by whatever means and to whichever driver it was bound. */
static void device_bound_claim_returns_ebusy(struct kunit *test)
{
	struct test_driver *b = test_driver_add(test, "b");

	KUNIT_ASSERT_EQ(test, claim(fx.a, fx.dev), 0);
	test_bus_trace();
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim(b, fx.dev), -EBUSY);
	KUNIT_EXPECT_EQ(test, device_driver_attach(&b->drv, &fx.dev->dev),
			-EBUSY);
	EXPECT_TRACE(test, "");
	expect_bound(test, fx.dev);

	device_release_driver(&fx.dev->dev);
	KUNIT_ASSERT_EQ(test, device_driver_attach(&fx.a->drv, &fx.dev->dev),
			0);
	KUNIT_EXPECT_EQ(test, claim(b, fx.dev), -EBUSY);
	expect_bound(test, fx.dev);
}

/* -ENODEV: nobody would ever release it. */
static void device_deleted_claim_returns_enodev(struct kunit *test)
{
	device_del(&fx.dev->dev);
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), -ENODEV);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver,
			    (struct device_driver *)NULL);
}

/* -EINVAL: the device of another bus, or of none. */
static void device_of_no_bus_claim_returns_einval(struct kunit *test)
{
	struct bus_type *bus = fx.dev->dev.bus;

	fx.dev->dev.bus = NULL;
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), -EINVAL);
	fx.dev->dev.bus = bus;

	fx.a->drv.bus = NULL;
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), -EINVAL);
	fx.a->drv.bus = bus;
	EXPECT_TRACE(test, "");
	expect_unbound(test, fx.dev);
}

/* device_add() binds to the driver that has the claim, and probes nothing. */
static void device_not_added_claim_is_bound_by_add(struct kunit *test)
{
	struct test_bus *bus = test->priv;
	struct test_device *tdev = test_device_new(test, "2");

	KUNIT_EXPECT_EQ(test, claim(fx.a, tdev), 0);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_PTR_EQ(test, tdev->dev.driver, &fx.a->drv);
	KUNIT_EXPECT_EQ(test, claim(fx.a, tdev), -EBUSY);

	test_bus_set_autoprobe(bus, true);
	KUNIT_ASSERT_EQ(test, device_add(&tdev->dev), 0);
	EXPECT_TRACE(test, "BIND 2, BOUND 2");
	expect_bound(test, tdev);
}

static void claim_on_add(struct device *dev)
{
	struct test_bus *bus = to_test_bus(dev->bus);

	KUNIT_EXPECT_TRUE(bus->test, device_is_registered(dev));
	KUNIT_EXPECT_EQ(bus->test, claim(fx.a, to_test_device(dev)), 0);
	KUNIT_EXPECT_FALSE(bus->test, device_is_bound(dev));
}

/* In the midst of device_add() it is still too early for the links. */
static void device_not_ready_claim_is_bound_by_add(struct kunit *test)
{
	struct test_bus *bus = test->priv;
	struct test_device *tdev;

	bus->on_add = claim_on_add;
	test_bus_set_autoprobe(bus, true);
	tdev = test_device_add(test, "2");
	EXPECT_TRACE(test, "BIND 2, BOUND 2");
	expect_bound(test, tdev);
}

static int claim_and_release_on_uevent(struct device *dev,
				       struct kobj_uevent_env *env)
{
	/* This is for the event of device_add(): the release sends one, too. */
	dev->bus->uevent = NULL;
	claim_on_add(dev);
	device_release_driver(dev);
	return 0;
}

/* Released before device_add() has bound it: nothing is left to be bound. */
static void device_not_ready_release_unclaims(struct kunit *test)
{
	struct test_bus *bus = test->priv;
	struct test_device *tdev;

	bus->bus.uevent = claim_and_release_on_uevent;
	tdev = test_device_add(test, "2");
	EXPECT_TRACE(test, "UNBIND 2, remove a2, UNBOUND 2");
	expect_unbound(test, tdev);
	KUNIT_EXPECT_EQ(test, claim(fx.a, tdev), 0);
	expect_bound(test, tdev);
}

static ssize_t foreign_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "foreign\n");
}

static struct device_attribute foreign_driver =
	__ATTR(driver, 0444, foreign_show, NULL);

/* The errno of sysfs; without driver or links, and the next claim binds. */
static void links_fail_claim_leaves_nothing(struct kunit *test)
{
	struct device *dev = &fx.dev->dev;

	KUNIT_ASSERT_EQ(test, device_create_file(dev, &foreign_driver), 0);
	test_bus_mute(test->priv);
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), -EEXIST);
	test_bus_unmute(test->priv);
	EXPECT_TRACE(test, "BIND, NOT_BOUND");
	expect_unbound(test, fx.dev);

	device_remove_file(dev, &foreign_driver);
	KUNIT_EXPECT_EQ(test, claim(fx.a, fx.dev), 0);
	expect_bound(test, fx.dev);
}

/* From the probe of one device its driver claims another. */
static void claim_other(struct device *dev)
{
	struct test_bus *bus = to_test_bus(dev->bus);

	KUNIT_EXPECT_EQ(bus->test, claim(fx.a, fx.dev), 0);
}

static void device_claimed_in_probe_of_other_is_bound(struct kunit *test)
{
	struct test_device *main = test_device_add(test, "main");

	fx.a->in_probe = claim_other;
	KUNIT_EXPECT_EQ(test, device_driver_attach(&fx.a->drv, &main->dev), 0);
	EXPECT_TRACE(test, "BIND main, probe amain, BIND, BOUND, BOUND main");
	expect_bound(test, main);
	expect_bound(test, fx.dev);
}

/* The driver goes: the claimed device is unbound along with the others. */
static void driver_unregistered_releases_claimed(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, claim(fx.a, fx.dev), 0);
	test_bus_trace();
	test_driver_unregister(fx.a);
	EXPECT_TRACE(test, "UNBIND, remove a, UNBOUND");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver,
			    (struct device_driver *)NULL);
}

static struct kunit_case driver_claim_cases[] = {
	KUNIT_CASE(device_unbound_claim_binds_unprobed),
	KUNIT_CASE(device_bound_claim_returns_ebusy),
	KUNIT_CASE(device_deleted_claim_returns_enodev),
	KUNIT_CASE(device_of_no_bus_claim_returns_einval),
	KUNIT_CASE(device_not_added_claim_is_bound_by_add),
	KUNIT_CASE(device_not_ready_claim_is_bound_by_add),
	KUNIT_CASE(device_not_ready_release_unclaims),
	KUNIT_CASE(links_fail_claim_leaves_nothing),
	KUNIT_CASE(device_claimed_in_probe_of_other_is_bound),
	KUNIT_CASE(driver_unregistered_releases_claimed),
	{}
};

static struct kunit_suite driver_claim_suite = {
	.name = "driver-claim",
	.init = claim_test_init,
	.exit = test_bus_exit,
	.test_cases = driver_claim_cases,
};

kunit_test_suite(driver_claim_suite);

MODULE_LICENSE("GPL v2");
