/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of serio share. Functions that return int give 0 or a
 * negative errno, unless they say otherwise. A port is named as in sysfs.
 */
#ifndef SELFTESTS_SERIO_H
#define SELFTESTS_SERIO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define PORTS		"/sys/bus/serio/devices"
#define DRIVERS		"/sys/bus/serio/drivers"

/* Seconds after which something does not happen any more */
#define LIMIT		20

/* Seconds for a test, in an emulated PC with a kernel that checks itself */
#define SLOW		120

int module_load(const char *name);
int module_unload(const char *name);

/* store() - write text to a file in one go */
__attribute__((__format__(__printf__, 2, 3)))
int store(const char *text, const char *fmt, ...);
int drvctl_write(const char *port, const char *text);

/* appears() - whether a port with that description comes within LIMIT */
bool appears(const char *description, char *port, size_t size);

/* driver_of() - the driver that sysfs shows for a port, or "" */
const char *driver_of(const char *port);
/* bound_to() - whether the port gets that driver within LIMIT */
bool bound_to(const char *port, const char *driver);
/* inputs() - how many input devices the port has */
int inputs(const char *port);

/* open_event(), open_raw() - what the driver of the port offers to userspace */
int open_event(const char *port);
int open_raw(const char *port);

/* event_within() - whether this event comes within LIMIT */
bool event_within(int fd, int type, int code, int value);
/* byte_within() - whether this byte comes within LIMIT */
bool byte_within(int fd, unsigned char byte);

/* A keyboard that the program plays itself, through /dev/userio */
struct keyboard {
	char port[16];
	int fd;
	atomic_bool answers;
	atomic_bool ends;
	pthread_t thread;
};

/* plug() - register its port, and answer to what the driver asks */
int plug(struct keyboard *kbd);
/* unplug() - the port is gone when this returns */
void unplug(struct keyboard *kbd);
void send_byte(struct keyboard *kbd, unsigned char byte);

#define NO_MONITOR	"no QEMU monitor at I/O port 0x5e9"

/* open_monitor() - QEMU's monitor, see serio-keys.c; -1 if there is none */
int open_monitor(void);
bool ask(int monitor, const char *command);
/* key_arrives() - a key, down and up, through the input device of the port */
bool key_arrives(int monitor, const char *port);

/* writer() - a process that writes two texts in turn, until it is killed */
pid_t writer(const char *path, const char *first, const char *second);
/* ends() - whether the process ends within LIMIT; kill it before */
bool ends(pid_t pid);

#endif
