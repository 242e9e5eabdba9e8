// SPDX-License-Identifier: GPL-2.0
/*
 * The clients of a work queue: a program that has its portal, and dmatest in
 * the kernel; see dsa.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dsa.h"

/*
 * Without shared virtual memory the device takes physical addresses, of which
 * only root learns.
 */
static __u64 physical(const void *address)
{
	long size = sysconf(_SC_PAGESIZE);
	__u64 entry = 0;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry),
		  (uintptr_t)address / size * sizeof(entry)) != sizeof(entry) ||
	    !(entry >> 63))
		entry = 0;
	close(fd);
	entry &= (1ULL << 55) - 1;
	return entry ? entry * size + (uintptr_t)address % size : 0;
}

/* The compiler need not know the instruction. */
static void movdir64b(void *portal, const void *desc)
{
	asm volatile(".byte 0x66, 0x0f, 0x38, 0xf8, 0x02"	/* [rdx] to [rax] */
		     : : "a" (portal), "d" (desc) : "memory");
}

int portal_open(struct portal *p, const char *name)
{
	long size = sysconf(_SC_PAGESIZE);
	char path[PATH_MAX];
	int ret, tries;
	__u8 *page;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "/dev/dsa/%s", name);
	/* devtmpfs makes the node in a thread of its own, but waits for it */
	for (tries = 0; tries < 2; tries++) {
		p->fd = open(path, O_RDWR | O_CLOEXEC);
		if (p->fd >= 0 || errno != ENOENT)
			break;
	}
	if (p->fd < 0)
		return -errno;

	p->page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	if (p->page == MAP_FAILED) {
		ret = -errno;
		p->page = NULL;
		portal_close(p);
		return ret;
	}

	/* one page, so that one physical address leads to it all */
	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED,
		    -1, 0);
	if (page == MAP_FAILED) {
		portal_close(p);
		return -ENOMEM;
	}
	memset(page, 0, size);
	p->record = (struct dsa_completion_record *)page;
	p->source = page + 1024;
	p->target = page + 1024 + BUFFER;
	return 0;
}

void portal_close(struct portal *p)
{
	long size = sysconf(_SC_PAGESIZE);

	if (p->page)
		munmap(p->page, size);
	/* waits until the device is done with the memory below */
	if (p->fd >= 0)
		close(p->fd);
	if (p->record)
		munmap(p->record, size);
	memset(p, 0, sizeof(*p));
	p->fd = -1;
}

static int submit(struct portal *p)
{
	struct dsa_hw_desc desc = { };
	__u64 record = physical(p->record);

	if (!record)
		return -EPERM;
	memset(p->target, 0, BUFFER);
	memset(p->record, 0, sizeof(*p->record));
	desc.opcode = DSA_OPCODE_MEMMOVE;
	desc.flags = IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR;
	desc.completion_addr = record;
	desc.src_addr = record + (p->source - (__u8 *)p->record);
	desc.dst_addr = record + (p->target - (__u8 *)p->record);
	desc.xfer_size = BUFFER;
	movdir64b(p->page, &desc);
	return 0;
}

/* From source to target by the device, which is waited for. */
int portal_run(struct portal *p)
{
	long long until = now_ms() + PATIENCE_MS;
	int ret;

	ret = submit(p);
	if (ret)
		return ret;
	while (!p->record->status) {
		if (now_ms() > until)
			return -ETIMEDOUT;
		usleep(100);
	}
	return p->record->status == DSA_COMP_SUCCESS ? 0 : -EIO;
}

/* The same with bytes of its own, each of which must arrive. */
int portal_copy(struct portal *p)
{
	int i, ret;

	for (i = 0; i < BUFFER; i++)
		p->source[i] = i * 7 + 1;
	ret = portal_run(p);
	if (!ret && memcmp(p->source, p->target, BUFFER))
		ret = -EILSEQ;
	return ret;
}

static sigjmp_buf escape;

static void caught(int signal)
{
	siglongjmp(escape, 1);
}

/* A copy asked for, or -EFAULT where the portal is no longer there */
int portal_touch(struct portal *p)
{
	static const int signals[] = { SIGBUS, SIGSEGV };
	struct sigaction old[ARRAY_SIZE(signals)];
	struct sigaction action = { .sa_handler = caught };
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	ret = sigsetjmp(escape, 1) ? -EFAULT : submit(p);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	return ret;
}

#define DMATEST	"/sys/module/dmatest/parameters/"

static int number(const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	return store(text, DMATEST "%s", name);
}

/* Takes each channel that there is. */
int dmatest_start(const struct copies *c)
{
	int ret = 0;

	if (!exists("/sys/module/dmatest"))
		ret = module_load("dmatest", NULL);
	return ret ?:
		number("threads_per_chan", c->threads) ?:
		number("iterations", c->each) ?:
		number("test_buf_size", c->size) ?:
		number("timeout", c->timeout_ms ?: 3 * PATIENCE_MS) ?:
		store("\n", DMATEST "channel") ?:
		number("run", 1);
}

/* Waits for what is under way, and lets go of the channels. */
int dmatest_stop(void)
{
	return number("run", 0);
}

/*
 * Each thread on each of so many channels has to report all copies right.
 * The parameters do not tell a thread that has not begun from one that has
 * ended, but the log does.
 */
int dmatest(const struct copies *c, int channels)
{
	long long until = now_ms() + 10 * PATIENCE_MS;
	int log, ret, ended = 0, right = 0;
	char text[64], line[1024];

	snprintf(text, sizeof(text), ": summary %d tests, 0 failures", c->each);
	log = log_open();
	ret = dmatest_start(c);
	while (!ret && ended < c->threads * channels) {
		while (log_next(log, line, sizeof(line))) {
			ended += !!strstr(line, ": summary ");
			right += !!strstr(line, text);
		}
		if (now_ms() > until)
			ret = -ETIMEDOUT;
		usleep(10000);
	}
	dmatest_stop();
	close(log);
	return ret ?: right == ended ? 0 : -EILSEQ;
}
