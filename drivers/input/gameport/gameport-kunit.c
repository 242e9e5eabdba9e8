// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of binding drivers to gameports
 *
 * Ports and drivers are made up. All goes through the files in sysfs that
 * userspace has, on a mount of sysfs of the suite's own. What the events ask
 * for is done after flush_workqueue(system_long_wq), where they are handled.
 *
 * With CONFIG_DEBUG_TEST_DRIVER_REMOVE a bind is a connect, a disconnect and a
 * connect, so that connects are counted less the disconnects.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gameport.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define TIMEOUT		(10 * HZ)

struct test_driver {
	struct gameport_driver gameport;
	bool registered;

	/* What connect() and reconnect() return */
	int result;
	int reconnect_result;
	/* A connect() that fails leaves the port open */
	bool leave_open;
	/* Once, connect() completes entered and waits for go */
	bool hold;
	struct completion entered;
	struct completion go;

	atomic_t connected;
	atomic_t connects;
	atomic_t reconnects;
	/* Managed resources of connected ports */
	atomic_t resources;
	/* Calls without the lock of the device */
	atomic_t unlocked;
	/* disconnect() of a port whose connect() had not ended */
	atomic_t early;
	bool connecting;
};

/* A write to a file, or a port to be removed, in a thread of its own */
struct job {
	const char *path;
	const char *text;
	struct gameport *port;
	struct vfsmount *sysfs;
	struct task_struct *task;
	struct completion done;
	int ret;
};

struct fixture {
	struct vfsmount *sysfs;
	struct test_driver a;
	struct test_driver b;
	struct gameport *port;
	struct gameport *other;
};

/* Measuring the speed of a port completes entered and waits for go, once. */
static bool hold_open;
static struct completion open_entered;
static struct completion open_go;

static int test_open(struct gameport *port, int mode)
{
	if (mode != GAMEPORT_MODE_RAW)
		return -1;
	if (xchg(&hold_open, false)) {
		complete(&open_entered);
		wait_for_completion_timeout(&open_go, TIMEOUT);
	}

	return 0;
}

static unsigned char test_read(struct gameport *port)
{
	return 0xff;
}

static void test_trigger(struct gameport *port)
{
}

static struct gameport *test_port(void)
{
	struct gameport *port = gameport_allocate_port();

	if (!port)
		return NULL;

	port->open = test_open;
	port->read = test_read;
	port->trigger = test_trigger;
	gameport_set_name(port, "KUnit");
	gameport_set_phys(port, "kunit");
	gameport_register_port(port);

	return port;
}

static void resource_released(void *data)
{
	struct test_driver *t = data;

	atomic_dec(&t->resources);
}

static int test_connect(struct gameport *port, struct gameport_driver *drv)
{
	struct test_driver *t = container_of(drv, struct test_driver, gameport);
	int ret;

	atomic_inc(&t->connects);
	if (!mutex_is_locked(&port->dev.mutex))
		atomic_inc(&t->unlocked);

	ret = gameport_open(port, drv, GAMEPORT_MODE_RAW);
	if (ret)
		return ret;

	WRITE_ONCE(t->connecting, true);
	if (xchg(&t->hold, false)) {
		complete(&t->entered);
		wait_for_completion_timeout(&t->go, TIMEOUT);
	}

	gameport_set_drvdata(port, t);
	atomic_inc(&t->resources);
	ret = devm_add_action_or_reset(&port->dev, resource_released, t);
	if (!ret)
		ret = t->result;

	WRITE_ONCE(t->connecting, false);
	if (!ret)
		atomic_inc(&t->connected);
	else if (!t->leave_open)
		gameport_close(port);

	return ret;
}

static int test_reconnect(struct gameport *port)
{
	struct test_driver *t = gameport_get_drvdata(port);

	atomic_inc(&t->reconnects);
	if (!mutex_is_locked(&port->dev.mutex))
		atomic_inc(&t->unlocked);

	return t->reconnect_result;
}

static void test_disconnect(struct gameport *port)
{
	struct gameport_driver *drv = to_gameport_driver(port->dev.driver);
	struct test_driver *t = container_of(drv, struct test_driver, gameport);

	if (!mutex_is_locked(&port->dev.mutex))
		atomic_inc(&t->unlocked);
	if (READ_ONCE(t->connecting))
		atomic_inc(&t->early);
	gameport_close(port);
	atomic_dec(&t->connected);
}

static int test_driver_add(struct test_driver *t, const char *name)
{
	int ret;

	init_completion(&t->entered);
	init_completion(&t->go);
	t->gameport.driver.name = name;
	t->gameport.description = "KUnit";
	t->gameport.connect = test_connect;
	t->gameport.reconnect = test_reconnect;
	t->gameport.disconnect = test_disconnect;
	ret = gameport_register_driver(&t->gameport);
	t->registered = !ret;

	return ret;
}

/* The events have been handled. */
static void settle(void)
{
	flush_workqueue(system_long_wq);
}

static int sysfs_write(struct vfsmount *sysfs, const char *path, const char *text)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	file = file_open_root(sysfs->mnt_root, sysfs, path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_write(file, text, strlen(text), &pos);
	__fput_sync(file);
	if (ret < 0)
		return ret;

	return ret == strlen(text) ? 0 : -EIO;
}

static const char *path_of(struct kunit *test, struct gameport *port, const char *name)
{
	char *path = kunit_kzalloc(test, 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, path);
	snprintf(path, 64, "devices/%s/%s", dev_name(&port->dev), name);

	return path;
}

static int drvctl(struct kunit *test, struct gameport *port, const char *text)
{
	struct fixture *f = test->priv;

	return sysfs_write(f->sysfs, path_of(test, port, "drvctl"), text);
}

/* Whether sysfs shows a driver */
static bool has_link(struct kunit *test, struct gameport *port)
{
	struct fixture *f = test->priv;
	struct file *file;

	file = file_open_root(f->sysfs->mnt_root, f->sysfs,
			      path_of(test, port, "driver/uevent"), O_WRONLY, 0);
	if (IS_ERR(file))
		return false;
	__fput_sync(file);

	return true;
}

static int job_run(void *data)
{
	struct job *job = data;

	if (job->path)
		job->ret = sysfs_write(job->sysfs, job->path, job->text);
	else
		gameport_unregister_port(job->port);
	complete(&job->done);

	return 0;
}

/* It waits for a lock, in state, or is done. */
static void job_waits(struct kunit *test, struct job *job, long state)
{
	unsigned long until = jiffies + TIMEOUT;

	while (time_before(jiffies, until) && !completion_done(&job->done) &&
	       READ_ONCE(job->task->state) != state)
		msleep(20);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, until));
}

static struct job *job_start(struct kunit *test, const char *path, const char *text,
			     struct gameport *port)
{
	struct fixture *f = test->priv;
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	init_completion(&job->done);
	job->sysfs = f->sysfs;
	job->path = path;
	job->text = text;
	job->port = port;
	job->task = kthread_create(job_run, job, "gameport-kunit");
	if (IS_ERR(job->task)) {
		kfree(job);
		job = NULL;
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	get_task_struct(job->task);
	wake_up_process(job->task);

	return job;
}

/* A job that does not end keeps its memory. */
static int job_join(struct kunit *test, struct job *job)
{
	int ret;

	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&job->done, TIMEOUT), 0UL);
	ret = job->ret;
	put_task_struct(job->task);
	kfree(job);

	return ret;
}

/* drvctl names a: whoever writes it is held in connect(). */
static struct job *job_connecting(struct kunit *test, struct gameport *port)
{
	struct fixture *f = test->priv;
	struct job *job;

	f->a.hold = true;
	job = job_start(test, path_of(test, port, "drvctl"), "kunit_a", NULL);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&f->a.entered, TIMEOUT), 0UL);

	return job;
}

static void bound_to(struct kunit *test, struct gameport *port, struct test_driver *t)
{
	KUNIT_EXPECT_PTR_EQ(test, port->dev.driver, t ? &t->gameport.driver : NULL);
	KUNIT_EXPECT_PTR_EQ(test, port->drv, t ? &t->gameport : NULL);
	KUNIT_EXPECT_EQ(test, has_link(test, port), (bool)t);
}

/* A driver that drvctl names is connected with the lock of the device held. */
static void drvctl_driver_connects_under_lock(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	bound_to(test, f->port, &f->a);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 1);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "none"), 0);
	bound_to(test, f->port, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.resources), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.unlocked), 0);
}

/* Whatever a driver refuses with, the writer of drvctl gets -ENODEV. */
static void drvctl_driver_refuses_returns_enodev(struct kunit *test)
{
	static const int results[] = { -EIO, -1, -ENXIO, -EBUSY, -EPROBE_DEFER, 1 };
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_b"), 0);
		f->a.result = results[i];
		KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), -ENODEV);
		bound_to(test, f->port, NULL);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connected), 0);
	}
}

/* After a refusal nothing is left, and the next driver is bound. */
static void drvctl_driver_refuses_leaves_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->a.result = -ENODEV;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), -ENODEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.resources), 0);
	KUNIT_EXPECT_PTR_EQ(test, gameport_get_drvdata(f->port), NULL);

	KUNIT_EXPECT_EQ(test, sysfs_write(f->sysfs, "bus/gameport/drivers/kunit_b/bind",
					  dev_name(&f->port->dev)), 0);
	bound_to(test, f->port, &f->b);
}

/* The walk over the drivers, too, takes connect() at its word. */
static void rescan_driver_refuses_leaves_port_free(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->a.result = -ENODEV;
	f->a.leave_open = true;
	f->b.result = -ENODEV;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "rescan"), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&f->a.connects), 0);
	KUNIT_EXPECT_PTR_EQ(test, f->port->dev.driver,
			    (struct device_driver *)NULL);
	/* what the driver should have done */
	gameport_close(f->port);
}

/* A name that nobody has is -EINVAL, and the port keeps its driver. */
static void drvctl_unknown_name_keeps_driver(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_c"), -EINVAL);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_b\n"), -EINVAL);
	bound_to(test, f->port, &f->a);
}

/* reconnect asks the driver, under the lock, and rescans if that fails. */
static void drvctl_reconnect_asks_driver_under_lock(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "reconnect"), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.reconnects), 1);
	bound_to(test, f->port, &f->a);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.unlocked), 0);

	f->a.reconnect_result = -1;
	f->a.result = -ENODEV;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "reconnect"), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.reconnects), 2);
	bound_to(test, f->port, &f->b);
}

/* An unbind waits until drvctl has bound the port, and leaves it free. */
static void unbind_while_drvctl_connects_waits(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct job *writer, *unbind;

	writer = job_connecting(test, f->port);
	unbind = job_start(test, "bus/gameport/drivers/kunit_a/unbind",
			   dev_name(&f->port->dev), NULL);
	job_waits(test, unbind, TASK_UNINTERRUPTIBLE);
	complete(&f->a.go);

	KUNIT_EXPECT_EQ(test, job_join(test, writer), 0);
	KUNIT_EXPECT_EQ(test, job_join(test, unbind), 0);
	bound_to(test, f->port, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.early), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.resources), 0);
}

/* Of two writers the second has the last word. */
static void drvctl_two_writers_take_turns(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct job *first, *second;
	int connects;

	connects = atomic_read(&f->b.connects);
	first = job_connecting(test, f->port);
	second = job_start(test, path_of(test, f->port, "drvctl"), "kunit_b", NULL);
	job_waits(test, second, TASK_INTERRUPTIBLE);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connects), connects);
	complete(&f->a.go);

	KUNIT_EXPECT_EQ(test, job_join(test, first), 0);
	KUNIT_EXPECT_EQ(test, job_join(test, second), 0);
	bound_to(test, f->port, &f->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connected), 1);
}

/* A port goes while a write to its drvctl waits behind: -ENODEV. */
static void drvctl_of_port_that_goes_returns_enodev(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct job *connecting, *removal, *writer;
	int connects;

	connects = atomic_read(&f->b.connects);
	connecting = job_connecting(test, f->other);
	removal = job_start(test, NULL, NULL, f->port);
	job_waits(test, removal, TASK_UNINTERRUPTIBLE);
	writer = job_start(test, path_of(test, f->port, "drvctl"), "kunit_b", NULL);
	job_waits(test, writer, TASK_INTERRUPTIBLE);
	f->port = NULL;
	complete(&f->a.go);

	KUNIT_EXPECT_EQ(test, job_join(test, connecting), 0);
	KUNIT_EXPECT_EQ(test, job_join(test, writer), -ENODEV);
	job_join(test, removal);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connects), connects);
}

/* When its driver goes, a port is tried with the others. */
static void unregister_driver_after_drvctl_rescans(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	gameport_unregister_driver(&f->a.gameport);
	f->a.registered = false;
	bound_to(test, f->port, &f->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), -EINVAL);
}

/* Ports that come while another is being added are added as well. */
static void ports_registered_in_a_burst_are_added(struct kunit *test)
{
	struct gameport *ports[4];
	int i;

	hold_open = true;
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		ports[i] = test_port();
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ports[i]);
		if (!i)
			KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&open_entered,
									  TIMEOUT), 0UL);
	}
	complete(&open_go);
	settle();
	settle();

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		KUNIT_EXPECT_TRUE(test, device_is_registered(&ports[i]->dev));
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		gameport_unregister_port(ports[i]);
}

static int gameport_test_init(struct kunit *test)
{
	struct fixture *f;
	int i;

	init_completion(&open_entered);
	init_completion(&open_go);

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f);
	test->priv = f;

	/* sysfs is no module: there is no reference to give back. */
	f->sysfs = kern_mount(get_fs_type("sysfs"));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->sysfs);

	/* one after the other, each with its events handled */
	f->port = test_port();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->port);
	settle();
	f->other = test_port();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->other);
	settle();
	KUNIT_ASSERT_EQ(test, test_driver_add(&f->a, "kunit_a"), 0);
	settle();
	KUNIT_ASSERT_EQ(test, test_driver_add(&f->b, "kunit_b"), 0);
	settle();
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, drvctl(test, i ? f->port : f->other, "none"), 0);
	atomic_set(&f->a.connects, 0);

	return 0;
}

/* It is called after gameport_test_init() has failed, too. */
static void gameport_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;

	if (f->port)
		gameport_unregister_port(f->port);
	if (f->other)
		gameport_unregister_port(f->other);
	if (f->a.registered)
		gameport_unregister_driver(&f->a.gameport);
	if (f->b.registered)
		gameport_unregister_driver(&f->b.gameport);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connected), 0);
	if (!IS_ERR_OR_NULL(f->sysfs))
		kern_unmount(f->sysfs);
}

static struct kunit_case gameport_test_cases[] = {
	KUNIT_CASE(drvctl_driver_connects_under_lock),
	KUNIT_CASE(drvctl_driver_refuses_returns_enodev),
	KUNIT_CASE(drvctl_driver_refuses_leaves_nothing),
	KUNIT_CASE(rescan_driver_refuses_leaves_port_free),
	KUNIT_CASE(drvctl_unknown_name_keeps_driver),
	KUNIT_CASE(drvctl_reconnect_asks_driver_under_lock),
	KUNIT_CASE(drvctl_two_writers_take_turns),
	KUNIT_CASE(unregister_driver_after_drvctl_rescans),
	KUNIT_CASE(ports_registered_in_a_burst_are_added),
	KUNIT_CASE(unbind_while_drvctl_connects_waits),
	KUNIT_CASE(drvctl_of_port_that_goes_returns_enodev),
	{}
};

static struct kunit_suite gameport_test_suite = {
	.name = "gameport",
	.init = gameport_test_init,
	.exit = gameport_test_exit,
	.test_cases = gameport_test_cases,
};

kunit_test_suite(gameport_test_suite);

MODULE_DESCRIPTION("KUnit tests of binding drivers to gameports");
MODULE_LICENSE("GPL v2");
