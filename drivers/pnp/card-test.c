// SPDX-License-Identifier: GPL-2.0
/*
 * What the PnP layer does between card drivers and cards of several devices,
 * on a protocol that is made up here: cards of three devices, of which the
 * second and the third have the same ID.
 */
#include <linux/console.h>
#include <linux/debug_locks.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pnp.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <kunit/test.h>
#include "base.h"

#define TEST_DEVS	3

struct test_card {
	struct pnp_card *card;
	struct pnp_dev *dev[TEST_DEVS];
};

static struct {
	struct kunit *test;
	struct pnp_protocol *protocol;
	struct test_card cards[2];
	struct notifier_block nb;
	bool driver_registered, other_registered;
	/* As they were when the console was muted. */
	int loglevel;
	bool warned, locks_ok;
	/* Of the card driver: what it does with a card, and what it was asked. */
	int (*probe)(struct pnp_card_link *clink);
	struct pnp_card_link *clink;
	int probes, removes, suspends;
	/* Of the driver of single devices. */
	int other_removes;
	/* Notifications that came without the device locked. */
	int unlocked;
} fx;

static int driver_probe(struct pnp_card_link *clink,
			const struct pnp_card_device_id *id)
{
	fx.probes++;
	fx.clink = clink;
	return fx.probe(clink);
}

static void driver_remove(struct pnp_card_link *clink)
{
	fx.removes++;
}

static int driver_suspend(struct pnp_card_link *clink, pm_message_t state)
{
	fx.suspends++;
	return 0;
}

static int driver_resume(struct pnp_card_link *clink)
{
	return 0;
}

static const struct pnp_card_device_id card_ids[] = {
	{ .id = "TST0000", .devs = { { "TST0001" }, { "TST0002" } } },
	{ .id = "" }
};

static struct pnp_card_driver card_driver;

static int other_probe(struct pnp_dev *dev, const struct pnp_device_id *id)
{
	return 0;
}

static void other_remove(struct pnp_dev *dev)
{
	fx.other_removes++;
}

static const struct pnp_device_id other_ids[] = {
	{ .id = "TST0001" },
	{ .id = "" }
};

static struct pnp_driver other_driver;

static int protocol_nop(struct pnp_dev *dev)
{
	return 0;
}

static void protocol_release(struct device *dev)
{
	kfree(container_of(dev, struct pnp_protocol, dev));
}

static int notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
	case BUS_NOTIFY_BOUND_DRIVER:
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
	case BUS_NOTIFY_UNBOUND_DRIVER:
		if (!mutex_is_locked(&dev->mutex))
			fx.unlocked++;
	}
	return NOTIFY_DONE;
}

/* Not yet added, so that a test can change it before. */
static struct test_card *new_card(struct kunit *test, int n)
{
	static const char * const ids[] = { "TST0001", "TST0002", "TST0002" };
	struct test_card *tc = &fx.cards[n];
	int i;

	tc->card = pnp_alloc_card(fx.protocol, n, "TST0000");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tc->card);
	INIT_LIST_HEAD(&tc->card->devices);
	for (i = 0; i < TEST_DEVS; i++) {
		tc->dev[i] = pnp_alloc_dev(fx.protocol, i, ids[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tc->dev[i]);
		tc->dev[i]->capabilities = PNP_CONFIGURABLE | PNP_WRITE |
					   PNP_DISABLE;
		pnp_add_card_device(tc->card, tc->dev[i]);
	}
	return tc;
}

static struct test_card *add_card(struct kunit *test, int n)
{
	struct test_card *tc = new_card(test, n);

	KUNIT_ASSERT_EQ(test, pnp_add_card(tc->card), 0);
	return tc;
}

static void remove_card(int n)
{
	if (fx.cards[n].card)
		pnp_remove_card(fx.cards[n].card);
	fx.cards[n].card = NULL;
}

static void add_driver(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pnp_register_card_driver(&card_driver), 0);
	fx.driver_registered = true;
}

static void remove_driver(void)
{
	if (fx.driver_registered)
		pnp_unregister_card_driver(&card_driver);
	fx.driver_registered = false;
}

static void add_other(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pnp_register_driver(&other_driver), 0);
	fx.other_registered = true;
}

static void remove_other(void)
{
	if (fx.other_registered)
		pnp_unregister_driver(&other_driver);
	fx.other_registered = false;
}

/* What is still on its way to the console goes there first. */
static void set_loglevel(int level)
{
	console_lock();
	console_unlock();
	console_loglevel = level;
}

static int card_test_init(struct kunit *test)
{
	memset(&fx, 0, sizeof(fx));
	fx.test = test;
	fx.nb.notifier_call = notify;
	card_driver = (struct pnp_card_driver) {
		.name = "pnp-card-test",
		.id_table = card_ids,
		.probe = driver_probe,
		.remove = driver_remove,
		.suspend = driver_suspend,
		.resume = driver_resume,
	};
	other_driver = (struct pnp_driver) {
		.name = "pnp-other-test",
		.id_table = other_ids,
		.probe = other_probe,
		.remove = other_remove,
	};
	/* "activated", "disabled" and failed probes are not for the console.
	 * Reports of WARN() and lockdep are nothing to be muted.
	 */
	kunit_printk(KERN_DEBUG, test, "complaints expected\n");
	fx.loglevel = console_loglevel;
	fx.warned = test_taint(TAINT_WARN);
	fx.locks_ok = debug_locks;
	set_loglevel(LOGLEVEL_WARNING);

	fx.protocol = kzalloc(sizeof(*fx.protocol), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx.protocol);
	fx.protocol->name = "PnP test";
	fx.protocol->get = protocol_nop;
	fx.protocol->set = protocol_nop;
	fx.protocol->disable = protocol_nop;
	fx.protocol->dev.release = protocol_release;
	KUNIT_ASSERT_EQ(test, pnp_register_protocol(fx.protocol), 0);
	return bus_register_notifier(&pnp_bus_type, &fx.nb);
}

static void card_test_exit(struct kunit *test)
{
	remove_driver();
	remove_other();
	remove_card(0);
	remove_card(1);
	bus_unregister_notifier(&pnp_bus_type, &fx.nb);
	if (fx.protocol)
		pnp_unregister_protocol(fx.protocol);
	set_loglevel(fx.loglevel);
	KUNIT_EXPECT_EQ(test, (bool)test_taint(TAINT_WARN), fx.warned);
	KUNIT_EXPECT_EQ(test, (bool)debug_locks, fx.locks_ok);
}

/* --- what card drivers do in their probe --- */

static struct pnp_dev *request(struct pnp_card_link *clink, const char *id)
{
	return pnp_request_card_device(clink, id, NULL);
}

static int take_two(struct pnp_card_link *clink)
{
	return request(clink, "TST0001") && request(clink, "TST0002") ?
	       0 : -ENODEV;
}

static void expect_bound(struct kunit *test, struct pnp_dev *dev)
{
	struct device *d = &dev->dev;

	KUNIT_EXPECT_PTR_EQ(test, d->driver, &card_driver.link.driver);
	KUNIT_EXPECT_PTR_EQ(test, dev->card_link, fx.clink);
	KUNIT_EXPECT_EQ(test, dev->status, PNP_ATTACHED);
	KUNIT_EXPECT_EQ(test, dev->active, 1);
	device_lock(d);
	KUNIT_EXPECT_TRUE(test, device_is_bound(d));
	device_unlock(d);
}

static void expect_free(struct kunit *test, struct pnp_dev *dev)
{
	KUNIT_EXPECT_PTR_EQ(test, dev->dev.driver,
			    (struct device_driver *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, dev->card_link,
			    (struct pnp_card_link *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, dev->driver, (struct pnp_driver *)NULL);
	KUNIT_EXPECT_EQ(test, dev->status, PNP_READY);
	KUNIT_EXPECT_EQ(test, dev->active, 0);
}

/* --- the tests --- */

/*
 * A driver finds the cards that are there. Each device that it asks for is
 * activated and bound, with the device locked; unregistered, it is told so,
 * and all is free again.
 */
static void card_there_driver_gets_devices(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_two;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.probes, 1);
	expect_bound(test, tc->dev[0]);
	expect_bound(test, tc->dev[1]);
	expect_free(test, tc->dev[2]);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
	expect_free(test, tc->dev[0]);
	expect_free(test, tc->dev[1]);
	KUNIT_EXPECT_EQ(test, fx.unlocked, 0);
}

/* A card finds the drivers that are there. */
static void driver_there_card_is_bound(struct kunit *test)
{
	struct test_card *tc;

	fx.probe = take_two;
	add_driver(test);
	tc = add_card(test, 0);
	KUNIT_EXPECT_EQ(test, fx.probes, 1);
	expect_bound(test, tc->dev[0]);
	expect_bound(test, tc->dev[1]);
}

static int take_second_by_search(struct pnp_card_link *clink)
{
	struct pnp_dev **dev = fx.cards[0].dev;
	struct kunit *test = fx.test;

	KUNIT_EXPECT_PTR_EQ(test, request(clink, "TST0009"),
			    (struct pnp_dev *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, dev[2],
			    pnp_request_card_device(clink, "TST0002", dev[1]));
	/* Taken ones are passed over, and the search begins after @from. */
	KUNIT_EXPECT_PTR_EQ(test, request(clink, "TST0002"), dev[1]);
	KUNIT_EXPECT_PTR_EQ(test, request(clink, "TST0002"),
			    (struct pnp_dev *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, (struct pnp_dev *)NULL,
			    pnp_request_card_device(clink, "TST0001", dev[0]));
	return 0;
}

/* The search: by ID, from where it is told, for what is not taken. */
static void card_searched_finds_free_devices(struct kunit *test)
{
	add_card(test, 0);
	fx.probe = take_second_by_search;
	add_driver(test);
}

/* A device that has another driver is refused, and that driver keeps it. */
static void device_with_other_driver_is_refused(struct kunit *test)
{
	struct test_card *tc;

	add_other(test);
	tc = add_card(test, 0);
	KUNIT_ASSERT_PTR_EQ(test, tc->dev[0]->dev.driver, &other_driver.driver);

	fx.probe = take_two;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.probes, 1);
	KUNIT_EXPECT_PTR_EQ(test, tc->dev[0]->dev.driver, &other_driver.driver);
	KUNIT_EXPECT_PTR_EQ(test, tc->dev[0]->card_link,
			    (struct pnp_card_link *)NULL);
	expect_free(test, tc->dev[1]);

	remove_other();
	KUNIT_EXPECT_EQ(test, fx.other_removes,
			1 + IS_ENABLED(CONFIG_DEBUG_TEST_DRIVER_REMOVE));
	expect_free(test, tc->dev[0]);
	remove_driver();
	add_driver(test);
	expect_bound(test, tc->dev[0]);
}

/* A device that cannot be activated is refused, and can be had when it can. */
static void device_not_activated_is_refused(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_two;
	tc->dev[1]->capabilities &= ~PNP_WRITE;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.probes, 1);
	KUNIT_EXPECT_EQ(test, fx.removes, 0);
	expect_free(test, tc->dev[0]);
	expect_free(test, tc->dev[1]);

	tc->dev[1]->capabilities |= PNP_WRITE;
	remove_driver();
	add_driver(test);
	expect_bound(test, tc->dev[1]);
}

static int take_none(struct pnp_card_link *clink)
{
	return 0;
}

/* A driver may do without devices: it keeps the card, and is told of nothing. */
static void driver_takes_none_is_not_told(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_none;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.probes, 1);
	KUNIT_EXPECT_EQ(test, fx.removes, 0);
	expect_free(test, tc->dev[0]);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 0);
}

static int take_two_and_fail(struct pnp_card_link *clink)
{
	take_two(clink);
	return -EIO;
}

/* A probe that fails loses its devices, and is not told of a removal. */
static void probe_fails_devices_are_released(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_two_and_fail;
	add_driver(test);
	expect_free(test, tc->dev[0]);
	expect_free(test, tc->dev[1]);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 0);

	fx.probe = take_two;
	add_driver(test);
	expect_bound(test, tc->dev[0]);
}

static int take_release_and_take(struct pnp_card_link *clink)
{
	struct pnp_dev *dev = request(clink, "TST0001");

	KUNIT_EXPECT_PTR_EQ(fx.test, dev, fx.cards[0].dev[0]);
	pnp_release_card_device(dev);
	expect_free(fx.test, dev);
	return take_two(clink);
}

/* A device is released and bound again, in the probe and later. */
static void device_released_is_bound_again(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_release_and_take;
	add_driver(test);
	expect_bound(test, tc->dev[0]);

	pnp_release_card_device(tc->dev[0]);
	expect_free(test, tc->dev[0]);
	expect_bound(test, tc->dev[1]);
	KUNIT_EXPECT_PTR_EQ(test, request(fx.clink, "TST0001"), tc->dev[0]);
	expect_bound(test, tc->dev[0]);
	KUNIT_EXPECT_EQ(test, fx.removes, 0);

	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
}

/* Of each card the driver is told that it is gone. */
static void two_cards_driver_removed_from_both(struct kunit *test)
{
	add_card(test, 0);
	add_card(test, 1);
	fx.probe = take_two;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.probes, 2);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 2);
}

/*
 * One device unbound, as by its "unbind" file: the driver is told, once. The
 * others stay bound, but it is not called for them any more.
 */
static void device_unbound_driver_is_told_once(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_two;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, pnp_bus_type.pm->suspend(&tc->dev[1]->dev), 0);
	KUNIT_EXPECT_EQ(test, fx.suspends, 1);
	KUNIT_EXPECT_EQ(test, pnp_bus_type.pm->resume(&tc->dev[1]->dev), 0);

	device_release_driver(&tc->dev[0]->dev);
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
	expect_free(test, tc->dev[0]);
	expect_bound(test, tc->dev[1]);
	KUNIT_EXPECT_EQ(test, pnp_bus_type.pm->suspend(&tc->dev[1]->dev), 0);
	KUNIT_EXPECT_EQ(test, fx.suspends, 1);
	KUNIT_EXPECT_EQ(test, pnp_bus_type.pm->resume(&tc->dev[1]->dev), 0);

	pnp_release_card_device(tc->dev[1]);
	expect_free(test, tc->dev[1]);
	pnp_release_card_device(tc->dev[1]);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
}

static int take_two_lose_one(struct pnp_card_link *clink)
{
	int ret = take_two(clink);

	device_release_driver(&fx.cards[0].dev[0]->dev);
	KUNIT_EXPECT_EQ(fx.test, fx.removes, 0);
	return ret;
}

static int take_two_lose_both(struct pnp_card_link *clink)
{
	int ret = take_two_lose_one(clink);

	device_release_driver(&fx.cards[0].dev[1]->dev);
	KUNIT_EXPECT_EQ(fx.test, fx.removes, 0);
	return ret;
}

/* Unbound before the probe is done: the driver is told with the last device. */
static void device_unbound_in_probe_driver_is_told_later(struct kunit *test)
{
	struct test_card *tc = add_card(test, 0);

	fx.probe = take_two_lose_one;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.removes, 0);
	expect_free(test, tc->dev[0]);
	expect_bound(test, tc->dev[1]);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 1);

	fx.probe = take_two_lose_both;
	fx.removes = 0;
	add_driver(test);
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
	remove_driver();
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
}

/* A card that goes takes its devices along; the driver is told, once. */
static void card_removed_driver_is_told(struct kunit *test)
{
	add_card(test, 0);
	add_card(test, 1);
	fx.probe = take_two;
	add_driver(test);
	remove_card(0);
	KUNIT_EXPECT_EQ(test, fx.removes, 1);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&fx.protocol->cards));
	remove_card(1);
	KUNIT_EXPECT_EQ(test, fx.removes, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&fx.protocol->devices));
}

/* A card goes that has no device which would keep it. */
static void card_without_devices_is_removed(struct kunit *test)
{
	struct pnp_card *card = pnp_alloc_card(fx.protocol, 0, "TST0000");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, card);
	INIT_LIST_HEAD(&card->devices);
	KUNIT_ASSERT_EQ(test, pnp_add_card(card), 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&fx.protocol->cards));
	pnp_remove_card(card);
	KUNIT_EXPECT_TRUE(test, list_empty(&fx.protocol->cards));
}

static struct kunit_case pnp_card_cases[] = {
	KUNIT_CASE(card_there_driver_gets_devices),
	KUNIT_CASE(driver_there_card_is_bound),
	KUNIT_CASE(card_searched_finds_free_devices),
	KUNIT_CASE(device_with_other_driver_is_refused),
	KUNIT_CASE(device_not_activated_is_refused),
	KUNIT_CASE(driver_takes_none_is_not_told),
	KUNIT_CASE(probe_fails_devices_are_released),
	KUNIT_CASE(device_released_is_bound_again),
	KUNIT_CASE(two_cards_driver_removed_from_both),
	KUNIT_CASE(device_unbound_driver_is_told_once),
	KUNIT_CASE(device_unbound_in_probe_driver_is_told_later),
	KUNIT_CASE(card_removed_driver_is_told),
	KUNIT_CASE(card_without_devices_is_removed),
	{}
};

static struct kunit_suite pnp_card_suite = {
	.name = "pnp-card",
	.init = card_test_init,
	.exit = card_test_exit,
	.test_cases = pnp_card_cases,
};

kunit_test_suite(pnp_card_suite);

MODULE_LICENSE("GPL v2");
