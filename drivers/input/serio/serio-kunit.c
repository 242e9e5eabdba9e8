// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of binding drivers to serio ports
 *
 * Ports and drivers are made up. All goes through the files in sysfs that
 * userspace has, on a mount of sysfs of the suite's own. What kseriod has to do
 * is done after flush_workqueue(system_long_wq), where it runs.
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
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/serio.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define TIMEOUT		(10 * HZ)

/* A type that no driver of the tree matches */
#define TEST_TYPE	0x7e

struct test_driver {
	struct serio_driver serio;
	bool registered;

	/* What connect() and reconnect() return */
	int result;
	int reconnect_result;
	/* connect() registers a child on a port that is not as deep */
	unsigned int depth;
	/* Once, connect() asks for a reconnect before it registers the child */
	bool reconnect;
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
	struct serio *serio;
	struct vfsmount *sysfs;
	struct task_struct *task;
	struct completion done;
	int ret;
};

struct fixture {
	struct vfsmount *sysfs;
	struct test_driver a;
	struct test_driver b;
	struct serio *port;
	struct serio *other;
};

/* Children that were added, and are gone again */
static atomic_t starts, stops;

static const struct serio_device_id test_ids[] = {
	{ TEST_TYPE, SERIO_ANY, SERIO_ANY, SERIO_ANY },
	{ 0 }
};

static const struct serio_device_id no_ids[] = {
	{ 0 }
};

static int child_start(struct serio *serio)
{
	atomic_inc(&starts);
	return 0;
}

static void child_stop(struct serio *serio)
{
	atomic_inc(&stops);
}

static struct serio *test_port(struct serio *parent)
{
	struct serio *serio = kzalloc(sizeof(*serio), GFP_KERNEL);

	if (!serio)
		return NULL;

	serio->id.type = TEST_TYPE;
	serio->parent = parent;
	if (parent) {
		serio->start = child_start;
		serio->stop = child_stop;
	}
	strscpy(serio->name, "test port", sizeof(serio->name));
	serio_register_port(serio);

	return serio;
}

static void resource_released(void *data)
{
	struct test_driver *t = data;

	atomic_dec(&t->resources);
}

static int test_connect(struct serio *serio, struct serio_driver *drv)
{
	struct test_driver *t = container_of(drv, struct test_driver, serio);
	int ret;

	atomic_inc(&t->connects);
	if (!mutex_is_locked(&serio->dev.mutex))
		atomic_inc(&t->unlocked);

	ret = serio_open(serio, drv);
	if (ret)
		return ret;

	WRITE_ONCE(t->connecting, true);
	if (xchg(&t->hold, false)) {
		complete(&t->entered);
		wait_for_completion_timeout(&t->go, TIMEOUT);
	}

	serio_set_drvdata(serio, t);
	atomic_inc(&t->resources);
	ret = devm_add_action_or_reset(&serio->dev, resource_released, t);
	if (!ret && xchg(&t->reconnect, false))
		serio_reconnect(serio);
	if (!ret && serio->depth < t->depth && !test_port(serio))
		ret = -ENOMEM;
	if (!ret)
		ret = t->result;

	WRITE_ONCE(t->connecting, false);
	if (ret)
		serio_close(serio);
	else
		atomic_inc(&t->connected);

	return ret;
}

static int test_reconnect(struct serio *serio)
{
	struct test_driver *t = container_of(serio->drv, struct test_driver, serio);

	atomic_inc(&t->reconnects);

	return t->reconnect_result;
}

static void test_disconnect(struct serio *serio)
{
	struct test_driver *t = container_of(serio->drv, struct test_driver, serio);

	if (!mutex_is_locked(&serio->dev.mutex))
		atomic_inc(&t->unlocked);
	if (READ_ONCE(t->connecting))
		atomic_inc(&t->early);
	serio_close(serio);
	atomic_dec(&t->connected);
}

static irqreturn_t test_interrupt(struct serio *serio, unsigned char data,
				  unsigned int flags)
{
	return IRQ_HANDLED;
}

static int test_driver_add(struct test_driver *t, const char *name, bool manual)
{
	int ret;

	init_completion(&t->entered);
	init_completion(&t->go);
	t->serio.driver.name = name;
	t->serio.description = "KUnit";
	t->serio.id_table = test_ids;
	t->serio.manual_bind = manual;
	t->serio.connect = test_connect;
	t->serio.reconnect = test_reconnect;
	t->serio.disconnect = test_disconnect;
	t->serio.interrupt = test_interrupt;
	ret = serio_register_driver(&t->serio);
	t->registered = !ret;

	return ret;
}

/* kseriod has done what it was asked for. */
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

static const char *path_of(struct kunit *test, struct serio *serio, const char *name)
{
	char *path = kunit_kzalloc(test, 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, path);
	snprintf(path, 64, "devices/%s/%s", dev_name(&serio->dev), name);

	return path;
}

static int drvctl(struct kunit *test, struct serio *serio, const char *text)
{
	struct fixture *f = test->priv;

	return sysfs_write(f->sysfs, path_of(test, serio, "drvctl"), text);
}

/* Whether sysfs shows a driver */
static bool has_link(struct kunit *test, struct serio *serio)
{
	struct fixture *f = test->priv;
	struct file *file;

	file = file_open_root(f->sysfs->mnt_root, f->sysfs,
			      path_of(test, serio, "driver/uevent"), O_WRONLY, 0);
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
		serio_unregister_port(job->serio);
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
			     struct serio *serio)
{
	struct fixture *f = test->priv;
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	init_completion(&job->done);
	job->sysfs = f->sysfs;
	job->path = path;
	job->text = text;
	job->serio = serio;
	job->task = kthread_create(job_run, job, "serio-kunit");
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
static struct job *job_connecting(struct kunit *test, struct serio *serio)
{
	struct fixture *f = test->priv;
	struct job *job;

	f->a.hold = true;
	job = job_start(test, path_of(test, serio, "drvctl"), "kunit_a", NULL);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&f->a.entered, TIMEOUT), 0UL);

	return job;
}

static void bound_to(struct kunit *test, struct serio *serio, struct test_driver *t)
{
	KUNIT_EXPECT_PTR_EQ(test, serio->dev.driver, t ? &t->serio.driver : NULL);
	KUNIT_EXPECT_PTR_EQ(test, serio->drv, t ? &t->serio : NULL);
	KUNIT_EXPECT_EQ(test, has_link(test, serio), (bool)t);
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
	KUNIT_EXPECT_PTR_EQ(test, serio_get_drvdata(f->port), NULL);

	KUNIT_EXPECT_EQ(test, sysfs_write(f->sysfs, "bus/serio/drivers/kunit_b/bind_mode",
					  "auto"), 0);
	KUNIT_EXPECT_EQ(test, sysfs_write(f->sysfs, "bus/serio/drivers/kunit_b/bind",
					  dev_name(&f->port->dev)), 0);
	bound_to(test, f->port, &f->b);
}

/* A driver that defers is not tried again behind the back of the writer. */
static void drvctl_driver_defers_is_not_retried(struct kunit *test)
{
	struct fixture *f = test->priv;
	int connects;

	f->a.result = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), -ENODEV);
	connects = atomic_read(&f->a.connects);
	f->a.result = 0;
	/* each bind looks for devices that wait */
	KUNIT_EXPECT_EQ(test, drvctl(test, f->other, "kunit_b"), 0);
	wait_for_device_probe();
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connects), connects);
	bound_to(test, f->port, NULL);
}

/* A driver without a matching ID is not bound; the writer is not told. */
static void drvctl_driver_without_id_returns_0(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_b"), 0);
	f->a.serio.id_table = no_ids;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	bound_to(test, f->port, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connects), 0);
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

/* Manual ports and drivers are left out by rescan, but not by their name. */
static void drvctl_manual_mode_binds_by_name_only(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* both drivers are manual, as serio_raw is */
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "rescan"), 0);
	bound_to(test, f->port, NULL);

	f->a.serio.manual_bind = false;
	KUNIT_EXPECT_EQ(test, sysfs_write(f->sysfs, path_of(test, f->port, "bind_mode"),
					  "manual"), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "rescan"), 0);
	bound_to(test, f->port, NULL);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	bound_to(test, f->port, &f->a);

	KUNIT_EXPECT_EQ(test, sysfs_write(f->sysfs, path_of(test, f->port, "bind_mode"),
					  "auto"), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_b"), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "rescan"), 0);
	bound_to(test, f->port, &f->a);
}

/* An unbind waits until drvctl has bound the port, and leaves it free. */
static void unbind_while_drvctl_connects_waits(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct job *writer, *unbind;

	writer = job_connecting(test, f->port);
	unbind = job_start(test, "bus/serio/drivers/kunit_a/unbind",
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

	first = job_connecting(test, f->port);
	second = job_start(test, path_of(test, f->port, "drvctl"), "kunit_b", NULL);
	job_waits(test, second, TASK_INTERRUPTIBLE);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connects), 0);
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
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connects), 0);
}

/* The driver that drvctl has bound goes: the port ends up without driver. */
static void unregister_driver_after_drvctl_frees_port(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->other, "kunit_b"), 0);
	serio_unregister_driver(&f->a.serio);
	f->a.registered = false;
	bound_to(test, f->port, NULL);
	bound_to(test, f->other, &f->b);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), -EINVAL);
}

/* Children are bound in turn, reconnected with the parent, and go with it. */
static void drvctl_children_follow_parent(struct kunit *test)
{
	struct fixture *f = test->priv;
	int there;

	f->a.depth = 2;
	f->a.serio.manual_bind = false;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	settle();
	there = atomic_read(&starts) - atomic_read(&stops);
	KUNIT_EXPECT_EQ(test, there, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 3);

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "reconnect"), 0);
	settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.reconnects), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 3);

	/* the parent cannot be reconnected: it starts anew, with new children */
	f->a.reconnect_result = -1;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "reconnect"), 0);
	settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.reconnects), 4);
	there = atomic_read(&starts) - atomic_read(&stops);
	KUNIT_EXPECT_EQ(test, there, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 3);

	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "none"), 0);
	settle();
	there = atomic_read(&starts) - atomic_read(&stops);
	KUNIT_EXPECT_EQ(test, there, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->children));
}

/* A driver that refuses takes the child along that it has registered. */
static void drvctl_driver_refuses_drops_child(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->a.depth = 1;
	f->a.result = -ENODEV;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), -ENODEV);
	settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&starts), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->children));
}

/* The same for a walk over the drivers, from rescan */
static void rescan_driver_refuses_drops_child(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->a.depth = 1;
	f->a.result = -ENODEV;
	f->a.serio.manual_bind = false;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "rescan"), 0);
	settle();
	KUNIT_EXPECT_GT(test, atomic_read(&f->a.connects), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&starts), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->children));
}

/*
 * The driver goes before kseriod gets to its child: only the child of the
 * driver that came next is added.
 */
static void reconnect_before_child_was_added_drops_child(struct kunit *test)
{
	struct fixture *f = test->priv;
	int there;

	f->a.depth = 1;
	f->a.reconnect = true;
	f->a.reconnect_result = -1;
	f->a.serio.manual_bind = false;
	KUNIT_EXPECT_EQ(test, drvctl(test, f->port, "kunit_a"), 0);
	settle();
	there = atomic_read(&starts) - atomic_read(&stops);
	KUNIT_EXPECT_EQ(test, there, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 2);
}

static int serio_test_init(struct kunit *test)
{
	struct fixture *f;

	atomic_set(&starts, 0);
	atomic_set(&stops, 0);

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f);
	test->priv = f;

	/* sysfs is no module: there is no reference to give back. */
	f->sysfs = kern_mount(get_fs_type("sysfs"));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->sysfs);

	KUNIT_ASSERT_EQ(test, test_driver_add(&f->a, "kunit_a", true), 0);
	KUNIT_ASSERT_EQ(test, test_driver_add(&f->b, "kunit_b", true), 0);
	f->port = test_port(NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->port);
	f->other = test_port(NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->other);
	settle();

	return 0;
}

/* It is called after serio_test_init() has failed, too. */
static void serio_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;

	if (f->port)
		serio_unregister_port(f->port);
	if (f->other)
		serio_unregister_port(f->other);
	if (f->a.registered)
		serio_unregister_driver(&f->a.serio);
	if (f->b.registered)
		serio_unregister_driver(&f->b.serio);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->a.connected), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->b.connected), 0);
	if (!IS_ERR_OR_NULL(f->sysfs))
		kern_unmount(f->sysfs);
}

static struct kunit_case serio_test_cases[] = {
	KUNIT_CASE(drvctl_driver_connects_under_lock),
	KUNIT_CASE(drvctl_driver_refuses_returns_enodev),
	KUNIT_CASE(drvctl_driver_refuses_leaves_nothing),
	KUNIT_CASE(drvctl_driver_defers_is_not_retried),
	KUNIT_CASE(drvctl_driver_without_id_returns_0),
	KUNIT_CASE(drvctl_unknown_name_keeps_driver),
	KUNIT_CASE(drvctl_manual_mode_binds_by_name_only),
	KUNIT_CASE(drvctl_two_writers_take_turns),
	KUNIT_CASE(unregister_driver_after_drvctl_frees_port),
	KUNIT_CASE(drvctl_children_follow_parent),
	KUNIT_CASE(drvctl_driver_refuses_drops_child),
	KUNIT_CASE(rescan_driver_refuses_drops_child),
	KUNIT_CASE(reconnect_before_child_was_added_drops_child),
	KUNIT_CASE(unbind_while_drvctl_connects_waits),
	KUNIT_CASE(drvctl_of_port_that_goes_returns_enodev),
	{}
};

static struct kunit_suite serio_test_suite = {
	.name = "serio",
	.init = serio_test_init,
	.exit = serio_test_exit,
	.test_cases = serio_test_cases,
};

kunit_test_suite(serio_test_suite);

MODULE_DESCRIPTION("KUnit tests of binding drivers to serio ports");
MODULE_LICENSE("GPL v2");
