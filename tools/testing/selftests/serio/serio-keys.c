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
#include <glob.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "serio.h"

#define MONITOR		0x5e9
#define MONITOR_ID	0x4d
#define NO_MONITOR	"no QEMU monitor at I/O port 0x5e9"

/* Scancodes of the key "a", from a controller that translates */
#define A_DOWN		0x1e
#define A_UP		0x9e

static int open_monitor(void)
{
	unsigned char id = 0;
	int fd;

	fd = open("/dev/port", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && (pread(fd, &id, 1, MONITOR) != 1 || id != MONITOR_ID)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool ask(int monitor, const char *command)
{
	for (; *command; command++)
		if (pwrite(monitor, command, 1, MONITOR) != 1)
			return false;
	return true;
}

/* The port with this description, or "" */
static void find_port(const char *description, char *port, size_t size)
{
	char text[64];
	glob_t found;
	ssize_t len;
	int i, fd;

	*port = '\0';
	if (glob(PORTS "/serio*/description", 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		fd = open(found.gl_pathv[i], O_RDONLY);
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (len < 1)
			continue;
		text[len - 1] = '\0';
		if (!strcmp(text, description))
			snprintf(port, size, "%.*s",
				 (int)strcspn(found.gl_pathv[i] + strlen(PORTS "/"), "/"),
				 found.gl_pathv[i] + strlen(PORTS "/"));
	}
	globfree(&found);
}

static bool appears(const char *description, char *port, size_t size)
{
	int tries = LIMIT * 50;

	do {
		find_port(description, port, size);
		if (*port)
			return true;
		usleep(20000);
	} while (--tries);
	return false;
}

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

/* A key arrives, down and up, through the input device of the port. */
static bool key_arrives(int monitor, const char *port)
{
	bool ret;
	int fd;

	fd = open_event(port);
	if (fd < 0)
		return false;
	ret = ask(monitor, "sendkey a\n") &&
	      event_within(fd, EV_KEY, KEY_A, 1) &&
	      event_within(fd, EV_KEY, KEY_A, 0);
	close(fd);
	return ret;
}

/* atkbd, serio_raw, and back; who had opened serio_raw is told. */
TEST_F(keys, keyboard)
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
TEST_F(keys, mouse)
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
TEST_F(keys, refusal)
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
TEST_F(keys, reconnect_and_rescan)
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
TEST_F(keys, key_without_driver)
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
TEST_F(keys, driver_unloaded)
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

/* The controller's driver is unloaded while drvctl of its ports is written. */
TEST_F(keys, controller_unloaded)
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
