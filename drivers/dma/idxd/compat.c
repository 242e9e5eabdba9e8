// SPDX-License-Identifier: GPL-2.0
/*
 * The driver "dsa", as old tools know it
 *
 * It binds nothing itself. What is written to its "bind" file is bound by the
 * driver that the device or the type of the work queue asks for; the "unbind"
 * file takes whatever such a driver has bound.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>
#include "idxd.h"

#define NAME_SHOWN	64

/* Returns the device with a reference, or says that there is none. */
static struct device *compat_find(struct device_driver *compat,
				  const char *buf)
{
	struct device *dev = bus_find_device_by_name(compat->bus, NULL, buf);

	if (!dev)
		pr_warn("%s: there is no %.*s on the bus\n", compat->name,
			min_t(int, strcspn(buf, "\n"), NAME_SHOWN), buf);
	return dev;
}

struct compat_attach {
	struct device *dev;
	int rc;
};

/*
 * The driver may belong to a module that is being removed. It cannot leave the
 * bus while the walk is at it, so the attempt is made from here.
 */
static int compat_try(struct device_driver *drv, void *data)
{
	struct compat_attach *attach = data;

	if (!drv->bus->match(attach->dev, drv))
		return 0;

	attach->rc = device_driver_attach(drv, attach->dev);
	return 1;
}

static int compat_attach(struct device_driver *compat, struct device *dev)
{
	struct compat_attach attach = { .dev = dev };

	if (dsa_dev_type(dev) == DSA_DEV_NONE) {
		if (dev->type == &idxd_wq_device_type) {
			dev_warn(dev, "Write a type first, \"kernel\" or \"user\".\n");
			return -EINVAL;
		}
		dev_warn(dev, "Only devices and work queues can be enabled.\n");
		return -ENODEV;
	}

	/* no driver matches it before all of it is there */
	if (dev->type == &dsa_device_type &&
	    READ_ONCE(confdev_to_idxd(dev)->state) == IDXD_DEV_DISABLED) {
		dev_warn(dev, "Still being set up, try again later.\n");
		return -EAGAIN;
	}

	if (!bus_for_each_drv(compat->bus, NULL, &attach, compat_try)) {
		dev_warn(dev, "No driver for this; is the module idxd loaded?\n");
		return -ENODEV;
	}

	if (attach.rc == -EBUSY && READ_ONCE(dev->driver))
		dev_warn(dev, "Enabled already.\n");

	/* EPROBE_DEFER is not for userspace, which has to retry by itself. */
	return attach.rc == -EPROBE_DEFER ? -EAGAIN : attach.rc;
}

static ssize_t bind_store(struct device_driver *compat, const char *buf,
			  size_t count)
{
	struct device *dev = compat_find(compat, buf);
	int rc;

	if (!dev)
		return -ENODEV;

	rc = compat_attach(compat, dev);
	put_device(dev);

	return rc ?: count;
}
static DRIVER_ATTR_WO(bind);

/*
 * Whichever driver of the bus has the device, "bind" could have chosen it:
 * all bind by type. The lock of the parent, which the bus asks for, keeps
 * others from binding and unbinding while dev->driver is looked at.
 */
static ssize_t unbind_store(struct device_driver *compat, const char *buf,
			    size_t count)
{
	struct device *dev = compat_find(compat, buf);
	bool bound;

	if (!dev)
		return -ENODEV;

	if (dev->parent)
		device_lock(dev->parent);
	bound = dev->driver;
	if (bound)
		device_release_driver(dev);
	if (dev->parent)
		device_unlock(dev->parent);

	if (!bound)
		dev_warn(dev, "Not enabled.\n");
	put_device(dev);

	return bound ? count : -ENODEV;
}
static DRIVER_ATTR_WO(unbind);

static struct attribute *compat_attrs[] = {
	&driver_attr_bind.attr,
	&driver_attr_unbind.attr,
	NULL
};
ATTRIBUTE_GROUPS(compat);

static struct idxd_device_driver compat_drv = {
	.drv = {
		.name = "dsa",
		.groups = compat_groups,
		.suppress_bind_attrs = true,
	},
};

static int __init compat_init(void)
{
	return dsa_driver_register(&compat_drv);
}
module_init(compat_init);

static void __exit compat_exit(void)
{
	dsa_driver_unregister(&compat_drv);
}
module_exit(compat_exit);

/* Where idxd is built in, nothing else asks for this module. */
static const struct pci_device_id __maybe_unused compat_ids[] = {
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_DSA_SPR0) },
	{ }
};
MODULE_DEVICE_TABLE(pci, compat_ids);

MODULE_DESCRIPTION("The bind and unbind files of the driver dsa");
MODULE_LICENSE("GPL v2");
