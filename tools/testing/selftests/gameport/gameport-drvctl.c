// SPDX-License-Identifier: GPL-2.0
/*
 * drvctl of gameport, on the game port of an Ensoniq AudioPCI, as QEMU has it
 * with -device ES1370. No joystick is there: analog refuses the port. joydump
 * takes any port, and writes to the log what it reads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"

#define PORTS		"/sys/bus/gameport/devices"
#define DRIVERS		"/sys/bus/gameport/drivers"

/* Seconds after which something does not happen any more */
#define LIMIT		20

/* Seconds for a test that loads the driver of the card, in an emulated PC */
#define SLOW		120

static int module_load(const char *name, const char *parameter)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", name, parameter, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return status ? -ENOENT : 0;
}

/* An event of the subsystem may hold the module for a moment */
static int module_unload(const char *name)
{
	int try;

	for (try = 0; try < 100; try++) {
		if (!syscall(SYS_delete_module, name, O_NONBLOCK))
			return 0;
		if (errno != EAGAIN)
			break;
		usleep(50000);
	}
	return -errno;
}

static int store(const char *text, const char *path)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* A process that writes text, until it is killed */
static pid_t writer(const char *text, const char *path)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		store(text, path);
}

static bool ends(pid_t pid)
{
	int tries = LIMIT * 50;

	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (!--tries)
			return false;
		usleep(20000);
	}
	return true;
}

struct port {
	char name[16];
	char drvctl[64];
};

static const char *driver_of(const char *port)
{
	static char target[PATH_MAX];
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), PORTS "/%s/driver", port);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return "";
	target[len] = '\0';
	return basename(target);
}

static bool bound_to(const char *port, const char *driver)
{
	int tries = LIMIT * 50;

	while (strcmp(driver_of(port), driver)) {
		if (!--tries)
			return false;
		usleep(20000);
	}
	return true;
}

static int find_port(struct port *port)
{
	int tries = LIMIT * 50;
	glob_t found;

	while (glob(PORTS "/gameport*", 0, NULL, &found)) {
		if (!--tries)
			return -ETIMEDOUT;
		usleep(20000);
	}
	snprintf(port->name, sizeof(port->name), "%s", basename(found.gl_pathv[0]));
	snprintf(port->drvctl, sizeof(port->drvctl), PORTS "/%s/drvctl", port->name);
	globfree(&found);
	return 0;
}

static bool card(void)
{
	glob_t found;

	if (glob("/sys/bus/pci/drivers/snd_ens1370/0000:*", 0, NULL, &found))
		return false;
	globfree(&found);
	return true;
}

#define NO_CARD	"no Ensoniq AudioPCI, QEMU's -device ES1370"

FIXTURE(drvctl) {
	struct port port;
};

/*
 * With analog loaded and joydump not, the port is free. "none" waits until
 * analog has been tried on a new port.
 */
FIXTURE_SETUP(drvctl)
{
	module_unload("joydump");
	ASSERT_EQ(0, module_load("analog", NULL));
	ASSERT_EQ(0, module_load("snd-ens1370", "joystick=1"));
	if (!card())
		return;
	ASSERT_EQ(0, find_port(&self->port));
	ASSERT_EQ(0, store("none", self->port.drvctl));
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
TEST_F(drvctl, rescan_and_reconnect)
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
TEST_F(drvctl, driver_unloaded)
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

/* drvctl, bind and unbind at once: the port stays sound. */
TEST_F(drvctl, storm)
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
		ASSERT_EQ(0, module_load("snd-ens1370", "joystick=1"));
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
