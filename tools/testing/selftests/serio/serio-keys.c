// SPDX-License-Identifier: GPL-2.0
/*
 * The keyboard and the mouse of a PC, in a guest of QEMU: keys that QEMU's
 * monitor sends must arrive, whichever driver drvctl has bound.
 *
 * The guest reaches the monitor through an I/O port:
 *
 *	mkfifo monitor.in; touch monitor.out
 *	qemu-system-x86_64 ... -chardev pipe,id=monitor,path=monitor -mon monitor \
 *		-chardev file,id=asked,path=monitor.in \
 *		-device isa-debugcon,iobase=0x5e9,readback=0x4d,chardev=asked
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "serio.h"

/* Scancodes of the key "a", from a controller that translates */
#define A_DOWN		0x1e
#define A_UP		0x9e

FIXTURE(keys) {
	char kbd[16];
	char aux[16];
	int monitor;
};

FIXTURE_SETUP(keys)
{
	self->monitor = open_monitor();
	ASSERT_EQ(0, module_load("atkbd"));
	ASSERT_EQ(0, module_load("psmouse"));
	ASSERT_EQ(0, module_load("serio_raw"));
	ASSERT_EQ(0, module_load("evdev"));
	ASSERT_EQ(0, module_load("i8042"));
	if (self->monitor < 0)
		return;
	ASSERT_TRUE(appears("i8042 KBD port", self->kbd, sizeof(self->kbd)));
	ASSERT_TRUE(appears("i8042 AUX port", self->aux, sizeof(self->aux)));
	ASSERT_EQ(0, store("auto", PORTS "/%s/bind_mode", self->kbd));
	ASSERT_EQ(0, drvctl_write(self->kbd, "rescan"));
	ASSERT_EQ(0, drvctl_write(self->aux, "rescan"));
	ASSERT_TRUE(bound_to(self->kbd, "atkbd"));
	ASSERT_TRUE(bound_to(self->aux, "psmouse"));
}

FIXTURE_TEARDOWN(keys)
{
	if (self->monitor >= 0)
		close(self->monitor);
}

/* atkbd, serio_raw, and back; who had opened serio_raw is told. */
TEST_F_TIMEOUT(keys, keyboard, SLOW)
{
	struct pollfd pfd = { .events = POLLIN };

	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	EXPECT_TRUE(key_arrives(self->monitor, self->kbd));

	ASSERT_EQ(0, drvctl_write(self->kbd, "serio_raw"));
	EXPECT_STREQ("serio_raw", driver_of(self->kbd));
	EXPECT_EQ(0, inputs(self->kbd));
	pfd.fd = open_raw(self->kbd);
	ASSERT_LE(0, pfd.fd);
	EXPECT_TRUE(ask(self->monitor, "sendkey a\n"));
	EXPECT_TRUE(byte_within(pfd.fd, A_DOWN));
	EXPECT_TRUE(byte_within(pfd.fd, A_UP));

	ASSERT_EQ(0, drvctl_write(self->kbd, "atkbd"));
	EXPECT_STREQ("atkbd", driver_of(self->kbd));
	EXPECT_EQ(1, poll(&pfd, 1, LIMIT * 1000));
	EXPECT_TRUE(pfd.revents & POLLHUP);
	close(pfd.fd);
	EXPECT_EQ(1, inputs(self->kbd));
	EXPECT_TRUE(key_arrives(self->monitor, self->kbd));
}

/* psmouse, serio_raw, and back. A mouse reports when it is enabled (0xf4). */
TEST_F_TIMEOUT(keys, mouse, SLOW)
{
	int fd;

	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	fd = open_event(self->aux);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(ask(self->monitor, "mouse_button 1\n"));
	EXPECT_TRUE(event_within(fd, EV_KEY, BTN_LEFT, 1));
	EXPECT_TRUE(ask(self->monitor, "mouse_button 0\n"));
	EXPECT_TRUE(event_within(fd, EV_KEY, BTN_LEFT, 0));
	close(fd);

	ASSERT_EQ(0, drvctl_write(self->aux, "serio_raw"));
	EXPECT_STREQ("serio_raw", driver_of(self->aux));
	fd = open_raw(self->aux);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, write(fd, "\xf4", 1));
	EXPECT_TRUE(byte_within(fd, 0xfa));
	EXPECT_TRUE(ask(self->monitor, "mouse_button 1\n"));
	EXPECT_TRUE(byte_within(fd, 0x09));
	EXPECT_TRUE(ask(self->monitor, "mouse_button 0\n"));
	EXPECT_TRUE(byte_within(fd, 0x08));
	close(fd);

	ASSERT_EQ(0, drvctl_write(self->aux, "psmouse"));
	EXPECT_STREQ("psmouse", driver_of(self->aux));
	fd = open_event(self->aux);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(ask(self->monitor, "mouse_button 1\n"));
	EXPECT_TRUE(event_within(fd, EV_KEY, BTN_LEFT, 1));
	EXPECT_TRUE(ask(self->monitor, "mouse_button 0\n"));
	EXPECT_TRUE(event_within(fd, EV_KEY, BTN_LEFT, 0));
	close(fd);
}

/* A mouse is no keyboard, and a keyboard no mouse. */
TEST_F_TIMEOUT(keys, refusal, SLOW)
{
	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	EXPECT_EQ(-ENODEV, drvctl_write(self->aux, "atkbd"));
	EXPECT_STREQ("", driver_of(self->aux));
	EXPECT_EQ(0, inputs(self->aux));
	EXPECT_EQ(0, drvctl_write(self->aux, "psmouse"));
	EXPECT_STREQ("psmouse", driver_of(self->aux));
}

/* reconnect keeps the input device, rescan makes a new one. */
TEST_F_TIMEOUT(keys, reconnect_and_rescan, SLOW)
{
	int fd;

	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	fd = open_event(self->kbd);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, drvctl_write(self->kbd, "reconnect"));
	EXPECT_TRUE(ask(self->monitor, "sendkey a\n"));
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 1));
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 0));

	ASSERT_EQ(0, drvctl_write(self->kbd, "rescan"));
	EXPECT_FALSE(event_within(fd, EV_KEY, KEY_A, 1));
	close(fd);
	EXPECT_STREQ("atkbd", driver_of(self->kbd));
	EXPECT_TRUE(key_arrives(self->monitor, self->kbd));
}

/* A key on a port without driver makes serio look for one, but not in manual
 * mode.
 */
TEST_F_TIMEOUT(keys, key_without_driver, SLOW)
{
	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	ASSERT_EQ(0, store("manual", PORTS "/%s/bind_mode", self->kbd));
	ASSERT_EQ(0, drvctl_write(self->kbd, "none"));
	EXPECT_STREQ("", driver_of(self->kbd));
	EXPECT_TRUE(ask(self->monitor, "sendkey a\n"));
	sleep(1);
	EXPECT_STREQ("", driver_of(self->kbd));

	ASSERT_EQ(0, store("auto", PORTS "/%s/bind_mode", self->kbd));
	EXPECT_TRUE(ask(self->monitor, "sendkey a\n"));
	EXPECT_TRUE(bound_to(self->kbd, "atkbd"));
	EXPECT_TRUE(key_arrives(self->monitor, self->kbd));
}

/* The driver of the keyboard is unloaded while drvctl has bound it. */
TEST_F_TIMEOUT(keys, driver_unloaded, SLOW)
{
	if (self->monitor < 0)
		SKIP(return, NO_MONITOR);
	ASSERT_EQ(0, drvctl_write(self->kbd, "atkbd"));
	EXPECT_EQ(0, module_unload("atkbd"));
	EXPECT_STREQ("", driver_of(self->kbd));
	EXPECT_EQ(0, module_load("atkbd"));
	EXPECT_TRUE(bound_to(self->kbd, "atkbd"));
	EXPECT_TRUE(key_arrives(self->monitor, self->kbd));
}

TEST_HARNESS_MAIN
