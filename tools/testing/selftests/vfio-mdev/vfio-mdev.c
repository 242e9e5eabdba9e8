// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of mediated devices share; see vfio-mdev.h.
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
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio-mdev.h"

const struct mdev_sample sample_mtty = {
	.name = "mtty",
	.type = "mtty-1",
	.big_type = "mtty-2",
	.foreign = "mdpy",
	.id = 0x32534348,
	.bars = 1 << 0,
};

const struct mdev_sample sample_mdpy = {
	.name = "mdpy",
	.type = "mdpy-vga",
	.big_type = "mdpy-hd",
	.foreign = "mbochs",
	.id = 0x000f1b36,
	.bars = 1 << 0,
};

const struct mdev_sample sample_mbochs = {
	.name = "mbochs",
	.type = "mbochs-small",
	.big_type = "mbochs-large",
	.foreign = "mtty",
	.id = 0x11111234,
	.bars = 1 << 0 | 1 << 2,
};

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

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
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

void make_uuid(char uuid[UUID_LEN + 1], unsigned int n)
{
	snprintf(uuid, UUID_LEN + 1, "5e1f7e57-0000-4000-8000-%012u", n);
}

int mdev_create(const struct mdev_sample *s, const char *type,
		const char *uuid)
{
	return store(uuid, "/sys/class/mdev_bus/%s/mdev_supported_types/%s/create",
		     s->name, type);
}

int mdev_remove(const char *uuid)
{
	return store("1", DEVICES "/%s/remove", uuid);
}

void mdev_remove_all(void)
{
	struct dirent *e;
	DIR *d;

	d = opendir(DEVICES);
	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			mdev_remove(e->d_name);
	closedir(d);
}

bool mdev_exists(const char *uuid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s", uuid);
	return !access(path, F_OK);
}

int mdev_available(const struct mdev_sample *s, const char *type)
{
	char text[16];
	int ret;

	ret = load(text, sizeof(text),
		   "/sys/class/mdev_bus/%s/mdev_supported_types/%s/available_instances",
		   s->name, type);
	return ret < 0 ? ret : atoi(text);
}

/* The name of the driver that the mdev is bound to, empty where there is none */
const char *mdev_driver(const char *uuid)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), DEVICES "/%s/driver", uuid);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return "";
	target[len] = '\0';
	return strrchr(target, '/') + 1;
}

int mdev_unbind(const char *uuid)
{
	const char *driver = mdev_driver(uuid);

	if (!*driver)
		return -ENODEV;
	return store(uuid, DRIVERS "/%s/unbind", driver);
}

/* The mdevs of a test that was cut short are still there. */
int sample_load(const struct mdev_sample *s)
{
	int ret;

	mdev_remove_all();
	module_load("vfio_iommu_type1");
	module_load("vfio_mdev");
	ret = module_load(s->name);
	return ret ?: mdev_available(s, s->type);
}

/*
 * The kernel may drop the last reference to a module a little after the
 * close() or write() that caused it.
 */
int sample_unload(const struct mdev_sample *s)
{
	int ret = -EAGAIN, tries;

	mdev_remove_all();
	for (tries = 0; ret == -EAGAIN && tries < 100; tries++) {
		if (tries)
			usleep(20000);
		ret = module_unload(s->name);
	}
	return ret;
}

static int group_of(const char *uuid)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", uuid);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

int vfio_open(struct vfio_mdev *v, const char *uuid)
{
	char path[PATH_MAX];
	int group, ret;

	v->device = -1;
	v->group = -1;
	v->container = -1;
	group = group_of(uuid);
	if (group < 0)
		return group;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);

	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		goto fail;
	v->group = open(path, O_RDWR | O_CLOEXEC);
	if (v->group < 0)
		goto fail;
	if (ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container))
		goto fail;
	if (ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		goto fail;
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, uuid);
	if (v->device >= 0)
		return 0;
fail:
	ret = -errno;
	vfio_close(v);
	return ret;
}

void vfio_close(struct vfio_mdev *v)
{
	if (v->device >= 0)
		close(v->device);
	if (v->group >= 0)
		close(v->group);
	if (v->container >= 0)
		close(v->container);
	v->device = -1;
	v->group = -1;
	v->container = -1;
}

int vfio_ioctl(const struct vfio_mdev *v, unsigned int cmd, void *arg)
{
	int ret = ioctl(v->device, cmd, arg);

	return ret < 0 ? -errno : ret;
}

int vfio_region(const struct vfio_mdev *v, unsigned int index,
		struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return vfio_ioctl(v, VFIO_DEVICE_GET_REGION_INFO, info);
}

/* The regions that the device counts, and those behind a gap in the indices */
int vfio_regions(const struct vfio_mdev *v, struct regions *r)
{
	struct vfio_device_info dev = { .argsz = sizeof(dev) };
	unsigned int i;
	int ret;

	ret = vfio_ioctl(v, VFIO_DEVICE_GET_INFO, &dev);
	if (ret)
		return ret;

	r->count = 0;
	for (i = 0; i < MAX_REGIONS; i++) {
		struct vfio_region_info *info = &r->info[r->count];

		ret = vfio_region(v, i, info);
		if (ret && i < dev.num_regions)
			return ret;
		if (!ret)
			r->count++;
	}
	return 0;
}

bool regions_hold(const struct regions *r, __u64 pos, __u64 count)
{
	unsigned int i;

	for (i = 0; i < r->count; i++) {
		const struct vfio_region_info *info = &r->info[i];

		if (pos >= info->offset && pos - info->offset < info->size &&
		    count <= info->size - (pos - info->offset))
			return true;
	}
	return false;
}

ssize_t vfio_read(const struct vfio_mdev *v, __u64 pos, void *buf,
		  size_t count)
{
	ssize_t ret = pread(v->device, buf, count, pos);

	return ret < 0 ? -errno : ret;
}

ssize_t vfio_write(const struct vfio_mdev *v, __u64 pos, const void *buf,
		   size_t count)
{
	ssize_t ret = pwrite(v->device, buf, count, pos);

	return ret < 0 ? -errno : ret;
}

__u8 vfio_read8(const struct vfio_mdev *v, __u64 pos)
{
	__u8 val = 0;

	vfio_read(v, pos, &val, sizeof(val));
	return val;
}

__u32 vfio_read32(const struct vfio_mdev *v, __u64 pos)
{
	__u32 val = 0;

	vfio_read(v, pos, &val, sizeof(val));
	return val;
}

int vfio_write8(const struct vfio_mdev *v, __u64 pos, __u8 val)
{
	return vfio_write(v, pos, &val, sizeof(val));
}

int vfio_write16(const struct vfio_mdev *v, __u64 pos, __u16 val)
{
	return vfio_write(v, pos, &val, sizeof(val));
}

int vfio_write32(const struct vfio_mdev *v, __u64 pos, __u32 val)
{
	return vfio_write(v, pos, &val, sizeof(val));
}

/* The device tells its regions, and its config space its ID. */
bool vfio_answers(const struct vfio_mdev *v, const struct mdev_sample *s)
{
	struct vfio_region_info info;

	return !vfio_region(v, VFIO_PCI_CONFIG_REGION_INDEX, &info) &&
		vfio_read32(v, info.offset) == s->id;
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
