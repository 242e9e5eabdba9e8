// SPDX-License-Identifier: GPL-2.0
/*
 * What a walk over the drivers or the devices of a bus does: in which order it
 * asks, when it goes on and when it ends, what it returns, and which devices
 * are on the deferred list in the end. All of it is what others rely on.
 *
 * Probing on device_add() and driver_register() is off but where a test turns
 * it on. "Listed" means: on the list of deferred devices.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/slab.h>
#include "../base.h"
#include "test-bus.h"

/* --- device_attach(): a walk over the drivers --- */

/* No driver: 0, and nothing is called. */
static void device_without_drivers_attach_returns_0(struct kunit *test)
{
	struct test_device *dev = test_device_add(test, "");

	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* The first driver that matches and probes is bound; the walk ends with 1. */
static void device_attach_binds_first_match_and_returns_1(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	test_driver_add(test, "c");
	a->match_ret = 0;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 1);
	EXPECT_TRACE(test, "match a, match b, BIND, probe b, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &b->drv);
}

/* A bound device: 1, and nobody is asked. */
static void device_bound_attach_returns_1(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "");

	KUNIT_ASSERT_EQ(test, device_attach(&dev->dev), 1);
	test_bus_trace();
	test_driver_add(test, "b");

	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 1);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
}

/* A deleted device: 0, and nobody is asked. */
static void device_deleted_attach_returns_0(struct kunit *test)
{
	struct test_device *dev = test_device_add(test, "");

	test_driver_add(test, "a");
	device_del(&dev->dev);

	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	EXPECT_TRACE(test, "");
}

/* Drivers are asked in the order in which they were registered. */
static void device_attach_asks_in_order_of_registration(struct kunit *test)
{
	struct test_driver *c = test_driver_add(test, "c");
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	a->match_ret = 0;
	b->match_ret = 0;
	c->match_ret = 0;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	EXPECT_TRACE(test, "match c, match a, match b");
}

/* A failing probe does not end the walk: the next driver may do better. */
static void device_attach_goes_on_after_failed_probe(struct kunit *test)
{
	static const int errs[] = { -ENODEV, -ENXIO, -EIO, -EBUSY, -ENOMEM };
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");
	struct test_bus *bus = test->priv;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		a->probe_ret = errs[i];
		test_bus_mute(bus);
		ret = device_attach(&dev->dev);
		test_bus_unmute(bus);

		KUNIT_EXPECT_EQ(test, ret, 1);
		KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &b->drv);
		EXPECT_TRACE(test,
			     "match a, BIND, probe a, NOT_BOUND, match b, BIND, probe b, BOUND");
		KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
		device_release_driver(&dev->dev);
		EXPECT_TRACE(test, "UNBIND, remove b, UNBOUND");
	}
}

/*
 * A positive return of ->probe() is a failure like any other, and no value
 * that the walk gives to its caller.
 */
static void device_attach_goes_on_after_positive_probe(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");
	struct test_bus *bus = test->priv;
	int ret;

	a->probe_ret = EPROBE_DEFER;
	b->probe_ret = 2;
	test_bus_mute(bus);
	ret = device_attach(&dev->dev);
	test_bus_unmute(bus);

	KUNIT_EXPECT_EQ(test, ret, 0);
	EXPECT_TRACE(test,
		     "match a, BIND, probe a, NOT_BOUND, match b, BIND, probe b, NOT_BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, (struct device_driver *)NULL);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* All probes fail: 0, and the device is not listed. */
static void device_attach_all_probes_failed_returns_0(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	a->probe_ret = -ENODEV;
	b->probe_ret = -ENXIO;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	EXPECT_TRACE(test,
		     "match a, BIND, probe a, NOT_BOUND, match b, BIND, probe b, NOT_BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, (struct device_driver *)NULL);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* A driver that defers does not end the walk; once bound, nothing is listed. */
static void device_attach_first_defers_second_binds(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	a->probe_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 1);
	EXPECT_TRACE(test,
		     "match a, BIND, probe a, NOT_BOUND, match b, BIND, probe b, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &b->drv);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* A driver defers and no other binds: 0, and the device is listed. */
static void device_attach_probe_defers_lists_device(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	a->probe_ret = -EPROBE_DEFER;
	b->probe_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	EXPECT_TRACE(test,
		     "match a, BIND, probe a, NOT_BOUND, match b, BIND, probe b, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));

	device_del(&dev->dev);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* When any device is bound, the listed ones are tried again. */
static void device_listed_other_bound_is_probed_again(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "1");
	struct test_device *other = test_device_add(test, "2");
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	a->probe_ret = -EPROBE_DEFER;
	KUNIT_ASSERT_EQ(test, device_attach(&dev->dev), 0);
	KUNIT_ASSERT_TRUE(test, test_device_deferred(dev));

	a->probe_ret = 0;
	KUNIT_ASSERT_EQ(test, device_attach(&other->dev), 1);
	wait_for_device_probe();
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 3);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* Binds another device, which would try the listed ones again, then defers. */
static void bind_other_then_defer(struct device *dev)
{
	struct test_driver *tdrv = to_test_driver(dev->driver);
	struct test_bus *bus = to_test_bus(dev->bus);

	tdrv->probe_ret = 0;
	if (atomic_read(&tdrv->probes) > 1)
		return;
	KUNIT_EXPECT_EQ(bus->test, device_attach(bus->data), 1);
	tdrv->probe_ret = -EPROBE_DEFER;
}

/*
 * A device is bound while another is being probed that then defers. The one may
 * be what the other waits for, and nothing else may come: it is tried again.
 */
static void device_other_bound_in_probe_is_probed_again(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "1");
	struct test_device *other = test_device_add(test, "2");
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	bus->data = &other->dev;
	a->in_probe = bind_other_then_defer;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	wait_for_device_probe();
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 3);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* A missing supplier ends the walk: -EPROBE_DEFER, no probe, listed. */
static void device_attach_supplier_missing_lists_device(struct kunit *test)
{
	struct test_device *supplier = test_device_add(test, "s");
	struct test_device *dev = test_device_add(test, "");
	struct test_driver *a = test_driver_add(test, "a");
	struct test_bus *bus = test->priv;

	test_driver_add(test, "b");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device_link_add(&dev->dev,
							   &supplier->dev, 0));
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), -EPROBE_DEFER);
	EXPECT_TRACE(test, "match a");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));

	test_bus_set_autoprobe(bus, true);
	KUNIT_ASSERT_EQ(test, device_attach(&supplier->dev), 1);
	wait_for_device_probe();
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* Blocked probing ends the walk: -EPROBE_DEFER, no probe, listed. */
static void device_attach_probing_blocked_lists_device(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "");
	struct test_bus *bus = test->priv;

	test_driver_add(test, "b");
	device_block_probing();
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), -EPROBE_DEFER);
	EXPECT_TRACE(test, "match a");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));

	test_bus_set_autoprobe(bus, true);
	device_unblock_probing();
	wait_for_device_probe();
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
	EXPECT_TRACE(test, "match a, BIND, probe a, BOUND");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* What attach_in_notifier() got. */
struct early {
	int ret;
	bool deferred;
};

static void attach_in_notifier(struct device *dev)
{
	struct early *early = to_test_bus(dev->bus)->data;

	early->ret = device_attach(dev);
	early->deferred = test_device_deferred(to_test_device(dev));
}

/*
 * device_add() has not come far enough: -EPROBE_DEFER ends the walk, but the
 * device is not listed, because device_add() is about to probe it anyway.
 */
static void device_attach_not_ready_lists_nothing(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_new(test, "");
	struct test_bus *bus = test->priv;
	struct early early = { 0 };

	test_driver_add(test, "b");
	bus->data = &early;
	bus->on_add = attach_in_notifier;
	test_bus_set_autoprobe(bus, true);
	KUNIT_ASSERT_EQ(test, device_add(&dev->dev), 0);
	KUNIT_EXPECT_EQ(test, early.ret, -EPROBE_DEFER);
	KUNIT_EXPECT_FALSE(test, early.deferred);
	EXPECT_TRACE(test, "match a, match a, BIND, probe a, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
}

static int devres_released;

static void devres_release_count(struct device *dev, void *res)
{
	devres_released++;
}

static int add_devres(struct device *dev)
{
	void *res = devres_alloc(devres_release_count, 1, GFP_KERNEL);

	if (!res)
		return -ENOMEM;
	devres_released = 0;
	devres_add(dev, res);
	return 0;
}

/* Resources without a driver end the walk: -EBUSY, no probe, not listed. */
static void device_attach_resources_present_returns_ebusy(struct kunit *test)
{
	struct test_device *dev = test_device_add(test, "");
	struct test_bus *bus = test->priv;
	int ret;

	test_driver_add(test, "a");
	test_driver_add(test, "b");
	KUNIT_ASSERT_EQ(test, add_devres(&dev->dev), 0);
	test_bus_mute(bus);
	ret = device_attach(&dev->dev);
	test_bus_unmute(bus);

	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	EXPECT_TRACE(test, "match a");
	KUNIT_EXPECT_EQ(test, devres_released, 0);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* A match function that defers ends the walk: -EPROBE_DEFER, listed. */
static void device_attach_match_defers_lists_device(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "");

	test_driver_add(test, "b");
	a->match_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), -EPROBE_DEFER);
	EXPECT_TRACE(test, "match a");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));
}

/* A match function that fails ends the walk with its errno; not listed. */
static void device_attach_match_fails_returns_errno(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "");

	test_driver_add(test, "b");
	a->match_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), -ENOMEM);
	EXPECT_TRACE(test, "match a");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/*
 * A device that names its driver before it is added is marked as bound to it,
 * with neither match nor probe: 1.
 */
static void device_with_driver_set_attach_binds_unprobed(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_new(test, "");

	dev->dev.driver = &a->drv;
	KUNIT_ASSERT_EQ(test, device_add(&dev->dev), 0);
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 1);
	EXPECT_TRACE(test, "BIND, BOUND");
}

static void check_walk_locks(struct device *dev)
{
	bool *parent_locked = to_test_bus(dev->bus)->data;

	KUNIT_EXPECT_TRUE(to_test_bus(dev->bus)->test,
			  mutex_is_locked(&dev->mutex));
	*parent_locked = mutex_is_locked(&dev->parent->mutex);
}

/*
 * The device's lock is held in ->probe(). Where the bus needs that of the
 * parent, the caller of device_attach() takes it; driver_attach() does itself.
 */
static void device_walk_holds_locks(struct kunit *test)
{
	struct test_device *parent = test_device_add(test, "p");
	struct test_device *dev = test_device_new(test, "");
	struct test_driver *a = test_driver_add(test, "a");
	struct test_bus *bus = test->priv;
	bool parent_locked;

	parent->hidden = true;
	dev->dev.parent = &parent->dev;
	KUNIT_ASSERT_EQ(test, device_add(&dev->dev), 0);
	bus->data = &parent_locked;
	a->in_probe = check_walk_locks;
	a->probe_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	KUNIT_EXPECT_FALSE(test, parent_locked);

	bus->bus.need_parent_lock = true;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 0);
	KUNIT_EXPECT_FALSE(test, parent_locked);
	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	KUNIT_EXPECT_TRUE(test, parent_locked);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 3);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&dev->dev.mutex));
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&parent->dev.mutex));
}

static void acquire_in_probe(struct device *dev)
{
	dev_set_drvdata(dev, dev);
	KUNIT_EXPECT_EQ(to_test_bus(dev->bus)->test, add_devres(dev), 0);
}

/* After a failed probe resources and drvdata are gone; the next finds none. */
static void device_attach_failed_probe_leaves_nothing(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	a->in_probe = acquire_in_probe;
	a->probe_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 1);
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &b->drv);
	KUNIT_EXPECT_EQ(test, devres_released, 1);
	KUNIT_EXPECT_PTR_EQ(test, dev_get_drvdata(&dev->dev), (void *)NULL);
}

/* --- driver_attach(): a walk over the devices --- */

/* All devices are tried, in the order in which they were added: 0. */
static void driver_attach_binds_all_and_returns_0(struct kunit *test)
{
	struct test_device *one = test_device_add(test, "1");
	struct test_device *two = test_device_add(test, "2");
	struct test_driver *a = test_driver_add(test, "a");

	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	EXPECT_TRACE(test,
		     "match a1, BIND 1, probe a1, BOUND 1, match a2, BIND 2, probe a2, BOUND 2");
	KUNIT_EXPECT_PTR_EQ(test, one->dev.driver, &a->drv);
	KUNIT_EXPECT_PTR_EQ(test, two->dev.driver, &a->drv);
}

/* Bound devices are matched, but not probed. */
static void driver_attach_skips_bound_devices(struct kunit *test)
{
	struct test_device *one = test_device_add(test, "1");
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");

	KUNIT_ASSERT_EQ(test, device_attach(&one->dev), 1);
	test_device_add(test, "2");
	test_bus_trace();
	KUNIT_EXPECT_EQ(test, driver_attach(&b->drv), 0);
	EXPECT_TRACE(test, "match b1, match b2, BIND 2, probe b2, BOUND 2");
	KUNIT_EXPECT_PTR_EQ(test, one->dev.driver, &a->drv);
}

/* A probe that fails or defers is nothing to the other devices, nor to 0. */
static void driver_attach_goes_on_after_failed_probe(struct kunit *test)
{
	static const int errs[] = { -ENODEV, -EPROBE_DEFER, 1 };
	struct test_device *one = test_device_add(test, "1");
	struct test_device *two = test_device_add(test, "2");
	struct test_driver *a = test_driver_add(test, "a");
	struct test_bus *bus = test->priv;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		a->probe_ret = errs[i];
		test_bus_mute(bus);
		ret = driver_attach(&a->drv);
		test_bus_unmute(bus);

		KUNIT_EXPECT_EQ(test, ret, 0);
		EXPECT_TRACE(test,
			     "match a1, BIND 1, probe a1, NOT_BOUND 1, match a2, BIND 2, probe a2, NOT_BOUND 2");
		KUNIT_EXPECT_EQ(test, test_device_deferred(one), (bool)(i >= 1));
		KUNIT_EXPECT_EQ(test, test_device_deferred(two), (bool)(i >= 1));
	}
}

/* What the match function says of one device is nothing to the others. */
static void driver_attach_goes_on_after_failed_match(struct kunit *test)
{
	static const int errs[] = { -ENOMEM, -EPROBE_DEFER };
	struct test_device *one = test_device_add(test, "1");
	struct test_device *two = test_device_add(test, "2");
	struct test_driver *a = test_driver_add(test, "a");
	int i;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		a->match_ret = errs[i];
		KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
		EXPECT_TRACE(test, "match a1, match a2");
		KUNIT_EXPECT_EQ(test, test_device_deferred(one), (bool)(i == 1));
		KUNIT_EXPECT_EQ(test, test_device_deferred(two), (bool)(i == 1));
	}
}

/* Obstacles of one device are nothing to the others: listed as ever, and 0. */
static void driver_attach_goes_on_after_obstacle(struct kunit *test)
{
	struct test_device *supplier = test_device_add(test, "s");
	struct test_device *one = test_device_add(test, "1");
	struct test_device *two = test_device_add(test, "2");
	struct test_driver *a = test_driver_add(test, "a");

	supplier->hidden = true;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device_link_add(&one->dev,
							   &supplier->dev, 0));
	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	/* By binding 2 device 1 is moved off the list and tried again. */
	EXPECT_TRACE(test, "match a1, match a2, BIND 2, probe a2, BOUND 2");
	wait_for_device_probe();
	device_release_driver(&two->dev);

	KUNIT_EXPECT_PTR_EQ(test, one->dev.driver, (struct device_driver *)NULL);
	device_block_probing();
	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	KUNIT_EXPECT_TRUE(test, test_device_deferred(one));
	KUNIT_EXPECT_TRUE(test, test_device_deferred(two));
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 1);
}

/* --- the walks of device_add(), driver_register() and of userspace --- */

/* device_add() walks and succeeds, whatever came of it. */
static void device_add_probe_fails_returns_0(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *one = test_device_new(test, "1");
	struct test_device *two = test_device_new(test, "2");
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	a->probe_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, device_add(&one->dev), 0);
	EXPECT_TRACE(test, "match a1, BIND 1, probe a1, NOT_BOUND 1");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(one));

	a->probe_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, device_add(&two->dev), 0);
	EXPECT_TRACE(test, "match a2, BIND 2, probe a2, NOT_BOUND 2");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(two));
}

/* driver_register() walks and succeeds, whatever came of it. */
static void driver_register_probe_fails_returns_0(struct kunit *test)
{
	struct test_device *dev = test_device_add(test, "");
	struct test_driver *a = test_driver_new(test, "a");
	struct test_driver *b = test_driver_new(test, "b");
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	a->probe_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, test_driver_register(a), 0);
	EXPECT_TRACE(test, "match a, BIND, probe a, NOT_BOUND");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));

	b->probe_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, test_driver_register(b), 0);
	EXPECT_TRACE(test, "match b, BIND, probe b, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));
}

/* driver_unregister() unbinds, and the device is not offered to others. */
static void driver_unregister_unbinds_device(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "");

	test_driver_add(test, "b");
	KUNIT_ASSERT_EQ(test, device_attach(&dev->dev), 1);
	test_bus_trace();
	test_driver_unregister(a);
	EXPECT_TRACE(test, "UNBIND, remove a, UNBOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, (struct device_driver *)NULL);
}

/* An errno of device_attach() ends a rescan and is what it returns; 0 not. */
static void bus_rescan_ends_with_errno_of_attach(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_bus *bus = test->priv;

	test_device_add(test, "1");
	test_device_add(test, "2");
	a->probe_ret = -ENODEV;
	KUNIT_EXPECT_EQ(test, bus_rescan_devices(&bus->bus), 0);
	EXPECT_TRACE(test,
		     "match a1, BIND 1, probe a1, NOT_BOUND 1, match a2, BIND 2, probe a2, NOT_BOUND 2");

	device_block_probing();
	KUNIT_EXPECT_EQ(test, bus_rescan_devices(&bus->bus), -EPROBE_DEFER);
	EXPECT_TRACE(test, "match a1");
}

/* device_reprobe() unbinds and walks: 0 if the walk brought no errno. */
static void device_reprobe_walks_anew(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *dev = test_device_add(test, "");

	KUNIT_ASSERT_EQ(test, device_attach(&dev->dev), 1);
	test_bus_trace();
	a->match_ret = 0;
	KUNIT_EXPECT_EQ(test, device_reprobe(&dev->dev), 0);
	EXPECT_TRACE(test,
		     "UNBIND, remove a, UNBOUND, match a, match b, BIND, probe b, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &b->drv);
}

/*
 * device_add() tries those first that probe synchronously. Another is bound
 * after it, in another task, if none of them was.
 */
static void device_add_prefers_synchronous_driver(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_driver *b = test_driver_add(test, "b");
	struct test_device *one = test_device_new(test, "1");
	struct test_device *two = test_device_new(test, "2");
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	a->drv.probe_type = PROBE_PREFER_ASYNCHRONOUS;
	KUNIT_ASSERT_EQ(test, device_add(&one->dev), 0);
	EXPECT_TRACE(test, "match a1, match b1, BIND 1, probe b1, BOUND 1");

	b->probe_ret = -ENODEV;
	KUNIT_ASSERT_EQ(test, device_add(&two->dev), 0);
	wait_for_device_probe();
	EXPECT_TRACE(test,
		     "match a2, match b2, BIND 2, probe b2, NOT_BOUND 2, match a2, BIND 2, probe a2, BOUND 2");
	KUNIT_EXPECT_PTR_EQ(test, two->dev.driver, &a->drv);
	KUNIT_EXPECT_PTR_EQ(test, b->prober, current);
	KUNIT_EXPECT_PTR_NE(test, a->prober, current);
}

/* driver_attach() of a driver that prefers it probes in another task. */
static void driver_attach_asynchronous_probes_in_other_task(struct kunit *test)
{
	struct test_device *dev = test_device_add(test, "");
	struct test_driver *a = test_driver_add(test, "a");

	a->drv.probe_type = PROBE_PREFER_ASYNCHRONOUS;
	a->probe_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	wait_for_device_probe();
	EXPECT_TRACE(test, "match a, BIND, probe a, NOT_BOUND");
	KUNIT_EXPECT_PTR_NE(test, a->prober, current);
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));

	a->probe_ret = 0;
	KUNIT_EXPECT_EQ(test, driver_attach(&a->drv), 0);
	wait_for_device_probe();
	EXPECT_TRACE(test, "match a, BIND, probe a, BOUND");
	KUNIT_EXPECT_FALSE(test, test_device_deferred(dev));
}

/* device_attach() was asked for: it probes synchronously and says what came. */
static void device_attach_asynchronous_probes_in_caller(struct kunit *test)
{
	struct test_device *dev = test_device_add(test, "");
	struct test_driver *a = test_driver_add(test, "a");

	a->drv.probe_type = PROBE_PREFER_ASYNCHRONOUS;
	KUNIT_EXPECT_EQ(test, device_attach(&dev->dev), 1);
	KUNIT_EXPECT_PTR_EQ(test, a->prober, current);
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver, &a->drv);
}

/* --- device_block_probing() --- */

struct fence {
	struct completion in_probe;
	bool deferred;
};

static void defer_slowly(struct device *dev)
{
	struct fence *fence = to_test_bus(dev->bus)->data;

	complete(&fence->in_probe);
	/* Time for the other thread to get to wait. */
	msleep(50);
}

static int attach(void *dev)
{
	return device_attach(dev);
}

/*
 * device_block_probing() returns after the probes that were under way, and
 * after their entries on the list.
 */
static void block_probing_waits_for_probe_and_entry(struct kunit *test)
{
	struct test_driver *a = test_driver_add(test, "a");
	struct test_device *dev = test_device_add(test, "");
	struct test_bus *bus = test->priv;
	struct fence *fence;

	fence = kunit_kzalloc(test, sizeof(*fence), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fence);
	init_completion(&fence->in_probe);
	bus->data = fence;
	a->in_probe = defer_slowly;
	a->probe_ret = -EPROBE_DEFER;
	test_thread_start(test, &bus->threads[0], attach, &dev->dev);
	KUNIT_ASSERT_TRUE(test,
			  wait_for_completion_timeout(&fence->in_probe,
						      TEST_TIMEOUT) > 0);
	device_block_probing();
	KUNIT_EXPECT_TRUE(test, test_device_deferred(dev));
	KUNIT_EXPECT_EQ(test, test_thread_join(test, &bus->threads[0]), 0);
}

static struct kunit_case bus_walk_cases[] = {
	KUNIT_CASE(device_without_drivers_attach_returns_0),
	KUNIT_CASE(device_attach_binds_first_match_and_returns_1),
	KUNIT_CASE(device_bound_attach_returns_1),
	KUNIT_CASE(device_deleted_attach_returns_0),
	KUNIT_CASE(device_attach_asks_in_order_of_registration),
	KUNIT_CASE(device_attach_goes_on_after_failed_probe),
	KUNIT_CASE(device_attach_goes_on_after_positive_probe),
	KUNIT_CASE(device_attach_all_probes_failed_returns_0),
	KUNIT_CASE(device_attach_first_defers_second_binds),
	KUNIT_CASE(device_attach_probe_defers_lists_device),
	KUNIT_CASE(device_listed_other_bound_is_probed_again),
	KUNIT_CASE(device_other_bound_in_probe_is_probed_again),
	KUNIT_CASE(device_attach_supplier_missing_lists_device),
	KUNIT_CASE(device_attach_probing_blocked_lists_device),
	KUNIT_CASE(device_attach_not_ready_lists_nothing),
	KUNIT_CASE(device_attach_resources_present_returns_ebusy),
	KUNIT_CASE(device_attach_match_defers_lists_device),
	KUNIT_CASE(device_attach_match_fails_returns_errno),
	KUNIT_CASE(device_with_driver_set_attach_binds_unprobed),
	KUNIT_CASE(device_walk_holds_locks),
	KUNIT_CASE(device_attach_failed_probe_leaves_nothing),
	KUNIT_CASE(driver_attach_binds_all_and_returns_0),
	KUNIT_CASE(driver_attach_skips_bound_devices),
	KUNIT_CASE(driver_attach_goes_on_after_failed_probe),
	KUNIT_CASE(driver_attach_goes_on_after_failed_match),
	KUNIT_CASE(driver_attach_goes_on_after_obstacle),
	KUNIT_CASE(device_add_probe_fails_returns_0),
	KUNIT_CASE(driver_register_probe_fails_returns_0),
	KUNIT_CASE(driver_unregister_unbinds_device),
	KUNIT_CASE(bus_rescan_ends_with_errno_of_attach),
	KUNIT_CASE(device_reprobe_walks_anew),
	KUNIT_CASE(device_add_prefers_synchronous_driver),
	KUNIT_CASE(driver_attach_asynchronous_probes_in_other_task),
	KUNIT_CASE(device_attach_asynchronous_probes_in_caller),
	KUNIT_CASE(block_probing_waits_for_probe_and_entry),
	{}
};

static struct kunit_suite bus_walk_suite = {
	.name = "driver-bus-walk",
	.init = test_bus_init,
	.exit = test_bus_exit,
	.test_cases = bus_walk_cases,
};

kunit_test_suite(bus_walk_suite);

MODULE_LICENSE("GPL v2");
