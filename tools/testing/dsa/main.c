// SPDX-License-Identifier: GPL-2.0
/*
 * A simulated Intel Data Streaming Accelerator, for the driver idxd.
 *
 *	host bridge, a PCI domain of its own (10000:00 if there is none other)
 *	  |
 *	  +- 00.0  8086:0b25  dsa0: 4 groups, 4 engines, 8 queues, 9 vectors
 *	  |          BAR 0  registers, group and queue tables, MSI-X
 *	  |          BAR 2  portals, four pages for each queue
 *	  +- 01.0  8086:0b25  dsa1: 1 group, 1 engine, 2 queues, 3 vectors
 *	             BAR 0, BAR 2
 *
 * The driver runs as it is. Its BARs are memory that was set aside at boot, so
 * it reads registers by itself. Writes have effects, so they are caught on
 * their way (trap.c). Time passes in a hard timer interrupt, not in a thread,
 * because the driver's threaded interrupt handlers have real-time priority.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/module.h>
#include "dsa_sim.h"

struct sim_dev sim_devs[SIM_DEVICES];

unsigned int sim_count = 2;
module_param_named(devices, sim_count, uint, 0444);
MODULE_PARM_DESC(devices, "number of devices, 1 to 4 (default 2)");

static unsigned int groups[SIM_DEVICES] = { 4, 1, 4, 1 };
module_param_array(groups, uint, NULL, 0444);
MODULE_PARM_DESC(groups, "groups of each device, 1 to 16 (default 4,1,4,1)");

static unsigned int engines[SIM_DEVICES] = { 4, 1, 4, 1 };
module_param_array(engines, uint, NULL, 0444);
MODULE_PARM_DESC(engines, "engines of each device, 1 to 16 (default 4,1,4,1)");

static unsigned int wqs[SIM_DEVICES] = { 8, 2, 8, 2 };
module_param_array(wqs, uint, NULL, 0444);
MODULE_PARM_DESC(wqs, "queues of each device, 1 to 32 (default 8,2,8,2)");

static unsigned int wq_size[SIM_DEVICES] = { 128, 16, 128, 16 };
module_param_array(wq_size, uint, NULL, 0444);
MODULE_PARM_DESC(wq_size,
		 "descriptors in all queues of each device together, 1 to 1024 (default 128,16,128,16)");

static unsigned int vectors[SIM_DEVICES] = { 9, 3, 9, 3 };
module_param_array(vectors, uint, NULL, 0444);
MODULE_PARM_DESC(vectors, "MSI-X vectors of each device, 2 to 32 (default 9,3,9,3)");

unsigned int sim_latency_us = 100;
module_param_named(latency_us, sim_latency_us, uint, 0644);
MODULE_PARM_DESC(latency_us,
		 "microseconds from a descriptor to its completion; 0: before the submission returns (default 100)");

unsigned int sim_cmd_latency_us = 100;
module_param_named(cmd_latency_us, sim_cmd_latency_us, uint, 0644);
MODULE_PARM_DESC(cmd_latency_us,
		 "microseconds from a command to its completion; 0: before the write returns (default 100)");

static char *mem;
module_param(mem, charp, 0444);
MODULE_PARM_DESC(mem, "SIZE$ADDRESS of the memory for the BARs, as given to memmap= at boot");

/* The region, of which all but the first page is the bridge's window. */
static phys_addr_t region;
static size_t region_size;
static struct resource window = { .name = "dsa_sim" };
static u8 __iomem *window_map;
static phys_addr_t placed;

u8 __iomem *sim_map(phys_addr_t addr, size_t size)
{
	if (addr < window.start || addr + size - 1 > window.end)
		return NULL;
	return window_map + (addr - window.start);
}

/* The earliest moment at which there is something to do; 0 for none. */
static ktime_t sim_next(struct sim_dev *sim, ktime_t now)
{
	struct sim_desc *desc;
	ktime_t next = 0;

	/* A command past its time waits for descriptors. */
	if (sim->cmd_active && ktime_after(sim->cmd_due, now))
		next = sim->cmd_due;
	list_for_each_entry(desc, &sim->inflight, node)
		if (!desc->stuck && (!next || ktime_before(desc->due, next)))
			next = desc->due;
	if (sim->pending && sim->msix_on) {
		ktime_t poll = ktime_add_us(now, sim->poll_us);

		if (!next || ktime_before(poll, next))
			next = poll;
	}
	return next;
}

void sim_kick(struct sim_dev *sim)
{
	ktime_t now = ktime_get();
	ktime_t next;

	lockdep_assert_held(&sim->lock);
	sim_descs_run(sim, now);
	sim_cmd_run(sim, now);
	sim_deliver(sim);
	next = sim_next(sim, now);
	if (next)
		hrtimer_start(&sim->timer, next, HRTIMER_MODE_ABS_HARD);
}

static enum hrtimer_restart sim_timer(struct hrtimer *timer)
{
	struct sim_dev *sim = container_of(timer, struct sim_dev, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	sim_kick(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
	return HRTIMER_NORESTART;
}

/* The next naturally aligned part of the window; 0 when it is full. */
static phys_addr_t sim_place(size_t size)
{
	phys_addr_t addr = ALIGN(placed ?: window.start, size);

	if (addr + size - 1 > window.end)
		return 0;
	placed = addr + size;
	return addr;
}

static int sim_dev_init(struct sim_dev *sim, int id)
{
	unsigned int i;
	int rc;

	raw_spin_lock_init(&sim->lock);
	sim->id = id;
	sim->shape = (struct sim_shape) {
		.groups = groups[id],
		.engines = engines[id],
		.wqs = wqs[id],
		.wq_size = wq_size[id],
		.vectors = vectors[id],
	};
	if (!sim->shape.groups || sim->shape.groups > SIM_MAX_GROUPS ||
	    !sim->shape.engines || sim->shape.engines > SIM_MAX_ENGINES ||
	    !sim->shape.wqs || sim->shape.wqs > SIM_MAX_WQS ||
	    !sim->shape.wq_size || sim->shape.wq_size > SIM_MAX_WQ_SIZE ||
	    sim->shape.vectors < 2 || sim->shape.vectors > SIM_MAX_VECTORS) {
		pr_err("a parameter of device %d is out of its range\n", id);
		return -EINVAL;
	}
	for (i = 0; i < SIM_MAX_VECTORS; i++)
		sim->irq[i] = -1;
	hrtimer_init(&sim->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	sim->timer.function = sim_timer;
	sim->bar_size[0] = SIM_BAR0_SIZE;
	sim->bar_size[1] = roundup_pow_of_two(sim->shape.wqs *
					      SIM_PORTALS_PER_WQ * PAGE_SIZE);
	for (i = 0; i < 2; i++) {
		sim->home[i] = sim_place(sim->bar_size[i]);
		if (!sim->home[i]) {
			pr_err("mem=%s is too small for the BARs\n", mem);
			return -ENOSPC;
		}
	}
	rc = sim_descs_init(sim);
	if (rc)
		return rc;
	sim_cfg_reset(sim);
	sim_regs_reset(sim);
	return 0;
}

static void sim_dev_exit(struct sim_dev *sim)
{
	hrtimer_cancel(&sim->timer);
	sim_descs_exit(sim);
}

static int sim_covered(struct resource *res, void *arg)
{
	*(resource_size_t *)arg += resource_size(res);
	return 0;
}

/*
 * The memory must be what memmap= set aside, not just any hole: whatever lies
 * there is overwritten.
 */
static int sim_region_init(void)
{
	resource_size_t covered = 0;
	char *end;
	int rc;

	if (!mem) {
		pr_err("boot with memmap=SIZE$ADDRESS, and give the same as mem=SIZE$ADDRESS\n");
		return -EINVAL;
	}
	region_size = memparse(mem, &end);
	if (*end == '$')
		region = memparse(end + 1, &end);
	if (*end || !region || !PAGE_ALIGNED(region) ||
	    !PAGE_ALIGNED(region_size) || region_size < 2 * PAGE_SIZE) {
		pr_err("mem=%s: wanted is SIZE$ADDRESS, in whole pages\n", mem);
		return -EINVAL;
	}
	walk_iomem_res_desc(IORES_DESC_RESERVED, IORESOURCE_MEM, region,
			    region + region_size - 1, &covered, sim_covered);
	if (covered != region_size) {
		pr_err("%s is not reserved: boot with memmap=%s\n", mem, mem);
		return -EBUSY;
	}

	/*
	 * Smaller than the region, so that the window becomes its child. A
	 * window of the same size would be put above it.
	 */
	window.flags = IORESOURCE_MEM;
	window.start = region + PAGE_SIZE;
	window.end = region + region_size - 1;
	rc = insert_resource(&iomem_resource, &window);
	if (rc) {
		pr_err("the memory at %pa is in use\n", &region);
		return rc;
	}
	/* Uncached as in the driver: x86 refuses a mix of memory types. */
	window_map = ioremap(window.start, resource_size(&window));
	if (!window_map) {
		remove_resource(&window);
		return -ENOMEM;
	}
	return 0;
}

static void sim_region_exit(void)
{
	iounmap(window_map);
	remove_resource(&window);
}

static int __init sim_init(void)
{
	unsigned int i;
	int rc;

	if (!sim_count || sim_count > SIM_DEVICES) {
		pr_err("devices=%u: 1 to %d are possible\n", sim_count,
		       SIM_DEVICES);
		return -EINVAL;
	}
	rc = sim_iommu_init();
	if (rc)
		return rc;
	rc = sim_region_init();
	if (rc)
		return rc;
	for (i = 0; i < sim_count; i++) {
		rc = sim_dev_init(&sim_devs[i], i);
		if (rc)
			goto err_devs;
	}
	rc = sim_trap_init();
	if (rc)
		goto err_devs;
	sim_debugfs_init();
	rc = sim_pci_add(&window);
	if (rc)
		goto err_trap;
	return 0;

err_trap:
	sim_debugfs_exit();
	sim_trap_exit();
err_devs:
	while (i--)
		sim_dev_exit(&sim_devs[i]);
	sim_region_exit();
	return rc;
}
module_init(sim_init);

/* The driver's remove still sends commands, so the functions go first. */
static void __exit sim_exit(void)
{
	unsigned int i;

	sim_pci_remove();
	sim_debugfs_exit();
	sim_trap_exit();
	for (i = 0; i < sim_count; i++)
		sim_dev_exit(&sim_devs[i]);
	sim_region_exit();
}
module_exit(sim_exit);

MODULE_LICENSE("GPL v2");
MODULE_DESCRIPTION("Simulated Intel Data Streaming Accelerator");
