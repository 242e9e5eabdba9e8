/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bus whose devices, drivers and match function do what a test wants, and
 * which keeps a trace of what the driver core made of it.
 */
#ifndef _DRIVERS_BASE_TEST_BUS_H
#define _DRIVERS_BASE_TEST_BUS_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <kunit/test.h>

/* Nothing takes longer, not even on an emulated machine. */
#define TEST_TIMEOUT	(20 * HZ)

struct test_driver {
	struct device_driver drv;
	struct list_head node;
	bool registered;
	/* What the match function of the bus and ->probe() return. */
	int match_ret;
	int probe_ret;
	/* What ->probe() does before it returns. */
	void (*in_probe)(struct device *dev);
	/* The task that called ->probe() last, and how often it was called. */
	struct task_struct *prober;
	atomic_t probes;
	atomic_t removes;
};

struct test_device {
	struct device dev;
	struct list_head node;
	const char *label;
	/* The match function says 0 without a trace. */
	bool hidden;
};

/* A function in a thread of its own. */
struct test_thread {
	int (*fn)(void *arg);
	void *arg;
	int ret;
	struct completion done;
};

struct test_bus {
	struct bus_type bus;
	struct kunit *test;
	struct list_head drivers;
	struct list_head devices;
	struct notifier_block nb;
	/* Called for BUS_NOTIFY_ADD_DEVICE, before @dev is ready to probe. */
	void (*on_add)(struct device *dev);
	int dma_configure_ret;
	/* For the use of ->probe() and @on_add of a test. */
	void *data;
	struct test_thread threads[2];
	bool muted;
	/* As they were when the console was muted; loglevel 0: it is not. */
	int loglevel;
	unsigned long taint;
	bool locks_ok;
	spinlock_t lock;	/* protects the trace */
	char trace[512];
	size_t len;
};

#define to_test_driver(d)	container_of(d, struct test_driver, drv)
#define to_test_device(d)	container_of(d, struct test_device, dev)
#define to_test_bus(b)		container_of(b, struct test_bus, bus)

/* The .init and .exit of a suite; test->priv is the struct test_bus. */
int test_bus_init(struct kunit *test);
void test_bus_exit(struct kunit *test);

void test_bus_set_autoprobe(struct test_bus *bus, bool on);

/*
 * New drivers match and probe with success; their "bind" files are suppressed,
 * since those are what CONFIG_DEBUG_TEST_DRIVER_REMOVE goes by: it would probe
 * everything twice. The exit function undoes what a test leaves behind.
 */
struct test_driver *test_driver_new(struct kunit *test, const char *name);
struct test_driver *test_driver_add(struct kunit *test, const char *name);
int test_driver_register(struct test_driver *tdrv);
void test_driver_unregister(struct test_driver *tdrv);

/* The label tells the devices of a test apart in the trace; it may be empty. */
struct test_device *test_device_new(struct kunit *test, const char *label);
struct test_device *test_device_add(struct kunit *test, const char *label);

bool test_device_deferred(struct test_device *tdev);
void *test_device_reason(struct test_device *tdev);

/*
 * What happened since the last call. Each event has the name of the driver, if
 * there is one, and the label of the device: "match a1, BIND 1, probe a1". In
 * capitals the notifications of the bus.
 */
const char *test_bus_trace(void);
#define EXPECT_TRACE(test, expected) \
	KUNIT_EXPECT_STREQ(test, test_bus_trace(), expected)

/*
 * Around what must complain: the complaint is not for the console. A report of
 * WARN(), KASAN or lockdep meanwhile fails the test.
 */
void test_bus_mute(struct test_bus *bus);
void test_bus_unmute(struct test_bus *bus);

void test_thread_start(struct kunit *test, struct test_thread *thread,
		       int (*fn)(void *arg), void *arg);
/* Waits up to TEST_TIMEOUT; returns what the function returned. */
int test_thread_join(struct kunit *test, struct test_thread *thread);

#endif
