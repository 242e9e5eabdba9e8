// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl of gameport, one write after the other, on the game port of an Ensoniq
 * AudioPCI, as QEMU has it with -device ES1370. No joystick is there: analog
 * refuses the port. joydump takes any port, and writes to the log what it reads.
 */
#include <errno.h>

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

/* Who refuses is not bound; names that nobody has change nothing. */
TEST_F_TIMEOUT(drvctl, names, SLOW)
{
	if (!self->port.name[0])
		SKIP(return, NO_CARD);
	EXPECT_EQ(-ENODEV, store("analog", self->port.drvctl));
	EXPECT_STREQ("", driver_of(self->port.name));
	EXPECT_EQ(-EINVAL, store("joydump", self->port.drvctl));

	/* it takes what is there */
	ASSERT_EQ(0, module_load("joydump", NULL));
	EXPECT_TRUE(bound_to(self->port.name, "joydump"));
	EXPECT_EQ(-EINVAL, store("nobody", self->port.drvctl));
	EXPECT_EQ(-EINVAL, store("joydump\n", self->port.drvctl));
	EXPECT_STREQ("joydump", driver_of(self->port.name));

	EXPECT_EQ(0, store("none", self->port.drvctl));
	EXPECT_STREQ("", driver_of(self->port.name));
	EXPECT_EQ(0, store("joydump", self->port.drvctl));
	EXPECT_STREQ("joydump", driver_of(self->port.name));
	EXPECT_EQ(-ENODEV, store("analog", self->port.drvctl));
	EXPECT_STREQ("", driver_of(self->port.name));
}

/* Both look for a driver: no driver of the tree can reconnect. */
TEST_F_TIMEOUT(drvctl, rescan_and_reconnect, SLOW)
{
	if (!self->port.name[0])
		SKIP(return, NO_CARD);
	ASSERT_EQ(0, module_load("joydump", NULL));
	EXPECT_TRUE(bound_to(self->port.name, "joydump"));
	EXPECT_EQ(0, store("none", self->port.drvctl));
	EXPECT_EQ(0, store("rescan", self->port.drvctl));
	EXPECT_STREQ("joydump", driver_of(self->port.name));
	EXPECT_EQ(0, store("reconnect", self->port.drvctl));
	EXPECT_STREQ("joydump", driver_of(self->port.name));
	EXPECT_EQ(0, store(self->port.name, DRIVERS "/joydump/unbind"));
	EXPECT_STREQ("", driver_of(self->port.name));
	EXPECT_EQ(0, store(self->port.name, DRIVERS "/joydump/bind"));
	EXPECT_STREQ("joydump", driver_of(self->port.name));
}

/* What drvctl binds takes no reference: the driver can be unloaded. */
TEST_F_TIMEOUT(drvctl, driver_unloaded, SLOW)
{
	if (!self->port.name[0])
		SKIP(return, NO_CARD);
	ASSERT_EQ(0, module_load("joydump", NULL));
	EXPECT_TRUE(bound_to(self->port.name, "joydump"));
	EXPECT_EQ(0, store("joydump", self->port.drvctl));
	EXPECT_EQ(0, module_unload("joydump"));
	EXPECT_STREQ("", driver_of(self->port.name));
	EXPECT_EQ(-EINVAL, store("joydump", self->port.drvctl));
}

TEST_HARNESS_MAIN
