// SPDX-License-Identifier: GPL-2.0
/*
 * What usb_driver_claim_interface() and usb_driver_release_interface() do to an
 * interface, registered or not: locks, state and power management.
 *
 * A device with two interfaces that nothing is behind stands in for a real one.
 * It has not the type of a USB device, so that nobody else looks at it; the
 * interfaces match no driver, and are on the bus that drivers are put on.
 */
#include <linux/completion.h>
#include <linux/kernfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/usb.h>
#include <kunit/test.h>

/* Nothing takes longer, not even on an emulated machine. */
#define TEST_TIMEOUT	(20 * HZ)

struct fake_intf {
	struct usb_interface intf;
	struct usb_host_interface alt;
};

/* Of each test. */
static struct {
	struct usb_device *udev;
	struct usb_interface *intf[2];	/* only the first is added */
	/* How often the driver was called, and what it has to do. */
	int probes, disconnects;
	int (*in_probe)(struct usb_interface *intf);
	struct kunit *test;
} fx;

static int priv;	/* its address is the drvdata of a claim */

static int fake_probe(struct usb_interface *intf,
		      const struct usb_device_id *id)
{
	fx.probes++;
	return fx.in_probe ? fx.in_probe(intf) : 0;
}

static void fake_disconnect(struct usb_interface *intf)
{
	fx.disconnects++;
}

static int fake_suspend(struct usb_interface *intf, pm_message_t msg)
{
	return 0;
}

static int fake_resume(struct usb_interface *intf)
{
	return 0;
}

/* No real device has this ID: the drivers must not be tried on those. */
#define FAKE_ID	0xffff

static const struct usb_device_id fake_id[] = {
	{ USB_DEVICE(FAKE_ID, FAKE_ID) },
	{}
};

/* One that does, and one that does not, let its interfaces be suspended. */
static struct usb_driver auto_driver = {
	.name = "claim-kunit-auto",
	.probe = fake_probe,
	.disconnect = fake_disconnect,
	.suspend = fake_suspend,
	.resume = fake_resume,
	.id_table = fake_id,
	.no_dynamic_id = 1,
	.supports_autosuspend = 1,
};

static struct usb_driver plain_driver = {
	.name = "claim-kunit-plain",
	.probe = fake_probe,
	.disconnect = fake_disconnect,
	.id_table = fake_id,
	.no_dynamic_id = 1,
};

static void fake_udev_release(struct device *dev)
{
	kfree(to_usb_device(dev));
}

static void fake_intf_release(struct device *dev)
{
	kfree(container_of(to_usb_interface(dev), struct fake_intf, intf));
}

static void new_intf(struct kunit *test, int n)
{
	struct fake_intf *fake = kzalloc(sizeof(*fake), GFP_KERNEL);
	struct usb_interface *intf;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fake);
	intf = &fake->intf;
	fake->alt.desc.bInterfaceNumber = n;
	intf->altsetting = &fake->alt;
	intf->cur_altsetting = &fake->alt;
	intf->num_altsetting = 1;
	intf->authorized = 1;
	intf->minor = -1;
	intf->dev.parent = &fx.udev->dev;
	intf->dev.bus = auto_driver.drvwrap.driver.bus;
	intf->dev.release = fake_intf_release;
	device_initialize(&intf->dev);
	pm_runtime_no_callbacks(&intf->dev);
	fx.intf[n] = intf;
	KUNIT_ASSERT_EQ(test, dev_set_name(&intf->dev, "claim-kunit:1.%d", n),
			0);
}

static int add_intf(struct usb_interface *intf)
{
	int ret;

	device_lock(&fx.udev->dev);
	ret = device_add(&intf->dev);
	device_unlock(&fx.udev->dev);
	return ret;
}

static int claim_test_init(struct kunit *test)
{
	int ret, n;

	memset(&fx, 0, sizeof(fx));
	fx.test = test;
	ret = usb_register(&auto_driver);
	if (ret)
		return ret;
	ret = usb_register(&plain_driver);
	if (ret)
		goto deregister;

	fx.udev = kzalloc(sizeof(*fx.udev), GFP_KERNEL);
	if (!fx.udev) {
		ret = -ENOMEM;
		goto deregister_plain;
	}
	fx.udev->state = USB_STATE_CONFIGURED;
	fx.udev->authorized = 1;
	fx.udev->descriptor.idVendor = cpu_to_le16(FAKE_ID);
	fx.udev->descriptor.idProduct = cpu_to_le16(FAKE_ID);
	fx.udev->dev.release = fake_udev_release;
	device_initialize(&fx.udev->dev);
	pm_runtime_no_callbacks(&fx.udev->dev);
	pm_runtime_enable(&fx.udev->dev);
	KUNIT_ASSERT_EQ(test, dev_set_name(&fx.udev->dev, "claim-kunit"), 0);
	KUNIT_ASSERT_EQ(test, device_add(&fx.udev->dev), 0);
	/* As after enumeration: it is awake. */
	pm_runtime_get_sync(&fx.udev->dev);
	for (n = 0; n < ARRAY_SIZE(fx.intf); n++)
		new_intf(test, n);
	KUNIT_ASSERT_EQ(test, add_intf(fx.intf[0]), 0);
	return 0;

deregister_plain:
	usb_deregister(&plain_driver);
deregister:
	usb_deregister(&auto_driver);
	return ret;
}

static void claim_test_exit(struct kunit *test)
{
	int n;

	if (!fx.udev)
		return;
	device_lock(&fx.udev->dev);
	for (n = 0; n < ARRAY_SIZE(fx.intf); n++)
		if (fx.intf[n] && device_is_registered(&fx.intf[n]->dev))
			device_del(&fx.intf[n]->dev);
	device_unlock(&fx.udev->dev);
	usb_deregister(&plain_driver);
	usb_deregister(&auto_driver);
	for (n = 0; n < ARRAY_SIZE(fx.intf); n++)
		if (fx.intf[n])
			put_device(&fx.intf[n]->dev);
	device_unregister(&fx.udev->dev);
}

static int claim(struct usb_driver *drv, int n)
{
	int ret;

	device_lock(&fx.udev->dev);
	ret = usb_driver_claim_interface(drv, fx.intf[n], &priv);
	device_unlock(&fx.udev->dev);
	return ret;
}

static void release(struct usb_driver *drv, int n)
{
	device_lock(&fx.udev->dev);
	usb_driver_release_interface(drv, fx.intf[n]);
	device_unlock(&fx.udev->dev);
}

static bool bound(int n)
{
	struct kernfs_node *kn;

	kn = kernfs_find_and_get(fx.intf[n]->dev.kobj.sd, "driver");
	kernfs_put(kn);
	return kn;
}

static void expect_claimed(struct kunit *test, struct usb_driver *drv, int n)
{
	struct usb_interface *intf = fx.intf[n];

	KUNIT_EXPECT_PTR_EQ(test, intf->dev.driver, &drv->drvwrap.driver);
	KUNIT_EXPECT_PTR_EQ(test, usb_get_intfdata(intf), (void *)&priv);
	KUNIT_EXPECT_EQ(test, (int)intf->condition, (int)USB_INTERFACE_BOUND);
	KUNIT_EXPECT_FALSE(test, intf->needs_binding);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&intf->dev.mutex));
	if (!IS_ENABLED(CONFIG_PM))
		return;
	/* Suspended, and free to wake up; or awake, and to stay so. */
	KUNIT_EXPECT_EQ(test, pm_runtime_enabled(&intf->dev),
			(bool)drv->supports_autosuspend);
	KUNIT_EXPECT_EQ(test, (int)intf->dev.power.runtime_status,
			(int)(drv->supports_autosuspend ? RPM_SUSPENDED :
							  RPM_ACTIVE));
}

static void expect_unclaimed(struct kunit *test, int n)
{
	struct usb_interface *intf = fx.intf[n];

	KUNIT_EXPECT_PTR_EQ(test, intf->dev.driver,
			    (struct device_driver *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, usb_get_intfdata(intf), (void *)NULL);
	KUNIT_EXPECT_EQ(test, (int)intf->condition,
			(int)USB_INTERFACE_UNBOUND);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&intf->dev.mutex));
	if (!IS_ENABLED(CONFIG_PM))
		return;
	KUNIT_EXPECT_FALSE(test, pm_runtime_enabled(&intf->dev));
	KUNIT_EXPECT_EQ(test, (int)intf->dev.power.runtime_status,
			(int)RPM_SUSPENDED);
}

/* Bound without a probe, and released with one call of disconnect. */
static void interface_free_claim_binds_unprobed(struct kunit *test)
{
	struct usb_driver *drvs[] = { &auto_driver, &plain_driver };
	int i;

	for (i = 0; i < ARRAY_SIZE(drvs); i++) {
		fx.disconnects = 0;
		fx.intf[0]->needs_binding = 1;
		KUNIT_EXPECT_EQ(test, claim(drvs[i], 0), 0);
		expect_claimed(test, drvs[i], 0);
		KUNIT_EXPECT_TRUE(test, bound(0));
		KUNIT_EXPECT_EQ(test, fx.probes, 0);

		release(drvs[i], 0);
		expect_unclaimed(test, 0);
		KUNIT_EXPECT_FALSE(test, bound(0));
		KUNIT_EXPECT_EQ(test, fx.disconnects, 1);
	}
}

/* -EBUSY, for its own driver as well; the claim that is there stays whole. */
static void interface_claimed_claim_returns_ebusy(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, claim(&auto_driver, 0), 0);
	KUNIT_EXPECT_EQ(test, claim(&plain_driver, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim(&auto_driver, 0), -EBUSY);
	expect_claimed(test, &auto_driver, 0);

	/* Somebody else's is not released. */
	release(&plain_driver, 0);
	expect_claimed(test, &auto_driver, 0);
	KUNIT_EXPECT_EQ(test, fx.disconnects, 0);
}

/* -ENODEV: an administrator has forbidden it. */
static void interface_unauthorized_claim_returns_enodev(struct kunit *test)
{
	fx.intf[0]->authorized = 0;
	KUNIT_EXPECT_EQ(test, claim(&auto_driver, 0), -ENODEV);
	expect_unclaimed(test, 0);
	fx.intf[0]->authorized = 1;
	KUNIT_EXPECT_EQ(test, claim(&auto_driver, 0), 0);
}

/* -ENODEV: nobody would ever release it. */
static void interface_removed_claim_returns_enodev(struct kunit *test)
{
	fx.intf[0]->unregistering = 1;
	KUNIT_EXPECT_EQ(test, claim(&auto_driver, 0), -ENODEV);
	expect_unclaimed(test, 0);

	fx.intf[0]->unregistering = 0;
	device_lock(&fx.udev->dev);
	device_del(&fx.intf[0]->dev);
	device_unlock(&fx.udev->dev);
	KUNIT_EXPECT_EQ(test, claim(&auto_driver, 0), -ENODEV);
	expect_unclaimed(test, 0);
}

/* Reserved until it is added, and then bound without a probe. */
static void interface_not_added_claim_is_bound_by_add(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, claim(&auto_driver, 1), 0);
	expect_claimed(test, &auto_driver, 1);
	KUNIT_EXPECT_EQ(test, claim(&plain_driver, 1), -EBUSY);

	KUNIT_ASSERT_EQ(test, add_intf(fx.intf[1]), 0);
	expect_claimed(test, &auto_driver, 1);
	KUNIT_EXPECT_TRUE(test, bound(1));
	KUNIT_EXPECT_EQ(test, fx.probes, 0);

	release(&auto_driver, 1);
	expect_unclaimed(test, 1);
	KUNIT_EXPECT_FALSE(test, bound(1));
	KUNIT_EXPECT_EQ(test, fx.disconnects, 1);
}

/* Reserved and given back before it is added: nothing is left to be bound. */
static void interface_not_added_release_unclaims(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, claim(&plain_driver, 1), 0);
	expect_claimed(test, &plain_driver, 1);
	release(&plain_driver, 1);
	expect_unclaimed(test, 1);
	KUNIT_EXPECT_EQ(test, fx.disconnects, 1);

	KUNIT_ASSERT_EQ(test, add_intf(fx.intf[1]), 0);
	expect_unclaimed(test, 1);
	KUNIT_EXPECT_FALSE(test, bound(1));
}

static ssize_t foreign_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "foreign\n");
}

/* Takes the place of the link to the driver. */
static struct device_attribute dev_attr_foreign =
	__ATTR(driver, 0444, foreign_show, NULL);
static struct attribute *foreign_attrs[] = {
	&dev_attr_foreign.attr,
	NULL
};
ATTRIBUTE_GROUPS(foreign);

/* Reserved, and then the links cannot be made: the claim is void. */
static void interface_not_added_links_fail_claim_is_void(struct kunit *test)
{
	struct usb_driver *drvs[] = { &auto_driver, &plain_driver };
	struct usb_interface *intf = fx.intf[1];
	int i, loglevel = console_loglevel;

	for (i = 0; i < ARRAY_SIZE(drvs); i++) {
		if (i) {
			put_device(&intf->dev);
			new_intf(test, 1);
			intf = fx.intf[1];
		}
		intf->dev.groups = foreign_groups;
		KUNIT_EXPECT_EQ(test, claim(drvs[i], 1), 0);
		/* The complaint about the name is not for the console. */
		console_loglevel = CONSOLE_LOGLEVEL_MIN;
		KUNIT_EXPECT_EQ(test, add_intf(intf), 0);
		console_loglevel = loglevel;
		expect_unclaimed(test, 1);
		release(drvs[i], 1);
		expect_unclaimed(test, 1);
		KUNIT_EXPECT_EQ(test, fx.disconnects, 0);

		device_lock(&fx.udev->dev);
		device_del(&intf->dev);
		device_unlock(&fx.udev->dev);
	}
}

static int claim_both(struct usb_interface *intf)
{
	/* CONFIG_DEBUG_TEST_DRIVER_REMOVE: its disconnect() would do that. */
	if (fx.probes > 1)
		usb_driver_release_interface(&auto_driver, fx.intf[1]);
	KUNIT_EXPECT_EQ(fx.test,
			usb_driver_claim_interface(&auto_driver, intf, &priv),
			-EBUSY);
	KUNIT_EXPECT_EQ(fx.test,
			usb_driver_claim_interface(&auto_driver, fx.intf[1],
						   &priv),
			0);
	usb_set_intfdata(intf, &priv);
	return 0;
}

/*
 * The probe of one interface claims the other, with the first locked. Its own
 * is taken, and asking for it is no deadlock.
 */
static void interface_probed_claims_other(struct kunit *test)
{
	fx.in_probe = claim_both;
	KUNIT_ASSERT_EQ(test, add_intf(fx.intf[1]), 0);
	KUNIT_ASSERT_EQ(test,
			device_driver_attach(&auto_driver.drvwrap.driver,
					     &fx.intf[0]->dev),
			0);
	KUNIT_EXPECT_EQ(test, fx.probes,
			1 + IS_ENABLED(CONFIG_DEBUG_TEST_DRIVER_REMOVE));
	expect_claimed(test, &auto_driver, 1);
	KUNIT_EXPECT_TRUE(test, bound(0));
	KUNIT_EXPECT_TRUE(test, bound(1));
}

static int claim_and_fail(struct usb_interface *intf)
{
	claim_both(intf);
	usb_driver_release_interface(&auto_driver, fx.intf[1]);
	return -EIO;
}

/* It gives the other one back when it fails after that. */
static void interface_probe_fails_other_is_free(struct kunit *test)
{
	fx.in_probe = claim_and_fail;
	KUNIT_ASSERT_EQ(test, add_intf(fx.intf[1]), 0);
	KUNIT_ASSERT_EQ(test,
			device_driver_attach(&auto_driver.drvwrap.driver,
					     &fx.intf[0]->dev),
			-EIO);
	expect_unclaimed(test, 0);
	expect_unclaimed(test, 1);
	KUNIT_EXPECT_EQ(test, claim(&plain_driver, 1), 0);
}

static DECLARE_COMPLETION(claimed);

static int claim_thread(void *ret)
{
	*(int *)ret = claim(&auto_driver, 0);
	complete(&claimed);
	return 0;
}

/*
 * Whoever holds the interface's lock, as the files in sysfs do without that of
 * the device, sees nothing of a claim until the lock is given back.
 */
static void interface_locked_claim_waits(struct kunit *test)
{
	struct usb_interface *intf = fx.intf[0];
	int ret = 1;

	reinit_completion(&claimed);
	device_lock(&intf->dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(claim_thread, &ret,
						    "%s", test->name)));
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&claimed, HZ / 5),
			0ul);
	KUNIT_EXPECT_PTR_EQ(test, intf->dev.driver,
			    (struct device_driver *)NULL);
	KUNIT_EXPECT_EQ(test, (int)intf->condition,
			(int)USB_INTERFACE_UNBOUND);
	/* Its authorization is taken away under this lock, too. */
	intf->authorized = 0;
	device_unlock(&intf->dev);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&claimed,
							    TEST_TIMEOUT) > 0);
	KUNIT_EXPECT_EQ(test, ret, -ENODEV);
	expect_unclaimed(test, 0);
}

/*
 * Whoever is probed without the lock of the device may wait for a mutex of the
 * claimant's: once it has a driver, it is busy, locked or not.
 */
static void interface_locked_and_driven_claim_returns_ebusy(struct kunit *test)
{
	struct usb_interface *intf = fx.intf[0];
	/* not on the stack: a thread that hangs may still write to it */
	static int ret;
	bool done;

	ret = 1;
	reinit_completion(&claimed);
	device_lock(&intf->dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(claim_thread, &ret,
						    "%s", test->name)));
	done = wait_for_completion_timeout(&claimed, HZ / 5);
	KUNIT_EXPECT_FALSE(test, done);
	/* As really_probe() does, before it calls the probe function. */
	WRITE_ONCE(intf->dev.driver, &plain_driver.drvwrap.driver);
	if (!done)
		done = wait_for_completion_timeout(&claimed, TEST_TIMEOUT);
	KUNIT_EXPECT_TRUE(test, done);
	WRITE_ONCE(intf->dev.driver, NULL);
	device_unlock(&intf->dev);
	if (!done)
		done = wait_for_completion_timeout(&claimed, TEST_TIMEOUT);
	KUNIT_ASSERT_TRUE(test, done);
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	expect_unclaimed(test, 0);
}

static struct kunit_case claim_cases[] = {
	KUNIT_CASE(interface_free_claim_binds_unprobed),
	KUNIT_CASE(interface_claimed_claim_returns_ebusy),
	KUNIT_CASE(interface_unauthorized_claim_returns_enodev),
	KUNIT_CASE(interface_removed_claim_returns_enodev),
	KUNIT_CASE(interface_not_added_claim_is_bound_by_add),
	KUNIT_CASE(interface_not_added_release_unclaims),
	KUNIT_CASE(interface_not_added_links_fail_claim_is_void),
	KUNIT_CASE(interface_probed_claims_other),
	KUNIT_CASE(interface_probe_fails_other_is_free),
	KUNIT_CASE(interface_locked_claim_waits),
	KUNIT_CASE(interface_locked_and_driven_claim_returns_ebusy),
	{}
};

static struct kunit_suite claim_suite = {
	.name = "usb-claim",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_cases,
};

kunit_test_suite(claim_suite);

MODULE_DESCRIPTION("KUnit tests of claiming USB interfaces");
MODULE_LICENSE("GPL v2");
