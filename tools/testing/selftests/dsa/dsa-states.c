// SPDX-License-Identifier: GPL-2.0
/*
 * Every state of a device and of a work queue, and every way from one to the
 * next, legal or not: through the files of the drivers for each kind, through
 * those of the driver dsa, and through both by turns.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "dsa.h"

FIXTURE(states)
{
	enum way way;
	enum way other;		/* the other one, where the kernel has it */
	bool ready;
};

FIXTURE_VARIANT(states)
{
	enum way way;
	enum way other;
};

FIXTURE_VARIANT_ADD(states, compat)
{
	.way = WAY_COMPAT,
	.other = WAY_DRIVER,
};

FIXTURE_VARIANT_ADD(states, driver)
{
	.way = WAY_DRIVER,
	.other = WAY_COMPAT,
};

FIXTURE_SETUP(states)
{
	ASSERT_EQ(0, dsa_setup());
	if (!dsa_has(variant->way))
		SKIP(return, "this kernel has no such driver");
	self->way = variant->way;
	self->other = dsa_has(variant->other) ? variant->other : variant->way;
	ASSERT_EQ(0, dsa_configure());
	self->ready = true;
}

FIXTURE_TEARDOWN(states)
{
	if (!self->ready)
		return;
	EXPECT_EQ(0, dsa_reset());
	EXPECT_FALSE(warned());
}

/* The device and the queues are there, configured, and nothing has a driver. */
TEST_F(states, nothing_is_bound)
{
	if (!self->ready)
		return;
	EXPECT_TRUE(disabled(DEVICE));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_USER));
	EXPECT_TRUE(disabled(WQ_UNTYPED));
	EXPECT_STREQ("", driver_of("group0.0"));
	EXPECT_STREQ("", driver_of("engine0.0"));
}

/* Disabled to enabled and back, for the device and each type of queue */
TEST_F(states, up_and_down)
{
	static const char * const order[] = {
		DEVICE, WQ_KERNEL, WQ_USER, WQ_KERNEL2,
	};
	int i, j;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		ASSERT_EQ(0, enable(self->way, order[i]));
		ASSERT_TRUE(enabled(order[i]));
		for (j = i + 1; j < ARRAY_SIZE(order); j++)
			EXPECT_TRUE(disabled(order[j]));
	}
	while (i--) {
		ASSERT_EQ(0, disable(self->way, order[i]));
		ASSERT_TRUE(disabled(order[i]));
		for (j = 0; j < i; j++)
			EXPECT_TRUE(enabled(order[j]));
	}
}

/* A queue that was disabled keeps its configuration while the device is up. */
TEST_F(states, queue_again)
{
	int i;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
		ASSERT_EQ(0, disable(self->way, WQ_KERNEL));
		ASSERT_EQ(0, enable(self->way, WQ_USER));
		ASSERT_EQ(0, disable(self->way, WQ_USER));
	}
	EXPECT_TRUE(has(WQ_KERNEL, "type", "kernel"));
	EXPECT_TRUE(has(WQ_KERNEL, "name", "dmaengine"));
	EXPECT_TRUE(has(WQ_USER, "type", "user"));
	EXPECT_TRUE(has(WQ_USER, "size", "8"));
}

/* A disabled device forgets what its queues were configured for. */
TEST_F(states, device_again)
{
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, enable(self->way, DEVICE));
		ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
		ASSERT_EQ(0, disable(self->way, WQ_KERNEL));
		ASSERT_EQ(0, disable(self->way, DEVICE));
		EXPECT_TRUE(has(WQ_KERNEL, "type", "none"));
		EXPECT_TRUE(has(WQ_USER, "size", "0"));
		EXPECT_TRUE(has(WQ_USER, "group_id", "-1"));
		ASSERT_EQ(0, dsa_configure());
	}
}

/* Disabling the device takes its queues along. */
TEST_F(states, device_with_queues)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, disable(self->way, DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_USER));
	EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));
}

/* What is bound cannot be bound, and what is not cannot be unbound. */
TEST_F(states, twice)
{
	static const char * const order[] = { DEVICE, WQ_KERNEL, WQ_USER };
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		EXPECT_EQ(-ENODEV, disable(self->way, order[i]));
		EXPECT_EQ(-ENODEV, disable(self->other, order[i]));
		ASSERT_EQ(0, enable(self->way, order[i]));
		EXPECT_EQ(-EBUSY, enable(self->way, order[i]));
		EXPECT_EQ(-EBUSY, enable(self->other, order[i]));
		EXPECT_TRUE(enabled(order[i]));
	}
	while (i--) {
		ASSERT_EQ(0, disable(self->way, order[i]));
		EXPECT_EQ(-ENODEV, disable(self->way, order[i]));
		EXPECT_EQ(-ENODEV, disable(self->other, order[i]));
	}
}

/* What one way bound the other unbinds. */
TEST_F(states, by_turns)
{
	static const char * const order[] = { DEVICE, WQ_KERNEL, WQ_USER };
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		ASSERT_EQ(0, enable(self->way, order[i]));
		ASSERT_TRUE(enabled(order[i]));
	}
	while (i-- > 1) {
		ASSERT_EQ(0, disable(self->other, order[i]));
		ASSERT_TRUE(disabled(order[i]));
		ASSERT_EQ(0, enable(self->other, order[i]));
		ASSERT_TRUE(enabled(order[i]));
		ASSERT_EQ(0, disable(self->way, order[i]));
	}
	ASSERT_EQ(0, disable(self->other, DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
}

/* No queue before its device. */
TEST_F(states, queue_first)
{
	if (!self->ready)
		return;
	EXPECT_EQ(-EPERM, enable(self->way, WQ_KERNEL));
	EXPECT_EQ(-EPERM, enable(self->way, WQ_USER));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_USER));
	ASSERT_EQ(0, enable(self->way, DEVICE));
	EXPECT_EQ(0, enable(self->way, WQ_KERNEL));
	EXPECT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, disable(self->way, DEVICE));
	ASSERT_EQ(0, dsa_configure());
	EXPECT_EQ(-EPERM, enable(self->way, WQ_KERNEL));
	EXPECT_EQ(-EPERM, enable(self->way, WQ_USER));
}

/* A device without a queue, or without an engine, has nothing to do. */
TEST_F(states, unconfigured_device)
{
	int log;

	if (!self->ready)
		return;
	log = log_open();
	ASSERT_EQ(0, dsa_reset());
	EXPECT_EQ(-EINVAL, enable(self->way, DEVICE));
	EXPECT_TRUE(disabled(DEVICE));

	ASSERT_EQ(0, set("engine0.0", "group_id", "0"));
	EXPECT_EQ(-EINVAL, enable(self->way, DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
	EXPECT_EQ(2, log_count(log, "No work queue has a group and a size"));

	ASSERT_EQ(0, dsa_configure());
	ASSERT_EQ(0, set("engine0.0", "group_id", "-1"));
	ASSERT_EQ(0, set("engine0.1", "group_id", "-1"));
	EXPECT_EQ(-EINVAL, enable(self->way, DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
	EXPECT_EQ(1, log_count(log, "No engine has a group"));
	close(log);

	/* the cause is gone */
	ASSERT_EQ(0, dsa_configure());
	EXPECT_EQ(0, enable(self->way, DEVICE));
	EXPECT_TRUE(enabled(DEVICE));
}

/* A shared queue is nothing that 5.10 can drive. */
TEST_F(states, shared_queue)
{
	static const char name[] = "wq0.5";	/* dedicated by nobody before */

	if (!self->ready)
		return;
	ASSERT_EQ(0, set(name, "type", "kernel"));
	ASSERT_EQ(0, set(name, "size", "8"));
	ASSERT_EQ(0, set(name, "group_id", "0"));
	EXPECT_EQ(-EINVAL, enable(self->way, DEVICE));
	EXPECT_TRUE(disabled(DEVICE));
	ASSERT_EQ(0, set(name, "mode", "dedicated"));
	EXPECT_EQ(0, enable(self->way, DEVICE));
}

/* Without a group, a name or a size it is no queue yet. */
TEST_F(states, unconfigured_queue)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, set(WQ_KERNEL2, "group_id", "-1"));
	ASSERT_EQ(0, enable(self->way, DEVICE));
	EXPECT_EQ(-EINVAL, enable(self->way, WQ_KERNEL2));
	EXPECT_TRUE(disabled(WQ_KERNEL2));
	/* the device takes groups only while it is disabled */
	ASSERT_EQ(0, disable(self->way, DEVICE));
	ASSERT_EQ(0, dsa_configure());
	ASSERT_EQ(0, enable(self->way, DEVICE));
	EXPECT_EQ(0, enable(self->way, WQ_KERNEL2));

	/* the name goes with the type */
	ASSERT_EQ(0, set(WQ_USER, "type", "none"));
	ASSERT_EQ(0, set(WQ_USER, "type", "user"));
	EXPECT_EQ(-EINVAL, enable(self->way, WQ_USER));
	EXPECT_TRUE(disabled(WQ_USER));
	ASSERT_EQ(0, set(WQ_USER, "name", "app"));
	EXPECT_EQ(0, enable(self->way, WQ_USER));

	/* a queue without a size of its own */
	ASSERT_EQ(0, set(WQ_UNTYPED, "type", "user"));
	ASSERT_EQ(0, set(WQ_UNTYPED, "name", "app"));
	ASSERT_EQ(0, set(WQ_UNTYPED, "group_id", "0"));
	EXPECT_EQ(-EINVAL, enable(self->way, WQ_UNTYPED));
	EXPECT_TRUE(disabled(WQ_UNTYPED));
	EXPECT_TRUE(enabled(WQ_USER));
	/* nor does it keep others from being enabled */
	EXPECT_EQ(0, enable(self->way, WQ_KERNEL));
}

/* What the old files refuse has its line in the log, which says why. */
TEST_F(states, reasons)
{
	static const struct {
		const char *file;
		const char *name;
		const char *reason;
	} said[] = {
		{ "bind", "wq0.99", "there is no wq0.99 on the bus" },
		{ "unbind", "nonsense", "there is no nonsense on the bus" },
		{ "bind", "group0.0", "Only devices and work queues can be" },
		{ "bind", "engine0.0", "Only devices and work queues can be" },
		{ "bind", WQ_UNTYPED, "Write a type first" },
		{ "unbind", WQ_KERNEL, "Not enabled" },
		{ "bind", WQ_KERNEL, "Bind " DEVICE " to its driver first" },
		{ "bind", WQ_USER, "Bind " DEVICE " to its driver first" },
	};
	int i, log;

	if (!self->ready || !dsa_has(WAY_DRIVER))
		return;
	log = log_open();
	for (i = 0; i < ARRAY_SIZE(said); i++) {
		EXPECT_GT(0, store(said[i].name, DRIVERS "/dsa/%s",
				   said[i].file));
		EXPECT_EQ(1, log_count(log, said[i].reason));
	}
	ASSERT_EQ(0, enable(self->way, DEVICE));
	EXPECT_GT(0, store(DEVICE, DRIVERS "/dsa/bind"));
	EXPECT_EQ(1, log_count(log, "Enabled already"));
	close(log);
}

/* A queue of no type has no driver. */
TEST_F(states, untyped_queue)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, wq_configure(WQ_UNTYPED, "none", "any", "0", "8"));
	ASSERT_EQ(0, enable(self->way, DEVICE));
	EXPECT_EQ(-EINVAL, store(WQ_UNTYPED, DRIVERS "/dsa/bind"));
	if (dsa_has(WAY_DRIVER)) {
		EXPECT_EQ(-ENODEV, store(WQ_UNTYPED, DRIVERS "/idxd/bind"));
		EXPECT_EQ(-ENODEV, store(WQ_UNTYPED, DRIVERS "/dmaengine/bind"));
		EXPECT_EQ(-ENODEV, store(WQ_UNTYPED, DRIVERS "/user/bind"));
	}
	EXPECT_TRUE(disabled(WQ_UNTYPED));
	ASSERT_EQ(0, set(WQ_UNTYPED, "type", "user"));
	ASSERT_EQ(0, set(WQ_UNTYPED, "name", "any"));
	EXPECT_EQ(0, enable(self->way, WQ_UNTYPED));
}

/* Neither engines nor groups nor what does not exist, through any file */
TEST_F(states, no_queue)
{
	static const char * const names[] = {
		"engine0.0", "group0.0", "wq0.99", "dsa99", "wq", "", "\n",
		"wq0.0 wq0.1", "/", "..",
	};
	static const char * const drivers[] = {
		"dsa", "idxd", "dmaengine", "user",
	};
	int i, j;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 0; j < ARRAY_SIZE(drivers); j++) {
			if (!*names[i] || !exists(DRIVERS "/%s", drivers[j]))
				continue;
			EXPECT_EQ(-ENODEV, store(names[i], DRIVERS "/%s/bind",
						 drivers[j]));
			EXPECT_EQ(-ENODEV, store(names[i], DRIVERS "/%s/unbind",
						 drivers[j]));
		}
	}
	EXPECT_STREQ("", driver_of("group0.0"));
	EXPECT_STREQ("", driver_of("engine0.0"));
	EXPECT_TRUE(enabled(DEVICE));
}

/* A driver takes no other kind, and lets go only of its own. */
TEST_F(states, wrong_driver)
{
	static const struct {
		const char *name;
		const char *driver;
	} wrong[] = {
		{ DEVICE, "dmaengine" }, { DEVICE, "user" },
		{ WQ_KERNEL, "idxd" }, { WQ_KERNEL, "user" },
		{ WQ_USER, "idxd" }, { WQ_USER, "dmaengine" },
	};
	int i;

	if (!self->ready || !dsa_has(WAY_DRIVER))
		return;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-ENODEV, store(wrong[i].name, DRIVERS "/%s/bind",
					 wrong[i].driver));
		EXPECT_TRUE(disabled(wrong[i].name));
	}
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_STREQ("idxd", driver_of(DEVICE));
	EXPECT_STREQ("dmaengine", driver_of(WQ_KERNEL));
	EXPECT_STREQ("user", driver_of(WQ_USER));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-ENODEV, store(wrong[i].name, DRIVERS "/%s/unbind",
					 wrong[i].driver));
		EXPECT_TRUE(enabled(wrong[i].name));
	}
}

/* What is bound stays as it is; disabled, a queue can be put to another use. */
TEST_F(states, other_use)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_EQ(-EPERM, set(WQ_USER, "type", "kernel"));
	EXPECT_EQ(-EPERM, set(WQ_USER, "name", "other"));
	EXPECT_EQ(-EPERM, set(WQ_USER, "mode", "dedicated"));
	EXPECT_EQ(-EPERM, set(WQ_USER, "group_id", "1"));
	EXPECT_EQ(-EPERM, set(WQ_USER, "priority", "1"));
	EXPECT_EQ(-EPERM, set(WQ_USER, "size", "4"));
	EXPECT_EQ(-EPERM, set("group0.0", "traffic_class_a", "1"));

	ASSERT_EQ(0, disable(self->way, WQ_USER));
	ASSERT_EQ(0, set(WQ_USER, "type", "kernel"));
	ASSERT_EQ(0, set(WQ_USER, "name", "dmaengine"));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_TRUE(enabled(WQ_USER));
	EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));
	ASSERT_EQ(0, disable(self->way, WQ_USER));
	ASSERT_EQ(0, set(WQ_USER, "type", "user"));
	ASSERT_EQ(0, set(WQ_USER, "name", "app"));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	EXPECT_TRUE(exists("/dev/dsa/" WQ_USER));
}

/* The bus finds the right driver, too, when it is asked, and never unasked. */
TEST_F(states, drivers_probe)
{
	static const char probe[] = "/sys/bus/dsa/drivers_probe";

	if (!self->ready || !dsa_has(WAY_DRIVER))
		return;
	ASSERT_EQ(0, store(DEVICE, probe));
	EXPECT_STREQ("idxd", driver_of(DEVICE));
	ASSERT_EQ(0, store(WQ_KERNEL, probe));
	EXPECT_STREQ("dmaengine", driver_of(WQ_KERNEL));
	ASSERT_EQ(0, store(WQ_USER, probe));
	EXPECT_STREQ("user", driver_of(WQ_USER));
	store(WQ_UNTYPED, probe);
	EXPECT_TRUE(disabled(WQ_UNTYPED));
	store("engine0.0", probe);
	EXPECT_STREQ("", driver_of("engine0.0"));
	store("group0.0", probe);
	EXPECT_STREQ("", driver_of("group0.0"));
	EXPECT_EQ(-ENODEV, store("wq0.99", probe));

	EXPECT_EQ(0, disable(self->way, WQ_KERNEL));
	EXPECT_EQ(0, disable(self->way, WQ_USER));
	/* drivers that come later find nothing that was waiting for them */
	if (!module_unload("idxd_compat"))
		EXPECT_EQ(0, module_load("idxd_compat", NULL));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_USER));
}

TEST_HARNESS_MAIN
