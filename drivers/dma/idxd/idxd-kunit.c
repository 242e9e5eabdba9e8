// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the dsa bus and of the driver "dsa" that keeps old tools going
 *
 * They need no hardware: devices, work queues and drivers are fakes on a bus
 * of the suite, which has the functions of the real one, so that the two never
 * meet. The suite needs idxd_bus and idxd_compat, not idxd.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "idxd.h"

struct fake_driver {
	struct idxd_device_driver idrv;
	bool registered;
	/* What probe returns */
	int result;
	int probes;
	int removes;
};

enum { FAKE_IDXD, FAKE_DMAENGINE, FAKE_USER, FAKE_DRIVERS };

struct dsa_fixture {
	struct fake_driver drv[FAKE_DRIVERS];
	/* Like the driver of compat.c, with its files; and the module of these */
	struct fake_driver compat;
	struct module *compat_owner;
	struct idxd_device *idxd;
	struct idxd_wq *wq;
	/* Neither device nor queue, as a group is */
	struct device *group;
};

static struct bus_type fake_bus = {
	.name = "dsa_kunit",
};

static const char * const fake_names[FAKE_DRIVERS] = {
	"idxd", "dmaengine", "user"
};

static int fake_probe(struct device *dev)
{
	struct fake_driver *fake =
		container_of(dev->driver, struct fake_driver, idrv.drv);

	fake->probes++;
	return fake->result;
}

static void fake_remove(struct device *dev)
{
	container_of(dev->driver, struct fake_driver, idrv.drv)->removes++;
}

static void fake_idxd_release(struct device *dev)
{
	kfree(confdev_to_idxd(dev));
}

static void fake_wq_release(struct device *dev)
{
	kfree(confdev_to_wq(dev));
}

static void fake_group_release(struct device *dev)
{
	kfree(dev);
}

static int fake_driver_add(struct fake_driver *fake, const char *name,
			   unsigned long types)
{
	struct device_driver *drv = &fake->idrv.drv;
	int rc;

	fake->idrv.types = types;
	fake->idrv.probe = fake_probe;
	fake->idrv.remove = fake_remove;
	drv->name = name;
	drv->bus = &fake_bus;
	drv->owner = THIS_MODULE;
	/* Nor shall CONFIG_DEBUG_TEST_DRIVER_REMOVE double what is counted */
	drv->suppress_bind_attrs = true;

	rc = driver_register(drv);
	fake->registered = !rc;
	return rc;
}

static void fake_driver_del(struct fake_driver *fake)
{
	if (fake->registered)
		driver_unregister(&fake->idrv.drv);
	fake->registered = false;
}

static int fake_device_add(struct device *dev, struct device *parent,
			   const char *name, const struct device_type *type,
			   void (*release)(struct device *dev))
{
	device_initialize(dev);
	dev->parent = parent;
	dev->bus = &fake_bus;
	dev->type = type;
	dev->release = release;
	dev_set_name(dev, "%s", name);
	return device_add(dev);
}

/* Drivers first, as in idxd.ko: what they do with a new device shows. */
static int dsa_test_init(struct kunit *test)
{
	struct device_driver *dsa;
	struct dsa_fixture *f;
	int i;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f);

	fake_bus.need_parent_lock = dsa_bus_type.need_parent_lock;
	fake_bus.match = dsa_bus_type.match;
	fake_bus.probe = dsa_bus_type.probe;
	fake_bus.remove = dsa_bus_type.remove;
	KUNIT_ASSERT_EQ(test, bus_register(&fake_bus), 0);
	test->priv = f;

	for (i = 0; i < FAKE_DRIVERS; i++)
		KUNIT_ASSERT_EQ(test, fake_driver_add(&f->drv[i], fake_names[i],
						      BIT(DSA_DEV_IDXD + i)), 0);

	dsa = driver_find("dsa", &dsa_bus_type);
	if (!dsa) {
		request_module("idxd_compat");
		dsa = driver_find("dsa", &dsa_bus_type);
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dsa);
	KUNIT_ASSERT_TRUE(test, try_module_get(dsa->owner));
	f->compat_owner = dsa->owner;
	f->compat.idrv.drv.groups = dsa->groups;
	KUNIT_ASSERT_EQ(test, fake_driver_add(&f->compat, "dsa", 0), 0);

	f->idxd = kzalloc(sizeof(*f->idxd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->idxd);
	KUNIT_ASSERT_EQ(test, fake_device_add(&f->idxd->conf_dev, NULL,
					      "kunit-dsa", &dsa_device_type,
					      fake_idxd_release), 0);

	f->wq = kzalloc(sizeof(*f->wq), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->wq);
	KUNIT_ASSERT_EQ(test, fake_device_add(&f->wq->conf_dev,
					      &f->idxd->conf_dev, "kunit-wq",
					      &idxd_wq_device_type,
					      fake_wq_release), 0);

	f->group = kzalloc(sizeof(*f->group), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->group);
	KUNIT_ASSERT_EQ(test, fake_device_add(f->group, &f->idxd->conf_dev,
					      "kunit-group", NULL,
					      fake_group_release), 0);
	return 0;
}

static void fake_device_del(struct device *dev)
{
	if (dev->kobj.state_in_sysfs)
		device_del(dev);
	put_device(dev);
}

static void dsa_test_exit(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	int i;

	if (!f)
		return;

	if (f->group)
		fake_device_del(f->group);
	if (f->wq)
		fake_device_del(&f->wq->conf_dev);
	if (f->idxd)
		fake_device_del(&f->idxd->conf_dev);
	fake_driver_del(&f->compat);
	module_put(f->compat_owner);
	for (i = 0; i < FAKE_DRIVERS; i++)
		fake_driver_del(&f->drv[i]);
	bus_unregister(&fake_bus);
}

/* Write @name to the file @file of the driver "dsa". */
static int compat_write(struct dsa_fixture *f, const char *file,
			const char *name)
{
	struct device_driver *drv = &f->compat.idrv.drv;
	struct driver_attribute *attr;
	struct attribute **attrs;

	for (attrs = drv->groups[0]->attrs; *attrs; attrs++) {
		if (strcmp((*attrs)->name, file))
			continue;
		attr = container_of(*attrs, struct driver_attribute, attr);
		return attr->store(drv, name, strlen(name));
	}

	return -ENOENT;
}

/* The fixture's device as idxd_pci_probe() leaves it */
static struct device *ready_device(struct dsa_fixture *f)
{
	f->idxd->state = IDXD_DEV_CONF_READY;
	return &f->idxd->conf_dev;
}

static struct device *typed_wq(struct dsa_fixture *f, enum idxd_wq_type type)
{
	f->wq->type = type;
	return &f->wq->conf_dev;
}

/* Which drivers match @dev, as a bit for each */
static unsigned int matches(struct dsa_fixture *f, struct device *dev)
{
	unsigned int mask = 0;
	int i;

	for (i = 0; i < FAKE_DRIVERS; i++)
		if (fake_bus.match(dev, &f->drv[i].idrv.drv))
			mask |= BIT(i);
	if (fake_bus.match(dev, &f->compat.idrv.drv))
		mask |= BIT(FAKE_DRIVERS);
	return mask;
}

/*
 * A device matches the driver for devices, a queue the driver of its type,
 * and nothing matches the driver "dsa".
 */
static void match_by_type(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, matches(f, ready_device(f)),
			(unsigned int)BIT(FAKE_IDXD));
	KUNIT_EXPECT_EQ(test, matches(f, typed_wq(f, IDXD_WQT_KERNEL)),
			(unsigned int)BIT(FAKE_DMAENGINE));
	KUNIT_EXPECT_EQ(test, matches(f, typed_wq(f, IDXD_WQT_USER)),
			(unsigned int)BIT(FAKE_USER));
}

/* A queue without type matches no driver, nor does what is neither. */
static void match_untyped_wq_or_group_none(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, matches(f, typed_wq(f, IDXD_WQT_NONE)), 0U);
	KUNIT_EXPECT_EQ(test, matches(f, f->group), 0U);
}

/*
 * What a device or a queue is decides, not what state it is in: only probe
 * can tell the reason why it cannot be enabled.
 */
static void match_whatever_the_state(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	struct device *dev = ready_device(f);

	f->idxd->state = IDXD_DEV_HALTED;
	KUNIT_EXPECT_EQ(test, matches(f, dev), (unsigned int)BIT(FAKE_IDXD));
	f->idxd->state = IDXD_DEV_ENABLED;
	KUNIT_EXPECT_EQ(test, matches(f, dev), (unsigned int)BIT(FAKE_IDXD));

	f->wq->state = IDXD_WQ_ENABLED;
	KUNIT_EXPECT_EQ(test, matches(f, typed_wq(f, IDXD_WQT_USER)),
			(unsigned int)BIT(FAKE_USER));
}

/*
 * Adding devices and queues has bound none of them, with all drivers there; a
 * walk over the drivers, as drivers_probe makes it, binds once they are ready.
 */
static void add_binds_nothing_walk_does(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	int i;

	for (i = 0; i < FAKE_DRIVERS; i++)
		KUNIT_EXPECT_EQ(test, f->drv[i].probes, 0);

	KUNIT_EXPECT_EQ(test, device_attach(&f->idxd->conf_dev), 0);
	KUNIT_EXPECT_EQ(test, device_attach(&f->wq->conf_dev), 0);
	KUNIT_EXPECT_EQ(test, device_attach(f->group), 0);

	KUNIT_EXPECT_EQ(test, device_attach(ready_device(f)), 1);
	KUNIT_EXPECT_EQ(test, f->drv[FAKE_IDXD].probes, 1);
	KUNIT_EXPECT_EQ(test, device_attach(typed_wq(f, IDXD_WQT_KERNEL)), 1);
	KUNIT_EXPECT_EQ(test, f->drv[FAKE_DMAENGINE].probes, 1);
}

/*
 * The errno of probe comes back, the device is left without driver, remove is
 * not called; when probe has no more reason to fail, the next attempt binds.
 */
static void probe_fails_then_succeeds(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	struct fake_driver *fake = &f->drv[FAKE_USER];
	struct device *dev = typed_wq(f, IDXD_WQT_USER);

	fake->result = -EACCES;
	KUNIT_EXPECT_EQ(test, device_driver_attach(&fake->idrv.drv, dev),
			-EACCES);
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, (struct device_driver *)NULL);
	KUNIT_EXPECT_EQ(test, fake->removes, 0);

	fake->result = 0;
	KUNIT_EXPECT_EQ(test, device_driver_attach(&fake->idrv.drv, dev), 0);
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, &fake->idrv.drv);
	KUNIT_EXPECT_EQ(test, fake->probes, 2);

	device_release_driver(dev);
	KUNIT_EXPECT_EQ(test, fake->removes, 1);
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, (struct device_driver *)NULL);
}

/*
 * A driver that does not match is refused by the bus before its probe is
 * called, since device_driver_attach() does not ask match().
 */
static void attach_wrong_driver_is_refused(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	struct device *wq = typed_wq(f, IDXD_WQT_KERNEL);
	struct device *dev = ready_device(f);
	struct device_driver *compat = &f->compat.idrv.drv;
	struct device_driver *idxd = &f->drv[FAKE_IDXD].idrv.drv;
	struct device_driver *user = &f->drv[FAKE_USER].idrv.drv;

	KUNIT_EXPECT_EQ(test, device_driver_attach(user, wq), -ENODEV);
	KUNIT_EXPECT_EQ(test, device_driver_attach(idxd, wq), -ENODEV);
	KUNIT_EXPECT_EQ(test, device_driver_attach(compat, wq), -ENODEV);
	KUNIT_EXPECT_EQ(test, device_driver_attach(user, dev), -ENODEV);
	KUNIT_EXPECT_EQ(test, device_driver_attach(idxd, f->group), -ENODEV);
	KUNIT_EXPECT_EQ(test, f->drv[FAKE_USER].probes, 0);
	KUNIT_EXPECT_EQ(test, f->drv[FAKE_IDXD].probes, 0);
	KUNIT_EXPECT_EQ(test, f->compat.probes, 0);
}

/*
 * "bind" of the driver "dsa" takes a name with or without newline, binds a
 * device or queue to the driver of its type, and returns what was written.
 */
static void compat_binds_by_type(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	struct device *wq = typed_wq(f, IDXD_WQT_KERNEL);
	struct device *dev = ready_device(f);

	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-dsa"), 9);
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, &f->drv[FAKE_IDXD].idrv.drv);

	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-wq\n"), 9);
	KUNIT_EXPECT_PTR_EQ(test, wq->driver, &f->drv[FAKE_DMAENGINE].idrv.drv);

	device_release_driver(wq);
	typed_wq(f, IDXD_WQT_USER);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-wq"), 8);
	KUNIT_EXPECT_PTR_EQ(test, wq->driver, &f->drv[FAKE_USER].idrv.drv);
}

/*
 * "bind" says what is wrong: a name that is not there, something that cannot
 * be enabled, a queue without type, a device that is still being set up.
 */
static void compat_bind_refuses(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-none"), -ENODEV);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", ""), -ENODEV);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-group"), -ENODEV);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-wq"), -EINVAL);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-dsa"), -EAGAIN);
}

/* "bind" finds no driver for a type whose driver is not registered. */
static void compat_bind_without_driver(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;

	typed_wq(f, IDXD_WQT_USER);
	fake_driver_del(&f->drv[FAKE_USER]);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-wq"), -ENODEV);
}

/*
 * "bind" returns the errno of probe, but EAGAIN for EPROBE_DEFER, which is not
 * for userspace; the device then waits on no list for a bind behind the back
 * of the writer. What is bound already is busy.
 */
static void compat_bind_returns_errno_of_probe(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	struct fake_driver *fake = &f->drv[FAKE_IDXD];

	ready_device(f);
	fake->result = -ENXIO;
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-dsa"), -ENXIO);
	fake->result = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-dsa"), -EAGAIN);

	/* Any device that is bound starts those on the list. */
	fake->result = 0;
	typed_wq(f, IDXD_WQT_KERNEL);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-wq"), 8);
	wait_for_device_probe();
	KUNIT_EXPECT_EQ(test, fake->probes, 2);

	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-dsa"), 9);
	KUNIT_EXPECT_EQ(test, compat_write(f, "bind", "kunit-dsa"), -EBUSY);
	KUNIT_EXPECT_EQ(test, fake->probes, 3);
}

/*
 * "unbind" releases what is bound, however it was bound and whatever became
 * of its type, once; there is nothing to release in anything else.
 */
static void compat_unbind_releases_bound(struct kunit *test)
{
	struct dsa_fixture *f = test->priv;
	struct fake_driver *fake = &f->drv[FAKE_USER];
	struct device *wq = typed_wq(f, IDXD_WQT_USER);

	KUNIT_EXPECT_EQ(test, compat_write(f, "unbind", "kunit-wq"), -ENODEV);
	KUNIT_ASSERT_EQ(test, device_driver_attach(&fake->idrv.drv, wq), 0);
	typed_wq(f, IDXD_WQT_NONE);
	KUNIT_EXPECT_EQ(test, compat_write(f, "unbind", "kunit-wq\n"), 9);
	KUNIT_EXPECT_EQ(test, fake->removes, 1);
	KUNIT_EXPECT_PTR_EQ(test, wq->driver, (struct device_driver *)NULL);
	KUNIT_EXPECT_EQ(test, compat_write(f, "unbind", "kunit-wq"), -ENODEV);

	KUNIT_EXPECT_EQ(test, compat_write(f, "unbind", "kunit-none"), -ENODEV);
	KUNIT_EXPECT_EQ(test, compat_write(f, "unbind", "kunit-group"),
			-ENODEV);
	KUNIT_EXPECT_EQ(test, fake->removes, 1);
}

/* No path through "bind" and "unbind" keeps or loses a reference. */
static void compat_references_are_balanced(struct kunit *test)
{
	static const char * const names[] = {
		"kunit-none", "kunit-group", "kunit-wq", "kunit-dsa"
	};
	struct dsa_fixture *f = test->priv;
	struct device *devs[] = {
		f->group, &f->wq->conf_dev, &f->idxd->conf_dev
	};
	unsigned int before[ARRAY_SIZE(devs)];
	int i, j, round;

	for (i = 0; i < ARRAY_SIZE(devs); i++)
		before[i] = kref_read(&devs[i]->kobj.kref);

	for (round = 0; round < 30; round++) {
		/* All types, a probe that fails, and one that is deferred */
		typed_wq(f, round % 3);
		f->idxd->state = round % 4 ? IDXD_DEV_CONF_READY :
					     IDXD_DEV_DISABLED;
		for (i = 0; i < FAKE_DRIVERS; i++)
			f->drv[i].result = round % 5 == 0 ? -EIO :
					   round % 5 == 1 ? -EPROBE_DEFER : 0;

		for (j = 0; j < 2; j++)
			for (i = 0; i < ARRAY_SIZE(names); i++)
				compat_write(f, "bind", names[i]);
		for (j = 0; j < 2; j++)
			for (i = 0; i < ARRAY_SIZE(names); i++)
				compat_write(f, "unbind", names[i]);
	}

	for (i = 0; i < ARRAY_SIZE(devs); i++)
		KUNIT_EXPECT_EQ(test, kref_read(&devs[i]->kobj.kref),
				before[i]);
	for (i = 0; i < FAKE_DRIVERS; i++)
		KUNIT_EXPECT_GT(test, f->drv[i].removes, 0);
}

static struct kunit_case dsa_bus_cases[] = {
	KUNIT_CASE(match_by_type),
	KUNIT_CASE(match_untyped_wq_or_group_none),
	KUNIT_CASE(match_whatever_the_state),
	KUNIT_CASE(add_binds_nothing_walk_does),
	KUNIT_CASE(probe_fails_then_succeeds),
	KUNIT_CASE(attach_wrong_driver_is_refused),
	KUNIT_CASE(compat_binds_by_type),
	KUNIT_CASE(compat_bind_refuses),
	KUNIT_CASE(compat_bind_without_driver),
	KUNIT_CASE(compat_bind_returns_errno_of_probe),
	KUNIT_CASE(compat_unbind_releases_bound),
	KUNIT_CASE(compat_references_are_balanced),
	{}
};

static struct kunit_suite dsa_bus_suite = {
	.name = "dsa-bus",
	.init = dsa_test_init,
	.exit = dsa_test_exit,
	.test_cases = dsa_bus_cases,
};

kunit_test_suite(dsa_bus_suite);

MODULE_DESCRIPTION("KUnit tests of the dsa bus");
MODULE_LICENSE("GPL v2");
