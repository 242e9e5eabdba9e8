// SPDX-License-Identifier: GPL-2.0
/*
 * What looks like an IOMMU in front of the functions, for drivers that ask
 * whether a device is confined before they let user programs have it.
 *
 * It translates nothing: descriptors still hold physical addresses. Its
 * operations stay with a bus type that has no devices; bus_set_iommu() on the
 * PCI bus could not be undone, and would concern all other functions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "dsa_sim.h"

static char *iommu = "none";
module_param(iommu, charp, 0444);
MODULE_PARM_DESC(iommu, "what an IOMMU seems to do with the devices: none (default), dma or identity");

static unsigned int domain_type;	/* 0: there is no IOMMU */

#if IS_ENABLED(CONFIG_IOMMU_API)
static struct iommu_domain *sim_domain_alloc(unsigned int type)
{
	return kzalloc(sizeof(struct iommu_domain), GFP_KERNEL);
}

static void sim_domain_free(struct iommu_domain *domain)
{
	kfree(domain);
}

static int sim_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	return 0;
}

static void sim_detach_dev(struct iommu_domain *domain, struct device *dev)
{
}

static const struct iommu_ops sim_iommu_ops = {
	.domain_alloc	= sim_domain_alloc,
	.domain_free	= sim_domain_free,
	.attach_dev	= sim_attach_dev,
	.detach_dev	= sim_detach_dev,
	.pgsize_bitmap	= PAGE_SIZE,
};

static struct bus_type sim_iommu_bus = {
	.name		= "dsa_sim_iommu",
	.iommu_ops	= &sim_iommu_ops,
};

int sim_iommu_add(struct sim_dev *sim, struct pci_dev *pdev)
{
	struct iommu_domain *domain;
	struct iommu_group *group;
	int rc;

	if (!domain_type)
		return 0;
	group = iommu_group_alloc();
	if (IS_ERR(group))
		return PTR_ERR(group);
	domain = iommu_domain_alloc(&sim_iommu_bus);
	if (!domain) {
		rc = -ENOMEM;
		goto err_group;
	}
	domain->type = domain_type;
	rc = iommu_attach_group(domain, group);
	if (rc)
		goto err_domain;
	rc = iommu_group_add_device(group, &pdev->dev);
	if (rc)
		goto err_detach;
	sim->domain = domain;
	/* The group lives as long as the function is in it. */
	iommu_group_put(group);
	return 0;

err_detach:
	iommu_detach_group(domain, group);
err_domain:
	iommu_domain_free(domain);
err_group:
	iommu_group_put(group);
	return rc;
}

void sim_iommu_remove(struct sim_dev *sim, struct pci_dev *pdev)
{
	struct iommu_group *group;

	if (!sim->domain)
		return;
	group = iommu_group_get(&pdev->dev);
	iommu_detach_group(sim->domain, group);
	iommu_group_remove_device(&pdev->dev);
	iommu_group_put(group);
	iommu_domain_free(sim->domain);
	sim->domain = NULL;
}

int sim_iommu_init(void)
{
	if (!strcmp(iommu, "dma")) {
		domain_type = IOMMU_DOMAIN_DMA;
	} else if (!strcmp(iommu, "identity")) {
		domain_type = IOMMU_DOMAIN_IDENTITY;
	} else if (strcmp(iommu, "none")) {
		pr_err("iommu=%s: it is none, dma or identity\n", iommu);
		return -EINVAL;
	}
	return 0;
}
#else
int sim_iommu_add(struct sim_dev *sim, struct pci_dev *pdev)
{
	return 0;
}

void sim_iommu_remove(struct sim_dev *sim, struct pci_dev *pdev)
{
}

int sim_iommu_init(void)
{
	if (!strcmp(iommu, "none"))
		return 0;
	pr_err("iommu=%s: this kernel has no CONFIG_IOMMU_API\n", iommu);
	return -EINVAL;
}
#endif
