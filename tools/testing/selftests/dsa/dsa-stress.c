// SPDX-License-Identifier: GPL-2.0
/*
 * Ten thousand calls of bind and unbind, right and wrong, and several writers
 * at once: afterwards there are as many references as before, and all works.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "dsa.h"

#define CALLS	10000

FIXTURE(stress)
{
	int users;
	int compat_users;
	char refs[4096];	/* of all devices and queues, when none is bound */
};

FIXTURE_SETUP(stress)
{
	ASSERT_EQ(0, dsa_setup());
	self->users = module_users("idxd");
	self->compat_users = module_users("idxd_compat");
	ASSERT_LT(0, sim_refs(self->refs, sizeof(self->refs)));
	ASSERT_EQ(0, dsa_configure());
	console_quiet(true);
}

FIXTURE_TEARDOWN(stress)
{
	char refs[sizeof(self->refs)];

	console_quiet(false);
	EXPECT_EQ(0, dsa_reset());
	EXPECT_LT(0, sim_refs(refs, sizeof(refs)));
	EXPECT_STREQ(self->refs, refs);
	EXPECT_EQ(self->users, module_users("idxd"));
	EXPECT_EQ(self->compat_users, module_users("idxd_compat"));
	EXPECT_FALSE(warned());
	EXPECT_EQ(0, dsa_unload());
}

/* Whatever was done before, the device can be enabled, and copies. */
static bool works(enum way way)
{
	struct copies c = { .threads = 1, .each = 10, .size = 512 };
	struct portal p;
	bool ret;

	if (dsa_reset() || dsa_configure() || enable(way, DEVICE) ||
	    enable(way, WQ_KERNEL) || enable(way, WQ_USER) || dmatest(&c, 1) ||
	    portal_open(&p, WQ_USER))
		return false;
	ret = !portal_copy(&p);
	portal_close(&p);
	return ret;
}

/*
 * One in a hundred calls does something: all others are for what does not
 * exist, has no driver, or is bound or unbound already. The device and the
 * queues stay configured, but for the times that the device was disabled.
 */
TEST_F_TIMEOUT(stress, mixed_calls, 280)
{
	static const char * const names[] = {
		WQ_UNTYPED, "engine0.0", "group0.0", "wq0.99", "dsa99",
		DEVICE, WQ_KERNEL, WQ_USER, "engine0.1", "group0.1",
	};
	__u32 seed = 20210701;
	int i, ret, done = 0;

	for (i = 0; i < CALLS; i++) {
		const char *name = names[xorshift(&seed) % ARRAY_SIZE(names)];
		bool bound = *driver_of(name);
		bool bind = xorshift(&seed) % 2;

		/* what would work is rarely asked for: it takes longer */
		if (bind != bound && xorshift(&seed) % 4)
			bind = bound;
		ret = (bind ? enable : disable)(WAY_COMPAT, name);
		done += !ret;
		if (ret || strcmp(name, DEVICE))
			continue;
		if (bind) {
			ASSERT_TRUE(enabled(DEVICE));
		} else {
			ASSERT_TRUE(disabled(WQ_KERNEL));
			ASSERT_TRUE(disabled(WQ_USER));
			ASSERT_EQ(0, dsa_configure());
		}
	}
	TH_LOG("%d calls, of which %d bound or unbound", CALLS, done);
	EXPECT_LT(100, done);
	EXPECT_TRUE(works(WAY_COMPAT));
}

struct writer {
	enum way way;
	const char *name;
	int rounds;
};

static int writer(void *arg)
{
	struct writer *w = arg;
	char driver[16];
	int i, ret;

	/* the queue's type is gone once the device was disabled */
	snprintf(driver, sizeof(driver), "%s", driver_for(w->way, w->name));
	for (i = 0; i < w->rounds; i++) {
		ret = store(w->name, DRIVERS "/%s/bind", driver);
		/* enabled, its device not enabled, or not configured just now */
		if (ret && ret != -EBUSY && ret != -EPERM && ret != -EINVAL &&
		    ret != -ENODEV)
			return ret;
		ret = store(w->name, DRIVERS "/%s/unbind", driver);
		if (ret && ret != -ENODEV)
			return ret;
	}
	return 0;
}

static int run_writers(struct writer *w, int count)
{
	pid_t pid[8];
	int i, ret, worst = 0;

	for (i = 0; i < count; i++)
		pid[i] = start(writer, &w[i]);
	for (i = 0; i < count; i++) {
		ret = finish(pid[i], 5 * PATIENCE_MS);
		if (ret)
			worst = ret;
	}
	return worst;
}

/* Of two who bind the same, one does, and the other finds it bound. */
TEST_F_TIMEOUT(stress, two_writers_one_queue, 200)
{
	enum way other = dsa_has(WAY_DRIVER) ? WAY_DRIVER : WAY_COMPAT;
	struct writer w[] = {
		{ WAY_COMPAT, WQ_KERNEL, 50 }, { other, WQ_KERNEL, 50 },
		{ WAY_COMPAT, WQ_USER, 50 }, { other, WQ_USER, 50 },
	};

	ASSERT_EQ(0, enable(other, DEVICE));
	EXPECT_EQ(0, run_writers(w, ARRAY_SIZE(w)));
	EXPECT_TRUE(enabled(DEVICE));
	EXPECT_TRUE(disabled(WQ_KERNEL));
	EXPECT_TRUE(disabled(WQ_USER));
	EXPECT_TRUE(works(other));
}

static int reconfigure(void *arg)
{
	int i;

	for (i = 0; i < 60; i++)
		dsa_configure();
	return 0;
}

/* The device comes and goes under those who bind its queues. */
TEST_F_TIMEOUT(stress, device_and_queues, 200)
{
	enum way other = dsa_has(WAY_DRIVER) ? WAY_DRIVER : WAY_COMPAT;
	struct writer w[] = {
		{ WAY_COMPAT, WQ_KERNEL, 60 }, { other, WQ_USER, 60 },
		{ WAY_COMPAT, DEVICE, 30 }, { other, DEVICE, 30 },
	};
	pid_t pid;

	pid = start(reconfigure, NULL);
	EXPECT_EQ(0, run_writers(w, ARRAY_SIZE(w)));
	EXPECT_EQ(0, finish(pid, 5 * PATIENCE_MS));
	EXPECT_TRUE(works(other));
}

static int client(void *arg)
{
	struct portal p;
	int i;

	for (i = 0; i < 100; i++) {
		if (portal_open(&p, WQ_USER))
			continue;
		portal_touch(&p);
		portal_close(&p);
	}
	return 0;
}

/* A client opens and uses what others bind and unbind. */
TEST_F_TIMEOUT(stress, client_and_writers, 200)
{
	enum way other = dsa_has(WAY_DRIVER) ? WAY_DRIVER : WAY_COMPAT;
	struct writer w[] = {
		{ WAY_COMPAT, WQ_USER, 40 }, { other, WQ_USER, 40 },
	};
	pid_t pid;

	ASSERT_EQ(0, enable(other, DEVICE));
	pid = start(client, NULL);
	EXPECT_EQ(0, run_writers(w, ARRAY_SIZE(w)));
	EXPECT_EQ(0, finish(pid, 5 * PATIENCE_MS));
	EXPECT_TRUE(disabled(WQ_USER));
	EXPECT_TRUE(works(other));
}

TEST_HARNESS_MAIN
