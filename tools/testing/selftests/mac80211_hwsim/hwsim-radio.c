// SPDX-License-Identifier: GPL-2.0
/*
 * The simulated radios as a user sees them: made and destroyed by netlink, one
 * by one and many at once, where they are in sysfs and whose they are, and that
 * nothing is left of them, nor of the module.
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
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

#include "../kselftest_harness.h"

/* From drivers/net/wireless/mac80211_hwsim.h, which is not for userspace. */
#define CMD_NEW_RADIO		4
#define CMD_DEL_RADIO		5
#define ATTR_RADIO_ID		10
#define ATTR_DESTROY_ON_CLOSE	16
#define ATTR_IFTYPE_SUPPORT	23

#define NAME	"mac80211_hwsim"
#define CLASS	"/sys/class/" NAME
#define VIRTUAL	"/sys/devices/virtual/" NAME
#define THREADS	4
#define ROUNDS	12

/* --- generic netlink --- */

struct request {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	char attrs[128];
};

static void start(struct request *req, int type, int cmd)
{
	memset(req, 0, sizeof(*req));
	req->nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	req->nl.nlmsg_type = type;
	req->nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	req->genl.cmd = cmd;
	req->genl.version = 1;
}

static void put(struct request *req, int type, const void *data, int len)
{
	struct nlattr *attr = (void *)req + NLMSG_ALIGN(req->nl.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy((char *)attr + NLA_HDRLEN, data, len);
	req->nl.nlmsg_len = NLMSG_ALIGN(req->nl.nlmsg_len) +
		NLA_ALIGN(attr->nla_len);
}

static int netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
}

/* The error of the acknowledgment; what came before it is in @reply. */
static int ask(int fd, struct request *req, void *reply, int size)
{
	char buf[4096];
	struct nlmsghdr *nl = (void *)buf;
	struct nlmsgerr *err = NLMSG_DATA(nl);

	if (send(fd, req, req->nl.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		if (recv(fd, buf, sizeof(buf), 0) < 0)
			return -errno;
		if (nl->nlmsg_type == NLMSG_ERROR)
			return err->error;
		if (reply)
			memcpy(reply, buf, size);
	}
}

/* The number of the family; it is another one after each load. */
static int family(int fd)
{
	char reply[1024] = "";
	struct nlmsghdr *nl = (void *)reply;
	struct nlattr *attr = NLMSG_DATA(nl) + GENL_HDRLEN;
	struct request req;
	int ret;

	start(&req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(&req, CTRL_ATTR_FAMILY_NAME, "MAC80211_HWSIM",
	    sizeof("MAC80211_HWSIM"));
	ret = ask(fd, &req, reply, sizeof(reply));
	if (ret)
		return ret;
	while ((char *)attr < reply + sizeof(reply) && attr->nla_len) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(unsigned short *)((char *)attr + NLA_HDRLEN);
		attr = (void *)attr + NLA_ALIGN(attr->nla_len);
	}
	return -ENOENT;
}

/* The number of the radio, or an error; with one attribute, if it is not 0. */
static int create(int fd, int attr, const void *data, int len)
{
	int id = family(fd);
	struct request req;

	if (id < 0)
		return id;
	start(&req, id, CMD_NEW_RADIO);
	if (attr)
		put(&req, attr, data, len);
	return ask(fd, &req, NULL, 0);
}

static int destroy(int fd, unsigned int radio)
{
	int id = family(fd);
	struct request req;

	if (id < 0)
		return id;
	start(&req, id, CMD_DEL_RADIO);
	put(&req, ATTR_RADIO_ID, &radio, sizeof(radio));
	return ask(fd, &req, NULL, 0);
}

/* --- sysfs --- */

static bool exists(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return !access(path, F_OK);
}

/* Where it really is, or "". */
static const char *real(const char *fmt, ...)
{
	static char out[PATH_MAX];
	char path[PATH_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	if (!realpath(path, out))
		out[0] = '\0';
	return out;
}

static const char *base_of_real(const char *path)
{
	static char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", real("%s", path));
	return basename(copy);
}

/* How many entries the directory has that start with @prefix. */
static int entries(const char *path, const char *prefix, char *last, int size)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix))) {
			n++;
			if (last)
				snprintf(last, size, "%s", entry->d_name);
		}
	if (dir)
		closedir(dir);
	return n;
}

static int radios(void)
{
	return entries(CLASS, "hwsim", NULL, 0);
}

/* 0, or the errno of the write. */
static int store(const char *text, const char *path)
{
	int fd = open(path, O_WRONLY), err;

	if (fd < 0)
		return errno;
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

FIXTURE(radio)
{
	int fd;
};

FIXTURE_SETUP(radio)
{
	system("rmmod " NAME " 2>/dev/null");
	ASSERT_EQ(0, system("modprobe " NAME " radios=0"));
	ASSERT_EQ(0, radios());
	self->fd = netlink();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(radio)
{
	close(self->fd);
	EXPECT_EQ(0, system("rmmod " NAME));
	EXPECT_FALSE(exists(CLASS));
	EXPECT_FALSE(exists(VIRTUAL));
	EXPECT_FALSE(exists("/sys/bus/" NAME));
}

/* Where it is in sysfs, as scripts know it. */
TEST_F(radio, paths)
{
	char dir[64], phy[256], path[PATH_MAX];
	int id = create(self->fd, 0, NULL, 0);

	ASSERT_LE(0, id);
	EXPECT_EQ(1, radios());
	snprintf(dir, sizeof(dir), VIRTUAL "/hwsim%d", id);
	EXPECT_STREQ(dir, real(CLASS "/hwsim%d", id));
	snprintf(path, sizeof(path), "%s/driver", dir);
	EXPECT_STREQ(NAME, base_of_real(path));
	snprintf(path, sizeof(path), "%s/driver/module", dir);
	EXPECT_STREQ(NAME, base_of_real(path));
	snprintf(path, sizeof(path), "%s/subsystem", dir);
	EXPECT_STREQ(NAME, base_of_real(path));

	/* Its wiphy, and the way back from there. */
	snprintf(path, sizeof(path), "%s/ieee80211", dir);
	ASSERT_EQ(1, entries(path, "phy", phy, sizeof(phy)));
	EXPECT_STREQ(dir, real("/sys/class/ieee80211/%s/device", phy));
	EXPECT_EQ(0, destroy(self->fd, id));
}

/* What "ethtool -i" says. */
TEST_F(radio, driver_name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };
	char path[PATH_MAX], bus[32];
	int id = create(self->fd, 0, NULL, 0), fd;

	ASSERT_LE(0, id);
	snprintf(path, sizeof(path), VIRTUAL "/hwsim%d/net", id);
	ASSERT_EQ(1, entries(path, "wlan", ifr.ifr_name, IFNAMSIZ));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ioctl(fd, SIOCETHTOOL, &ifr));
	close(fd);
	EXPECT_STREQ(NAME, info.driver);
	snprintf(bus, sizeof(bus), "hwsim%d", id);
	EXPECT_STREQ(bus, info.bus_info);
}

/* The driver is one of the bus that the radio is on, and lists it. */
TEST_F(radio, driver_of_its_bus)
{
	int id = create(self->fd, 0, NULL, 0);

	ASSERT_LE(0, id);
	EXPECT_TRUE(exists("/sys/bus/%s/devices/hwsim%d",
			   base_of_real(CLASS "/hwsim0/subsystem"), id));
	EXPECT_TRUE(exists("/sys/bus/%s/drivers/" NAME "/hwsim%d",
			   base_of_real(CLASS "/hwsim0/subsystem"), id));
}

/* An administrator cannot take the driver off a radio, by no path. */
TEST_F(radio, not_unbound)
{
	static const char * const buses[] = { "platform", NAME };
	char path[PATH_MAX];
	int i;

	ASSERT_LE(0, create(self->fd, 0, NULL, 0));
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/%s/drivers/" NAME "/unbind", buses[i]);
		EXPECT_NE(0, store("hwsim0", path));
	}
	EXPECT_STREQ(NAME, base_of_real(CLASS "/hwsim0/driver"));
}

/* Destroyed: nothing of it is left, and it cannot be destroyed again. */
TEST_F(radio, destroyed)
{
	int id = create(self->fd, 0, NULL, 0);

	ASSERT_LE(0, id);
	EXPECT_EQ(id + 1, create(self->fd, 0, NULL, 0));
	EXPECT_EQ(0, destroy(self->fd, id));
	EXPECT_EQ(-ENODEV, destroy(self->fd, id));
	EXPECT_FALSE(exists(CLASS "/hwsim%d", id));
	EXPECT_FALSE(exists(VIRTUAL "/hwsim%d", id));
	EXPECT_TRUE(exists(VIRTUAL "/hwsim%d/driver", id + 1));
	EXPECT_EQ(1, radios());
}

/* Refused, when it has a device already: nothing of it is left. */
TEST_F(radio, refused)
{
	unsigned int none = 0;

	EXPECT_EQ(-EINVAL, create(self->fd, ATTR_IFTYPE_SUPPORT, &none,
				  sizeof(none)));
	EXPECT_EQ(0, radios());
	EXPECT_EQ(0, entries(VIRTUAL, "hwsim", NULL, 0));
}

/* It goes with the socket of who made it, if that was wanted. */
TEST_F(radio, destroyed_on_close)
{
	int fd = netlink();

	ASSERT_LE(0, fd);
	ASSERT_LE(0, create(fd, 0, NULL, 0));
	ASSERT_LE(0, create(fd, ATTR_DESTROY_ON_CLOSE, NULL, 0));
	EXPECT_EQ(2, radios());
	close(fd);
	EXPECT_EQ(1, radios());
}

static atomic_bool stop;

static void *create_and_destroy(void *arg)
{
	int *done = arg, fd, id, i;

	for (i = 0; i < ROUNDS && !stop; i++) {
		fd = netlink();
		if (fd < 0)
			break;
		id = create(fd, i % 3 ? 0 : ATTR_DESTROY_ON_CLOSE, NULL, 0);
		if (id >= 0 && (!(i % 3) || !destroy(fd, id)))
			++*done;
		close(fd);
	}
	return NULL;
}

static void *look_around(void *arg)
{
	char path[PATH_MAX], name[256];

	while (!stop) {
		if (!entries(CLASS, "hwsim", name, sizeof(name)))
			continue;
		snprintf(path, sizeof(path), CLASS "/%s/driver", name);
		base_of_real(path);
		snprintf(path, sizeof(path), CLASS "/%s/uevent", name);
		store("change", path);
	}
	return NULL;
}

/* Many come and go at once, while somebody looks. */
TEST_F_TIMEOUT(radio, many_at_once, 90)
{
	pthread_t thread[THREADS], looker;
	int done[THREADS] = { 0 }, i;

	stop = false;
	ASSERT_EQ(0, pthread_create(&looker, NULL, look_around, NULL));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL,
					    create_and_destroy, &done[i]));
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(ROUNDS, done[i]);
	}
	stop = true;
	pthread_join(looker, NULL);
	EXPECT_EQ(0, radios());
	EXPECT_EQ(0, entries(VIRTUAL, "hwsim", NULL, 0));
}

static void *create_for_ever(void *arg)
{
	int fd = netlink();

	while (!stop) {
		create(fd, 0, NULL, 0);
		usleep(20000);
	}
	close(fd);
	return NULL;
}

/* The module comes and goes while somebody wants radios all the time. */
TEST_F_TIMEOUT(radio, module_unloaded, 90)
{
	pthread_t thread;
	int i, tries;

	stop = false;
	ASSERT_EQ(0, pthread_create(&thread, NULL, create_for_ever, NULL));
	for (i = 0; i < 4; i++) {
		usleep(200000);
		/* It is in use for the time of a request. */
		for (tries = 0; tries < 500; tries++) {
			if (!system("rmmod " NAME " 2>/dev/null"))
				break;
			usleep(10000);
		}
		EXPECT_LT(tries, 500);
		EXPECT_FALSE(exists(VIRTUAL));
		EXPECT_EQ(0, system("modprobe " NAME " radios=2"));
	}
	stop = true;
	pthread_join(thread, NULL);
	EXPECT_LE(2, radios());
}

TEST_HARNESS_MAIN
