// SPDX-License-Identifier: GPL-2.0
/*
 * What device_driver_attach() promises, and the "bind" file that is built upon
 * it: each return code, what is called and locked meanwhile, and that nothing
 * is left after a failure.
 *
 * Nothing else probes here but where a test turns it on. "Listed" means: on the
 * list of deferred devices.
 */
#include <linux/device.h>
#include <linux/kernfs.h>
#include <linux/kmsg_dump.h>
#include <linux/pm_domain.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "../base.h"
#include "test-bus.h"

/* Of each test: a device with a parent, and a driver that binds it. */
static struct {
	struct test_device *parent;
	struct test_device *dev;
	struct test_driver *a;
} fx;

static int attach_test_init(struct kunit *test)
{
	int ret = test_bus_init(test);

	if (ret)
		return ret;
	fx.parent = test_device_add(test, "parent");
	fx.parent->hidden = true;
	pm_runtime_enable(&fx.parent->dev);
	fx.dev = test_device_new(test, "");
	fx.dev->dev.parent = &fx.parent->dev;
	KUNIT_ASSERT_EQ(test, device_add(&fx.dev->dev), 0);
	fx.a = test_driver_add(test, "a");
	return 0;
}

/* Lines of the log, above debug level, that name both. */
static int log_lines(const char *one, const char *two)
{
	struct kmsg_dumper dumper = { .active = true };
	static char line[512];
	size_t len;
	int n = 0;

	kmsg_dump_rewind(&dumper);
	while (kmsg_dump_get_line(&dumper, true, line, sizeof(line), &len))
		if (line[1] != '7' && strnstr(line, one, len) &&
		    strnstr(line, two, len))
			n++;
	return n;
}

static bool has_file(struct kobject *kobj, const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get(kobj->sd, name);

	kernfs_put(kn);
	return kn;
}

static int pm_usage(struct device *dev)
{
#ifdef CONFIG_PM
	return atomic_read(&dev->power.usage_count);
#else
	return 0;
#endif
}

static void expect_no_trace_of_driver(struct kunit *test,
				      struct test_driver *tdrv,
				      struct test_device *tdev)
{
	struct device *dev = &tdev->dev;

	KUNIT_EXPECT_PTR_EQ(test, dev->driver, (struct device_driver *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, dev_get_drvdata(dev), (void *)NULL);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_EXPECT_FALSE(test, has_file(&tdrv->drv.p->kobj, dev_name(dev)));
	KUNIT_EXPECT_FALSE(test, test_device_deferred(tdev));
	KUNIT_EXPECT_PTR_EQ(test, test_device_reason(tdev), (void *)NULL);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&dev->mutex));
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&dev->parent->mutex));
	KUNIT_EXPECT_EQ(test, pm_usage(dev->parent), 0);
}

/* Attach fx.a to fx.dev, without a word on the console. */
static int attach(struct kunit *test)
{
	int ret;

	test_bus_mute(test->priv);
	ret = device_driver_attach(&fx.a->drv, &fx.dev->dev);
	test_bus_unmute(test->priv);
	return ret;
}

/* It fails with @err, after the events in @trace, and nothing is left. */
static void expect_attach_fails(struct kunit *test, int err, const char *trace)
{
	KUNIT_EXPECT_EQ(test, attach(test), err);
	EXPECT_TRACE(test, trace);
	expect_no_trace_of_driver(test, fx.a, fx.dev);
}

static void expect_attach_binds(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, attach(test), 0);
	EXPECT_TRACE(test, "BIND, probe a, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &fx.a->drv);
	KUNIT_EXPECT_TRUE(test, has_file(&fx.dev->dev.kobj, "driver"));
}

/* --- success --- */

/*
 * 0: the device is bound. The match function, which would refuse, was not
 * asked, and the log says nothing.
 */
static void device_unbound_attach_binds_without_match(struct kunit *test)
{
	const char *name = dev_name(&fx.dev->dev);

	fx.a->match_ret = 0;
	KUNIT_EXPECT_EQ(test, device_driver_attach(&fx.a->drv, &fx.dev->dev), 0);
	EXPECT_TRACE(test, "BIND, probe a, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &fx.a->drv);
	KUNIT_EXPECT_TRUE(test, has_file(&fx.dev->dev.kobj, "driver"));
	KUNIT_EXPECT_TRUE(test, has_file(&fx.a->drv.p->kobj, name));
	KUNIT_EXPECT_EQ(test, pm_usage(&fx.parent->dev), 0);
	KUNIT_EXPECT_EQ(test, log_lines(name, ""), 0);

	device_release_driver(&fx.dev->dev);
	EXPECT_TRACE(test, "UNBIND, remove a, UNBOUND");
	expect_no_trace_of_driver(test, fx.a, fx.dev);
}

/* The given driver is bound, although another would match before it. */
static void device_attach_takes_given_driver(struct kunit *test)
{
	struct test_driver *b = test_driver_add(test, "b");

	KUNIT_EXPECT_EQ(test, device_driver_attach(&b->drv, &fx.dev->dev), 0);
	EXPECT_TRACE(test, "BIND, probe b, BOUND");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &b->drv);
}

/* The probe is done on return, by the caller, whatever the driver prefers. */
static void driver_asynchronous_attach_probes_in_caller(struct kunit *test)
{
	fx.a->drv.probe_type = PROBE_PREFER_ASYNCHRONOUS;
	expect_attach_binds(test);
	KUNIT_EXPECT_PTR_EQ(test, fx.a->prober, current);
}

static int bus_probe_ret;

static int bus_probe(struct device *dev)
{
	return bus_probe_ret;
}

/* The probe function of the bus goes before that of the driver. */
static void bus_with_probe_attach_calls_it(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	bus->bus.probe = bus_probe;
	bus_probe_ret = -ENXIO;
	expect_attach_fails(test, -ENXIO, "BIND, NOT_BOUND");
	bus_probe_ret = 0;
	KUNIT_EXPECT_EQ(test, attach(test), 0);
	EXPECT_TRACE(test, "BIND, BOUND");
}

static void look_around(struct device *dev)
{
	struct test_bus *bus = to_test_bus(dev->bus);

	KUNIT_EXPECT_TRUE(bus->test, mutex_is_locked(&dev->mutex));
	KUNIT_EXPECT_EQ(bus->test, mutex_is_locked(&dev->parent->mutex),
			bus->bus.need_parent_lock);
	KUNIT_EXPECT_TRUE(bus->test, pm_runtime_active(dev->parent));
}

/*
 * In ->probe() the device is locked, the parent is locked where the bus wants
 * it and only there, and it is resumed. All of it ends with the attach.
 */
static void device_attach_locks_and_resumes(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	fx.a->in_probe = look_around;
	KUNIT_EXPECT_TRUE(test, !IS_ENABLED(CONFIG_PM) ||
			  pm_runtime_suspended(&fx.parent->dev));
	fx.a->probe_ret = -ENODEV;
	expect_attach_fails(test, -ENODEV, "BIND, probe a, NOT_BOUND");
	fx.a->probe_ret = 0;
	expect_attach_binds(test);
	device_release_driver(&fx.dev->dev);
	test_bus_trace();

	bus->bus.need_parent_lock = true;
	fx.a->probe_ret = -ENODEV;
	expect_attach_fails(test, -ENODEV, "BIND, probe a, NOT_BOUND");
	fx.a->probe_ret = 0;
	expect_attach_binds(test);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&fx.parent->dev.mutex));
	KUNIT_EXPECT_EQ(test, pm_usage(&fx.parent->dev), 0);
}

/* --- failures of the probe --- */

static void acquire(struct device *dev)
{
	dev_set_drvdata(dev, dev);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(to_test_bus(dev->bus)->test,
				     devm_kzalloc(dev, 16, GFP_KERNEL));
}

/* The errno of ->probe() is returned; resources and drvdata are gone. */
static void probe_fails_attach_returns_its_errno(struct kunit *test)
{
	static const int errs[] = {
		-EPERM, -ENODEV, -ENXIO, -ENOMEM, -EBUSY, -EINVAL, -EAGAIN,
		-EPROBE_DEFER,
	};
	int i;

	fx.a->in_probe = acquire;
	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		fx.a->probe_ret = errs[i];
		expect_attach_fails(test, errs[i], "BIND, probe a, NOT_BOUND");
		KUNIT_EXPECT_FALSE(test, has_file(&fx.dev->dev.kobj, "driver"));
	}
	/* And the next attempt meets no remains of these. */
	fx.a->probe_ret = 0;
	expect_attach_binds(test);
}

/* A positive value is a bug of the driver: -EIO, and a line that names it. */
static void probe_returns_positive_attach_returns_eio(struct kunit *test)
{
	static const int rets[] = { 1, EPROBE_DEFER, INT_MAX };
	int i;

	for (i = 0; i < ARRAY_SIZE(rets); i++) {
		fx.a->probe_ret = rets[i];
		expect_attach_fails(test, -EIO, "BIND, probe a, NOT_BOUND");
	}
	KUNIT_EXPECT_EQ(test,
			log_lines(dev_name(&fx.dev->dev), "driver a: the probe returned"),
			3);
}

static void defer_with_reason(struct device *dev)
{
	dev_err_probe(dev, -EPROBE_DEFER, "wait\n");
}

/* A deferral leaves neither an entry nor its reason; nobody tries again. */
static void probe_defers_attach_lists_nothing(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	fx.a->in_probe = defer_with_reason;
	fx.a->probe_ret = -EPROBE_DEFER;
	expect_attach_fails(test, -EPROBE_DEFER, "BIND, probe a, NOT_BOUND");
	device_unblock_probing();
	wait_for_device_probe();
	EXPECT_TRACE(test, "");
}

/* An entry made by a walk stays, with its reason, until the device is bound. */
static void device_listed_attach_defers_stays_listed(struct kunit *test)
{
	fx.a->in_probe = defer_with_reason;
	fx.a->probe_ret = -EPROBE_DEFER;
	KUNIT_ASSERT_EQ(test, device_attach(&fx.dev->dev), 0);
	KUNIT_ASSERT_TRUE(test, test_device_deferred(fx.dev));
	test_bus_trace();

	KUNIT_EXPECT_EQ(test, attach(test), -EPROBE_DEFER);
	EXPECT_TRACE(test, "BIND, probe a, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, test_device_deferred(fx.dev));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, test_device_reason(fx.dev));

	fx.a->probe_ret = 0;
	expect_attach_binds(test);
	KUNIT_EXPECT_FALSE(test, test_device_deferred(fx.dev));
	KUNIT_EXPECT_PTR_EQ(test, test_device_reason(fx.dev), (void *)NULL);
}

/* --- failures of the steps around it --- */

/*
 * DMA cannot be configured: its errno, before any notification, so there is
 * none that it is over either.
 */
static void dma_configure_fails_attach_notifies_nobody(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	bus->dma_configure_ret = -ENOSPC;
	expect_attach_fails(test, -ENOSPC, "");
	bus->dma_configure_ret = -EPROBE_DEFER;
	expect_attach_fails(test, -EPROBE_DEFER, "");
	bus->dma_configure_ret = 1;
	expect_attach_fails(test, -EIO, "");
	bus->dma_configure_ret = 0;
	expect_attach_binds(test);
}

static ssize_t foreign_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "foreign\n");
}

static struct device_attribute foreign_driver =
	__ATTR(driver, 0444, foreign_show, NULL);
static struct device_attribute foreign_coredump =
	__ATTR(coredump, 0444, foreign_show, NULL);
static struct device_attribute foreign_state_synced =
	__ATTR(state_synced, 0444, foreign_show, NULL);
static struct device_attribute foreign_group_file =
	__ATTR(group_file, 0444, foreign_show, NULL);

/*
 * The device has a file "driver" that is no link: -EEXIST, and the file is
 * still there.
 */
static void device_with_file_driver_attach_leaves_it(struct kunit *test)
{
	struct device *dev = &fx.dev->dev;

	KUNIT_ASSERT_EQ(test, device_create_file(dev, &foreign_driver), 0);
	expect_attach_fails(test, -EEXIST, "BIND, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, has_file(&dev->kobj, "driver"));

	device_remove_file(dev, &foreign_driver);
	expect_attach_binds(test);
}

/* The same, with a file in the directory of the driver. */
static void driver_with_file_of_device_name_attach_leaves_it(struct kunit *test)
{
	struct kobject *kobj = &fx.a->drv.p->kobj;
	const char *name = dev_name(&fx.dev->dev);

	KUNIT_ASSERT_EQ(test, sysfs_create_link(kobj, &fx.parent->dev.kobj, name),
			0);
	KUNIT_EXPECT_EQ(test, attach(test), -EEXIST);
	EXPECT_TRACE(test, "BIND, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, has_file(kobj, name));

	sysfs_remove_link(kobj, name);
	expect_no_trace_of_driver(test, fx.a, fx.dev);
	expect_attach_binds(test);
}

static void no_coredump(struct device *dev)
{
}

/* The file "coredump" cannot be made: -EEXIST, and no link is left. */
static void coredump_file_fails_attach_returns_errno(struct kunit *test)
{
	struct device *dev = &fx.dev->dev;

	if (!IS_ENABLED(CONFIG_DEV_COREDUMP))
		return;

	fx.a->drv.coredump = no_coredump;
	KUNIT_ASSERT_EQ(test, device_create_file(dev, &foreign_coredump), 0);
	expect_attach_fails(test, -EEXIST, "BIND, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, has_file(&dev->kobj, "coredump"));
	KUNIT_EXPECT_FALSE(test, has_file(&dev->kobj, "driver"));

	device_remove_file(dev, &foreign_coredump);
	expect_attach_binds(test);
}

static int pm_domain_ret;
static int pm_domain_dismissed;

static int pm_domain_activate(struct device *dev)
{
	return pm_domain_ret;
}

static void pm_domain_dismiss(struct device *dev)
{
	pm_domain_dismissed++;
}

static struct dev_pm_domain pm_domain = {
	.activate = pm_domain_activate,
	.dismiss = pm_domain_dismiss,
};

/* The PM domain refuses: its errno, no probe, and the domain is told. */
static void pm_domain_fails_attach_returns_errno(struct kunit *test)
{
	fx.dev->dev.pm_domain = &pm_domain;
	pm_domain_ret = -ETIME;
	pm_domain_dismissed = 0;
	expect_attach_fails(test, -ETIME, "BIND, NOT_BOUND");
	KUNIT_EXPECT_EQ(test, pm_domain_dismissed, 1);

	pm_domain_ret = 0;
	expect_attach_binds(test);
	device_release_driver(&fx.dev->dev);
	fx.dev->dev.pm_domain = NULL;
}

static struct attribute *group_attrs[] = {
	&foreign_group_file.attr,
	NULL
};
ATTRIBUTE_GROUPS(group);

/* dev_groups names a file that exists: -EEXIST, and ->remove() was called. */
static void dev_groups_fail_attach_returns_errno(struct kunit *test)
{
	struct device *dev = &fx.dev->dev;

	KUNIT_ASSERT_EQ(test, device_create_file(dev, &foreign_group_file), 0);
	fx.a->drv.dev_groups = group_groups;
	fx.a->in_probe = acquire;
	expect_attach_fails(test, -EEXIST,
			    "BIND, probe a, remove a, NOT_BOUND");
	KUNIT_EXPECT_FALSE(test, has_file(&dev->kobj, "driver"));

	device_remove_file(dev, &foreign_group_file);
	expect_attach_binds(test);
	KUNIT_EXPECT_TRUE(test, has_file(&dev->kobj, "group_file"));
}

static void no_sync_state(struct device *dev)
{
}

/* The file "state_synced" cannot be made: -EEXIST, and all is undone. */
static void state_synced_file_fails_attach_returns_errno(struct kunit *test)
{
	struct device *dev = &fx.dev->dev;

	fx.a->drv.sync_state = no_sync_state;
	fx.a->drv.dev_groups = group_groups;
	KUNIT_ASSERT_EQ(test, device_create_file(dev, &foreign_state_synced), 0);
	expect_attach_fails(test, -EEXIST,
			    "BIND, probe a, remove a, NOT_BOUND");
	KUNIT_EXPECT_TRUE(test, has_file(&dev->kobj, "state_synced"));
	KUNIT_EXPECT_FALSE(test, has_file(&dev->kobj, "group_file"));

	device_remove_file(dev, &foreign_state_synced);
	expect_attach_binds(test);
	KUNIT_EXPECT_TRUE(test, has_file(&dev->kobj, "state_synced"));
}

/* --- obstacles --- */

/* A supplier is missing: -EPROBE_DEFER, no probe; the caller tries again. */
static void supplier_missing_attach_lists_nothing(struct kunit *test)
{
	struct test_device *supplier = test_device_add(test, "s");
	struct test_bus *bus = test->priv;
	struct device_link *link;

	link = device_link_add(&fx.dev->dev, &supplier->dev, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, link);
	expect_attach_fails(test, -EPROBE_DEFER, "");
	KUNIT_EXPECT_EQ(test, (int)link->status, (int)DL_STATE_DORMANT);

	test_bus_set_autoprobe(bus, true);
	KUNIT_ASSERT_EQ(test, device_driver_attach(&fx.a->drv, &supplier->dev),
			0);
	wait_for_device_probe();
	EXPECT_TRACE(test, "BIND s, probe as, BOUND s");
	expect_attach_binds(test);
	KUNIT_EXPECT_EQ(test, (int)link->status, (int)DL_STATE_ACTIVE);
}

/* Probing is blocked: -EPROBE_DEFER, and nothing happens when it no longer is. */
static void probing_blocked_attach_lists_nothing(struct kunit *test)
{
	struct test_bus *bus = test->priv;

	test_bus_set_autoprobe(bus, true);
	device_block_probing();
	expect_attach_fails(test, -EPROBE_DEFER, "");
	device_unblock_probing();
	wait_for_device_probe();
	EXPECT_TRACE(test, "");
	expect_attach_binds(test);
}

static int early_ret;

static void attach_early(struct device *dev)
{
	early_ret = device_driver_attach(&fx.a->drv, dev);
}

/* device_add() has not come far enough: -EPROBE_DEFER. */
static void device_not_ready_attach_lists_nothing(struct kunit *test)
{
	struct test_device *dev = test_device_new(test, "");
	struct test_bus *bus = test->priv;

	bus->on_add = attach_early;
	dev->dev.parent = &fx.parent->dev;
	KUNIT_ASSERT_EQ(test, device_add(&dev->dev), 0);
	KUNIT_EXPECT_EQ(test, early_ret, -EPROBE_DEFER);
	EXPECT_TRACE(test, "");
	expect_no_trace_of_driver(test, fx.a, dev);
	KUNIT_EXPECT_EQ(test, device_driver_attach(&fx.a->drv, &dev->dev), 0);
}

static void walk_early(struct device *dev)
{
	early_ret = device_attach(dev);
}

/*
 * A walk leaves a reason, but no entry, at a device that is not ready. It goes
 * when the device is bound, and when it is deleted.
 */
static void device_with_reason_unlisted_loses_it(struct kunit *test)
{
	struct test_device *one = test_device_new(test, "1");
	struct test_device *two = test_device_new(test, "2");
	struct test_bus *bus = test->priv;

	bus->on_add = walk_early;
	KUNIT_ASSERT_EQ(test, device_add(&one->dev), 0);
	KUNIT_ASSERT_EQ(test, device_add(&two->dev), 0);
	KUNIT_ASSERT_EQ(test, early_ret, -EPROBE_DEFER);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, test_device_reason(one));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, test_device_reason(two));

	KUNIT_EXPECT_EQ(test, device_driver_attach(&fx.a->drv, &one->dev), 0);
	KUNIT_EXPECT_PTR_EQ(test, test_device_reason(one), (void *)NULL);
	device_del(&two->dev);
	KUNIT_EXPECT_PTR_EQ(test, test_device_reason(two), (void *)NULL);
}

/*
 * The device holds resources: -EBUSY, and these stay. The link to the supplier
 * is not left as if the device were being probed; whoever unbinds the supplier
 * would wait for the end of that.
 */
static void resources_present_attach_returns_ebusy(struct kunit *test)
{
	struct test_device *supplier = test_device_add(test, "s");
	struct device *dev = &fx.dev->dev;
	struct device_link *link;
	void *res;

	link = device_link_add(dev, &supplier->dev, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, link);
	KUNIT_ASSERT_EQ(test, device_driver_attach(&fx.a->drv, &supplier->dev),
			0);
	test_bus_trace();

	res = devm_kzalloc(dev, 16, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, res);
	KUNIT_EXPECT_EQ(test, attach(test), -EBUSY);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_EQ(test, (int)link->status, (int)DL_STATE_AVAILABLE);
	KUNIT_EXPECT_FALSE(test, list_empty(&dev->devres_head));
	KUNIT_EXPECT_FALSE(test, test_device_deferred(fx.dev));

	/* For the end of the test, if it fails. */
	link->status = DL_STATE_AVAILABLE;
	devm_kfree(dev, res);
	expect_attach_binds(test);
}

/* --- what cannot be bound --- */

/* A bound device: -EBUSY, whether to this driver or to another. */
static void device_bound_attach_returns_ebusy(struct kunit *test)
{
	struct test_driver *b = test_driver_add(test, "b");

	expect_attach_binds(test);
	KUNIT_EXPECT_EQ(test, attach(test), -EBUSY);
	KUNIT_EXPECT_EQ(test, device_driver_attach(&b->drv, &fx.dev->dev),
			-EBUSY);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &fx.a->drv);
}

/* A device that was not added yet, or is deleted: -ENODEV. */
static void device_not_registered_attach_returns_enodev(struct kunit *test)
{
	struct test_device *dev = test_device_new(test, "new");

	KUNIT_EXPECT_EQ(test, device_driver_attach(&fx.a->drv, &dev->dev),
			-ENODEV);
	device_del(&fx.dev->dev);
	expect_attach_fails(test, -ENODEV, "");
}

/* A driver that is not registered any more, or never was: -EINVAL. */
static void driver_not_registered_attach_returns_einval(struct kunit *test)
{
	struct test_driver *never = test_driver_new(test, "never");
	const char *name = dev_name(&fx.dev->dev);
	int ret;

	test_driver_unregister(fx.a);
	KUNIT_EXPECT_EQ(test, attach(test), -EINVAL);
	KUNIT_EXPECT_EQ(test, log_lines(name, "driver a is not registered"), 1);

	test_bus_mute(test->priv);
	ret = device_driver_attach(&never->drv, &fx.dev->dev);
	test_bus_unmute(test->priv);
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, log_lines(name, "driver never is not registered"),
			1);
	EXPECT_TRACE(test, "");
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver,
			    (struct device_driver *)NULL);
}

static struct bus_type other_bus = {
	.name = "test-other-bus",
};

static struct device_driver other_driver = {
	.name = "other",
	.bus = &other_bus,
};

/* The driver is on another bus, or the device on none: -EINVAL. */
static void driver_of_other_bus_attach_returns_einval(struct kunit *test)
{
	struct test_device *busless = test_device_new(test, "busless");
	int ret, ret_busless;

	busless->dev.bus = NULL;
	KUNIT_ASSERT_EQ(test, device_add(&busless->dev), 0);
	KUNIT_ASSERT_EQ(test, bus_register(&other_bus), 0);
	KUNIT_EXPECT_EQ(test, driver_register(&other_driver), 0);

	test_bus_mute(test->priv);
	ret = device_driver_attach(&other_driver, &fx.dev->dev);
	ret_busless = device_driver_attach(&fx.a->drv, &busless->dev);
	test_bus_unmute(test->priv);
	driver_unregister(&other_driver);
	bus_unregister(&other_bus);

	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, log_lines(dev_name(&fx.dev->dev), "driver other"),
			1);
	KUNIT_EXPECT_EQ(test, ret_busless, -EINVAL);
	EXPECT_TRACE(test, "");
	expect_no_trace_of_driver(test, fx.a, fx.dev);
}

/* --- the "bind" file --- */

static ssize_t write_bind(struct kunit *test, struct test_driver *tdrv,
			  const char *name)
{
	struct kobject *kobj = &tdrv->drv.p->kobj;
	struct kernfs_node *kn = kernfs_find_and_get(kobj->sd, "bind");
	ssize_t ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kn);
	test_bus_mute(test->priv);
	ret = kobj->ktype->sysfs_ops->store(kobj, kn->priv, name, strlen(name));
	test_bus_unmute(test->priv);
	kernfs_put(kn);
	return ret;
}

/*
 * The writer of "bind" gets the length of what was written, or the errno of the
 * attach, but -EAGAIN for a deferral. A device that the match function refuses
 * is as good as none. No entry is left behind the writer's back.
 *
 * With CONFIG_DEBUG_TEST_DRIVER_REMOVE a driver that has the file is probed
 * twice, so nothing is said of the trace here.
 */
static void bind_file_written_returns_errno_of_attach(struct kunit *test)
{
	struct test_driver *b = test_driver_new(test, "b");
	const char *name = dev_name(&fx.dev->dev);
	struct test_bus *bus = test->priv;

	b->drv.suppress_bind_attrs = false;
	KUNIT_ASSERT_EQ(test, test_driver_register(b), 0);

	KUNIT_EXPECT_EQ(test, write_bind(test, b, "nonesuch"), (ssize_t)-ENODEV);
	b->match_ret = 0;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-ENODEV);
	b->match_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-ENOMEM);
	b->match_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-EAGAIN);
	EXPECT_TRACE(test, "match b, match b, match b");
	b->match_ret = 1;

	b->probe_ret = -EPERM;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-EPERM);
	b->probe_ret = -ENXIO;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-ENXIO);
	b->probe_ret = 1;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-EIO);
	b->probe_ret = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-EAGAIN);
	expect_no_trace_of_driver(test, b, fx.dev);
	b->probe_ret = 0;
	bus->dma_configure_ret = -ENOSPC;
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-ENOSPC);
	bus->dma_configure_ret = 0;
	device_block_probing();
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-EAGAIN);
	device_unblock_probing();
	expect_no_trace_of_driver(test, b, fx.dev);

	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)strlen(name));
	KUNIT_EXPECT_PTR_EQ(test, fx.dev->dev.driver, &b->drv);
	KUNIT_EXPECT_EQ(test, write_bind(test, b, name), (ssize_t)-EBUSY);
}

static struct kunit_case driver_attach_cases[] = {
	KUNIT_CASE(device_unbound_attach_binds_without_match),
	KUNIT_CASE(device_attach_takes_given_driver),
	KUNIT_CASE(driver_asynchronous_attach_probes_in_caller),
	KUNIT_CASE(bus_with_probe_attach_calls_it),
	KUNIT_CASE(device_attach_locks_and_resumes),
	KUNIT_CASE(probe_fails_attach_returns_its_errno),
	KUNIT_CASE(probe_returns_positive_attach_returns_eio),
	KUNIT_CASE(probe_defers_attach_lists_nothing),
	KUNIT_CASE(device_listed_attach_defers_stays_listed),
	KUNIT_CASE(dma_configure_fails_attach_notifies_nobody),
	KUNIT_CASE(device_with_file_driver_attach_leaves_it),
	KUNIT_CASE(driver_with_file_of_device_name_attach_leaves_it),
	KUNIT_CASE(coredump_file_fails_attach_returns_errno),
	KUNIT_CASE(pm_domain_fails_attach_returns_errno),
	KUNIT_CASE(dev_groups_fail_attach_returns_errno),
	KUNIT_CASE(state_synced_file_fails_attach_returns_errno),
	KUNIT_CASE(supplier_missing_attach_lists_nothing),
	KUNIT_CASE(probing_blocked_attach_lists_nothing),
	KUNIT_CASE(device_not_ready_attach_lists_nothing),
	KUNIT_CASE(device_with_reason_unlisted_loses_it),
	KUNIT_CASE(resources_present_attach_returns_ebusy),
	KUNIT_CASE(device_bound_attach_returns_ebusy),
	KUNIT_CASE(device_not_registered_attach_returns_enodev),
	KUNIT_CASE(driver_not_registered_attach_returns_einval),
	KUNIT_CASE(driver_of_other_bus_attach_returns_einval),
	KUNIT_CASE(bind_file_written_returns_errno_of_attach),
	{}
};

static struct kunit_suite driver_attach_suite = {
	.name = "driver-attach",
	.init = attach_test_init,
	.exit = test_bus_exit,
	.test_cases = driver_attach_cases,
};

kunit_test_suite(driver_attach_suite);

MODULE_LICENSE("GPL v2");
