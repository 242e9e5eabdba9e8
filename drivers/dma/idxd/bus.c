// SPDX-License-Identifier: GPL-2.0
/*
 * The dsa bus
 *
 * The bus only dispatches: which driver is for a device, or for a work queue,
 * follows from what it is. Whether it can be enabled just now is for the probe
 * function of that driver to judge, which has an errno for each reason.
 */
#include <linux/device.h>
#include <linux/module.h>
#include "idxd.h"

const struct device_type dsa_device_type = {
	.name = "dsa",
};
EXPORT_SYMBOL_GPL(dsa_device_type);

const struct device_type idxd_wq_device_type = {
	.name = "wq",
};
EXPORT_SYMBOL_GPL(idxd_wq_device_type);

/**
 * dsa_dev_type - what a device of the dsa bus is
 * @dev: the device
 *
 * The type of a work queue can change unless the lock of its device is held.
 *
 * Return: DSA_DEV_NONE for what no driver binds: a queue without type, a group,
 * an engine, or a character device.
 */
enum dsa_dev_type dsa_dev_type(struct device *dev)
{
	if (dev->type == &dsa_device_type)
		return DSA_DEV_IDXD;

	if (dev->type == &idxd_wq_device_type) {
		switch (READ_ONCE(confdev_to_wq(dev)->type)) {
		case IDXD_WQT_KERNEL:
			return DSA_DEV_WQ_KERNEL;
		case IDXD_WQT_USER:
			return DSA_DEV_WQ_USER;
		case IDXD_WQT_NONE:
			break;
		}
	}

	return DSA_DEV_NONE;
}
EXPORT_SYMBOL_GPL(dsa_dev_type);

static struct idxd_device_driver *to_idxd_drv(struct device_driver *drv)
{
	return container_of(drv, struct idxd_device_driver, drv);
}

static bool dsa_driver_is_for(struct device_driver *drv, struct device *dev)
{
	enum dsa_dev_type type = dsa_dev_type(dev);

	return type != DSA_DEV_NONE && to_idxd_drv(drv)->types & BIT(type);
}

/*
 * Enabling is left to the administrator: device_add() must not bind. It finds
 * every work queue without a type, and a device in the state that it leaves
 * when all of it is there.
 */
static int dsa_bus_match(struct device *dev, struct device_driver *drv)
{
	if (dev->type == &dsa_device_type &&
	    READ_ONCE(confdev_to_idxd(dev)->state) == IDXD_DEV_DISABLED)
		return 0;

	return dsa_driver_is_for(drv, dev);
}

/*
 * The type of a queue does not change while the lock of its device is held,
 * as it is here; it may have since somebody asked for it. Neither does
 * device_driver_attach() ask dsa_bus_match().
 */
static int dsa_bus_probe(struct device *dev)
{
	if (!dsa_driver_is_for(dev->driver, dev)) {
		dev_warn(dev, "Driver %s does not bind this; see the type.\n",
			 dev->driver->name);
		return -ENODEV;
	}

	return to_idxd_drv(dev->driver)->probe(dev);
}

static int dsa_bus_remove(struct device *dev)
{
	to_idxd_drv(dev->driver)->remove(dev);
	return 0;
}

/*
 * A queue cannot be bound or unbound while its device is, or another queue of
 * it: need_parent_lock makes the driver core take the device's lock first. It
 * is held already where unbinding a device unbinds its queues.
 */
struct bus_type dsa_bus_type = {
	.name = "dsa",
	.need_parent_lock = true,
	.match = dsa_bus_match,
	.probe = dsa_bus_probe,
	.remove = dsa_bus_remove,
};
EXPORT_SYMBOL_GPL(dsa_bus_type);

/**
 * __dsa_driver_register - add a driver to the dsa bus
 * @idxd_drv: the driver; its name, types, probe and remove are set
 * @owner: the module that it is part of
 * @mod_name: the name of that module
 *
 * It binds what has one of its types, but only when somebody asks for it; see
 * dsa_bus_match(). Use dsa_driver_register(). May sleep.
 *
 * Return: 0, or the errno of driver_register(), such as -EBUSY for a name that
 * is taken.
 */
int __dsa_driver_register(struct idxd_device_driver *idxd_drv,
			  struct module *owner, const char *mod_name)
{
	struct device_driver *drv = &idxd_drv->drv;

	drv->bus = &dsa_bus_type;
	drv->owner = owner;
	drv->mod_name = mod_name;

	return driver_register(drv);
}
EXPORT_SYMBOL_GPL(__dsa_driver_register);

/**
 * dsa_driver_unregister - remove a driver from the dsa bus
 * @idxd_drv: the driver
 *
 * Whatever it has bound is unbound. May sleep.
 */
void dsa_driver_unregister(struct idxd_device_driver *idxd_drv)
{
	driver_unregister(&idxd_drv->drv);
}
EXPORT_SYMBOL_GPL(dsa_driver_unregister);

static int __init dsa_bus_init(void)
{
	return bus_register(&dsa_bus_type);
}
module_init(dsa_bus_init);

static void __exit dsa_bus_exit(void)
{
	bus_unregister(&dsa_bus_type);
}
module_exit(dsa_bus_exit);

MODULE_DESCRIPTION("Bus of the Intel data accelerators and their work queues");
MODULE_LICENSE("GPL v2");
