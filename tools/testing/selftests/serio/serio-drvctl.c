// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl and bind_mode of serio, on a keyboard that this program plays itself
 * through /dev/userio
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/userio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "serio.h"

#define SERIO_8042	0x01

struct keyboard {
	char port[16];
	int fd;
	atomic_bool answers;
	atomic_bool ends;
	pthread_t thread;
};

static int userio(int fd, unsigned char type, unsigned char data)
{
	struct userio_cmd cmd = { .type = type, .data = data };

	return write(fd, &cmd, sizeof(cmd)) == sizeof(cmd) ? 0 : -errno;
}

static void send(struct keyboard *kbd, unsigned char byte)
{
	userio(kbd->fd, USERIO_CMD_SEND_INTERRUPT, byte);
}

/* Everything is acknowledged; the ID is that of an AT keyboard. */
static void *answer(void *arg)
{
	struct keyboard *kbd = arg;
	struct pollfd pfd = { .fd = kbd->fd, .events = POLLIN };
	unsigned char byte;

	while (!kbd->ends) {
		if (poll(&pfd, 1, 100) != 1 || read(kbd->fd, &byte, 1) != 1 ||
		    !kbd->answers)
			continue;
		send(kbd, 0xfa);
		if (byte == 0xf2) {
			send(kbd, 0xab);
			send(kbd, 0x83);
		}
	}
	return NULL;
}

/* The number of the newest port, -1 if there is none */
static int newest(void)
{
	struct dirent *entry;
	int number, last = -1;
	DIR *dir;

	dir = opendir(PORTS);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "serio%d", &number) == 1 && number > last)
			last = number;
	closedir(dir);
	return last;
}

static int plug(struct keyboard *kbd)
{
	int before = newest(), tries = LIMIT * 50, ret;

	kbd->fd = open("/dev/userio", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (kbd->fd < 0)
		return -errno;
	kbd->answers = true;
	kbd->ends = false;
	ret = userio(kbd->fd, USERIO_CMD_SET_PORT_TYPE, SERIO_8042) ?:
	      userio(kbd->fd, USERIO_CMD_REGISTER, 0);
	if (ret)
		return ret;
	while (newest() == before && --tries)
		usleep(20000);
	snprintf(kbd->port, sizeof(kbd->port), "serio%d", newest());
	return tries ? -pthread_create(&kbd->thread, NULL, answer, kbd) : -ETIMEDOUT;
}

/* The port is gone when this returns. */
static void unplug(struct keyboard *kbd)
{
	kbd->ends = true;
	pthread_join(kbd->thread, NULL);
	close(kbd->fd);
}

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
TEST_F(drvctl, names)
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
TEST_F(drvctl, refusal)
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
TEST_F(drvctl, modes)
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
TEST_F(drvctl, reconnect)
{
	const char *port = self->kbd.port;
	int fd;

	fd = open_event(port);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, drvctl_write(port, "reconnect"));
	send(&self->kbd, 0x1c);
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 1));
	send(&self->kbd, 0xf0);
	send(&self->kbd, 0x1c);
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 0));
	close(fd);

	self->kbd.answers = false;
	EXPECT_EQ(0, drvctl_write(port, "reconnect"));
	EXPECT_STREQ("", driver_of(port));
}

/* The module of a driver can be unloaded while drvctl has bound it, and binds
 * when it comes back. What drvctl binds takes no reference.
 */
TEST_F(drvctl, driver_unloaded)
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

/* Two drvctl, bind and unbind of two drivers at once: the port stays sound. */
TEST_F(drvctl, storm)
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
	send(&self->kbd, 0x1c);
	EXPECT_TRUE(event_within(fd, EV_KEY, KEY_A, 1));
	close(fd);
}

/* A port goes while its drvctl is written. */
TEST_F(drvctl, port_goes)
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

TEST_HARNESS_MAIN
