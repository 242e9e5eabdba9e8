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
#include <linux/userio.h>
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

#define MONITOR		0x5e9
#define MONITOR_ID	0x4d

#define SERIO_8042	0x01

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
	int fd;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A port of userio goes when its last file is closed. */
	for (fd = 3; fd < 64; fd++)
		close(fd);
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

bool appears(const char *description, char *port, size_t size)
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

static int userio(int fd, unsigned char type, unsigned char data)
{
	struct userio_cmd cmd = { .type = type, .data = data };

	return write(fd, &cmd, sizeof(cmd)) == sizeof(cmd) ? 0 : -errno;
}

void send_byte(struct keyboard *kbd, unsigned char byte)
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
		send_byte(kbd, 0xfa);
		if (byte == 0xf2) {
			send_byte(kbd, 0xab);
			send_byte(kbd, 0x83);
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

int plug(struct keyboard *kbd)
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

void unplug(struct keyboard *kbd)
{
	kbd->ends = true;
	pthread_join(kbd->thread, NULL);
	close(kbd->fd);
}

int open_monitor(void)
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

bool ask(int monitor, const char *command)
{
	for (; *command; command++)
		if (pwrite(monitor, command, 1, MONITOR) != 1)
			return false;
	return true;
}

bool key_arrives(int monitor, const char *port)
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
