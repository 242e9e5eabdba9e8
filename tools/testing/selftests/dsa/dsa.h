/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of DSA devices share: an administrator who configures, binds
 * and unbinds devices and work queues through sysfs, the knobs of the
 * simulated device, and a user of a work queue's portal.
 *
 * Functions that can fail return 0 or a count, or a negative errno.
 */
#ifndef __DSA_H
#define __DSA_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <linux/types.h>
#include <linux/idxd.h>

#ifndef ARRAY_SIZE	/* kselftest_harness.h has it too */
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#define DEVICES		"/sys/bus/dsa/devices"
#define DRIVERS		"/sys/bus/dsa/drivers"
#define DEVICE		"dsa0"

/* Whose bind and unbind files are written */
enum way {
	WAY_COMPAT,	/* those of the driver dsa, for whatever there is */
	WAY_DRIVER,	/* those of the driver for devices, or for the type of queue */
};

/* The queues that the tests use, all of device 0 */
#define WQ_KERNEL	"wq0.0"
#define WQ_USER		"wq0.1"
#define WQ_KERNEL2	"wq0.2"
#define WQ_UNTYPED	"wq0.3"

/* modules */
int module_load(const char *name, const char *parameter);
int module_unload(const char *name);
int module_users(const char *name);

/* sysfs */
int store(const char *text, const char *fmt, ...)
	__attribute__((format(__printf__, 2, 3)));
int load(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(__printf__, 3, 4)));
bool exists(const char *fmt, ...) __attribute__((format(__printf__, 1, 2)));
int entries(const char *dir);

/* one device or queue */
int set(const char *name, const char *attribute, const char *text);
bool has(const char *name, const char *attribute, const char *text);
const char *driver_of(const char *name);
const char *driver_for(enum way way, const char *name);
int enable(enum way way, const char *name);
int disable(enum way way, const char *name);
bool enabled(const char *name);
bool disabled(const char *name);
bool comes_to(const char *name, const char *state);	/* waits for it */

/* From whatever an earlier test left to device 0 disabled, not configured */
int dsa_setup(void);
int dsa_reset(void);
int dsa_unload(void);
bool dsa_has(enum way way);
/*
 * Group 0 with engine 0, a kernel queue and a user queue, and group 1 with
 * engine 1 and a kernel queue; an untyped queue is left over.
 */
int dsa_configure(void);
int wq_configure(const char *name, const char *type, const char *label,
		 const char *group, const char *size);

/* the PCI function of device 0 */
const char *pci_function(void);
int pci_driver(const char *file);
int pci_remove(void);
int pci_reset(void);
int pci_rescan(void);

/* A user of a queue's portal, and what he shares with the device */
struct portal {
	int fd;
	void *page;		/* the portal, or NULL */
	struct dsa_completion_record *record;
	__u8 *source;
	__u8 *target;
};

#define BUFFER	1024	/* bytes of a copy */

int portal_open(struct portal *p, const char *name);
void portal_close(struct portal *p);
int portal_run(struct portal *p);
int portal_copy(struct portal *p);
int portal_touch(struct portal *p);

/* The kernel's own client of a queue's channel */
struct copies {
	int threads;
	int each;
	int size;
	int timeout_ms;		/* of a copy; 0: long */
};

int dmatest_start(const struct copies *c);
int dmatest_stop(void);
int dmatest(const struct copies *c, int channels);

/* the simulated device */
#define LATENCY_US	100	/* from a descriptor to its completion */
int sim_latency(int us);
int sim_fault(const char *order);	/* see tools/testing/dsa/README */
int sim_refs(char *buf, size_t size);	/* who is referred to how often */
long sim_count(const char *counter);	/* "commands", "submitted" */
bool sim_counts_to(const char *counter, long count);	/* waits for it */

/* The log from here on */
int log_open(void);
bool log_next(int fd, char *line, size_t size);
int log_count(int fd, const char *text);
void console_quiet(bool quiet);
bool warned(void);

/* A process of its own for what may block, and its result within a time */
#define PATIENCE_MS	20000
pid_t start(int (*fn)(void *arg), void *arg);
bool still_running(pid_t pid, int ms);
int finish(pid_t pid, int ms);

long long now_ms(void);

/* Numbers that a seed reproduces */
__u32 xorshift(__u32 *state);

#endif
