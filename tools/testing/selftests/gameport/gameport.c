// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of gameport share; see gameport.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gameport.h"

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

int store(const char *text, const char *path)
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

pid_t writer(const char *text, const char *path)
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

bool ends(pid_t pid)
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

const char *driver_of(const char *port)
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

bool bound_to(const char *port, const char *driver)
{
	int tries = LIMIT * 50;

	while (strcmp(driver_of(port), driver)) {
		if (!--tries)
			return false;
		usleep(20000);
	}
	return true;
}

int find_port(struct port *port)
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

int load_card(void)
{
	/* CONFIG_DEBUG_TEST_DRIVER_REMOVE makes it the second card. */
	return module_load("snd-ens1370", "joystick=1,1");
}

int free_port(struct port *port)
{
	int ret;

	module_unload("joydump");
	ret = module_load("analog", NULL) ?: load_card();
	if (ret)
		return ret;
	if (!card())
		return -ENODEV;
	/* "none" waits until analog has been tried on a new port */
	return find_port(port) ?: store("none", port->drvctl);
}
