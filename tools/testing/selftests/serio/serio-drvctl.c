// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl and bind_mode of serio, one write after the other, on a keyboard that
 * this program plays itself through /dev/userio
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/input.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "serio.h"

FIXTURE(drvctl) {
	struct keyboard kbd;
};

FIXTURE_SETUP(drvctl)
{
	ASSERT_EQ(0, module_load("userio"));
	ASSERT_EQ(0, module_load("atkbd"));
	ASSERT_EQ(0, module_load("serio_raw"));
	ASSERT_EQ(0, module_load("sermouse"));
	ASSERT_EQ(0, module_load("evdev"));
	ASSERT_EQ(0, store("manual", DRIVERS "/serio_raw/bind_mode"));
	ASSERT_EQ(0, plug(&self->kbd));
	ASSERT_TRUE(bound_to(self->kbd.port, "atkbd"));
}

FIXTURE_TEARDOWN(drvctl)
{
	unplug(&self->kbd);
}

/* Names as an administrator may write them; a driver without a matching ID is
 * not bound, and nobody is told.
 */
TEST_F_TIMEOUT(drvctl, names, SLOW)
{
	const char *port = self->kbd.port;

	EXPECT_EQ(-EINVAL, drvctl_write(port, "nobody"));
	EXPECT_EQ(-EINVAL, drvctl_write(port, "serio_raw\n"));
	EXPECT_STREQ("atkbd", driver_of(port));

	EXPECT_EQ(0, drvctl_write(port, "serio_raw"));
	EXPECT_STREQ("serio_raw", driver_of(port));
	EXPECT_EQ(0, inputs(port));

	EXPECT_EQ(0, drvctl_write(port, "sermouse"));
	EXPECT_STREQ("", driver_of(port));

	EXPECT_EQ(0, drvctl_write(port, "atkbd"));
	EXPECT_STREQ("atkbd", driver_of(port));
	EXPECT_EQ(1, inputs(port));

	EXPECT_EQ(0, drvctl_write(port, "none"));
	EXPECT_STREQ("", driver_of(port));
	EXPECT_EQ(0, inputs(port));
}

/* A keyboard that does not answer is refused. */
TEST_F_TIMEOUT(drvctl, refusal, SLOW)
{
	const char *port = self->kbd.port;

	self->kbd.answers = false;
	EXPECT_EQ(-ENODEV, drvctl_write(port, "atkbd"));
	EXPECT_STREQ("", driver_of(port));
	EXPECT_EQ(0, inputs(port));

	self->kbd.answers = true;
	EXPECT_EQ(0, drvctl_write(port, "atkbd"));
	EXPECT_STREQ("atkbd", driver_of(port));
	EXPECT_EQ(1, inputs(port));
}

/* What is in manual mode, port or driver, is bound by its name only. */
TEST_F_TIMEOUT(drvctl, modes, SLOW)
{
	const char *port = self->kbd.port;

	EXPECT_EQ(-EINVAL, store("maybe", PORTS "/%s/bind_mode", port));
	EXPECT_EQ(0, store("manual", PORTS "/%s/bind_mode", port));
	EXPECT_EQ(0, drvctl_write(port, "rescan"));
	EXPECT_STREQ("", driver_of(port));
	EXPECT_EQ(0, drvctl_write(port, "atkbd"));
	EXPECT_STREQ("atkbd", driver_of(port));
	EXPECT_EQ(0, store("auto", PORTS "/%s/bind_mode", port));

	EXPECT_EQ(0, store("manual", DRIVERS "/atkbd/bind_mode"));
	EXPECT_EQ(0, drvctl_write(port, "rescan"));
	EXPECT_STREQ("", driver_of(port));
	EXPECT_EQ(0, store("auto", DRIVERS "/atkbd/bind_mode"));
	EXPECT_EQ(0, drvctl_write(port, "rescan"));
	EXPECT_STREQ("atkbd", driver_of(port));
}

/* A reconnect keeps the input device, unless the keyboard does not answer. */
TEST_F_TIMEOUT(drvctl, reconnect, SLOW)
{
	const char *port = self->kbd.port;
	int fd;

	fd = open_event(port);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, drvctl_write(port, "reconnect"));
	send_byte(&self->kbd, 0x1c);
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 1));
	send_byte(&self->kbd, 0xf0);
	send_byte(&self->kbd, 0x1c);
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 0));
	close(fd);

	self->kbd.answers = false;
	EXPECT_EQ(0, drvctl_write(port, "reconnect"));
	EXPECT_STREQ("", driver_of(port));
}

/* The module of a driver can be unloaded while drvctl has bound it, and binds
 * when it comes back. What drvctl binds takes no reference.
 */
TEST_F_TIMEOUT(drvctl, driver_unloaded, SLOW)
{
	const char *port = self->kbd.port;

	EXPECT_EQ(0, drvctl_write(port, "none"));
	EXPECT_EQ(0, drvctl_write(port, "atkbd"));
	EXPECT_EQ(0, module_unload("atkbd"));
	EXPECT_STREQ("", driver_of(port));
	EXPECT_EQ(-EINVAL, drvctl_write(port, "atkbd"));
	EXPECT_EQ(0, module_load("atkbd"));
	EXPECT_TRUE(bound_to(port, "atkbd"));
	/* sysfs shows a driver before it has connected; this waits for that */
	EXPECT_EQ(0, drvctl_write(port, "reconnect"));
	EXPECT_EQ(1, inputs(port));
}

TEST_HARNESS_MAIN
