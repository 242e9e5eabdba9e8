// SPDX-License-Identifier: GPL-2.0
/*
 * The Nth memory allocation fails, for N from 1 until nothing is left to fail:
 * what was asked for fails with it and leaves nothing, or works; the next
 * attempt works.
 */
#include <errno.h>
#include <fcntl.h>

#include "../kselftest_harness.h"
#include "dsa.h"

#define FAILSLAB	"/sys/kernel/debug/failslab"
#define MANY		2000

FIXTURE(alloc)
{
	enum way way;
	int nth;	/* /proc/self/fail-nth */
	bool ready;
};

FIXTURE_VARIANT(alloc)
{
	enum way way;
};

FIXTURE_VARIANT_ADD(alloc, compat)
{
	.way = WAY_COMPAT,
};

FIXTURE_VARIANT_ADD(alloc, driver)
{
	.way = WAY_DRIVER,
};

FIXTURE_SETUP(alloc)
{
	self->nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	/* every allocation can fail, and none is reported */
	if (self->nth < 0 || store("0", FAILSLAB "/verbose") ||
	    store("N", FAILSLAB "/ignore-gfp-wait"))
		SKIP(return, "this kernel has no CONFIG_FAILSLAB with debugfs");
	ASSERT_EQ(0, dsa_setup());
	if (!dsa_has(variant->way))
		SKIP(return, "this kernel has no such driver");
	self->way = variant->way;
	ASSERT_EQ(0, dsa_configure());
	self->ready = true;
}

FIXTURE_TEARDOWN(alloc)
{
	if (!self->ready)
		return;
	EXPECT_EQ(0, dsa_reset());
	EXPECT_EQ(0, entries("/sys/class/dma"));
	/* what would hold a reference keeps the module */
	EXPECT_EQ(0, dsa_unload());
	EXPECT_FALSE(warned());
}

/* Meanwhile only errors go to the console: a refusal has its line. */
static bool fail_nth(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	console_quiet(true);
	return pwrite(fd, text, len, 0) == len;
}

/* Ends the injection; whether the allocation came that was to fail. */
static bool failed(int fd)
{
	char text[16] = "";
	bool ret = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	if (pwrite(fd, "0", 1, 0) != 1)
		ret = false;
	console_quiet(false);
	return ret;
}

/* What a failure must not touch, besides what was to be bound */
static int nodes(void)
{
	return entries(DEVICES) + entries("/sys/class/dma") +
		(exists("/dev/dsa") ? entries("/dev/dsa") : 0);
}

/* One device or queue is bound, again and again. */
static void bind_one(struct __test_metadata *_metadata, enum way way, int nth,
		     const char *name)
{
	int bind, before, n, ret, failures = 0;
	char path[256];
	bool hit = true;

	snprintf(path, sizeof(path), DRIVERS "/%s/bind",
		 driver_for(way, name));
	bind = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, bind);
	before = nodes();

	for (n = 1; hit && n < MANY; n++) {
		ASSERT_TRUE(fail_nth(nth, n));
		ret = write(bind, name, strlen(name)) < 0 ? -errno : 0;
		hit = failed(nth);
		ASSERT_FALSE(warned());
		if (ret) {
			ASSERT_TRUE(hit);
			ASSERT_EQ(-ENOMEM, ret);
			ASSERT_TRUE(disabled(name));
			ASSERT_EQ(before, nodes());
			failures++;
			/* a device that was refused keeps its configuration */
			ASSERT_EQ(0, enable(way, name));
		}
		ASSERT_TRUE(enabled(name));
		ASSERT_EQ(0, disable(way, name));
		ASSERT_TRUE(disabled(name));
		ASSERT_EQ(before, nodes());
		if (!strcmp(name, DEVICE))
			ASSERT_EQ(0, dsa_configure());
	}
	TH_LOG("%s: %d allocations, %d of them needed", name, n - 2, failures);
	EXPECT_LT(n, MANY);
	EXPECT_LT(0, failures);
	close(bind);
}

TEST_F_TIMEOUT(alloc, device, 280)
{
	if (self->ready)
		bind_one(_metadata, self->way, self->nth, DEVICE);
}

TEST_F_TIMEOUT(alloc, kernel_queue, 280)
{
	struct copies c = { .threads = 2, .each = 20, .size = 512 };

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	bind_one(_metadata, self->way, self->nth, WQ_KERNEL);
	ASSERT_EQ(0, enable(self->way, WQ_KERNEL));
	EXPECT_EQ(0, dmatest(&c, 1));
}

TEST_F_TIMEOUT(alloc, user_queue, 280)
{
	struct portal p;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	bind_one(_metadata, self->way, self->nth, WQ_USER);
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	ASSERT_EQ(0, portal_open(&p, WQ_USER));
	EXPECT_EQ(0, portal_copy(&p));
	portal_close(&p);
}

/* A client opens a queue and maps its portal. */
TEST_F_TIMEOUT(alloc, client, 120)
{
	int n, ret, failures = 0;
	struct portal p;
	bool hit = true;

	if (!self->ready)
		return;
	ASSERT_EQ(0, enable(self->way, DEVICE));
	ASSERT_EQ(0, enable(self->way, WQ_USER));
	for (n = 1; hit && n < MANY; n++) {
		ASSERT_TRUE(fail_nth(self->nth, n));
		ret = portal_open(&p, WQ_USER);
		hit = failed(self->nth);
		if (ret) {
			ASSERT_TRUE(hit);
			failures++;
			ASSERT_TRUE(has(WQ_USER, "clients", "0"));
			ASSERT_EQ(0, portal_open(&p, WQ_USER));
		}
		ASSERT_EQ(0, portal_copy(&p));
		portal_close(&p);
		ASSERT_TRUE(has(WQ_USER, "clients", "0"));
	}
	EXPECT_LT(n, MANY);
	EXPECT_LT(0, failures);
}

/* With the Nth allocation failing the function is bound, or nothing is left. */
static int bind_function(struct __test_metadata *_metadata, int nth, int bind,
			 int n)
{
	const char *name = pci_function();
	int before = nodes(), ret;
	bool hit;

	ASSERT_TRUE(fail_nth(nth, n));
	ret = write(bind, name, strlen(name)) < 0 ? -errno : 0;
	hit = failed(nth);
	ASSERT_FALSE(warned());
	if (!ret) {
		ASSERT_TRUE(disabled(DEVICE));
		ASSERT_EQ(0, pci_driver("unbind"));
	} else {
		ASSERT_TRUE(hit);
	}
	ASSERT_EQ(before, nodes());
	return ret;
}

/*
 * The PCI function is bound: the first allocations, up to those for its
 * interrupts, and the last ones, for the devices on the bus. Those in between
 * are for proc, too, where the core minds no failure, and later warns.
 */
TEST_F_TIMEOUT(alloc, function, 280)
{
	int bind, count, n, ret, failures = 0;
	const char *name = pci_function();
	char left[16] = "";

	if (!self->ready)
		return;
	if (self->way == WAY_COMPAT && dsa_has(WAY_DRIVER))
		SKIP(return, "the same as with the other files");
	bind = open("/sys/bus/pci/drivers/idxd/bind", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, bind);

	/* how many there are is what is missing from very many */
	ASSERT_EQ(0, pci_driver("unbind"));
	ASSERT_TRUE(fail_nth(self->nth, 100000));
	ASSERT_EQ(strlen(name), write(bind, name, strlen(name)));
	ASSERT_LT(0, pread(self->nth, left, sizeof(left) - 1, 0));
	failed(self->nth);
	count = 100000 - atoi(left);
	ASSERT_EQ(0, pci_driver("unbind"));

	for (n = 1; n < count; n++) {
		ret = bind_function(_metadata, self->nth, bind, n);
		failures += !!ret;
		if (ret == -ENOSPC)	/* for vectors */
			break;
		if (ret && ret != -EBUSY)	/* no room for a region */
			ASSERT_EQ(-ENOMEM, ret);
	}
	TH_LOG("%d allocations, %d of them before the interrupts", count, n - 1);
	EXPECT_LT(n, count);
	for (n = count - 300; n <= count; n += 7) {
		ret = bind_function(_metadata, self->nth, bind, n);
		if (ret)
			ASSERT_EQ(-ENOMEM, ret);
		failures += !!ret;
	}
	EXPECT_LT(10, failures);
	close(bind);
	ASSERT_EQ(0, dsa_setup());
	ASSERT_EQ(0, dsa_configure());
	ASSERT_EQ(0, enable(self->way, DEVICE));
}

TEST_HARNESS_MAIN
