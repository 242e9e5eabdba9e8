// SPDX-License-Identifier: GPL-2.0
/*
 * A bus for tests, see test-bus.h.
 */
#include <linux/console.h>
#include <linux/debug_locks.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include "../base.h"
#include "test-bus.h"

/* Static, because lockdep wants the key in struct bus_type to be so. */
static struct test_bus test_bus;

static void trace(const char *what, struct device_driver *drv,
		  struct device *dev)
{
	const char *name = drv ? drv->name : "";
	const char *label = to_test_device(dev)->label;
	struct test_bus *bus = &test_bus;

	spin_lock(&bus->lock);
	bus->len += scnprintf(bus->trace + bus->len,
			      sizeof(bus->trace) - bus->len, "%s%s%s%s%s",
			      bus->len ? ", " : "", what,
			      *name || *label ? " " : "", name, label);
	spin_unlock(&bus->lock);
}

const char *test_bus_trace(void)
{
	struct test_bus *bus = &test_bus;
	char *copy;

	copy = kunit_kzalloc(bus->test, sizeof(bus->trace), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(bus->test, copy);

	spin_lock(&bus->lock);
	memcpy(copy, bus->trace, bus->len);
	bus->len = 0;
	spin_unlock(&bus->lock);

	return copy;
}

static int test_bus_match(struct device *dev, struct device_driver *drv)
{
	if (to_test_device(dev)->hidden)
		return 0;

	trace("match", drv, dev);
	return to_test_driver(drv)->match_ret;
}

static int test_bus_dma_configure(struct device *dev)
{
	return to_test_bus(dev->bus)->dma_configure_ret;
}

static int test_driver_probe(struct device *dev)
{
	struct test_driver *tdrv = to_test_driver(dev->driver);

	trace("probe", dev->driver, dev);
	tdrv->prober = current;
	atomic_inc(&tdrv->probes);
	if (tdrv->in_probe)
		tdrv->in_probe(dev);

	return tdrv->probe_ret;
}

static int test_driver_remove(struct device *dev)
{
	trace("remove", dev->driver, dev);
	atomic_inc(&to_test_driver(dev->driver)->removes);
	return 0;
}

static int test_bus_notify(struct notifier_block *nb, unsigned long action,
			   void *data)
{
	struct test_bus *bus = container_of(nb, struct test_bus, nb);

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		if (bus->on_add)
			bus->on_add(data);
		break;
	case BUS_NOTIFY_BIND_DRIVER:
		trace("BIND", NULL, data);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		trace("BOUND", NULL, data);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		trace("NOT_BOUND", NULL, data);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		trace("UNBIND", NULL, data);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		trace("UNBOUND", NULL, data);
		break;
	}
	return NOTIFY_DONE;
}

/* Runtime PM calls nothing without these, and fails. */
static int test_bus_runtime_pm(struct device *dev)
{
	return 0;
}

static const struct dev_pm_ops test_bus_pm = {
	SET_RUNTIME_PM_OPS(test_bus_runtime_pm, test_bus_runtime_pm, NULL)
};

void test_bus_set_autoprobe(struct test_bus *bus, bool on)
{
	bus->bus.p->drivers_autoprobe = on;
}

struct test_driver *test_driver_new(struct kunit *test, const char *name)
{
	struct test_bus *bus = test->priv;
	struct test_driver *tdrv;

	tdrv = kunit_kzalloc(test, sizeof(*tdrv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tdrv);
	tdrv->drv.name = name;
	tdrv->drv.bus = &bus->bus;
	tdrv->drv.probe = test_driver_probe;
	tdrv->drv.remove = test_driver_remove;
	tdrv->drv.suppress_bind_attrs = true;
	tdrv->match_ret = 1;
	list_add(&tdrv->node, &bus->drivers);

	return tdrv;
}

int test_driver_register(struct test_driver *tdrv)
{
	int ret = driver_register(&tdrv->drv);

	tdrv->registered = !ret;
	return ret;
}

void test_driver_unregister(struct test_driver *tdrv)
{
	tdrv->registered = false;
	driver_unregister(&tdrv->drv);
}

struct test_driver *test_driver_add(struct kunit *test, const char *name)
{
	struct test_driver *tdrv = test_driver_new(test, name);

	KUNIT_ASSERT_EQ(test, test_driver_register(tdrv), 0);
	return tdrv;
}

static void test_device_release(struct device *dev)
{
	kfree(to_test_device(dev));
}

struct test_device *test_device_new(struct kunit *test, const char *label)
{
	struct test_bus *bus = test->priv;
	struct test_device *tdev;
	static unsigned int serial;

	tdev = kzalloc(sizeof(*tdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tdev);
	tdev->label = label;
	tdev->dev.bus = &bus->bus;
	tdev->dev.release = test_device_release;
	device_initialize(&tdev->dev);
	list_add(&tdev->node, &bus->devices);
	KUNIT_ASSERT_EQ(test,
			dev_set_name(&tdev->dev, "test-device.%u", serial++),
			0);
	return tdev;
}

struct test_device *test_device_add(struct kunit *test, const char *label)
{
	struct test_device *tdev = test_device_new(test, label);

	KUNIT_ASSERT_EQ(test, device_add(&tdev->dev), 0);
	return tdev;
}

bool test_device_deferred(struct test_device *tdev)
{
	return !list_empty(&tdev->dev.p->deferred_probe);
}

void *test_device_reason(struct test_device *tdev)
{
	return tdev->dev.p->deferred_probe_reason;
}

/* What is still on its way to the console goes there first. */
static void set_loglevel(int level)
{
	console_lock();
	console_unlock();
	console_loglevel = level;
}

void test_bus_mute(struct test_bus *bus)
{
	/* KUnit leaves the line on the last test open: end it, out of sight. */
	if (!bus->muted)
		kunit_printk(KERN_DEBUG, bus->test, "complaints expected\n");
	bus->muted = true;
	bus->loglevel = console_loglevel;
	bus->taint = get_taint();
	bus->locks_ok = debug_locks;
	set_loglevel(CONSOLE_LOGLEVEL_MIN);
}

void test_bus_unmute(struct test_bus *bus)
{
	if (!bus->loglevel)
		return;
	set_loglevel(bus->loglevel);
	bus->loglevel = 0;
	/* Reports of WARN(), KASAN and lockdep are nothing to be muted. */
	KUNIT_EXPECT_EQ(bus->test, get_taint(), bus->taint);
	KUNIT_EXPECT_EQ(bus->test, (bool)debug_locks, bus->locks_ok);
}

static int test_thread_run(void *data)
{
	struct test_thread *thread = data;

	thread->ret = thread->fn(thread->arg);
	complete(&thread->done);
	return 0;
}

void test_thread_start(struct kunit *test, struct test_thread *thread,
		       int (*fn)(void *arg), void *arg)
{
	struct task_struct *task;

	thread->fn = fn;
	thread->arg = arg;
	init_completion(&thread->done);
	task = kthread_run(test_thread_run, thread, "%s", test->name);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
}

int test_thread_join(struct kunit *test, struct test_thread *thread)
{
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&thread->done,
							    TEST_TIMEOUT) > 0);
	return thread->ret;
}

int test_bus_init(struct kunit *test)
{
	struct test_bus *bus = &test_bus;
	int ret;

	memset(bus, 0, sizeof(*bus));
	bus->bus.name = "test-bus";
	bus->bus.match = test_bus_match;
	bus->bus.dma_configure = test_bus_dma_configure;
	bus->bus.pm = &test_bus_pm;
	bus->test = test;
	bus->nb.notifier_call = test_bus_notify;
	INIT_LIST_HEAD(&bus->drivers);
	INIT_LIST_HEAD(&bus->devices);
	spin_lock_init(&bus->lock);
	test->priv = bus;

	/* Let the deferred and asynchronous probes of others come to an end. */
	wait_for_device_probe();

	ret = bus_register(&bus->bus);
	if (ret)
		return ret;
	/* A test that wants more than its own calls to probe turns it on. */
	test_bus_set_autoprobe(bus, false);

	return bus_register_notifier(&bus->bus, &bus->nb);
}

/* Runs even if the above has failed. */
void test_bus_exit(struct kunit *test)
{
	struct test_bus *bus = test->priv;
	struct test_device *tdev, *next;
	struct test_driver *tdrv;

	test_bus_unmute(bus);
	if (!bus->bus.p)
		return;

	/* Whether or not a test has blocked it. */
	device_unblock_probing();
	wait_for_device_probe();

	list_for_each_entry(tdev, &bus->devices, node)
		if (device_is_registered(&tdev->dev))
			device_del(&tdev->dev);
	list_for_each_entry(tdrv, &bus->drivers, node)
		if (tdrv->registered)
			test_driver_unregister(tdrv);
	list_for_each_entry_safe(tdev, next, &bus->devices, node)
		put_device(&tdev->dev);
	bus_unregister_notifier(&bus->bus, &bus->nb);
	bus_unregister(&bus->bus);
}
