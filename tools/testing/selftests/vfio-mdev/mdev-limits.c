// SPDX-License-Identifier: GPL-2.0
/*
 * As many mdevs as a sample has room for, and one more: the error of the
 * probe reaches the writer of "create", and nothing is left.
 */
#include <errno.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define ROUNDS	10
#define EXTRA	999

FIXTURE(limits)
{
	const struct mdev_sample *s;
	int small, big;		/* instances of the two types */
};

FIXTURE_VARIANT(limits)
{
	const struct mdev_sample *s;
};

FIXTURE_VARIANT_ADD(limits, mtty)
{
	.s = &sample_mtty,
};

FIXTURE_VARIANT_ADD(limits, mdpy)
{
	.s = &sample_mdpy,
};

FIXTURE_VARIANT_ADD(limits, mbochs)
{
	.s = &sample_mbochs,
};

FIXTURE_SETUP(limits)
{
	self->s = variant->s;
	self->small = sample_load(self->s);
	ASSERT_LT(1, self->small);
	self->big = mdev_available(self->s, self->s->big_type);
	ASSERT_LT(1, self->big);
}

FIXTURE_TEARDOWN(limits)
{
	mdev_remove_all();
	EXPECT_EQ(0, entries(DEVICES));
	EXPECT_EQ(self->small, mdev_available(self->s, self->s->type));
	EXPECT_EQ(self->big, mdev_available(self->s, self->s->big_type));
	EXPECT_EQ(0, sample_unload(self->s));
}

static int create(const struct mdev_sample *s, const char *type, int n)
{
	char uuid[UUID_LEN + 1];

	make_uuid(uuid, n);
	return mdev_create(s, type, uuid);
}

static int destroy(int n)
{
	char uuid[UUID_LEN + 1];

	make_uuid(uuid, n);
	return mdev_remove(uuid);
}

/* Each instance is counted, the one too many refused, and gone at once. */
TEST_F(limits, full)
{
	char uuid[UUID_LEN + 1];
	int i;

	for (i = 0; i < self->big; i++) {
		ASSERT_EQ(self->big - i,
			  mdev_available(self->s, self->s->big_type));
		ASSERT_EQ(0, create(self->s, self->s->big_type, i));
	}
	EXPECT_EQ(0, mdev_available(self->s, self->s->big_type));
	EXPECT_EQ(0, mdev_available(self->s, self->s->type));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENOSPC, create(self->s, self->s->big_type, EXTRA));
		EXPECT_EQ(-ENOSPC, create(self->s, self->s->type, EXTRA));
		make_uuid(uuid, EXTRA);
		EXPECT_FALSE(mdev_exists(uuid));
		EXPECT_EQ(self->big, entries(DEVICES));
	}
	/* a used UUID is refused as such, with or without room */
	EXPECT_EQ(-EEXIST, create(self->s, self->s->big_type, 0));

	ASSERT_EQ(0, destroy(0));
	EXPECT_EQ(1, mdev_available(self->s, self->s->big_type));
	EXPECT_EQ(0, create(self->s, self->s->big_type, EXTRA));
}

/* What is unbound still has its place, or loses it to others: never both. */
TEST_F(limits, unbound)
{
	char uuid[UUID_LEN + 1];
	int i, room;

	for (i = 0; i < self->big; i++)
		ASSERT_EQ(0, create(self->s, self->s->big_type, i));
	make_uuid(uuid, 0);
	ASSERT_EQ(0, mdev_unbind(uuid));
	room = mdev_available(self->s, self->s->big_type);
	ASSERT_TRUE(room == 0 || room == 1);
	EXPECT_EQ(room ? 0 : -ENOSPC,
		  create(self->s, self->s->big_type, EXTRA));
	store(uuid, "/sys/bus/mdev/drivers_probe");
	EXPECT_STREQ(room ? "" : self->s->name, mdev_driver(uuid));
	EXPECT_EQ(0, mdev_available(self->s, self->s->big_type));
}

struct race {
	const struct mdev_sample *s;
	int *ready;
	int n;
};

static int racer(void *arg)
{
	struct race *race = arg;

	__atomic_add_fetch(race->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(race->ready, __ATOMIC_SEQ_CST) < 2)
		;
	return create(race->s, race->s->big_type, EXTRA + race->n);
}

/* Two who want the last place at once: one gets it, the other ENOSPC. */
TEST_F_TIMEOUT(limits, race, 60)
{
	int *ready = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct race race[2];
	int i, j, ret[2];
	pid_t pid[2];

	ASSERT_NE(MAP_FAILED, ready);
	for (i = 0; i < self->big - 1; i++)
		ASSERT_EQ(0, create(self->s, self->s->big_type, i));
	for (i = 0; i < ROUNDS; i++) {
		__atomic_store_n(ready, 0, __ATOMIC_SEQ_CST);
		for (j = 0; j < 2; j++) {
			race[j] = (struct race){ self->s, ready, j };
			pid[j] = start(racer, &race[j]);
		}
		for (j = 0; j < 2; j++)
			ret[j] = finish(pid[j], PATIENCE_MS);
		ASSERT_EQ(-ENOSPC, ret[0] + ret[1]);
		ASSERT_TRUE(!ret[0] || !ret[1]);
		ASSERT_EQ(self->big, entries(DEVICES));
		ASSERT_EQ(0, mdev_available(self->s, self->s->big_type));
		ASSERT_EQ(0, destroy(EXTRA + !!ret[0]));
		ASSERT_EQ(1, mdev_available(self->s, self->s->big_type));
	}
}

/* What is no UUID is refused, with whatever is wrong about it. */
TEST_F(limits, bad_uuid)
{
	static const char * const bad[] = {
		"\n", "0", "no-uuid",
		"5e1f7e57-0000-4000-8000-00000000000",
		"5e1f7e57-0000-4000-8000-000000000000\n\n",
		"5e1f7e57-0000-4000-8000-00000000000g",
		"5e1f7e57+0000+4000+8000+000000000000",
		"5e1f7e57000004000080000000000000000000",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, mdev_create(self->s, self->s->type, bad[i]));
		EXPECT_EQ(0, entries(DEVICES));
	}
	EXPECT_EQ(self->small, mdev_available(self->s, self->s->type));
}

TEST_HARNESS_MAIN
