// SPDX-License-Identifier: GPL-2.0
/*
 * The host bridge, the bus and the configuration space of the functions.
 *
 * The PCI core scans, sizes, stops and resets as on any bus. Function level
 * reset is there, because a halted device may need it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include "dsa_sim.h"

#define CAP_EXP		0x40
#define CAP_MSIX	0x80

static struct pci_bus *sim_bus;
static struct pci_sysdata sim_sysdata = { .node = NUMA_NO_NODE };
static struct resource sim_busn = {
	.name	= "dsa_sim bus",
	.start	= 0,
	/* the core drops a resource that ends at 0 */
	.end	= 0xff,
	.flags	= IORESOURCE_BUS | IORESOURCE_PCI_FIXED,
};

static u32 cfg_get(const u8 *cfg, int where, int size)
{
	u32 value = 0;

	memcpy(&value, cfg + where, size);
	return value;
}

static void cfg_put(u8 *cfg, int where, int size, u32 value)
{
	memcpy(cfg + where, &value, size);
}

static void cfg_put_bar(struct sim_dev *sim, int bar, phys_addr_t addr,
			size_t size)
{
	int where = PCI_BASE_ADDRESS_0 + 4 * bar;

	cfg_put(sim->cfg, where, 4,
		lower_32_bits(addr) | PCI_BASE_ADDRESS_MEM_TYPE_64);
	cfg_put(sim->cfg, where + 4, 4, upper_32_bits(addr));
	cfg_put(sim->cfg_mask, where, 4, ~(u32)(size - 1));
	cfg_put(sim->cfg_mask, where + 4, 4, ~0U);
}

/*
 * As after power-on, and after the firmware gave addresses to the BARs. The
 * kernel could not: x86 gives away nothing that lies in reserved memory.
 */
void sim_cfg_reset(struct sim_dev *sim)
{
	u8 *cfg = sim->cfg, *mask = sim->cfg_mask;

	memset(cfg, 0, sizeof(sim->cfg));
	memset(mask, 0, sizeof(sim->cfg_mask));
	cfg_put(cfg, PCI_VENDOR_ID, 2, PCI_VENDOR_ID_INTEL);
	cfg_put(cfg, PCI_DEVICE_ID, 2, PCI_DEVICE_ID_INTEL_DSA_SPR0);
	cfg_put(mask, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		PCI_COMMAND_INTX_DISABLE);
	cfg_put(cfg, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	cfg_put(cfg, PCI_CLASS_DEVICE, 2, PCI_CLASS_SYSTEM_OTHER);
	cfg_put(mask, PCI_CACHE_LINE_SIZE, 1, 0xff);
	cfg_put_bar(sim, IDXD_MMIO_BAR, sim->home[0], sim->bar_size[0]);
	cfg_put_bar(sim, IDXD_WQ_BAR, sim->home[1], sim->bar_size[1]);
	cfg_put(cfg, PCI_SUBSYSTEM_VENDOR_ID, 2, PCI_VENDOR_ID_INTEL);
	cfg_put(cfg, PCI_CAPABILITY_LIST, 1, CAP_EXP);

	cfg_put(cfg, CAP_EXP, 2, PCI_CAP_ID_EXP | CAP_MSIX << 8);
	cfg_put(cfg, CAP_EXP + PCI_EXP_FLAGS, 2, 2 | PCI_EXP_TYPE_RC_END << 4);
	cfg_put(cfg, CAP_EXP + PCI_EXP_DEVCAP, 4,
		PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	cfg_put(mask, CAP_EXP + PCI_EXP_DEVCTL, 2,
		PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
		PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
		PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN);

	cfg_put(cfg, CAP_MSIX, 2, PCI_CAP_ID_MSIX);
	cfg_put(cfg, CAP_MSIX + PCI_MSIX_FLAGS, 2, sim->shape.vectors - 1);
	cfg_put(mask, CAP_MSIX + PCI_MSIX_FLAGS, 2,
		PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	cfg_put(cfg, CAP_MSIX + PCI_MSIX_TABLE, 4,
		SIM_MSIX_TABLE | IDXD_MMIO_BAR);
	cfg_put(cfg, CAP_MSIX + PCI_MSIX_PBA, 4, SIM_MSIX_PBA | IDXD_MMIO_BAR);
}

bool sim_bus_master(struct sim_dev *sim)
{
	return cfg_get(sim->cfg, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

u16 sim_msix_flags(struct sim_dev *sim)
{
	return cfg_get(sim->cfg, CAP_MSIX + PCI_MSIX_FLAGS, 2);
}

static phys_addr_t cfg_bar(struct sim_dev *sim, int bar)
{
	int where = PCI_BASE_ADDRESS_0 + 4 * bar;
	u64 addr = cfg_get(sim->cfg, where, 4) & PCI_BASE_ADDRESS_MEM_MASK;

	return addr | (u64)cfg_get(sim->cfg, where + 4, 4) << 32;
}

/* What the driver reads has to be where the BARs are now. */
static void sim_decode(struct sim_dev *sim)
{
	phys_addr_t bar[2] = {
		cfg_bar(sim, IDXD_MMIO_BAR), cfg_bar(sim, IDXD_WQ_BAR)
	};
	bool decoding = cfg_get(sim->cfg, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
	u8 __iomem *bar0 = NULL;

	if (decoding)
		bar0 = sim_map(bar[0], sim->bar_size[0]);
	/* Outside of the window nothing answers. */
	sim->decoding = bar0 && sim_map(bar[1], sim->bar_size[1]);
	sim->bar[0] = bar[0];
	sim->bar[1] = bar[1];
	if (sim->decoding && sim->bar0 != bar0) {
		sim->bar0 = bar0;
		sim_regs_publish(sim);
		sim_msix_mask_all(sim);
	}
}

static void sim_flr(struct sim_dev *sim)
{
	sim_cfg_reset(sim);
	sim_regs_reset(sim);
	if (sim->bar0)
		sim_msix_mask_all(sim);
}

static struct sim_dev *sim_of(unsigned int devfn)
{
	unsigned int slot = PCI_SLOT(devfn);

	return PCI_FUNC(devfn) || slot >= sim_count ? NULL : &sim_devs[slot];
}

static int sim_cfg_read(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 *value)
{
	struct sim_dev *sim = sim_of(devfn);
	unsigned long flags;

	*value = ~0U;
	if (!sim || bus->number || where + size > PCI_CFG_SPACE_SIZE)
		return PCIBIOS_DEVICE_NOT_FOUND;
	raw_spin_lock_irqsave(&sim->lock, flags);
	*value = cfg_get(sim->cfg, where, size);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
	return PCIBIOS_SUCCESSFUL;
}

static int sim_cfg_write(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 value)
{
	struct sim_dev *sim = sim_of(devfn);
	unsigned long flags;
	u32 old, mask;

	if (!sim || bus->number || where + size > PCI_CFG_SPACE_SIZE)
		return PCIBIOS_DEVICE_NOT_FOUND;
	raw_spin_lock_irqsave(&sim->lock, flags);
	old = cfg_get(sim->cfg, where, size);
	mask = cfg_get(sim->cfg_mask, where, size);
	cfg_put(sim->cfg, where, size, (old & ~mask) | (value & mask));
	if (where == CAP_EXP + PCI_EXP_DEVCTL &&
	    (value & PCI_EXP_DEVCTL_BCR_FLR))
		sim_flr(sim);
	sim_decode(sim);
	sim_msix_update(sim);
	sim_kick(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops sim_pci_ops = {
	.read	= sim_cfg_read,
	.write	= sim_cfg_write,
};

static void sim_set_pdev(struct sim_dev *sim, struct pci_dev *pdev)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	sim->pdev = pdev;
	sim_msix_update(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}

static void sim_claim(struct pci_dev *pdev, int bar)
{
	if (pci_claim_resource(pdev, bar))
		pci_err(pdev, "BAR %d is not where it was put\n", bar);
}

/*
 * A function was found, by the first scan or again after its removal. Its BARs
 * are claimed before the core would try to find other places for them.
 */
static void sim_added(struct sim_dev *sim, struct pci_dev *pdev)
{
	int rc;

	sim_claim(pdev, IDXD_MMIO_BAR);
	sim_claim(pdev, IDXD_WQ_BAR);
	rc = sim_iommu_add(sim, pdev);
	if (rc)
		pci_err(pdev, "no IOMMU, error %d\n", rc);
	sim_set_pdev(sim, pdev);
}

static void sim_removed(struct sim_dev *sim, struct pci_dev *pdev)
{
	sim_set_pdev(sim, NULL);
	sim_iommu_remove(sim, pdev);
}

static int sim_notify(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	struct sim_dev *sim;

	if (pdev->bus->ops != &sim_pci_ops)
		return NOTIFY_DONE;
	sim = sim_of(pdev->devfn);
	if (action == BUS_NOTIFY_ADD_DEVICE)
		sim_added(sim, pdev);
	else if (action == BUS_NOTIFY_REMOVED_DEVICE)
		sim_removed(sim, pdev);
	return NOTIFY_DONE;
}

static struct notifier_block sim_nb = { .notifier_call = sim_notify };

/* Beyond those of ACPI, which have 16 bits. */
static int sim_free_domain(void)
{
	struct pci_bus *bus = NULL;
	int domain = 0xffff;

	while ((bus = pci_find_next_bus(bus)))
		domain = max(domain, pci_domain_nr(bus));
	return domain + 1;
}

int sim_pci_add(struct resource *window)
{
	LIST_HEAD(resources);
	int rc;

	sim_sysdata.domain = sim_free_domain();
	pci_add_resource(&resources, &sim_busn);
	pci_add_resource(&resources, window);
	rc = bus_register_notifier(&pci_bus_type, &sim_nb);
	if (rc)
		goto err_list;

	pci_lock_rescan_remove();
	sim_bus = pci_create_root_bus(NULL, 0, &sim_pci_ops, &sim_sysdata,
				      &resources);
	if (!sim_bus) {
		pci_unlock_rescan_remove();
		rc = -ENODEV;
		goto err_notifier;
	}
	pci_scan_child_bus(sim_bus);
	pci_bus_add_devices(sim_bus);
	pci_unlock_rescan_remove();
	return 0;

err_notifier:
	bus_unregister_notifier(&pci_bus_type, &sim_nb);
err_list:
	pci_free_resource_list(&resources);
	return rc;
}

void sim_pci_remove(void)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(sim_bus->bridge);

	pci_lock_rescan_remove();
	pci_stop_root_bus(sim_bus);
	pci_remove_root_bus(sim_bus);
	pci_unlock_rescan_remove();
	/* the core takes the bridge away, and leaves it to whoever made it */
	pci_free_host_bridge(bridge);
	bus_unregister_notifier(&pci_bus_type, &sim_nb);
}
