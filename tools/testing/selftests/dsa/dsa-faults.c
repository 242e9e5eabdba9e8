// SPDX-License-Identifier: GPL-2.0
/*
 * A device that fails: each command once, a descriptor, an interrupt that does
 * not come, a halt. The error reaches who asked, nothing is left, and when the
 * cause is gone the next attempt succeeds.
 */
#include <errno.h>
#include <poll.h>

#include "../kselftest_harness.h"
#include "dsa.h"

FIXTURE(faults)
{
	enum way way;
	struct portal p;
	bool ready;
};

FIXTURE_VARIANT(faults)
{
	enum way way;
};

FIXTURE_VARIANT_ADD(faults, compat)
{
	.way = WAY_COMPAT,
};

FIXTURE_VARIANT_ADD(faults, driver)
{
	.way = WAY_DRIVER,
};

FIXTURE_SETUP(faults)
{
	self->p = (struct portal){ .fd = -1 };
	ASSERT_EQ(0, dsa_setup());
	if (!dsa_has(variant->way))
		SKIP(return, "this kernel has no such driver");
	self->way = variant->way;
	ASSERT_EQ(0, dsa_configure());
	self->ready = true;
}

/* Both queues serve their clients. */
static bool works(enum way way)
{
	struct copies c = { .threads = 2, .each = 5, .size = 256 };
	struct portal p;
	bool ret;

	if ((!enabled(WQ_KERNEL) && enable(way, WQ_KERNEL)) ||
	    (!enabled(WQ_USER) && enable(way, WQ_USER)) ||
	    dmatest(&c, 1) || portal_open(&p, WQ_USER))
		return false;
	ret = !portal_copy(&p);
	portal_close(&p);
	return ret;
}

FIXTURE_TEARDOWN(faults)
{
	if (!self->ready)
		return;
	portal_close(&self->p);
	EXPECT_EQ(0, sim_fault("clear"));
	EXPECT_EQ(0, dsa_reset());
	EXPECT_EQ(0, dsa_configure());
	EXPECT_EQ(0, enable(self->way, DEVICE));
	EXPECT_TRUE(works(self->way));
	EXPECT_EQ(0, dsa_reset());
	EXPECT_FALSE(warned());
}

/* The device is refused by the hardware, and then is not. */
TEST_F(faults, device)
{
	static const char * const orders[] = {
		"cmd 1 0x3", "cmd 1 0x11", "cmd 1 0x14", "cmd 1 0xff",
	};
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		ASSERT_EQ(0, sim_fault(orders[i]));
		EXPECT_EQ(-ENXIO, enable(self->way, DEVICE));
		EXPECT_TRUE(disabled(DEVICE));
		EXPECT_FALSE(has(DEVICE, "cmd_status", "0"));
	}
	EXPECT_EQ(0, enable(self->way, DEVICE));
	EXPECT_TRUE(enabled(DEVICE));
}

/* So is a queue of each type. */
TEST_F(faults, queue)
{
	static const char * const orders[] = {
		"wq 0 0x22", "wq 0 0x29", "wq 1 0x22", "wq 1 0xff",
	};
	int i;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		const char *name = i < 2 ? WQ_KERNEL : WQ_USER;

		ASSERT_EQ(0, sim_fault(orders[i]));
		EXPECT_EQ(-ENXIO, enable(self->way, name));
		EXPECT_TRUE(disabled(name));
		EXPECT_EQ(0, entries("/sys/class/dma"));
		EXPECT_FALSE(exists("/dev/dsa/" WQ_USER));
		EXPECT_TRUE(enabled(DEVICE));
	}
	EXPECT_TRUE(works(self->way));
}

/* A priority of 0 is what the hardware itself refuses. */
TEST_F(faults, priority)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, set(WQ_KERNEL, "priority", "0"));
	EXPECT_EQ(-ENXIO, enable(self->way, WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	ASSERT_EQ(0, set(WQ_KERNEL, "priority", "1"));
	EXPECT_TRUE(works(self->way));
}

/* Each command fails once, wherever it comes; then all is as it should be. */
TEST_F_TIMEOUT(faults, each_command, 200)
{
	char order[16];
	int cmd, ret;

	if (!self->ready)
		return;
	for (cmd = 1; cmd <= 10; cmd++) {
		snprintf(order, sizeof(order), "cmd %d 0x3", cmd);
		ASSERT_EQ(0, sim_fault(order));
		ret = enable(self->way, DEVICE);
		ASSERT_TRUE(!ret || ret == -ENXIO);
		ASSERT_TRUE(ret ? disabled(DEVICE) : enabled(DEVICE));
		if (ret)
			ASSERT_EQ(0, enable(self->way, DEVICE));
		ret = enable(self->way, WQ_KERNEL);
		ASSERT_TRUE(!ret || ret == -ENXIO);
		ASSERT_TRUE(ret ? disabled(WQ_KERNEL) : enabled(WQ_KERNEL));
		ASSERT_TRUE(works(self->way));
		ASSERT_EQ(0, disable(self->way, WQ_USER));
		ASSERT_TRUE(disabled(WQ_USER));
		ASSERT_EQ(0, disable(self->way, WQ_KERNEL));
		ASSERT_TRUE(disabled(WQ_KERNEL));
		ASSERT_EQ(0, disable(self->way, DEVICE));
		ASSERT_TRUE(disabled(DEVICE));
		ASSERT_EQ(0, sim_fault("clear"));

		ASSERT_EQ(0, dsa_configure());
		ASSERT_EQ(0, enable(self->way, DEVICE));
		ASSERT_TRUE(works(self->way));
		ASSERT_EQ(0, disable(self->way, DEVICE));
		ASSERT_EQ(0, dsa_configure());
	}
}

static int enable_device(void *way)
{
	return enable(*(enum way *)way, DEVICE);
}

static int enable_queue(void *way)
{
	return enable(*(enum way *)way, WQ_KERNEL);
}

static int disable_queue(void *way)
{
	return disable(*(enum way *)way, WQ_KERNEL);
}

static int disable_device(void *way)
{
	return disable(*(enum way *)way, DEVICE);
}

/* The interrupt of a command is lost: nobody waits for ever. */
TEST_F_TIMEOUT(faults, lost_interrupt, 100)
{
	static int (* const steps[])(void *way) = {
		enable_device, enable_queue, disable_queue, disable_device,
	};
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ASSERT_EQ(0, sim_fault("irq 0"));
		ASSERT_EQ(0, finish(start(steps[i], &self->way), PATIENCE_MS));
	}
	EXPECT_TRUE(disabled(DEVICE));
}

/* A descriptor fails: its user learns of it, and the next one is all right. */
TEST_F(faults, descriptor)
{
	struct copies c = { .threads = 1, .each = 10, .size = 512 };

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_TRUE(works(self->way));
	ASSERT_EQ(0, portal_open(&self->p, WQ_USER));
	ASSERT_EQ(0, sim_fault("desc 1 0x1a"));
	EXPECT_EQ(-EIO, portal_copy(&self->p));
	EXPECT_EQ(0, portal_copy(&self->p));
	ASSERT_EQ(0, sim_fault("corrupt 1"));
	EXPECT_EQ(-EILSEQ, portal_copy(&self->p));
	EXPECT_EQ(0, portal_copy(&self->p));

	console_quiet(true);
	ASSERT_EQ(0, sim_fault("desc 0 0x1a"));
	EXPECT_EQ(-EILSEQ, dmatest(&c, 1));
	EXPECT_EQ(0, dmatest(&c, 1));
	ASSERT_EQ(0, sim_fault("corrupt 0"));
	EXPECT_EQ(-EILSEQ, dmatest(&c, 1));
	console_quiet(false);
	EXPECT_EQ(0, dmatest(&c, 1));
}

/* One that is never done holds up who disables the queue until it is. */
TEST_F_TIMEOUT(faults, stuck, 100)
{
	struct copies c = { .threads = 1, .each = 3, .size = 512 };
	long submitted;
	pid_t pid;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, sim_fault("stick 0"));
	submitted = sim_count("submitted");
	ASSERT_EQ(0, dmatest_start(&c));
	ASSERT_TRUE(sim_counts_to("submitted", submitted + 1));
	pid = start(disable_queue, &self->way);
	EXPECT_TRUE(still_running(pid, 500));
	ASSERT_EQ(0, sim_fault("release"));
	EXPECT_EQ(0, finish(pid, 2 * PATIENCE_MS));
	EXPECT_EQ(0, dmatest_stop());
	EXPECT_TRUE(disabled(WQ_KERNEL));
}

/*
 * A client gives up on one, and lets go of the channel. The device is made to
 * forget it, and nobody calls the client back: neither when the descriptor
 * would have been done, nor when the queue is unbound and the client's module
 * has gone. If the device does not do so, it is not called back either.
 */
TEST_F_TIMEOUT(faults, left_behind, 100)
{
	struct copies c = {
		.threads = 1, .each = 1, .size = 512, .timeout_ms = 200,
	};
	long long until;
	int log, i;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
		ASSERT_EQ(0, sim_fault("stick 0"));
		if (i) {
			ASSERT_EQ(0, sim_fault("cmd 9 0x3"));
			/* at last, and not into the buffers that are gone */
			ASSERT_EQ(0, sim_fault("desc 0 0x1a"));
		}
		console_quiet(true);
		log = log_open();
		ASSERT_EQ(0, dmatest_start(&c));
		until = now_ms() + PATIENCE_MS;
		while (!log_count(log, ": summary ")) {
			ASSERT_LT(now_ms(), until);
			usleep(10000);
		}
		ASSERT_EQ(0, dmatest_stop());
		console_quiet(false);
		EXPECT_EQ(i, log_count(log, "Abort failed: 0x3"));
		close(log);
		EXPECT_TRUE(has(WQ_KERNEL, "clients", "0"));
		ASSERT_EQ(0, module_unload("dmatest"));
		ASSERT_EQ(0, sim_fault("release"));
		EXPECT_EQ(0, disable(self->way, WQ_KERNEL));
		EXPECT_TRUE(disabled(WQ_KERNEL));
		ASSERT_EQ(0, sim_fault("clear"));
	}
}

/* A device that wants a reset by command gets it, and all goes on. */
TEST_F_TIMEOUT(faults, halt_and_go_on, 100)
{
	long commands;
	int i;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_TRUE(works(self->way));
	for (i = 0; i < 3; i++) {
		commands = sim_count("commands");
		ASSERT_EQ(0, sim_fault("halt 0"));
		/* it was enabled before: now reset, and enabled with both queues */
		ASSERT_TRUE(sim_counts_to("commands", commands + 4));
		ASSERT_TRUE(comes_to(DEVICE, "enabled"));
		ASSERT_TRUE(comes_to(WQ_KERNEL, "enabled"));
		ASSERT_TRUE(comes_to(WQ_USER, "enabled"));
		ASSERT_TRUE(works(self->way));
	}
}

/* A halt ends what the device had: the kernel's client hears of it at once. */
TEST_F_TIMEOUT(faults, halt_ends_copies, 100)
{
	struct copies c = { .threads = 1, .each = 1, .size = 512 };
	long long until;
	long submitted;
	int log;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, sim_fault("stick 0"));
	submitted = sim_count("submitted");
	console_quiet(true);
	log = log_open();
	ASSERT_EQ(0, dmatest_start(&c));
	ASSERT_TRUE(sim_counts_to("submitted", submitted + 1));
	ASSERT_EQ(0, sim_fault("halt 0"));
	until = now_ms() + PATIENCE_MS;
	while (!log_count(log, ": summary 1 tests, 1 failures")) {
		ASSERT_LT(now_ms(), until);
		usleep(10000);
	}
	close(log);
	EXPECT_EQ(0, dmatest_stop());
	console_quiet(false);
	EXPECT_TRUE(comes_to(WQ_KERNEL, "enabled"));
}

/* One that wants a reset of the function stays halted until it gets that. */
TEST_F_TIMEOUT(faults, halt_for_good, 100)
{
	int log;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	ASSERT_EQ(0, sim_fault("halt 1"));
	ASSERT_TRUE(comes_to(DEVICE, "halted"));
	log = log_open();
	EXPECT_EQ(-ENXIO, enable(self->way, WQ_USER));
	EXPECT_EQ(1, log_count(log, "Device is halted: unbind its PCI function"));
	EXPECT_FALSE(enabled(WQ_USER));
	/* what is bound keeps its configuration, enabled or not */
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "type", "user"));
	EXPECT_EQ(-EPERM, set(WQ_KERNEL, "size", "4"));
	EXPECT_EQ(-EPERM, set("group0.0", "traffic_class_a", "1"));
	EXPECT_EQ(0, finish(start(disable_queue, &self->way), PATIENCE_MS));
	EXPECT_EQ(0, entries("/sys/class/dma"));
	EXPECT_EQ(0, finish(start(disable_device, &self->way), PATIENCE_MS));
	EXPECT_STREQ("", driver_of(DEVICE));
	ASSERT_EQ(0, dsa_configure());
	EXPECT_EQ(-ENXIO, enable(self->way, DEVICE));
	EXPECT_EQ(1, log_count(log, "Device is halted: unbind its PCI function"));
	close(log);

	ASSERT_EQ(0, pci_driver("unbind"));
	ASSERT_EQ(0, pci_reset());
	ASSERT_EQ(0, pci_driver("bind"));
	EXPECT_TRUE(disabled(DEVICE));
}

/* A device that cannot be reset is no device. */
TEST_F(faults, reset)
{
	if (!self->ready)
		return;
	ASSERT_EQ(0, pci_driver("unbind"));
	ASSERT_EQ(0, sim_fault("cmd 5 0x3"));
	EXPECT_EQ(-ENXIO, pci_driver("bind"));
	EXPECT_FALSE(exists(DEVICES "/" DEVICE));
	ASSERT_EQ(0, pci_driver("bind"));
	EXPECT_TRUE(disabled(DEVICE));
}

static int wait_for_error(void *unused)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct portal p;
	int ret;

	ret = portal_open(&p, WQ_USER);
	if (ret)
		return ret;
	pollfd.fd = p.fd;
	ret = poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLIN ? 0 : -EIO;
	portal_close(&p);
	return ret;
}

/* An error that the device reports wakes who waits, for all queues or its own. */
TEST_F_TIMEOUT(faults, error_report, 100)
{
	static const char * const orders[] = { "swerr 0x10 1", "swerr 0x10" };
	pid_t pid;
	int i;

	if (!self->ready)
		return;
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		/* who waits after an error sees that */
		ASSERT_EQ(0, pci_driver("unbind"));
		ASSERT_EQ(0, pci_driver("bind"));
		ASSERT_EQ(0, dsa_configure());
		ASSERT_EQ(0, enable(self->way, DEVICE));
		ASSERT_EQ(0, enable(self->way, WQ_USER));
		pid = start(wait_for_error, NULL);
		EXPECT_TRUE(still_running(pid, 500));
		EXPECT_TRUE(has(WQ_USER, "clients", "1"));
		ASSERT_EQ(0, sim_fault(orders[i]));
		EXPECT_EQ(0, finish(pid, PATIENCE_MS));
	}
}

TEST_HARNESS_MAIN
