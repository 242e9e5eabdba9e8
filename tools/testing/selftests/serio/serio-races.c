// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl of serio while others bind and unbind the same port, and while the port
 * goes
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/input.h>
#include <signal.h>
#include <stdlib.h>
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
	ASSERT_EQ(0, module_load("evdev"));
	ASSERT_EQ(0, store("manual", DRIVERS "/serio_raw/bind_mode"));
	ASSERT_EQ(0, plug(&self->kbd));
	ASSERT_TRUE(bound_to(self->kbd.port, "atkbd"));
}

FIXTURE_TEARDOWN(drvctl)
{
	unplug(&self->kbd);
}

/* Two drvctl, bind and unbind of two drivers at once: the port stays sound. */
TEST_F_TIMEOUT(drvctl, storm, SLOW)
{
	static const char * const files[][3] = {
		{ PORTS "/%s/drvctl", "atkbd", "none" },
		{ PORTS "/%s/drvctl", "serio_raw", "rescan" },
		{ DRIVERS "/atkbd/unbind", NULL, NULL },
		{ DRIVERS "/serio_raw/unbind", NULL, NULL },
		{ DRIVERS "/serio_raw/bind", NULL, NULL },
		{ DRIVERS "/atkbd/bind", NULL, NULL },
	};
	const char *port = self->kbd.port;
	pid_t pids[ARRAY_SIZE(files)];
	char path[64];
	int i, fd;

	ASSERT_EQ(0, store("auto", DRIVERS "/serio_raw/bind_mode"));
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), files[i][0], port);
		pids[i] = writer(path, files[i][1] ?: port, files[i][2] ?: port);
	}
	sleep(5);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT_TRUE(ends(pids[i]));
	ASSERT_EQ(0, store("manual", DRIVERS "/serio_raw/bind_mode"));

	EXPECT_EQ(0, drvctl_write(port, "none"));
	EXPECT_STREQ("", driver_of(port));
	EXPECT_EQ(0, inputs(port));
	EXPECT_EQ(0, drvctl_write(port, "atkbd"));
	EXPECT_STREQ("atkbd", driver_of(port));
	EXPECT_EQ(1, inputs(port));
	fd = open_event(port);
	ASSERT_LE(0, fd);
	send_byte(&self->kbd, 0x1c);
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 1));
	close(fd);
}

/* A port goes while its drvctl is written. */
TEST_F_TIMEOUT(drvctl, port_goes, SLOW)
{
	struct keyboard kbd;
	pid_t one, two;
	char path[64];
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, plug(&kbd));
		ASSERT_TRUE(bound_to(kbd.port, "atkbd"));
		snprintf(path, sizeof(path), PORTS "/%s/drvctl", kbd.port);
		one = writer(path, "serio_raw", "none");
		two = writer(path, "none", "serio_raw");
		usleep(20000);
		unplug(&kbd);
		kill(one, SIGKILL);
		kill(two, SIGKILL);
		ASSERT_TRUE(ends(one));
		ASSERT_TRUE(ends(two));
	}
}

FIXTURE(i8042) {
	char kbd[16];
	char aux[16];
	int monitor;
};

FIXTURE_SETUP(i8042)
{
	self->monitor = open_monitor();
	if (self->monitor < 0)
		return;
	ASSERT_EQ(0, module_load("atkbd"));
	ASSERT_EQ(0, module_load("psmouse"));
	ASSERT_EQ(0, module_load("serio_raw"));
	ASSERT_EQ(0, module_load("evdev"));
	ASSERT_EQ(0, module_load("i8042"));
	ASSERT_TRUE(appears("i8042 KBD port", self->kbd, sizeof(self->kbd)));
	ASSERT_TRUE(appears("i8042 AUX port", self->aux, sizeof(self->aux)));
}

FIXTURE_TEARDOWN(i8042)
{
	if (self->monitor >= 0)
		close(self->monitor);
}

/* The controller's driver is unloaded while drvctl of its ports is written. */
TEST_F_TIMEOUT(i8042, controller_unloaded, SLOW)
{
	char kbd[64], aux[64];
	pid_t one, two;

	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	snprintf(kbd, sizeof(kbd), PORTS "/%s/drvctl", self->kbd);
	snprintf(aux, sizeof(aux), PORTS "/%s/drvctl", self->aux);
	one = writer(kbd, "serio_raw", "none");
	two = writer(aux, "none", "serio_raw");
	usleep(100000);
	EXPECT_EQ(0, module_unload("i8042"));
	kill(one, SIGKILL);
	kill(two, SIGKILL);
	EXPECT_TRUE(ends(one));
	EXPECT_TRUE(ends(two));

	ASSERT_EQ(0, module_load("i8042"));
	ASSERT_TRUE(appears("i8042 KBD port", self->kbd, sizeof(self->kbd)));
	EXPECT_TRUE(bound_to(self->kbd, "atkbd"));
	EXPECT_TRUE(key_arrives(self->monitor, self->kbd));
}

TEST_HARNESS_MAIN
