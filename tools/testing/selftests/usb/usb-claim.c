// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces that drivers claim beside the one they are probed for, and those
 * that userspace claims through usbfs: who has them, who is refused, and that
 * they are free again after each way of losing them.
 *
 * Needs devices like QEMU's usb-net and usb-audio.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/usbdevice_fs.h>

#include "../kselftest_harness.h"

#define DEVICES	"/sys/bus/usb/devices"
#define DRIVERS	"/sys/bus/usb/drivers"
#define ETHER	"cdc_ether"
#define AUDIO	"snd-usb-audio"
#define ROUNDS	200
#define WAIT_MS	20000
/* Seconds for a test, in an emulated PC with a kernel that checks itself */
#define SLOW	120

static char usbdev[64];		/* the device under test, as in DEVICES */
static char intf[2][80];	/* of usb-net: control, and data */
static char hub[80];		/* the interface of the root hub it is on */

/* "modprobe" or "rmmod". */
static int run(const char *program, const char *module)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "%s %s 2>/dev/null", program, module);
	return system(cmd);
}

/* 0, or the errno of the write. */
static int store(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int fd, err;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

static const char *show(const char *fmt, ...)
{
	static char text[256];
	char path[PATH_MAX];
	va_list args;
	ssize_t n = -1;
	int fd;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The name of the driver that the interface has, or "". */
static const char *driver_of(const char *name)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), DEVICES "/%s/driver", name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return n > 0 ? basename(target) : "";
}

static bool wait_for_driver(const char *name, const char *driver)
{
	int ms;

	for (ms = 0; ms < WAIT_MS; ms += 20) {
		if (!strcmp(driver_of(name), driver))
			return true;
		usleep(20000);
	}
	return false;
}

static int bind_ether(int n)
{
	return store(intf[n], DRIVERS "/" ETHER "/bind");
}

static int unbind_ether(int n)
{
	return store(intf[n], DRIVERS "/" ETHER "/unbind");
}

/* How many interfaces @driver has. */
static int count_bound(const char *driver)
{
	struct dirent *entry;
	DIR *dir;
	int n = 0;

	dir = opendir(DEVICES);
	while (dir && (entry = readdir(dir)))
		if (!strcmp(driver_of(entry->d_name), driver))
			n++;
	if (dir)
		closedir(dir);
	return n;
}

static bool wait_for_bound(const char *driver, int count)
{
	int ms;

	for (ms = 0; ms < WAIT_MS; ms += 20) {
		if (count_bound(driver) == count)
			return true;
		usleep(20000);
	}
	return false;
}

/* Load what drives the device, and find the first with such an interface. */
static bool find_device(const char *module, const char *class,
			const char *subclass)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;
	int ms;

	run("modprobe", "xhci-pci");
	run("modprobe", module);
	for (ms = 0; !found && ms < WAIT_MS / 2; ms += 20) {
		usleep(20000);
		dir = opendir(DEVICES);
		while (dir && !found && (entry = readdir(dir))) {
			if (strcmp(show(DEVICES "/%s/bInterfaceClass",
					entry->d_name), class) ||
			    strcmp(show(DEVICES "/%s/bInterfaceSubClass",
					entry->d_name), subclass))
				continue;
			snprintf(usbdev, sizeof(usbdev), "%.63s",
				 entry->d_name);
			usbdev[strcspn(usbdev, ":")] = '\0';
			found = true;
		}
		if (dir)
			closedir(dir);
	}
	if (!found)
		return false;
	snprintf(hub, sizeof(hub), "%s-0:1.0",
		 show(DEVICES "/%s/busnum", usbdev));
	return true;
}

/* --- usbfs --- */

static int usbfs_open(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/bus/usb/%03d/",
		 atoi(show(DEVICES "/%s/busnum", usbdev)));
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "%03d",
		 atoi(show(DEVICES "/%s/devnum", usbdev)));
	return open(path, O_RDWR);
}

static int claim(int fd, unsigned int n)
{
	return ioctl(fd, USBDEVFS_CLAIMINTERFACE, &n) ? errno : 0;
}

static int release(int fd, unsigned int n)
{
	return ioctl(fd, USBDEVFS_RELEASEINTERFACE, &n) ? errno : 0;
}

/* USBDEVFS_DISCONNECT takes the kernel's driver off, _CONNECT asks for one. */
static int usbfs_ioctl(int fd, int n, int code)
{
	struct usbdevfs_ioctl cmd = { .ifno = n, .ioctl_code = code };

	return ioctl(fd, USBDEVFS_IOCTL, &cmd) < 0 ? errno : 0;
}

/* --- a network adapter: the control interface claims that for data --- */

#define NO_ETHER "no device like QEMU's usb-net"

FIXTURE(ether)
{
	int fd, other;
};

FIXTURE_SETUP(ether)
{
	int n;

	self->fd = -1;
	self->other = -1;
	if (!find_device(ETHER, "02", "06"))
		return;
	for (n = 0; n < 2; n++)
		snprintf(intf[n], sizeof(intf[n]), "%s:1.%d", usbdev, n);
	ASSERT_TRUE(wait_for_driver(intf[0], ETHER));
	ASSERT_TRUE(wait_for_driver(intf[1], ETHER));
	self->fd = usbfs_open();
	ASSERT_LE(0, self->fd);
	self->other = usbfs_open();
	ASSERT_LE(0, self->other);
}

/* Whatever a test did, the driver comes back to both. */
FIXTURE_TEARDOWN(ether)
{
	if (self->fd < 0)
		return;
	close(self->fd);
	close(self->other);
	if (!*driver_of(intf[0])) {
		EXPECT_STREQ("", driver_of(intf[1]));
		EXPECT_EQ(0, bind_ether(0));
	}
	EXPECT_TRUE(wait_for_driver(intf[0], ETHER));
	EXPECT_STREQ(ETHER, driver_of(intf[1]));
}

/* Both have the driver, which can let the device sleep. */
TEST_F_TIMEOUT(ether, probe_claims, SLOW)
{
	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	EXPECT_STREQ(ETHER, driver_of(intf[0]));
	EXPECT_STREQ(ETHER, driver_of(intf[1]));
	EXPECT_STREQ("1", show(DEVICES "/%s/supports_autosuspend", intf[1]));
}

/* To take the driver off one of the two takes it off the other. */
TEST_F_TIMEOUT(ether, unbind, SLOW)
{
	int n;

	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	for (n = 0; n < 2; n++) {
		EXPECT_EQ(0, unbind_ether(n));
		EXPECT_STREQ("", driver_of(intf[0]));
		EXPECT_STREQ("", driver_of(intf[1]));
		EXPECT_EQ(0, bind_ether(0));
		EXPECT_STREQ(ETHER, driver_of(intf[0]));
		EXPECT_STREQ(ETHER, driver_of(intf[1]));
	}
}

/* What the kernel has is busy, what userspace has claimed, too. */
TEST_F_TIMEOUT(ether, usbfs, SLOW)
{
	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	EXPECT_EQ(EBUSY, claim(self->fd, 0));
	EXPECT_EQ(EBUSY, claim(self->fd, 1));
	EXPECT_EQ(ENOENT, claim(self->fd, 7));

	/* That of the claimed interface: the driver lets go of both. */
	EXPECT_EQ(0, usbfs_ioctl(self->fd, 1, USBDEVFS_DISCONNECT));
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_STREQ("", driver_of(intf[1]));
	EXPECT_EQ(ENODATA, usbfs_ioctl(self->fd, 1, USBDEVFS_DISCONNECT));

	EXPECT_EQ(0, claim(self->fd, 1));
	EXPECT_EQ(0, claim(self->fd, 1));	/* its own */
	EXPECT_EQ(EBUSY, claim(self->other, 1));
	EXPECT_EQ(0, claim(self->other, 0));
	EXPECT_STREQ("usbfs", driver_of(intf[0]));
	EXPECT_STREQ("usbfs", driver_of(intf[1]));
	EXPECT_NE(0, bind_ether(1));
	EXPECT_EQ(EBUSY, usbfs_ioctl(self->fd, 1, USBDEVFS_CONNECT));

	EXPECT_EQ(EINVAL, release(self->other, 1));
	EXPECT_STREQ("usbfs", driver_of(intf[1]));
	EXPECT_EQ(0, release(self->fd, 1));
	EXPECT_STREQ("", driver_of(intf[1]));
	EXPECT_EQ(0, claim(self->other, 1));

	/* Who closes the file gives back everything. */
	close(self->other);
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_STREQ("", driver_of(intf[1]));
	self->other = usbfs_open();
	ASSERT_LE(0, self->other);
	EXPECT_EQ(0, usbfs_ioctl(self->fd, 0, USBDEVFS_CONNECT));
	EXPECT_STREQ(ETHER, driver_of(intf[0]));
}

/* The probe of a driver fails when what it claims is taken, and keeps nothing. */
TEST_F_TIMEOUT(ether, taken, SLOW)
{
	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	ASSERT_EQ(0, unbind_ether(0));
	ASSERT_EQ(0, claim(self->fd, 1));
	EXPECT_NE(0, bind_ether(0));
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_STREQ("usbfs", driver_of(intf[1]));
	EXPECT_EQ(0, release(self->fd, 1));
	EXPECT_EQ(0, bind_ether(0));
}

/* An interface that is not authorized is lost, and refused until it is. */
TEST_F_TIMEOUT(ether, interface_not_authorized, SLOW)
{
	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	EXPECT_EQ(0, store("0", DEVICES "/%s/authorized", intf[1]));
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_STREQ("", driver_of(intf[1]));
	EXPECT_EQ(ENODEV, claim(self->fd, 1));
	EXPECT_NE(0, bind_ether(0));
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_EQ(0, store("1", DEVICES "/%s/authorized", intf[1]));
	EXPECT_EQ(0, claim(self->fd, 1));
	EXPECT_EQ(0, store("0", DEVICES "/%s/authorized", intf[1]));
	EXPECT_STREQ("", driver_of(intf[1]));
	EXPECT_EQ(0, store("1", DEVICES "/%s/authorized", intf[1]));
}

/* The interfaces go while they are claimed, by either, and come back. */
TEST_F_TIMEOUT(ether, device_not_authorized, SLOW)
{
	int i;

	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	for (i = 0; i < 2; i++) {
		if (i) {
			ASSERT_EQ(0, unbind_ether(0));
			ASSERT_EQ(0, claim(self->fd, 0));
			ASSERT_EQ(0, claim(self->other, 1));
		}
		EXPECT_EQ(0, store("0", DEVICES "/%s/authorized", usbdev));
		EXPECT_STREQ("", driver_of(intf[1]));
		EXPECT_NE(0, claim(self->fd, 1));
		EXPECT_EQ(0, store("1", DEVICES "/%s/authorized", usbdev));
		EXPECT_TRUE(wait_for_driver(intf[0], ETHER));
		EXPECT_STREQ(ETHER, driver_of(intf[1]));
	}
}

/* The hub loses the device all of a sudden, and finds it again. */
TEST_F_TIMEOUT(ether, unplug, SLOW)
{
	int i;

	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	for (i = 0; i < 2; i++) {
		if (i) {
			ASSERT_EQ(0, unbind_ether(0));
			ASSERT_EQ(0, claim(self->fd, 1));
		}
		EXPECT_EQ(0, store(hub, DRIVERS "/hub/unbind"));
		EXPECT_STREQ("", driver_of(intf[1]));
		EXPECT_EQ(ENODEV, claim(self->fd, 1));
		EXPECT_EQ(ENODEV, release(self->fd, 1));
		EXPECT_EQ(0, store(hub, DRIVERS "/hub/bind"));
		EXPECT_TRUE(wait_for_driver(intf[0], ETHER));
		EXPECT_TRUE(wait_for_driver(intf[1], ETHER));
		close(self->fd);
		self->fd = usbfs_open();
		ASSERT_LE(0, self->fd);
	}
}

/* The module goes with the claims of its driver, and comes back. */
TEST_F_TIMEOUT(ether, module_unloaded, SLOW)
{
	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	ASSERT_EQ(0, run("rmmod", ETHER));
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_STREQ("", driver_of(intf[1]));
	EXPECT_EQ(0, claim(self->fd, 1));
	ASSERT_EQ(0, run("modprobe", ETHER));
	EXPECT_STREQ("", driver_of(intf[0]));
	EXPECT_STREQ("usbfs", driver_of(intf[1]));
}

/* Idle and claimed, the device goes to sleep, and wakes up when it must. */
TEST_F_TIMEOUT(ether, autosuspend, SLOW)
{
	int ms;

	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	if (!*show(DEVICES "/%s/power/runtime_status", usbdev))
		SKIP(return, "no runtime PM");
	close(self->fd);
	close(self->other);
	EXPECT_EQ(0, store("0", DEVICES "/%s/power/autosuspend_delay_ms", usbdev));
	EXPECT_EQ(0, store("auto", DEVICES "/%s/power/control", usbdev));
	for (ms = 0; ms < WAIT_MS; ms += 20) {
		if (!strcmp(show(DEVICES "/%s/power/runtime_status", usbdev),
			    "suspended"))
			break;
		usleep(20000);
	}
	EXPECT_STREQ("suspended",
		     show(DEVICES "/%s/power/runtime_status", usbdev));
	EXPECT_EQ(0, store("on", DEVICES "/%s/power/control", usbdev));
	EXPECT_STREQ("active",
		     show(DEVICES "/%s/power/runtime_status", usbdev));
	self->fd = usbfs_open();
	self->other = usbfs_open();
}

struct racer {
	pthread_barrier_t *barrier;
	int fd;
	int err[ROUNDS];
};

static void *claim_in_rounds(void *arg)
{
	struct racer *r = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(r->barrier);
		r->err[i] = claim(r->fd, 1);
		pthread_barrier_wait(r->barrier);
		if (!r->err[i] && release(r->fd, 1))
			r->err[i] = -1;
	}
	return NULL;
}

/* Two files ask at once: one gets it, the other is told that it is busy. */
TEST_F_TIMEOUT(ether, two_files, SLOW)
{
	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	pthread_barrier_t barrier;
	struct racer r[2] = {
		{ .barrier = &barrier, .fd = self->fd },
		{ .barrier = &barrier, .fd = self->other },
	};
	pthread_t thread[2];
	int i;

	ASSERT_EQ(0, unbind_ether(0));
	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, claim_in_rounds,
					    &r[i]));
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(EBUSY, r[0].err[i] + r[1].err[i]) {
			TH_LOG("round %d: %d and %d", i, r[0].err[i],
			       r[1].err[i]);
		}
	}
}

static atomic_bool stop;
static atomic_int usbfs_won;

static void *claim_and_release(void *arg)
{
	int fd = *(int *)arg, err = 0;

	while (!stop && !err) {
		err = claim(fd, 1);
		if (!err) {
			usbfs_won++;
			err = release(fd, 1);
			usleep(1000);
		} else if (err == EBUSY) {
			err = 0;
		}
	}
	return (void *)(long)err;
}

/*
 * Two drivers want the interface: cdc_ether, when it is bound to the other
 * one, and usbfs. Each gets it many times, and the loser never has half of it.
 */
TEST_F_TIMEOUT(ether, two_drivers, SLOW)
{
	int ether_won = 0, i;
	pthread_t thread;
	void *err;

	if (self->fd < 0)
		SKIP(return, NO_ETHER);
	stop = false;
	usbfs_won = 0;
	ASSERT_EQ(0, unbind_ether(0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, claim_and_release,
				    &self->fd));
	for (i = 0; i < ROUNDS && (i < ROUNDS / 10 || !ether_won ||
				   !usbfs_won); i++) {
		if (bind_ether(0)) {
			ASSERT_STREQ("", driver_of(intf[0]));
			continue;
		}
		ether_won++;
		ASSERT_STREQ(ETHER, driver_of(intf[0]));
		ASSERT_STREQ(ETHER, driver_of(intf[1]));
		ASSERT_EQ(0, unbind_ether(i % 2));
		ASSERT_STREQ("", driver_of(intf[0]));
	}
	stop = true;
	pthread_join(thread, &err);
	EXPECT_EQ(0, (long)err);
	EXPECT_LT(0, ether_won);
	EXPECT_LT(0, usbfs_won);
	EXPECT_STREQ("", driver_of(intf[1]));
}

/* --- a sound card: the control interface claims those for streaming --- */

#define NO_AUDIO "no device like QEMU's usb-audio"

FIXTURE(audio)
{
	int intfs;
};

FIXTURE_SETUP(audio)
{
	self->intfs = 0;
	if (!find_device(AUDIO, "01", "01"))
		return;
	self->intfs = atoi(show(DEVICES "/%s/bNumInterfaces", usbdev));
	ASSERT_LT(1, self->intfs);
	ASSERT_TRUE(wait_for_bound(AUDIO, self->intfs));
}

FIXTURE_TEARDOWN(audio)
{
	EXPECT_TRUE(wait_for_bound(AUDIO, self->intfs));
}

/* All are free when the device may no longer be used, and claimed again. */
TEST_F_TIMEOUT(audio, device_not_authorized, SLOW)
{
	if (!self->intfs)
		SKIP(return, NO_AUDIO);
	EXPECT_EQ(0, store("0", DEVICES "/%s/authorized", usbdev));
	EXPECT_EQ(0, count_bound(AUDIO));
	EXPECT_EQ(0, store("1", DEVICES "/%s/authorized", usbdev));
}

/* The module goes with its claims; registered, it claims again. */
TEST_F_TIMEOUT(audio, module_unloaded, SLOW)
{
	if (!self->intfs)
		SKIP(return, NO_AUDIO);
	ASSERT_EQ(0, run("rmmod", AUDIO));
	EXPECT_EQ(0, count_bound(AUDIO));
	EXPECT_EQ(0, run("modprobe", AUDIO));
}

/* The streaming interface of a driver that is there cannot be had. */
TEST_F_TIMEOUT(audio, usbfs, SLOW)
{
	int fd, n;

	if (!self->intfs)
		SKIP(return, NO_AUDIO);
	fd = usbfs_open();
	ASSERT_LE(0, fd);
	for (n = 0; n < self->intfs; n++)
		EXPECT_EQ(EBUSY, claim(fd, n));
	close(fd);
}

TEST_HARNESS_MAIN
