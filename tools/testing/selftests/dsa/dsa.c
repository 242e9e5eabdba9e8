// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of DSA devices share; see dsa.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/syslog.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dsa.h"

#define SYSLOG_CONSOLE_LEVEL	8

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

int module_load(const char *name, const char *parameter)
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

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

int module_users(const char *name)
{
	char text[16];
	int ret;

	ret = load(text, sizeof(text), "/sys/module/%s/refcnt", name);
	return ret < 0 ? ret : atoi(text);
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

int load(char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	ssize_t ret;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read(fd, buf, size - 1);
	if (ret < 0)
		ret = -errno;
	close(fd);
	if (ret >= 0)
		buf[ret] = '\0';
	return ret;
}

bool exists(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return !access(path, F_OK);
}

int entries(const char *dir)
{
	struct dirent *e;
	int count = 0;
	DIR *d;

	d = opendir(dir);
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

int set(const char *name, const char *attribute, const char *text)
{
	return store(text, DEVICES "/%s/%s", name, attribute);
}

bool has(const char *name, const char *attribute, const char *text)
{
	char got[4096];
	int ret;

	ret = load(got, sizeof(got), DEVICES "/%s/%s", name, attribute);
	if (ret <= 0)
		return false;
	if (got[ret - 1] == '\n')
		got[ret - 1] = '\0';
	return !strcmp(got, text);
}

/* The name that a link in sysfs ends with, empty where there is none */
static const char *link_name(const char *path)
{
	static char target[PATH_MAX];
	ssize_t len;

	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return "";
	target[len] = '\0';
	return strrchr(target, '/') + 1;
}

const char *driver_of(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/driver", name);
	return link_name(path);
}

/* Through whose files it is bound; for an untyped queue any is wrong. */
const char *driver_for(enum way way, const char *name)
{
	if (way == WAY_COMPAT)
		return "dsa";
	if (strncmp(name, "wq", 2))
		return "idxd";
	return has(name, "type", "user") ? "user" : "dmaengine";
}

int enable(enum way way, const char *name)
{
	return store(name, DRIVERS "/%s/bind", driver_for(way, name));
}

int disable(enum way way, const char *name)
{
	return store(name, DRIVERS "/%s/unbind", driver_for(way, name));
}

/* Bound and enabled, or neither of it: nothing between the two is right. */
bool enabled(const char *name)
{
	return has(name, "state", "enabled") && *driver_of(name);
}

bool disabled(const char *name)
{
	return has(name, "state", "disabled") && !*driver_of(name);
}

bool comes_to(const char *name, const char *state)
{
	long long until = now_ms() + PATIENCE_MS;

	while (!has(name, "state", state)) {
		if (now_ms() > until)
			return false;
		usleep(10000);
	}
	return true;
}

bool dsa_has(enum way way)
{
	return exists(DRIVERS "/%s", way == WAY_COMPAT ? "dsa" : "idxd");
}

static void unbind_all(bool queues)
{
	struct dirent *e;
	DIR *d;

	d = opendir(DEVICES);
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, queues ? "wq" : "dsa",
			    queues ? 2 : 3))
			continue;
		if (*driver_of(e->d_name))
			store(e->d_name, DRIVERS "/%s/unbind",
			      driver_of(e->d_name));
	}
	closedir(d);
}

int wq_configure(const char *name, const char *type, const char *label,
		 const char *group, const char *size)
{
	return set(name, "type", type) ?:
		set(name, "mode", "dedicated") ?:
		set(name, "priority", "10") ?:
		set(name, "size", size) ?:
		set(name, "group_id", group) ?:
		(label ? set(name, "name", label) : 0);
}

int dsa_configure(void)
{
	return set("engine0.0", "group_id", "0") ?:
		set("engine0.1", "group_id", "1") ?:
		wq_configure(WQ_KERNEL, "kernel", "dmaengine", "0", "8") ?:
		wq_configure(WQ_USER, "user", "app", "0", "8") ?:
		wq_configure(WQ_KERNEL2, "kernel", "dmaengine", "1", "8");
}

static bool is_dsa(const char *function)
{
	char vendor[16], device[16];

	return load(vendor, sizeof(vendor), "/sys/bus/pci/devices/%s/vendor",
		    function) > 0 && !strcmp(vendor, "0x8086\n") &&
		load(device, sizeof(device), "/sys/bus/pci/devices/%s/device",
		     function) > 0 && !strcmp(device, "0x0b25\n");
}

/* The address of the first of the PCI functions, which is to be device 0 */
const char *pci_function(void)
{
	static char function[32];
	struct dirent **list;
	int i, count;

	if (*function)
		return function;
	count = scandir("/sys/bus/pci/devices", &list, NULL, alphasort);
	for (i = 0; i < count; i++) {
		if (!*function && is_dsa(list[i]->d_name))
			snprintf(function, sizeof(function), "%.31s",
				 list[i]->d_name);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return function;
}

int pci_driver(const char *file)
{
	return store(pci_function(), "/sys/bus/pci/drivers/idxd/%s", file);
}

int pci_remove(void)
{
	return store("1", "/sys/bus/pci/devices/%s/remove", pci_function());
}

int pci_reset(void)
{
	return store("1", "/sys/bus/pci/devices/%s/reset", pci_function());
}

int pci_rescan(void)
{
	return store("1", "/sys/bus/pci/rescan");
}

/*
 * Devices are numbered as they are probed, and a function that was removed and
 * found again is probed last. The first one gets number 0 when it is alone.
 * One that is halted needs the reset of its function.
 */
static int pci_recover(void)
{
	char other[32] = "";
	struct dirent *e;
	DIR *d;

	if (exists("/sys/bus/pci/devices/%s/" DEVICE, pci_function()) &&
	    !has(DEVICE, "state", "halted"))
		return 0;
	unbind_all(true);
	unbind_all(false);
	pci_rescan();
	d = opendir("/sys/bus/pci/drivers/idxd");
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (strchr(e->d_name, ':') && strcmp(e->d_name, pci_function()))
			snprintf(other, sizeof(other), "%.31s", e->d_name);
	closedir(d);
	store(other, "/sys/bus/pci/drivers/idxd/unbind");
	pci_driver("unbind");
	pci_reset();
	pci_driver("bind");
	store(other, "/sys/bus/pci/drivers/idxd/bind");
	return exists("/sys/bus/pci/devices/%s/" DEVICE, pci_function()) ?
		0 : -ENODEV;
}

/* Also what an earlier test left configured but never enabled is forgotten. */
int dsa_reset(void)
{
	char name[16];
	int i;

	unbind_all(true);
	unbind_all(false);
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "wq0.%d", i);
		if (!exists(DEVICES "/%s", name))
			break;
		set(name, "type", "none");
		set(name, "size", "0");
		set(name, "group_id", "-1");
	}
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "engine0.%d", i);
		set(name, "group_id", "-1");
	}
	return disabled(DEVICE) ? 0 : -EBUSY;
}

int dsa_setup(void)
{
	int ret;

	if (!exists("/sys/module/dsa_sim")) {
		ret = module_load("dsa_sim", NULL);
		if (ret)
			return ret;
	}
	sim_fault("clear");
	sim_latency(LATENCY_US);
	if (!dsa_has(WAY_COMPAT)) {
		/* which brings idxd_compat along, if that is not all there is */
		module_unload("idxd");
		ret = module_load("idxd", NULL);
		if (ret)
			return ret;
	}
	ret = pci_recover();
	if (ret)
		return ret;
	if (exists("/sys/module/idxd/parameters/user_unconfined"))
		store("1", "/sys/module/idxd/parameters/user_unconfined");
	return dsa_reset();
}

/* The kernel may drop the last reference to a module a little later. */
int dsa_unload(void)
{
	static const char * const names[] = { "dmatest", "idxd_compat", "idxd" };
	int i, ret, tries;

	unbind_all(true);
	unbind_all(false);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ret = -EAGAIN;
		for (tries = 0; ret == -EAGAIN && tries < 100; tries++) {
			if (tries)
				usleep(20000);
			ret = module_unload(names[i]);
		}
		if (ret && ret != -ENOENT)
			return ret;
	}
	return 0;
}

int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The next line, if there is one */
bool log_next(int fd, char *line, size_t size)
{
	ssize_t ret;

	do {
		ret = read(fd, line, size - 1);
	} while (ret < 0 && errno == EPIPE);	/* overwritten meanwhile */
	if (ret <= 0)
		return false;
	line[ret] = '\0';
	return true;
}

/* How many lines since the last look hold the text */
int log_count(int fd, const char *text)
{
	char line[1024];
	int count = 0;

	while (log_next(fd, line, sizeof(line)))
		count += !!strstr(line, text);
	return count;
}

/*
 * Refusals by the hundred, each with its line in the log, stay off the console
 * and so does a failed allocation; a real warning is known by its taint, and
 * lockdep stops after its first.
 */
void console_quiet(bool quiet)
{
	klogctl(SYSLOG_CONSOLE_LEVEL, NULL, quiet ? LOG_WARNING : LOG_DEBUG);
}

bool warned(void)
{
	char text[32], stats[4096], *locks;

	if (load(stats, sizeof(stats), "/proc/lockdep_stats") > 0) {
		locks = strstr(stats, "debug_locks:");
		if (!locks || !atoi(locks + strlen("debug_locks:")))
			return true;
	}
	return load(text, sizeof(text), "/proc/sys/kernel/tainted") < 0 ||
		strtoul(text, NULL, 0) & 0x200;
}

int sim_fault(const char *order)
{
	return store(order, "/sys/kernel/debug/dsa_sim/0/fault");
}

int sim_refs(char *buf, size_t size)
{
	return load(buf, size, "/sys/kernel/debug/dsa_sim/0/refs");
}

long sim_count(const char *counter)
{
	char text[4096], *line;

	if (load(text, sizeof(text), "/sys/kernel/debug/dsa_sim/0/state") < 0)
		return -1;
	line = strstr(text, counter);
	return line ? strtol(line + strlen(counter), NULL, 0) : -1;
}

bool sim_counts_to(const char *counter, long count)
{
	long long until = now_ms() + PATIENCE_MS;

	while (sim_count(counter) < count) {
		if (now_ms() > until)
			return false;
		usleep(10000);
	}
	return true;
}

int sim_latency(int us)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", us);
	return store(text, "/sys/module/dsa_sim/parameters/latency_us");
}

/*
 * The result of fn, 0 or a negative errno, is what finish() returns. It must
 * not keep open what the caller has open, and waits to see closed.
 */
pid_t start(int (*fn)(void *arg), void *arg)
{
	pid_t pid;
	int fd;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (fd = STDERR_FILENO + 1; fd < 256; fd++)
			close(fd);
		_exit(-fn(arg));
	}
	return pid;
}

/* Whether the process has not ended after so many milliseconds. */
bool still_running(pid_t pid, int ms)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    info.si_pid)
			return false;
		if (ms <= 0)
			return true;
		usleep(10000);
		ms -= 10;
	}
}

int finish(pid_t pid, int ms)
{
	int status;

	if (pid < 0)
		return -ECHILD;
	if (still_running(pid, ms)) {
		kill(pid, SIGKILL);
		return -ETIMEDOUT;
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

__u32 xorshift(__u32 *state)
{
	__u32 x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}
