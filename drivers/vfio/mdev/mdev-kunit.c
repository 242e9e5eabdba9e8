// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the mdev bus
 *
 * All goes through the files in sysfs that userspace has, on a mount of
 * sysfs of the suite's own, so that the tests need nothing but what mdev.ko
 * exports, and can be built in or as a module. The parents sit on a bus of
 * the suite.
 *
 * With CONFIG_DEBUG_TEST_DRIVER_REMOVE each bind is a probe, a remove and a
 * probe; the counts take that into account.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#define UUID_1		"a2e34c1b-0d5f-4f7b-9b7c-1a0f5e6d7c81"
#define UUID_2		"a2e34c1b-0d5f-4f7b-9b7c-1a0f5e6d7c82"

#define TYPES		"devices/%s/mdev_supported_types"
#define TYPE		TYPES "/%s-%s"

#define TIMEOUT		(10 * HZ)
#define ROUNDS		100
#define PROBES_PER_BIND	(IS_ENABLED(CONFIG_DEBUG_TEST_DRIVER_REMOVE) ? 2 : 1)

static const char * const type_names[] = { "first", "second", "third" };

/* A parent and the driver of its mdevs, which notes what it is called for. */
struct test_parent {
	struct device dev;
	struct mdev_driver driver;
	struct mdev_parent_ops ops;
	bool driver_registered;

	/* What probe and create return that are called from now on */
	int result;
	/* The next probe completes entered and waits for go */
	bool hold;
	struct completion entered;
	struct completion go;

	atomic_t probes;
	atomic_t removes;
	atomic_t creates;
	atomic_t destroys;
	/* Of the mdev that was seen last */
	unsigned int type;
	int iommu_group;
};

struct mdev_fixture {
	struct vfsmount *sysfs;
	struct test_parent *a;
	struct test_parent *b;
};

static struct bus_type parent_bus = {
	.name = "mdev_kunit",
};

static ssize_t index_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return sprintf(buf, "%u\n", mdev_type_group_id(kobj));
}
static MDEV_TYPE_ATTR_RO(index);

static struct attribute *type_attrs[] = {
	&mdev_type_attr_index.attr,
	NULL
};

static struct attribute_group first_type = {
	.name = "first",
	.attrs = type_attrs,
};

static struct attribute_group second_type = {
	.name = "second",
	.attrs = type_attrs,
};

static struct attribute_group third_type = {
	.name = "third",
	.attrs = type_attrs,
};

static struct attribute_group *types[] = {
	&first_type, &second_type, &third_type, NULL
};

static struct attribute_group nameless_type;

static ssize_t parent_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct test_parent *parent = dev_get_drvdata(dev);

	return sprintf(buf, "%s\n", dev_name(&parent->dev));
}
static DEVICE_ATTR_RO(parent);

static struct attribute *mdev_attrs[] = {
	&dev_attr_parent.attr,
	NULL
};
ATTRIBUTE_GROUPS(mdev);

/* What probe and create have in common */
static int mdev_seen(struct test_parent *parent, struct mdev_device *mdev)
{
	struct iommu_group *group = iommu_group_get(mdev_dev(mdev));
	int result = parent->result;

	parent->type = mdev_get_type_group_id(mdev);
	if (group) {
		parent->iommu_group = iommu_group_id(group);
		iommu_group_put(group);
	}

	if (xchg(&parent->hold, false)) {
		complete(&parent->entered);
		wait_for_completion_timeout(&parent->go, TIMEOUT);
	}

	return result;
}

static int test_probe(struct device *dev)
{
	struct test_parent *parent = container_of(to_mdev_driver(dev->driver),
						  struct test_parent, driver);

	atomic_inc(&parent->probes);
	dev_set_drvdata(dev, parent);

	return mdev_seen(parent, mdev_from_dev(dev));
}

static void test_remove(struct device *dev)
{
	struct test_parent *parent = dev_get_drvdata(dev);

	atomic_inc(&parent->removes);
}

static int test_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct test_parent *parent = container_of(mdev_parent_dev(mdev),
						  struct test_parent, dev);

	atomic_inc(&parent->creates);

	return mdev_seen(parent, mdev);
}

static int test_destroy(struct mdev_device *mdev)
{
	struct test_parent *parent = container_of(mdev_parent_dev(mdev),
						  struct test_parent, dev);

	atomic_inc(&parent->destroys);

	return 0;
}

/* A file of sysfs, or an ERR_PTR */
static __printf(3, 0)
struct file *sysfs_vopen(struct mdev_fixture *fixture, int flags,
			 const char *fmt, va_list args)
{
	struct file *file;
	char *path;

	path = kvasprintf(GFP_KERNEL, fmt, args);
	if (!path)
		return ERR_PTR(-ENOMEM);
	file = file_open_root(fixture->sysfs->mnt_root, fixture->sysfs, path,
			      flags, 0);
	kfree(path);

	return file;
}

/* 0, or what write(2) would fail with */
static __printf(3, 4)
int sysfs_write(struct mdev_fixture *fixture, const char *text,
		const char *fmt, ...)
{
	struct file *file;
	loff_t pos = 0;
	va_list args;
	ssize_t ret;

	va_start(args, fmt);
	file = sysfs_vopen(fixture, O_WRONLY, fmt, args);
	va_end(args);
	if (IS_ERR(file))
		return PTR_ERR(file);

	ret = kernel_write(file, text, strlen(text), &pos);
	__fput_sync(file);
	if (ret < 0)
		return ret;

	return ret == strlen(text) ? 0 : -EIO;
}

/* What the file holds without its newline, or why it cannot be read */
static __printf(4, 5)
int sysfs_read(struct mdev_fixture *fixture, char *buf, size_t size,
	       const char *fmt, ...)
{
	struct file *file;
	loff_t pos = 0;
	va_list args;
	ssize_t ret;

	va_start(args, fmt);
	file = sysfs_vopen(fixture, O_RDONLY, fmt, args);
	va_end(args);
	if (IS_ERR(file))
		return PTR_ERR(file);

	ret = kernel_read(file, buf, size - 1, &pos);
	__fput_sync(file);
	if (ret < 0)
		return ret;
	buf[ret] = '\0';
	strim(buf);

	return 0;
}

/* A file that is there but may not be read exists, too. */
static __printf(2, 3)
bool sysfs_exists(struct mdev_fixture *fixture, const char *fmt, ...)
{
	struct file *file;
	va_list args;

	va_start(args, fmt);
	file = sysfs_vopen(fixture, O_RDONLY, fmt, args);
	va_end(args);
	if (IS_ERR(file))
		return PTR_ERR(file) != -ENOENT;
	__fput_sync(file);

	return true;
}

static int create_mdev(struct mdev_fixture *fixture, struct test_parent *parent,
		       const char *type, const char *uuid)
{
	return sysfs_write(fixture, uuid,
			   TYPE "/create",
			   dev_name(&parent->dev), parent_bus.name, type);
}

static int remove_mdev(struct mdev_fixture *fixture, struct test_parent *parent,
		       const char *uuid)
{
	return sysfs_write(fixture, "1", "devices/%s/%s/remove",
			   dev_name(&parent->dev), uuid);
}

/* Writes to a file of a driver: bind or unbind */
static int driver_write(struct mdev_fixture *fixture, const char *driver,
			const char *file, const char *uuid)
{
	return sysfs_write(fixture, uuid, "bus/mdev/drivers/%s/%s", driver,
			   file);
}

static int rescan_mdev(struct mdev_fixture *fixture, const char *uuid)
{
	return sysfs_write(fixture, uuid, "bus/mdev/drivers_probe");
}

/* The driver of an mdev that must exist, or NULL */
static struct device_driver *driver_of(struct kunit *test, const char *uuid)
{
	struct device *dev = bus_find_device_by_name(&mdev_bus_type, NULL, uuid);
	struct device_driver *drv;

	KUNIT_ASSERT_TRUE_MSG(test, !!dev, "mdev %s is gone", uuid);
	device_lock(dev);
	drv = dev->driver;
	device_unlock(dev);
	put_device(dev);

	return drv;
}

/* The driver of @parent has bound mdevs @binds times, @bound still are */
static void expect_binds(struct kunit *test, struct test_parent *parent,
			 int binds, int bound)
{
	int probes = binds * PROBES_PER_BIND;

	KUNIT_EXPECT_EQ(test, atomic_read(&parent->probes), probes);
	KUNIT_EXPECT_EQ(test, atomic_read(&parent->removes), probes - bound);
}

static void expect_nothing_left(struct kunit *test, struct test_parent *parent,
				const char *uuid)
{
	struct mdev_fixture *fixture = test->priv;
	struct device *dev;
	int i;

	dev = bus_find_device_by_name(&mdev_bus_type, NULL, uuid);
	KUNIT_EXPECT_FALSE(test, !!dev);
	put_device(dev);

	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, "devices/%s/%s",
					      dev_name(&parent->dev), uuid));
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture,
					      "bus/mdev/drivers/%s/%s",
					      parent->driver.name, uuid));
	for (i = 0; i < ARRAY_SIZE(type_names); i++)
		KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture,
						      TYPE "/devices/%s",
						      dev_name(&parent->dev),
						      parent_bus.name,
						      type_names[i], uuid));
	if (parent->iommu_group >= 0)
		KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture,
						      "kernel/iommu_groups/%d",
						      parent->iommu_group));
}

static void start(struct kunit *test, struct test_parent *parent)
{
	KUNIT_ASSERT_EQ(test,
			mdev_register_device(&parent->dev, &parent->ops), 0);
}

static void start_old(struct kunit *test, struct test_parent *parent)
{
	parent->ops.device_driver = NULL;
	start(test, parent);
}

/* One step in a thread of its own, with its outcome */
struct job {
	struct completion done;
	struct mdev_fixture *fixture;
	struct test_parent *parent;
	const char *uuid;
	bool stop;
	int ret;
};

static int create_fn(void *data)
{
	struct job *job = data;

	job->ret = create_mdev(job->fixture, job->parent, "first", job->uuid);
	complete_and_exit(&job->done, 0);
}

/* Tries again and again, until it has worked or somebody sets stop */
static int create_often_fn(void *data)
{
	struct job *job = data;

	do {
		job->ret = create_mdev(job->fixture, job->parent, "first",
				       job->uuid);
		cond_resched();
	} while (job->ret && !READ_ONCE(job->stop));
	complete_and_exit(&job->done, 0);
}

static int remove_fn(void *data)
{
	struct job *job = data;

	job->ret = remove_mdev(job->fixture, job->parent, job->uuid);
	complete_and_exit(&job->done, 0);
}

static int rescan_fn(void *data)
{
	struct job *job = data;

	job->ret = rescan_mdev(job->fixture, job->uuid);
	complete_and_exit(&job->done, 0);
}

static int unregister_fn(void *data)
{
	struct job *job = data;

	mdev_unregister_device(&job->parent->dev);
	complete_and_exit(&job->done, 0);
}

static struct job *job_start(struct kunit *test, int (*fn)(void *),
			     struct test_parent *parent, const char *uuid)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	init_completion(&job->done);
	job->fixture = test->priv;
	job->parent = parent;
	job->uuid = uuid;
	task = kthread_run(fn, job, "mdev-kunit");
	if (IS_ERR(task)) {
		kfree(job);
		job = NULL;
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);

	return job;
}

/* A job that does not end keeps its memory. */
static int job_join(struct kunit *test, struct job *job)
{
	int ret;

	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&job->done, TIMEOUT),
			0UL);
	ret = job->ret;
	kfree(job);

	return ret;
}

/* Starts to create UUID_1, and returns when its probe waits */
static struct job *create_held(struct kunit *test, struct test_parent *parent)
{
	struct job *job;

	parent->hold = true;
	job = job_start(test, create_fn, parent, UUID_1);
	KUNIT_ASSERT_NE(test,
			wait_for_completion_timeout(&parent->entered, TIMEOUT),
			0UL);

	return job;
}

/* The driver that the parent names binds the mdev, once, and gets it back. */
static void mdev_created_bound_by_driver_of_parent(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_1), &a->driver.driver);
	expect_binds(test, a, 1, 1);
	KUNIT_EXPECT_TRUE(test, sysfs_exists(fixture, "bus/mdev/drivers/%s/%s",
					     a->driver.name, UUID_1));

	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	expect_binds(test, a, 1, 0);
	expect_nothing_left(test, a, UUID_1);
}

/* Of a parent that names a driver, create and remove are not called. */
static void mdev_created_callbacks_of_parent_unused(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	a->result = -ENXIO;
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->creates), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->destroys), 0);
}

/*
 * The writer of "create" gets the errno of probe. Probe is called only once,
 * so device_add() did not try to bind. Nothing is left, and the UUID is free.
 */
static void mdev_probe_failing_create_returns_errno(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	a->result = -ENXIO;
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->removes), 0);
	expect_nothing_left(test, a, UUID_1);

	a->result = 0;
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
}

/* Userspace does not get to see -EPROBE_DEFER, and nobody retries for it. */
static void mdev_probe_deferring_create_returns_eagain(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	a->result = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -EAGAIN);
	expect_nothing_left(test, a, UUID_1);

	a->result = 0;
	wait_for_device_probe();
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 1);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
}

/* Without a driver named, vfio_mdev binds and the parent is asked to create. */
static void parent_without_driver_create_takes_vfio_mdev(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct device_driver *drv;

	start_old(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "second", UUID_1), 0);
	drv = driver_of(test, UUID_1);
	KUNIT_ASSERT_TRUE(test, !!drv);
	KUNIT_EXPECT_STREQ(test, drv->name, "vfio_mdev");
	KUNIT_EXPECT_EQ(test, atomic_read(&a->creates), 1);
	KUNIT_EXPECT_EQ(test, a->type, 1U);

	KUNIT_EXPECT_EQ(test, driver_write(fixture, "vfio_mdev", "unbind",
					   UUID_1), 0);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), -ENODEV);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, "vfio_mdev", "bind",
					   UUID_1), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->destroys), 0);

	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->creates), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->destroys), 1);
	expect_binds(test, a, 0, 0);
	expect_nothing_left(test, a, UUID_1);
}

/* What the create callback of an old parent returns is what the writer gets. */
static void parent_without_driver_failing_create_returns_errno(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start_old(test, a);
	a->result = -ENOSPC;
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->destroys), 0);
	expect_nothing_left(test, a, UUID_1);

	a->result = 0;
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
}

/* A parent that could not create a single mdev is refused, without a trace. */
static void parent_ops_incomplete_register_returns_einval(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct attribute_group *no_types[] = { NULL };
	struct mdev_parent_ops ops;

	KUNIT_EXPECT_EQ(test, mdev_register_device(NULL, &a->ops), -EINVAL);
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, NULL), -EINVAL);

	ops = a->ops;
	ops.supported_type_groups = NULL;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops), -EINVAL);
	ops.supported_type_groups = no_types;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops), -EINVAL);

	ops = a->ops;
	ops.device_driver = NULL;
	ops.create = NULL;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops), -EINVAL);
	ops.create = test_create;
	ops.remove = NULL;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops), -EINVAL);

	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, TYPES,
					      dev_name(&a->dev)));

	/* The driver is enough. */
	ops = a->ops;
	ops.create = NULL;
	ops.remove = NULL;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops), 0);
	mdev_unregister_device(&a->dev);
}

/* A parent may name only a driver that is registered. */
static void parent_driver_unregistered_register_returns_einval(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	mdev_unregister_driver(&a->driver);
	a->driver_registered = false;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &a->ops), -EINVAL);
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, TYPES,
					      dev_name(&a->dev)));
}

/* The second registration of a parent fails and leaves the first alone. */
static void parent_registered_register_returns_eexist(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &a->ops), -EEXIST);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
}

/* If a type cannot be added, those before it go, and the parent can retry. */
static void parent_type_bad_register_leaves_nothing(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct attribute_group *bad_types[] = {
		&first_type, &second_type, &nameless_type, NULL
	};
	struct mdev_parent_ops ops = a->ops;

	ops.supported_type_groups = bad_types;
	KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops), -EINVAL);
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, TYPES,
					      dev_name(&a->dev)));
	start(test, a);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
}

/*
 * Nobody creates an mdev while its parent is being registered, though the files
 * of its first types are there: if a later one fails, the parent never was.
 */
static void parent_type_bad_register_lets_nobody_create(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct attribute_group *bad_types[] = {
		&first_type, &second_type, &nameless_type, NULL
	};
	struct mdev_parent_ops ops = a->ops;
	struct job *creating;
	int i, ret;

	ops.supported_type_groups = bad_types;
	creating = job_start(test, create_often_fn, a, UUID_1);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, mdev_register_device(&a->dev, &ops),
				-EINVAL);
	WRITE_ONCE(creating->stop, true);
	ret = job_join(test, creating);
	if (ret != -ENOENT)
		KUNIT_EXPECT_EQ(test, ret, -ENODEV);
	expect_binds(test, a, 0, 0);
	expect_nothing_left(test, a, UUID_1);
}

/* Each of two parents gets its mdevs bound by its own driver only. */
static void parents_two_create_binds_own_driver(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a, *b = fixture->b;

	start(test, a);
	start(test, b);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, b, "first", UUID_2), 0);
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_1), &a->driver.driver);
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_2), &b->driver.driver);
	expect_binds(test, a, 1, 1);
	expect_binds(test, b, 1, 1);
}

/*
 * No path binds an mdev to a driver that its parent has not named: not the
 * bind file, not drivers_probe, not the driver being registered later, and
 * not device_driver_attach(), which does not ask match.
 */
static void mdev_unbound_other_driver_refused(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a, *b = fixture->b;
	struct device *dev;

	start(test, b);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, b, "first", UUID_1), 0);
	dev = bus_find_device_by_name(&mdev_bus_type, NULL, UUID_1);
	KUNIT_ASSERT_TRUE(test, !!dev);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, b->driver.name, "unbind",
					   UUID_1), 0);

	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), -ENODEV);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, "vfio_mdev", "bind",
					   UUID_1), -ENODEV);
	KUNIT_EXPECT_EQ(test, device_driver_attach(&a->driver.driver, dev),
			-EINVAL);

	/* The driver of a is the first of the two on the bus. */
	KUNIT_EXPECT_EQ(test, rescan_mdev(fixture, UUID_1), 0);
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_1), &b->driver.driver);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, b->driver.name, "unbind",
					   UUID_1), 0);

	mdev_unregister_driver(&a->driver);
	KUNIT_EXPECT_EQ(test, mdev_register_driver(&a->driver, THIS_MODULE), 0);
	KUNIT_EXPECT_TRUE(test, !driver_of(test, UUID_1));

	expect_binds(test, a, 0, 0);
	expect_binds(test, b, 2, 0);
	put_device(dev);
}

/* After unbind, the bind file of the right driver binds again. */
static void mdev_unbound_bind_binds_again(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), -EBUSY);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "unbind",
					   UUID_1), 0);
	expect_binds(test, a, 1, 0);
	KUNIT_EXPECT_TRUE(test, !driver_of(test, UUID_1));

	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), 0);
	expect_binds(test, a, 2, 1);
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_1), &a->driver.driver);

	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	expect_binds(test, a, 2, 0);
	expect_nothing_left(test, a, UUID_1);
}

/* After unbind, drivers_probe finds the right driver. */
static void mdev_unbound_drivers_probe_binds_again(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "unbind",
					   UUID_1), 0);
	KUNIT_EXPECT_EQ(test, rescan_mdev(fixture, UUID_1), 0);
	expect_binds(test, a, 2, 1);
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_1), &a->driver.driver);
}

/*
 * A failed bind after the creation leaves the mdev, without a driver and an
 * IOMMU group. It can be bound later, or removed.
 */
static void mdev_unbound_bind_failing_leaves_mdev(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "unbind",
					   UUID_1), 0);
	a->result = -ENXIO;
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), -ENXIO);
	KUNIT_EXPECT_TRUE(test, !driver_of(test, UUID_1));
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, "kernel/iommu_groups/%d",
					      a->iommu_group));
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -EEXIST);

	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->removes), PROBES_PER_BIND);
	expect_nothing_left(test, a, UUID_1);
}

/* A UUID can be used once, whatever the parent, and again after removal. */
static void uuid_taken_create_returns_eexist(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a, *b = fixture->b;

	start(test, a);
	start(test, b);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -EEXIST);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "second", UUID_1), -EEXIST);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, b, "first", UUID_1), -EEXIST);
	expect_binds(test, a, 1, 1);
	expect_binds(test, b, 0, 0);

	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, b, "first", UUID_1), 0);
}

/* Of two that create the same UUID at once, one wins, the other is told. */
static void uuid_same_two_creators_one_wins(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a, *b = fixture->b, *winner;
	struct job *job_a, *job_b;
	int i, ret_a, ret_b;

	start(test, a);
	start(test, b);
	for (i = 0; i < ROUNDS; i++) {
		job_a = job_start(test, create_fn, a, UUID_1);
		job_b = job_start(test, create_fn, b, UUID_1);
		ret_a = job_join(test, job_a);
		ret_b = job_join(test, job_b);
		winner = ret_a ? b : a;
		KUNIT_ASSERT_EQ(test, ret_a + ret_b, -EEXIST);
		KUNIT_ASSERT_EQ(test, remove_mdev(fixture, winner, UUID_1), 0);
	}
}

/* The UUID is free when "remove" returns, even if someone holds the device. */
static void uuid_of_removed_mdev_held_is_free(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct device *dev;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	dev = bus_find_device_by_name(&mdev_bus_type, NULL, UUID_1);
	KUNIT_ASSERT_TRUE(test, !!dev);

	KUNIT_EXPECT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	put_device(dev);

	/* And releasing the old one does not free that of the new one. */
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -EEXIST);
}

/* What is no UUID is refused before anything happens. */
static void uuid_bad_create_returns_einval(struct kunit *test)
{
	static const char * const bad[] = {
		"1",
		"a2e34c1b-0d5f-4f7b-9b7c-1a0f5e6d7c8",
		"a2e34c1b-0d5f-4f7b-9b7c-1a0f5e6d7c811\n",
		"a2e34c1b-0d5f-4f7b-9b7c-1a0f5e6d7c8g",
		"a2e34c1b00d5f04f7b09b7c01a0f5e6d7c81",
	};
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	int i;

	start(test, a);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", bad[i]),
				-EINVAL);
	expect_binds(test, a, 0, 0);

	/* With a newline, as echo(1) writes it, it is one. */
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1 "\n"), 0);
}

/* A parent that goes takes its mdevs with it, bound or not. */
static void parent_with_mdevs_unregister_removes_them(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "second", UUID_2), 0);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "unbind",
					   UUID_1), 0);
	expect_binds(test, a, 2, 1);

	mdev_unregister_device(&a->dev);
	expect_binds(test, a, 2, 0);
	expect_nothing_left(test, a, UUID_1);
	expect_nothing_left(test, a, UUID_2);
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, TYPES,
					      dev_name(&a->dev)));
}

/* Who holds an mdev may ask for its parent and type even when all is gone. */
static void mdev_held_parent_unregistered_keeps_parent_and_type(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct mdev_device *mdev;
	struct device *dev;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "third", UUID_1), 0);
	dev = bus_find_device_by_name(&mdev_bus_type, NULL, UUID_1);
	KUNIT_ASSERT_TRUE(test, !!dev);

	mdev_unregister_device(&a->dev);
	mdev = mdev_from_dev(dev);
	KUNIT_EXPECT_PTR_EQ(test, mdev_parent_dev(mdev), &a->dev);
	KUNIT_EXPECT_EQ(test, mdev_get_type_group_id(mdev), 2U);
	put_device(dev);
}

/*
 * While probe runs for its creator, nobody else binds the mdev or takes its
 * UUID, and after the failure of probe nobody has bound it.
 */
static void mdev_in_creation_other_paths_do_not_bind(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct job *creating, *probing;

	start(test, a);
	a->result = -ENXIO;
	creating = create_held(test, a);
	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), -ENODEV);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_1), -EEXIST);
	probing = job_start(test, rescan_fn, a, UUID_1);
	msleep(20);

	complete(&a->go);
	KUNIT_EXPECT_EQ(test, job_join(test, creating), -ENXIO);
	job_join(test, probing);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->probes), 1);
	expect_nothing_left(test, a, UUID_1);
}

/*
 * Unregistering a parent waits for the creation under way, whose outcome is
 * that of probe, refuses new ones, and then removes the mdev.
 */
static void unregister_while_creating(struct kunit *test, int result)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct job *creating, *leaving;
	unsigned long end;
	int ret;

	start(test, a);
	a->result = result;
	creating = create_held(test, a);

	/* Others fail in probe until the parent has begun to wait. */
	a->result = -ENXIO;
	leaving = job_start(test, unregister_fn, a, NULL);
	end = jiffies + TIMEOUT;
	while ((ret = create_mdev(fixture, a, "second", UUID_2)) == -ENXIO &&
	       time_before(jiffies, end))
		msleep(20);
	KUNIT_EXPECT_EQ(test, ret, -ENODEV);
	KUNIT_EXPECT_FALSE(test, completion_done(&leaving->done));

	a->result = result;
	complete(&a->go);
	KUNIT_EXPECT_EQ(test, job_join(test, creating), result);
	job_join(test, leaving);
	expect_nothing_left(test, a, UUID_1);
	expect_nothing_left(test, a, UUID_2);
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, TYPES,
					      dev_name(&a->dev)));
}

/* See unregister_while_creating(): the mdev is created, then removed. */
static void mdev_in_creation_parent_unregistered_removed(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;

	unregister_while_creating(test, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fixture->a->removes),
			PROBES_PER_BIND);
}

/* See unregister_while_creating(): the creator gets the error of probe. */
static void mdev_in_failing_creation_parent_unregistered(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;

	unregister_while_creating(test, -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&fixture->a->removes), 0);
}

/* A write to "remove" and its parent's removal end in one removal. */
static void mdev_in_removal_parent_unregistered_removed_once(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct job *removing, *leaving;
	int i, ret;

	for (i = 0; i < ROUNDS; i++) {
		start(test, a);
		KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
		removing = job_start(test, remove_fn, a, UUID_1);
		leaving = job_start(test, unregister_fn, a, NULL);
		ret = job_join(test, removing);
		job_join(test, leaving);
		if (ret != -ENOENT && ret != -ENODEV)
			KUNIT_ASSERT_EQ(test, ret, 0);
		KUNIT_ASSERT_EQ(test, atomic_read(&a->removes),
				atomic_read(&a->probes));
	}
	expect_nothing_left(test, a, UUID_1);
}

/*
 * When the driver goes before its parent, its mdevs stay without a driver and
 * new ones are refused. When it comes back, it binds what is there.
 */
static void driver_unregistered_under_parent_create_returns_einval(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	mdev_unregister_driver(&a->driver);
	a->driver_registered = false;
	expect_binds(test, a, 1, 0);
	KUNIT_EXPECT_TRUE(test, !driver_of(test, UUID_1));

	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_2), -EINVAL);
	expect_nothing_left(test, a, UUID_2);
	expect_binds(test, a, 1, 0);

	KUNIT_ASSERT_EQ(test, mdev_register_driver(&a->driver, THIS_MODULE), 0);
	a->driver_registered = true;
	KUNIT_EXPECT_PTR_EQ(test, driver_of(test, UUID_1), &a->driver.driver);
	KUNIT_EXPECT_EQ(test, create_mdev(fixture, a, "first", UUID_2), 0);
}

/* The index of a type is its place in supported_type_groups. */
static void type_index_is_place_in_groups(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	char want[12], got[12];
	unsigned int i;

	start(test, a);
	for (i = 0; i < ARRAY_SIZE(type_names); i++) {
		KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, type_names[i], UUID_1),
				0);
		KUNIT_EXPECT_EQ(test, a->type, i);
		KUNIT_ASSERT_EQ(test, remove_mdev(fixture, a, UUID_1), 0);

		KUNIT_ASSERT_EQ(test, sysfs_read(fixture, got, sizeof(got),
						 TYPE "/index",
						 dev_name(&a->dev),
						 parent_bus.name,
						 type_names[i]), 0);
		snprintf(want, sizeof(want), "%u", i);
		KUNIT_EXPECT_STREQ(test, (const char *)got, (const char *)want);
	}
}

/*
 * Attributes in the dev_groups of the driver are there while the mdev is
 * bound. mdev_register_driver() leaves them alone.
 */
static void driver_dev_groups_exist_while_bound(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	char buf[32];

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	KUNIT_EXPECT_EQ(test, sysfs_read(fixture, buf, sizeof(buf),
					 "devices/%s/%s/parent",
					 dev_name(&a->dev), UUID_1), 0);
	KUNIT_EXPECT_STREQ(test, (const char *)buf, dev_name(&a->dev));

	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "unbind",
					   UUID_1), 0);
	KUNIT_EXPECT_FALSE(test, sysfs_exists(fixture, "devices/%s/%s/parent",
					      dev_name(&a->dev), UUID_1));

	KUNIT_EXPECT_EQ(test, driver_write(fixture, a->driver.name, "bind",
					   UUID_1), 0);
	KUNIT_EXPECT_TRUE(test, sysfs_exists(fixture, "devices/%s/%s/parent",
					     dev_name(&a->dev), UUID_1));
}

/*
 * vfio_iommu_type1 looks up two symbols of mdev.ko at run time. It must find
 * them, and by them the IOMMU device that was set.
 */
static void mdev_iommu_device_found_by_symbol(struct kunit *test)
{
	struct device *(*get_iommu_device)(struct device *dev);
	struct mdev_fixture *fixture = test->priv;
	struct test_parent *a = fixture->a;
	struct device *dev, *found = NULL;
	struct bus_type *bus;

	start(test, a);
	KUNIT_ASSERT_EQ(test, create_mdev(fixture, a, "first", UUID_1), 0);
	dev = bus_find_device_by_name(&mdev_bus_type, NULL, UUID_1);
	KUNIT_ASSERT_TRUE(test, !!dev);
	KUNIT_EXPECT_EQ(test, mdev_set_iommu_device(dev, &fixture->b->dev), 0);

	bus = symbol_get(mdev_bus_type);
	KUNIT_EXPECT_PTR_EQ(test, bus, dev->bus);
	if (bus)
		symbol_put(mdev_bus_type);

	get_iommu_device = symbol_get(mdev_get_iommu_device);
	if (get_iommu_device) {
		found = get_iommu_device(dev);
		symbol_put(mdev_get_iommu_device);
	}
	KUNIT_EXPECT_PTR_EQ(test, found, &fixture->b->dev);
	put_device(dev);
}

static void test_parent_release(struct device *dev)
{
	kfree(container_of(dev, struct test_parent, dev));
}

static struct test_parent *test_parent_new(const char *name)
{
	struct test_parent *parent = kzalloc(sizeof(*parent), GFP_KERNEL);

	if (!parent)
		return NULL;

	parent->driver.name = name;
	parent->driver.probe = test_probe;
	parent->driver.remove = test_remove;
	parent->driver.driver.dev_groups = mdev_groups;
	parent->ops.owner = THIS_MODULE;
	parent->ops.device_driver = &parent->driver;
	parent->ops.supported_type_groups = types;
	parent->ops.create = test_create;
	parent->ops.remove = test_destroy;
	parent->iommu_group = -1;
	init_completion(&parent->entered);
	init_completion(&parent->go);

	parent->dev.bus = &parent_bus;
	parent->dev.release = test_parent_release;
	device_initialize(&parent->dev);
	if (dev_set_name(&parent->dev, "%s", name) ||
	    device_add(&parent->dev)) {
		put_device(&parent->dev);
		return NULL;
	}
	parent->driver_registered = !mdev_register_driver(&parent->driver,
							  THIS_MODULE);

	return parent;
}

static void test_parent_free(struct test_parent *parent)
{
	if (!parent)
		return;

	mdev_unregister_device(&parent->dev);
	if (parent->driver_registered)
		mdev_unregister_driver(&parent->driver);
	device_unregister(&parent->dev);
}

static int mdev_test_init(struct kunit *test)
{
	struct mdev_fixture *fixture;
	int ret;

	fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture);

	ret = bus_register(&parent_bus);
	KUNIT_ASSERT_EQ(test, ret, 0);
	test->priv = fixture;

	/* sysfs is no module: there is no reference to give back. */
	fixture->sysfs = kern_mount(get_fs_type("sysfs"));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->sysfs);

	fixture->a = test_parent_new("mdev_kunit_a");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->a);
	KUNIT_ASSERT_TRUE(test, fixture->a->driver_registered);

	fixture->b = test_parent_new("mdev_kunit_b");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->b);
	KUNIT_ASSERT_TRUE(test, fixture->b->driver_registered);

	return 0;
}

/* It is called after mdev_test_init() has failed, too. */
static void mdev_test_exit(struct kunit *test)
{
	struct mdev_fixture *fixture = test->priv;

	if (!fixture)
		return;

	test_parent_free(fixture->b);
	test_parent_free(fixture->a);
	if (!IS_ERR_OR_NULL(fixture->sysfs))
		kern_unmount(fixture->sysfs);
	bus_unregister(&parent_bus);
}

static struct kunit_case mdev_test_cases[] = {
	KUNIT_CASE(mdev_created_bound_by_driver_of_parent),
	KUNIT_CASE(mdev_created_callbacks_of_parent_unused),
	KUNIT_CASE(mdev_probe_failing_create_returns_errno),
	KUNIT_CASE(mdev_probe_deferring_create_returns_eagain),
	KUNIT_CASE(parent_without_driver_create_takes_vfio_mdev),
	KUNIT_CASE(parent_without_driver_failing_create_returns_errno),
	KUNIT_CASE(parent_ops_incomplete_register_returns_einval),
	KUNIT_CASE(parent_driver_unregistered_register_returns_einval),
	KUNIT_CASE(parent_registered_register_returns_eexist),
	KUNIT_CASE(parent_type_bad_register_leaves_nothing),
	KUNIT_CASE(parent_type_bad_register_lets_nobody_create),
	KUNIT_CASE(parents_two_create_binds_own_driver),
	KUNIT_CASE(mdev_unbound_other_driver_refused),
	KUNIT_CASE(mdev_unbound_bind_binds_again),
	KUNIT_CASE(mdev_unbound_drivers_probe_binds_again),
	KUNIT_CASE(mdev_unbound_bind_failing_leaves_mdev),
	KUNIT_CASE(uuid_taken_create_returns_eexist),
	KUNIT_CASE(uuid_same_two_creators_one_wins),
	KUNIT_CASE(uuid_of_removed_mdev_held_is_free),
	KUNIT_CASE(uuid_bad_create_returns_einval),
	KUNIT_CASE(parent_with_mdevs_unregister_removes_them),
	KUNIT_CASE(mdev_held_parent_unregistered_keeps_parent_and_type),
	KUNIT_CASE(mdev_in_creation_other_paths_do_not_bind),
	KUNIT_CASE(mdev_in_creation_parent_unregistered_removed),
	KUNIT_CASE(mdev_in_failing_creation_parent_unregistered),
	KUNIT_CASE(mdev_in_removal_parent_unregistered_removed_once),
	KUNIT_CASE(driver_unregistered_under_parent_create_returns_einval),
	KUNIT_CASE(type_index_is_place_in_groups),
	KUNIT_CASE(driver_dev_groups_exist_while_bound),
	KUNIT_CASE(mdev_iommu_device_found_by_symbol),
	{}
};

static struct kunit_suite mdev_test_suite = {
	.name = "mdev",
	.init = mdev_test_init,
	.exit = mdev_test_exit,
	.test_cases = mdev_test_cases,
};

kunit_test_suite(mdev_test_suite);

MODULE_DESCRIPTION("KUnit tests of the mdev bus");
MODULE_LICENSE("GPL v2");
