// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl of gameport while others bind and unbind the same port, and while the
 * card goes; see gameport-drvctl.c
 */
#include <errno.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gameport.h"

FIXTURE(drvctl) {
	struct port port;
};

FIXTURE_SETUP(drvctl)
{
	int ret = free_port(&self->port);

	if (ret == -ENODEV)
		return;
	ASSERT_EQ(0, ret);
	ASSERT_STREQ("", driver_of(self->port.name));
}

FIXTURE_TEARDOWN(drvctl)
{
	module_unload("joydump");
}

/* drvctl, bind and unbind at once: the port stays sound. */
TEST_F_TIMEOUT(drvctl, storm, SLOW)
{
	pid_t pids[4];
	int i;

	if (!self->port.name[0])
		SKIP(return, NO_CARD);
	ASSERT_EQ(0, module_load("joydump", NULL));
	EXPECT_TRUE(bound_to(self->port.name, "joydump"));
	pids[0] = writer("joydump", self->port.drvctl);
	pids[1] = writer("none", self->port.drvctl);
	pids[2] = writer(self->port.name, DRIVERS "/joydump/unbind");
	pids[3] = writer(self->port.name, DRIVERS "/joydump/bind");
	sleep(2);
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(ends(pids[i]));

	EXPECT_EQ(0, store("none", self->port.drvctl));
	EXPECT_STREQ("", driver_of(self->port.name));
	EXPECT_EQ(0, store("joydump", self->port.drvctl));
	EXPECT_STREQ("joydump", driver_of(self->port.name));
}

/* The card goes while its drvctl is written. */
TEST_F_TIMEOUT(drvctl, card_unloaded, SLOW)
{
	pid_t one, two;
	int i;

	if (!self->port.name[0])
		SKIP(return, NO_CARD);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, load_card());
		ASSERT_EQ(0, find_port(&self->port));
		ASSERT_EQ(0, store("none", self->port.drvctl));
		one = writer("none", self->port.drvctl);
		two = writer("none", self->port.drvctl);
		usleep(100000);
		EXPECT_EQ(0, module_unload("snd_ens1370"));
		EXPECT_TRUE(ends(one));
		EXPECT_TRUE(ends(two));
	}
}

TEST_HARNESS_MAIN
