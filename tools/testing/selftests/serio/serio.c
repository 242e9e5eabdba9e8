// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of serio share; see serio.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "serio.h"

int module_load(const char *name)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", name, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return status ? -ENOENT : 0;
}

/* An event of the subsystem may hold the module for a moment */
int module_unload(const char *name)
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

int store(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int fd, ret = 0;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int drvctl_write(const char *port, const char *text)
{
	return store(text, PORTS "/%s/drvctl", port);
}

const char *driver_of(const char *port)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), PORTS "/%s/driver", port);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return "";
	target[len] = '\0';
	return basename(target);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

bool bound_to(const char *port, const char *driver)
{
	double until = now() + LIMIT;

	while (strcmp(driver_of(port), driver)) {
		if (now() > until)
			return false;
		usleep(20000);
	}
	return true;
}

int inputs(const char *port)
{
	char pattern[PATH_MAX];
	glob_t found;
	int count;

	snprintf(pattern, sizeof(pattern), PORTS "/%s/input/input*", port);
	count = glob(pattern, 0, NULL, &found) ? 0 : found.gl_pathc;
	if (count)
		globfree(&found);
	return count;
}

/* The node in /dev that a directory in sysfs stands for */
static int open_node(const char *port, const char *what, const char *dev)
{
	char path[PATH_MAX];
	double until = now() + LIMIT;
	glob_t found;
	int fd = -ENOENT;

	while (fd < 0 && now() < until) {
		snprintf(path, sizeof(path), PORTS "/%s/%s", port, what);
		if (!glob(path, 0, NULL, &found)) {
			snprintf(path, sizeof(path), "%s/%s", dev,
				 basename(found.gl_pathv[0]));
			globfree(&found);
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		}
		if (fd < 0)
			usleep(20000);
	}
	return fd;
}

int open_event(const char *port)
{
	return open_node(port, "input/input*/event*", "/dev/input");
}

int open_raw(const char *port)
{
	return open_node(port, "misc/serio_raw*", "/dev");
}

static bool readable(int fd, double until)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	double left = until - now();

	return left > 0 && poll(&pfd, 1, left * 1000) == 1 && pfd.revents & POLLIN;
}

bool event_within(int fd, int type, int code, int value)
{
	double until = now() + LIMIT;
	struct input_event event;

	while (readable(fd, until)) {
		if (read(fd, &event, sizeof(event)) != sizeof(event))
			return false;
		if (event.type == type && event.code == code && event.value == value)
			return true;
	}
	return false;
}

bool byte_within(int fd, unsigned char byte)
{
	double until = now() + LIMIT;
	unsigned char got;

	while (readable(fd, until)) {
		if (read(fd, &got, 1) != 1)
			return false;
		if (got == byte)
			return true;
	}
	return false;
}

pid_t writer(const char *path, const char *first, const char *second)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		store(first, "%s", path);
		store(second, "%s", path);
	}
}

bool ends(pid_t pid)
{
	double until = now() + LIMIT;

	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (now() > until)
			return false;
		usleep(20000);
	}
	return true;
}
