// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts. The kernel writes the MSI-X table behind our back, as it does
 * with hardware; only its mask bits matter here. The message is not sent as
 * the table says, but by injecting the Linux interrupt that belongs to it.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/msi.h>
#include "dsa_sim.h"

/* Nobody tells when a vector is unmasked; this is how often to look. */
#define POLL_MIN_US	50U
#define POLL_MAX_US	5000U

static u8 __iomem *msix_ctrl(struct sim_dev *sim, unsigned int vector)
{
	return sim->bar0 + SIM_MSIX_TABLE + vector * PCI_MSIX_ENTRY_SIZE +
		PCI_MSIX_ENTRY_VECTOR_CTRL;
}

void sim_msix_mask_all(struct sim_dev *sim)
{
	unsigned int i;

	for (i = 0; i < sim->shape.vectors; i++)
		writel(PCI_MSIX_ENTRY_CTRL_MASKBIT, msix_ctrl(sim, i));
}

/*
 * The numbers are valid from when the core switches MSI-X on and unmasks the
 * function, to when it switches it off, which are both writes to the
 * configuration space. In between nothing of them changes, so an interrupt
 * context can use them without a lock of the core.
 */
void sim_msix_update(struct sim_dev *sim)
{
	struct msi_desc *entry;
	bool on;
	u16 ctrl;

	ctrl = sim_msix_flags(sim);
	on = sim->pdev && (ctrl & PCI_MSIX_FLAGS_ENABLE) &&
		!(ctrl & PCI_MSIX_FLAGS_MASKALL);
	if (on == sim->msix_on)
		return;
	sim->msix_on = on;
	sim->poll_us = POLL_MIN_US;
	if (!(ctrl & PCI_MSIX_FLAGS_ENABLE))
		sim->pending = 0;
	if (!on)
		return;
	for_each_pci_msi_entry(entry, sim->pdev)
		if (entry->msi_attrib.entry_nr < SIM_MAX_VECTORS)
			sim->irq[entry->msi_attrib.entry_nr] = entry->irq;
}

void sim_raise(struct sim_dev *sim, unsigned int vector)
{
	if (sim->lose_irq[vector]) {
		if (sim->lose_irq[vector] != SIM_ALWAYS)
			sim->lose_irq[vector]--;
		sim->stats.lost++;
		return;
	}
	sim->pending |= BIT(vector);
	sim->poll_us = POLL_MIN_US;
}

void sim_deliver(struct sim_dev *sim)
{
	unsigned long pending = sim->pending;
	unsigned int vector;
	int rc;

	if (!pending || !sim->msix_on || !sim->decoding)
		return;
	for_each_set_bit(vector, &pending, sim->shape.vectors) {
		if (readl(msix_ctrl(sim, vector)) & PCI_MSIX_ENTRY_CTRL_MASKBIT)
			continue;
		sim->pending &= ~BIT(vector);
		rc = irq_inject_interrupt(sim->irq[vector]);
		/* -EBUSY: the one before is still on its way, and does for both. */
		if (!rc || rc == -EBUSY)
			sim->stats.interrupts++;
		else
			sim->stats.lost++;
	}
	writel(sim->pending, sim->bar0 + SIM_MSIX_PBA);
	if (sim->pending)
		sim->poll_us = min(2 * sim->poll_us, POLL_MAX_US);
}
