// SPDX-License-Identifier: GPL-2.0
/*
 * What phy_attach_direct() and phy_detach() do with PHYs that have no driver of
 * their own, on an MDIO bus whose registers are made up here.
 *
 * The netdevs are not registered; their parent is a platform device with a
 * driver, whose module phylib asks for.
 */
#include <linux/completion.h>
#include <linux/console.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/phy.h>
#include <linux/platform_device.h>
#include <linux/printk.h>
#include <linux/rtnetlink.h>
#include <kunit/test.h>

/* Nothing takes longer, not even on an emulated machine. */
#define TEST_TIMEOUT	(20 * HZ)

#define TEST_PHY_ID	0x7e570000

struct test_thread {
	struct net_device *ndev;
	int ret;
	struct completion done;
};

static struct {
	struct kunit *test;
	struct platform_device *pdev;
	struct mii_bus *bus;
	struct phy_device *phy;
	struct net_device *ndev[2];
	struct notifier_block nb;
	/* What a read of the status register returns, if negative. */
	int read_error;
	/* What a PHY driver says that is to clear an interrupt. */
	int ack_error;
	/* Notifications about the PHY, and how many came without its lock. */
	int binds, bounds, not_bounds, unbounds, unlocked;
	/* For how long a bind stops before the probe, in ms. */
	unsigned int bind_delay;
	struct test_thread threads[2];
	/* Of the PHY driver whose probe takes the RTNL. */
	struct completion locked, probing;
	/* As they were when the console was muted. */
	int loglevel;
	bool warned, locks_ok;
} fx;

static struct platform_driver mac_driver = {
	.driver.name = "phy-attach-test",
};

static int bus_read(struct mii_bus *bus, int addr, int reg)
{
	switch (reg) {
	case MII_PHYSID1:
		return TEST_PHY_ID >> 16;
	case MII_PHYSID2:
		return TEST_PHY_ID & 0xffff;
	case MII_BMSR:
		return fx.read_error ?: BMSR_100FULL | BMSR_ANEGCAPABLE;
	}
	return 0;
}

static int bus_write(struct mii_bus *bus, int addr, int reg, u16 val)
{
	return 0;
}

static int notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	if (!fx.phy || dev != &fx.phy->mdio.dev)
		return NOTIFY_DONE;

	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
		fx.binds++;
		if (fx.bind_delay)
			msleep(fx.bind_delay);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		fx.bounds++;
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		fx.not_bounds++;
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		fx.unbounds++;
		break;
	default:
		return NOTIFY_DONE;
	}
	if (!mutex_is_locked(&dev->mutex))
		fx.unlocked++;
	return NOTIFY_DONE;
}

static struct net_device *new_ndev(struct kunit *test)
{
	struct net_device *ndev = alloc_etherdev(0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ndev);
	SET_NETDEV_DEV(ndev, &fx.pdev->dev);
	return ndev;
}

static int phy_attach_test_init(struct kunit *test)
{
	memset(&fx, 0, sizeof(fx));
	fx.test = test;
	init_completion(&fx.locked);
	init_completion(&fx.probing);
	fx.nb.notifier_call = notify;

	KUNIT_ASSERT_EQ(test, platform_driver_register(&mac_driver), 0);
	fx.pdev = platform_device_register_simple("phy-attach-test", 0, NULL, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fx.pdev));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx.pdev->dev.driver);
	fx.ndev[0] = new_ndev(test);
	fx.ndev[1] = new_ndev(test);

	fx.bus = mdiobus_alloc();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx.bus);
	fx.bus->name = "phy-attach-test";
	snprintf(fx.bus->id, MII_BUS_ID_SIZE, "phy-attach-test");
	fx.bus->read = bus_read;
	fx.bus->write = bus_write;
	fx.bus->phy_mask = ~1;
	KUNIT_ASSERT_EQ(test, mdiobus_register(fx.bus), 0);
	fx.phy = mdiobus_get_phy(fx.bus, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx.phy);
	KUNIT_ASSERT_PTR_EQ(test, fx.phy->mdio.dev.driver,
			    (struct device_driver *)NULL);
	return bus_register_notifier(&mdio_bus_type, &fx.nb);
}

static void phy_attach_test_exit(struct kunit *test)
{
	bus_unregister_notifier(&mdio_bus_type, &fx.nb);
	if (fx.phy && fx.phy->attached_dev)
		phy_detach(fx.phy);
	if (fx.bus) {
		if (fx.bus->state == MDIOBUS_REGISTERED)
			mdiobus_unregister(fx.bus);
		mdiobus_free(fx.bus);
	}
	if (fx.ndev[0])
		free_netdev(fx.ndev[0]);
	if (fx.ndev[1])
		free_netdev(fx.ndev[1]);
	if (!IS_ERR_OR_NULL(fx.pdev))
		platform_device_unregister(fx.pdev);
	platform_driver_unregister(&mac_driver);
}

static int attach(struct net_device *ndev)
{
	return phy_attach_direct(ndev, fx.phy, 0, PHY_INTERFACE_MODE_MII);
}

/* What is still on its way to the console goes there first. */
static void set_loglevel(int level)
{
	console_lock();
	console_unlock();
	console_loglevel = level;
}

/* Around what must complain: that is not for the console. Reports of WARN() and
 * lockdep are nothing to be muted.
 */
static void mute(void)
{
	/* KUnit leaves the line on the last test open: end it, out of sight. */
	kunit_printk(KERN_DEBUG, fx.test, "complaints expected\n");
	fx.loglevel = console_loglevel;
	fx.warned = test_taint(TAINT_WARN);
	fx.locks_ok = debug_locks;
	set_loglevel(CONSOLE_LOGLEVEL_MIN);
}

static void unmute(void)
{
	set_loglevel(fx.loglevel);
	KUNIT_EXPECT_EQ(fx.test, (bool)test_taint(TAINT_WARN), fx.warned);
	KUNIT_EXPECT_EQ(fx.test, (bool)debug_locks, fx.locks_ok);
}

static int attach_in_vain(struct net_device *ndev)
{
	int ret;

	mute();
	ret = attach(ndev);
	unmute();
	return ret;
}

static int phy_references(void)
{
	return kref_read(&fx.phy->mdio.dev.kobj.kref);
}

static int module_references(struct module *module)
{
#ifdef CONFIG_MODULE_UNLOAD
	if (module)
		return module_refcount(module);
#endif
	return 0;
}

static void expect_generic(struct kunit *test, struct net_device *ndev)
{
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->attached_dev, ndev);
	KUNIT_EXPECT_PTR_EQ(test, ndev->phydev, fx.phy);
	KUNIT_EXPECT_TRUE(test, phy_driver_is_genphy(fx.phy));
	KUNIT_EXPECT_EQ(test, fx.bounds - fx.unbounds, 1);
}

static void expect_unbound(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->mdio.dev.driver,
			    (struct device_driver *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, (struct phy_driver *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->attached_dev,
			    (struct net_device *)NULL);
	KUNIT_EXPECT_TRUE(test, list_empty(&fx.phy->mdio.dev.devres_head));
}

static void expect_notified(struct kunit *test, int binds, int bounds,
			    int not_bounds, int unbounds)
{
	KUNIT_EXPECT_EQ(test, fx.binds, binds);
	KUNIT_EXPECT_EQ(test, fx.bounds, bounds);
	KUNIT_EXPECT_EQ(test, fx.not_bounds, not_bounds);
	KUNIT_EXPECT_EQ(test, fx.unbounds, unbounds);
}

/* The generic driver is bound while a netdev is attached, and no longer. All
 * references are given back, and it can be done again.
 */
static void phy_without_driver_attach_binds_generic(struct kunit *test)
{
	int references = phy_references(), i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, attach(fx.ndev[i]), 0);
		expect_generic(test, fx.ndev[i]);
		KUNIT_EXPECT_EQ(test, (int)fx.phy->state, (int)PHY_READY);
		KUNIT_EXPECT_EQ(test, fx.phy->port, PORT_MII);
		phy_detach(fx.phy);
		expect_unbound(test);
		KUNIT_EXPECT_PTR_EQ(test, fx.ndev[i]->phydev,
				    (struct phy_device *)NULL);
		KUNIT_EXPECT_EQ(test, phy_references(), references);
	}
}

/* A PHY that speaks clause 45 has a generic driver of its own. */
static void phy_c45_without_driver_attach_binds_its_generic(struct kunit *test)
{
	fx.phy->is_c45 = true;
	KUNIT_ASSERT_EQ(test, attach(fx.ndev[0]), 0);
	KUNIT_EXPECT_TRUE(test, phy_driver_is_genphy_10g(fx.phy));
	phy_detach(fx.phy);
	expect_unbound(test);
}

/* Every notification comes with the device locked, and they come in pairs. */
static void phy_without_driver_attach_holds_device_lock(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, attach(fx.ndev[0]), 0);
	phy_detach(fx.phy);
	/* CONFIG_DEBUG_TEST_DRIVER_REMOVE binds twice, and says so once more. */
	expect_notified(test, 1 + IS_ENABLED(CONFIG_DEBUG_TEST_DRIVER_REMOVE),
			1, 0, 1);
	KUNIT_EXPECT_EQ(test, fx.unlocked, 0);
}

/* Nothing is left when the generic driver's probe fails; its errno comes back. */
static void generic_probe_fails_attach_leaves_nothing(struct kunit *test)
{
	int references = phy_references();

	fx.read_error = -ENODEV;
	KUNIT_EXPECT_EQ(test, attach_in_vain(fx.ndev[0]), -ENODEV);
	expect_unbound(test);
	KUNIT_EXPECT_EQ(test, phy_references(), references);
	expect_notified(test, 1, 0, 1, 0);

	fx.read_error = 0;
	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), 0);
	expect_generic(test, fx.ndev[0]);
}

/* A PHY that was removed is refused, and has no driver afterwards. */
static void phy_removed_attach_returns_enodev(struct kunit *test)
{
	struct device *d = &fx.phy->mdio.dev;
	int references;

	get_device(d);
	phy_device_remove(fx.phy);
	references = phy_references();
	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), -ENODEV);
	expect_unbound(test);
	KUNIT_EXPECT_EQ(test, phy_references(), references);
	phy_device_free(fx.phy);
	put_device(d);
	fx.phy = NULL;
}

/* The probe of a MAC is told to try later; who sets a netdev up learns that by
 * an errno which userspace knows.
 */
static void supplier_missing_attach_is_deferred(struct kunit *test)
{
	struct device *supplier = root_device_register("phy-attach-supplier");

	KUNIT_ASSERT_FALSE(test, IS_ERR(supplier));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test,
				     device_link_add(&fx.phy->mdio.dev, supplier,
						     DL_FLAG_AUTOREMOVE_SUPPLIER));
	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), -EPROBE_DEFER);
	expect_unbound(test);
	fx.ndev[0]->reg_state = NETREG_REGISTERED;
	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), -EAGAIN);
	fx.ndev[0]->reg_state = NETREG_UNINITIALIZED;
	expect_unbound(test);

	root_device_unregister(supplier);
	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), 0);
	expect_generic(test, fx.ndev[0]);
}

/* The second netdev gets -EBUSY; the first one does not notice. */
static void phy_attached_second_netdev_is_refused(struct kunit *test)
{
	int references;

	KUNIT_ASSERT_EQ(test, attach(fx.ndev[0]), 0);
	references = phy_references();
	KUNIT_EXPECT_EQ(test, attach_in_vain(fx.ndev[1]), -EBUSY);
	KUNIT_EXPECT_EQ(test, attach_in_vain(NULL), -EBUSY);
	expect_generic(test, fx.ndev[0]);
	KUNIT_EXPECT_PTR_EQ(test, fx.ndev[1]->phydev,
			    (struct phy_device *)NULL);
	KUNIT_EXPECT_EQ(test, phy_references(), references);
}

static int attach_in_thread(void *data)
{
	struct test_thread *thread = data;

	thread->ret = attach(thread->ndev);
	complete(&thread->done);
	return 0;
}

static void start(struct kunit *test, int n)
{
	struct test_thread *thread = &fx.threads[n];
	struct task_struct *task;

	thread->ndev = fx.ndev[n];
	init_completion(&thread->done);
	task = kthread_run(attach_in_thread, thread, "phy-attach-%d", n);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
}

static bool join(struct kunit *test, int n)
{
	bool done = wait_for_completion_timeout(&fx.threads[n].done,
						TEST_TIMEOUT);

	KUNIT_EXPECT_TRUE(test, done);
	return done;
}

/* Of two netdevs that come at once, one gets the PHY, and one -EBUSY. */
static void two_netdevs_attach_at_once_one_wins(struct kunit *test)
{
	int references = phy_references(), round, winner;
	bool done;

	for (round = 0; round < 100; round++) {
		mute();
		start(test, 0);
		start(test, 1);
		done = join(test, 0) && join(test, 1);
		unmute();
		if (!done)
			return;
		winner = fx.threads[0].ret ? 1 : 0;
		KUNIT_ASSERT_EQ(test, fx.threads[winner].ret, 0);
		KUNIT_ASSERT_EQ(test, fx.threads[!winner].ret, -EBUSY);
		expect_generic(test, fx.ndev[winner]);
		phy_detach(fx.phy);
		expect_unbound(test);
		KUNIT_ASSERT_EQ(test, phy_references(), references);
	}
	KUNIT_EXPECT_EQ(test, fx.unlocked, 0);
}

/* As sfp_bus_add_upstream() does. */
static int probe_under_rtnl(struct phy_device *phydev)
{
	complete(&fx.probing);
	rtnl_lock();
	rtnl_unlock();
	return 0;
}

static int ack_interrupt(struct phy_device *phydev)
{
	return fx.ack_error;
}

static struct phy_driver rtnl_driver = {
	.phy_id = TEST_PHY_ID,
	.phy_id_mask = 0xffffffff,
	.name = "phy-attach-test RTNL",
	.features = PHY_BASIC_FEATURES,
	.probe = probe_under_rtnl,
	.ack_interrupt = ack_interrupt,
	.mdiodrv.driver.suppress_bind_attrs = true,
};

/* Keeps a driver's registration from binding the PHY before it is wanted. */
static int hold_lock_and_register(void *data)
{
	struct device *d = &fx.phy->mdio.dev;
	struct test_thread *thread = data;

	device_lock(d);
	complete(&fx.locked);
	/* Let phy_attach_direct() find the device locked, and no driver. */
	msleep(50);
	thread->ret = device_driver_attach_locked(&rtnl_driver.mdiodrv.driver, d);
	device_unlock(d);
	complete(&thread->done);
	return 0;
}

/* A PHY driver is being bound, with the device locked, and takes the RTNL, which
 * whoever attaches holds. Neither waits for the other, and the PHY has that
 * driver, not the generic one.
 */
static void driver_probes_under_rtnl_attach_does_not_wait(struct kunit *test)
{
	struct test_thread *thread = &fx.threads[0];
	struct task_struct *task;

	init_completion(&thread->done);
	KUNIT_ASSERT_EQ(test, phy_driver_register(&rtnl_driver, THIS_MODULE), 0);
	device_release_driver(&fx.phy->mdio.dev);
	reinit_completion(&fx.probing);
	/* Let phy_attach_direct() find dev->driver, and no phydev->drv. */
	fx.bind_delay = 50;

	task = kthread_run(hold_lock_and_register, thread, "phy-attach-probe");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&fx.locked,
							    TEST_TIMEOUT));
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), 0);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, &rtnl_driver);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&fx.probing,
							    TEST_TIMEOUT));
	rtnl_unlock();
	if (join(test, 0)) {
		KUNIT_EXPECT_EQ(test, thread->ret, 0);
		KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, &rtnl_driver);
		KUNIT_EXPECT_EQ(test, fx.unlocked, 0);
	}
	phy_detach(fx.phy);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, &rtnl_driver);
	phy_driver_unregister(&rtnl_driver);
}

/* A PHY with a driver of its own keeps it, attached or not. */
static void phy_with_driver_attach_uses_it(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, phy_driver_register(&rtnl_driver, THIS_MODULE), 0);
	KUNIT_ASSERT_EQ(test, attach(fx.ndev[0]), 0);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, &rtnl_driver);
	KUNIT_EXPECT_FALSE(test, phy_driver_is_genphy(fx.phy));
	phy_detach(fx.phy);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, &rtnl_driver);
	phy_driver_unregister(&rtnl_driver);
	expect_unbound(test);
}

/* A PHY whose interrupts cannot be disabled is free again, for the next one. */
static void interrupts_stay_attach_leaves_phy_free(struct kunit *test)
{
	int references = phy_references();

	KUNIT_ASSERT_EQ(test, phy_driver_register(&rtnl_driver, THIS_MODULE), 0);
	fx.ack_error = -EIO;
	KUNIT_EXPECT_EQ(test, attach_in_vain(fx.ndev[0]), -EIO);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->attached_dev,
			    (struct net_device *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, fx.ndev[0]->phydev,
			    (struct phy_device *)NULL);
	KUNIT_EXPECT_EQ(test, phy_references(), references);

	fx.ack_error = 0;
	KUNIT_EXPECT_EQ(test, attach_in_vain(fx.ndev[1]), 0);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->attached_dev, fx.ndev[1]);
	phy_detach(fx.phy);
	phy_driver_unregister(&rtnl_driver);
	expect_unbound(test);
}

/* Unbound while attached, as by the "unbind" file: the module of the generic
 * driver is given back on detaching all the same.
 */
static void phy_unbound_detach_puts_module(struct kunit *test)
{
	int references = phy_references(), modules;
	struct module *module;

	KUNIT_ASSERT_EQ(test, attach(fx.ndev[0]), 0);
	module = fx.phy->mdio.dev.driver->owner;
	modules = module_references(module);
	device_release_driver(&fx.phy->mdio.dev);
	phy_detach(fx.phy);
	expect_unbound(test);
	KUNIT_EXPECT_EQ(test, phy_references(), references);
	if (modules)
		KUNIT_EXPECT_EQ(test, module_references(module), modules - 1);

	KUNIT_EXPECT_EQ(test, attach(fx.ndev[0]), 0);
	expect_generic(test, fx.ndev[0]);
}

/* A driver that is bound while somebody is attached is held, too. */
static void phy_bound_again_holds_new_driver(struct kunit *test)
{
	int modules = module_references(THIS_MODULE), held = !!modules;

	KUNIT_ASSERT_EQ(test, attach(fx.ndev[0]), 0);
	device_release_driver(&fx.phy->mdio.dev);
	KUNIT_ASSERT_EQ(test, phy_driver_register(&rtnl_driver, THIS_MODULE), 0);
	KUNIT_EXPECT_PTR_EQ(test, fx.phy->drv, &rtnl_driver);
	KUNIT_EXPECT_EQ(test, module_references(THIS_MODULE), modules + held);
	phy_detach(fx.phy);
	KUNIT_EXPECT_EQ(test, module_references(THIS_MODULE), modules);
	phy_driver_unregister(&rtnl_driver);
	expect_unbound(test);
}

static struct kunit_case phy_attach_cases[] = {
	KUNIT_CASE(phy_without_driver_attach_binds_generic),
	KUNIT_CASE(phy_c45_without_driver_attach_binds_its_generic),
	KUNIT_CASE(phy_without_driver_attach_holds_device_lock),
	KUNIT_CASE(generic_probe_fails_attach_leaves_nothing),
	KUNIT_CASE(phy_removed_attach_returns_enodev),
	KUNIT_CASE(supplier_missing_attach_is_deferred),
	KUNIT_CASE(phy_attached_second_netdev_is_refused),
	KUNIT_CASE(two_netdevs_attach_at_once_one_wins),
	KUNIT_CASE(driver_probes_under_rtnl_attach_does_not_wait),
	KUNIT_CASE(phy_with_driver_attach_uses_it),
	KUNIT_CASE(interrupts_stay_attach_leaves_phy_free),
	KUNIT_CASE(phy_unbound_detach_puts_module),
	KUNIT_CASE(phy_bound_again_holds_new_driver),
	{}
};

static struct kunit_suite phy_attach_suite = {
	.name = "phy-attach",
	.init = phy_attach_test_init,
	.exit = phy_attach_test_exit,
	.test_cases = phy_attach_cases,
};

kunit_test_suite(phy_attach_suite);

MODULE_DESCRIPTION("KUnit tests for attaching netdevs to PHYs");
MODULE_LICENSE("GPL v2");
