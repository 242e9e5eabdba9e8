/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of gameport share. Functions that return int give 0 or a
 * negative errno.
 */
#ifndef SELFTESTS_GAMEPORT_H
#define SELFTESTS_GAMEPORT_H

#include <stdbool.h>
#include <sys/types.h>

#define PORTS		"/sys/bus/gameport/devices"
#define DRIVERS		"/sys/bus/gameport/drivers"

/* Seconds after which something does not happen any more */
#define LIMIT		20

/* Seconds for a test, in an emulated PC with a kernel that checks itself */
#define SLOW		120

#define NO_CARD		"no Ensoniq AudioPCI, QEMU's -device ES1370"

struct port {
	char name[16];
	char drvctl[64];
};

int module_load(const char *name, const char *parameter);
int module_unload(const char *name);
/* load_card() - load the driver of the card, with its port */
int load_card(void);

/* store() - write text to a file in one go */
int store(const char *text, const char *path);

/* find_port() - the port of the card, once it is there */
int find_port(struct port *port);
/*
 * free_port() - the port of the card, bound to no driver: analog is loaded, and
 * refuses it, joydump is not. -ENODEV if there is no such card.
 */
int free_port(struct port *port);

/* driver_of() - the driver that sysfs shows for a port, or "" */
const char *driver_of(const char *port);
/* bound_to() - whether the port gets that driver within LIMIT */
bool bound_to(const char *port, const char *driver);

/* writer() - a process that writes text, until it is killed */
pid_t writer(const char *text, const char *path);
/* ends() - whether the process, which is killed, ends within LIMIT */
bool ends(pid_t pid);

#endif
