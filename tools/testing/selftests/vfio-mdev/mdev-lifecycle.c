// SPDX-License-Identifier: GPL-2.0
/*
 * Mdevs of each sample that are removed, unbound and bound, and parents that
 * are unloaded, while a client has the device open and while he has not.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define ROUNDS	16

FIXTURE(lifecycle)
{
	const struct mdev_sample *s;
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	int available;
};

FIXTURE_VARIANT(lifecycle)
{
	const struct mdev_sample *s;
};

FIXTURE_VARIANT_ADD(lifecycle, mtty)
{
	.s = &sample_mtty,
};

FIXTURE_VARIANT_ADD(lifecycle, mdpy)
{
	.s = &sample_mdpy,
};

FIXTURE_VARIANT_ADD(lifecycle, mbochs)
{
	.s = &sample_mbochs,
};

FIXTURE_SETUP(lifecycle)
{
	self->v = (struct vfio_mdev){ -1, -1, -1 };
	self->s = variant->s;
	self->available = sample_load(self->s);
	ASSERT_LT(0, self->available);
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
}

FIXTURE_TEARDOWN(lifecycle)
{
	vfio_close(&self->v);
	mdev_remove_all();
	EXPECT_EQ(0, entries(DEVICES));
	EXPECT_EQ(self->available, mdev_available(self->s, self->s->type));
	EXPECT_EQ(0, sample_unload(self->s));
}

static int remove_it(void *uuid)
{
	return mdev_remove(uuid);
}

static int unbind_it(void *uuid)
{
	return mdev_unbind(uuid);
}

static int unload_it(void *name)
{
	return module_unload(name);
}

/* Opened, it answers, and is closed again. */
static bool works(const char *uuid, const struct mdev_sample *s)
{
	struct vfio_mdev v;
	bool ret;

	if (vfio_open(&v, uuid))
		return false;
	ret = vfio_answers(&v, s);
	vfio_close(&v);
	return ret;
}

/* The driver of the parent binds the new mdev. */
TEST_F(lifecycle, created)
{
	EXPECT_STREQ(self->s->name, mdev_driver(self->uuid));
	EXPECT_TRUE(works(self->uuid, self->s));
	EXPECT_EQ(-EEXIST, mdev_create(self->s, self->s->type, self->uuid));
	EXPECT_TRUE(works(self->uuid, self->s));
}

/* Removal waits for the client, who still gets answers, and then completes. */
TEST_F(lifecycle, removed_while_open)
{
	pid_t pid;

	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	pid = start(remove_it, self->uuid);
	EXPECT_TRUE(still_running(pid, 300));
	EXPECT_TRUE(vfio_answers(&self->v, self->s));
	vfio_close(&self->v);
	EXPECT_EQ(0, finish(pid, PATIENCE_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* So does unbinding; afterwards it can be bound again. */
TEST_F(lifecycle, unbound_while_open)
{
	pid_t pid;

	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	pid = start(unbind_it, self->uuid);
	EXPECT_TRUE(still_running(pid, 300));
	EXPECT_TRUE(vfio_answers(&self->v, self->s));
	vfio_close(&self->v);
	EXPECT_EQ(0, finish(pid, PATIENCE_MS));
	EXPECT_STREQ("", mdev_driver(self->uuid));
	EXPECT_EQ(0, store(self->uuid, "/sys/bus/mdev/drivers_probe"));
	EXPECT_TRUE(works(self->uuid, self->s));
}

/* The parent's module is in use until the client is done. */
TEST_F(lifecycle, unloaded_while_open)
{
	char name[32];

	strncpy(name, self->s->name, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	EXPECT_EQ(-EWOULDBLOCK, finish(start(unload_it, name), PATIENCE_MS));
	EXPECT_TRUE(vfio_answers(&self->v, self->s));
	vfio_close(&self->v);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(self->s));
	ASSERT_EQ(self->available, sample_load(self->s));
}

/* A parent unloaded with its mdev, which nobody has open, takes that along. */
TEST_F(lifecycle, unloaded)
{
	EXPECT_EQ(0, module_unload(self->s->name));
	EXPECT_FALSE(mdev_exists(self->uuid));
	ASSERT_EQ(self->available, sample_load(self->s));
}

/* Unbound and bound again by name and by drivers_probe, it works again. */
TEST_F(lifecycle, rebound)
{
	char driver[64];
	int i;

	strncpy(driver, mdev_driver(self->uuid), sizeof(driver) - 1);
	driver[sizeof(driver) - 1] = '\0';
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EBUSY, store(self->uuid, DRIVERS "/%s/bind", driver));
		ASSERT_EQ(0, mdev_unbind(self->uuid));
		ASSERT_STREQ("", mdev_driver(self->uuid));
		EXPECT_EQ(-ENODEV, store(self->uuid, DRIVERS "/%s/unbind",
					 driver));
		ASSERT_EQ(0, store(self->uuid, DRIVERS "/%s/bind", driver));
		ASSERT_STREQ(driver, mdev_driver(self->uuid));
		ASSERT_TRUE(works(self->uuid, self->s));

		ASSERT_EQ(0, mdev_unbind(self->uuid));
		ASSERT_EQ(0, store(self->uuid, "/sys/bus/mdev/drivers_probe"));
		ASSERT_STREQ(driver, mdev_driver(self->uuid));
		ASSERT_TRUE(works(self->uuid, self->s));
	}
}

/* Unbound, it is removed as well as bound. */
TEST_F(lifecycle, removed_unbound)
{
	ASSERT_EQ(0, mdev_unbind(self->uuid));
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* Neither another sample's driver nor the shim can have it. */
TEST_F(lifecycle, foreign_driver)
{
	ASSERT_EQ(0, module_load(self->s->foreign));
	ASSERT_LE(0, entries(DRIVERS "/vfio_mdev"));
	EXPECT_EQ(0, mdev_unbind(self->uuid));
	EXPECT_EQ(-ENODEV, store(self->uuid, DRIVERS "/%s/bind",
				 self->s->foreign));
	EXPECT_STREQ("", mdev_driver(self->uuid));
	EXPECT_EQ(-ENODEV, store(self->uuid, DRIVERS "/vfio_mdev/bind"));
	EXPECT_STREQ("", mdev_driver(self->uuid));

	/* a driver that comes later is not offered it, and the right one is */
	EXPECT_EQ(0, module_unload(self->s->foreign));
	EXPECT_EQ(0, module_load(self->s->foreign));
	EXPECT_STREQ("", mdev_driver(self->uuid));
	EXPECT_EQ(0, store(self->uuid, "/sys/bus/mdev/drivers_probe"));
	EXPECT_STREQ(self->s->name, mdev_driver(self->uuid));
	EXPECT_TRUE(works(self->uuid, self->s));
	EXPECT_EQ(0, module_unload(self->s->foreign));
}

struct storm {
	const struct mdev_sample *s;
	const char *uuid;
};

static int creator(void *arg)
{
	struct storm *storm = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		mdev_create(storm->s, storm->s->type, storm->uuid);
		mdev_remove(storm->uuid);
	}
	return 0;
}

static int binder(void *arg)
{
	struct storm *storm = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		mdev_unbind(storm->uuid);
		store(storm->uuid, DRIVERS "/%s/bind", storm->s->name);
		mdev_unbind(storm->uuid);
		store(storm->uuid, "/sys/bus/mdev/drivers_probe");
	}
	return 0;
}

static int client(void *arg)
{
	struct storm *storm = arg;
	struct vfio_mdev v;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (!vfio_open(&v, storm->uuid)) {
			vfio_answers(&v, storm->s);
			vfio_close(&v);
		}
	}
	return 0;
}

/* Two who create and remove it, one who unbinds and binds, one who opens it. */
TEST_F_TIMEOUT(lifecycle, storm, 90)
{
	struct storm storm = { self->s, self->uuid };
	pid_t pid[4];
	int i;

	pid[0] = start(creator, &storm);
	pid[1] = start(creator, &storm);
	pid[2] = start(binder, &storm);
	pid[3] = start(client, &storm);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, finish(pid[i], 2 * PATIENCE_MS));

	mdev_remove(self->uuid);
	ASSERT_EQ(0, entries(DEVICES));
	EXPECT_EQ(self->available, mdev_available(self->s, self->s->type));
	ASSERT_EQ(0, mdev_create(self->s, self->s->type, self->uuid));
	EXPECT_TRUE(works(self->uuid, self->s));
}

static int create_and_work(void *arg)
{
	struct storm *storm = arg;
	int i;

	for (i = 0; i < ROUNDS / 2; i++) {
		if (mdev_create(storm->s, storm->s->type, storm->uuid))
			return -EIO;
		if (!works(storm->uuid, storm->s))
			return -ENXIO;
		if (mdev_unbind(storm->uuid))
			return -ENOLINK;
		if (store(storm->uuid, "/sys/bus/mdev/drivers_probe"))
			return -EPIPE;
		if (!works(storm->uuid, storm->s))
			return -ENXIO;
		if (mdev_remove(storm->uuid))
			return -EBUSY;
	}
	return 0;
}

/* Side by side with others, what one does to his own mdev always works. */
TEST_F_TIMEOUT(lifecycle, side_by_side, 90)
{
	char uuid[3][UUID_LEN + 1];
	struct storm storm[3];
	pid_t pid[3];
	int i;

	for (i = 0; i < 3; i++) {
		make_uuid(uuid[i], 10 + i);
		storm[i] = (struct storm){ self->s, uuid[i] };
		pid[i] = start(create_and_work, &storm[i]);
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, finish(pid[i], 2 * PATIENCE_MS));
	EXPECT_TRUE(works(self->uuid, self->s));
}

TEST_HARNESS_MAIN
