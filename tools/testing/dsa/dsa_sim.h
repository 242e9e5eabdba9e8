/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated DSA device: what its parts know of each other.
 *
 * One lock per function guards all of it. It is raw and taken with interrupts
 * off, because everything here may happen in the middle of a driver's
 * spin_lock_irq() section, in a trap, in a hard timer interrupt, or below the
 * PCI core's pci_lock. Under it nothing of the driver is ever called; what
 * the driver sees of the device is memory and interrupts, as in hardware.
 */
#ifndef DSA_SIM_H
#define DSA_SIM_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/idxd.h>
#include <registers.h>

struct iommu_domain;

#if !IS_ENABLED(CONFIG_KPROBES)
#error "register writes are caught by kprobes: set CONFIG_KPROBES"
#endif
#if !IS_ENABLED(CONFIG_GENERIC_IRQ_INJECTION)
#error "no interrupts without injection: set CONFIG_GENERIC_IRQ_DEBUGFS"
#endif
#if !IS_ENABLED(CONFIG_PCI_MSI) || !IS_ENABLED(CONFIG_X86_64)
#error "the driver is for 64-bit x86 with MSI-X: set CONFIG_PCI_MSI"
#endif

#define SIM_DEVICES		4
#define SIM_MAX_GROUPS		16
#define SIM_MAX_ENGINES		16
#define SIM_MAX_WQS		32
#define SIM_MAX_WQ_SIZE		1024
#define SIM_MAX_VECTORS		32

/* BAR 0: registers, tables, MSI-X. BAR 2: four portal pages for a queue. */
#define SIM_GRPCFG		0x400
#define SIM_GRPCFG_STRIDE	64
#define SIM_MSIXPERM		0x800
#define SIM_MSIXPERM_STRIDE	8
#define SIM_WQCFG		0x1000
#define SIM_WQCFG_STRIDE	32
#define SIM_REGS		0x2000
#define SIM_MSIX_TABLE		0x2000
#define SIM_MSIX_PBA		0x3000
#define SIM_BAR0_SIZE		0x4000
#define SIM_PORTALS_PER_WQ	4

/* states of a queue in its configuration */
#define SIM_WQ_DISABLED		0
#define SIM_WQ_ENABLED		1

#define SIM_MAX_XFER_SHIFT	21
#define SIM_MAX_BATCH_SHIFT	5

/* Which and how many of everything a function has. */
struct sim_shape {
	unsigned int groups;
	unsigned int engines;
	unsigned int wqs;
	unsigned int wq_size;		/* of all queues together */
	unsigned int vectors;
};

/* A descriptor that was accepted and is not finished. */
struct sim_desc {
	struct list_head node;
	struct dsa_hw_desc hw;
	ktime_t due;
	unsigned int wq;
	bool stuck;			/* never becomes due */
};

/* Something that is to go wrong @left more times. */
struct sim_fault {
	u32 left;
	u8 code;
};

#define SIM_ALWAYS		U32_MAX

struct sim_wq {
	unsigned int used;		/* descriptors in flight */
	bool closing;			/* being disabled: accepts no more */
	struct sim_fault fail_enable;
	struct sim_fault fail_desc;
	struct sim_fault stick;
	struct sim_fault corrupt;
};

struct sim_stats {
	u64 commands;
	u64 descs;			/* accepted */
	u64 completed;
	u64 aborted;
	u64 refused;			/* portal writes that were no use */
	u64 interrupts;
	u64 lost;			/* interrupts that a fault swallowed */
	u64 ignored;			/* writes that hardware would ignore */
};

struct sim_dev {
	raw_spinlock_t lock;
	int id;
	struct sim_shape shape;
	struct pci_dev *pdev;		/* while the PCI core knows it */
	struct iommu_domain *domain;

	/* configuration space, and which of its bits can be written */
	u8 cfg[PCI_CFG_SPACE_SIZE];
	u8 cfg_mask[PCI_CFG_SPACE_SIZE];
	bool decoding;			/* the BARs answer */
	phys_addr_t bar[2];
	size_t bar_size[2];
	phys_addr_t home[2];		/* where the firmware would put them */
	u8 __iomem *bar0;

	u32 reg[SIM_REGS / sizeof(u32)];

	/* the Linux numbers of the vectors, while MSI-X is on */
	bool msix_on;
	int irq[SIM_MAX_VECTORS];
	u32 pending;			/* vectors */
	unsigned int poll_us;

	bool cmd_active;
	union idxd_command_reg cmd;
	ktime_t cmd_due;

	struct sim_wq wq[SIM_MAX_WQS];
	struct sim_desc *descs;
	struct list_head free;
	struct list_head inflight;	/* in the order of their submission */
	struct hrtimer timer;

	struct sim_fault fail_cmd[32];
	u32 lose_irq[SIM_MAX_VECTORS];	/* how many more */
	struct sim_stats stats;
};

extern struct sim_dev sim_devs[SIM_DEVICES];
extern unsigned int sim_count;
extern unsigned int sim_latency_us;
extern unsigned int sim_cmd_latency_us;

/* main.c: the region set aside at boot, as this module maps it */
u8 __iomem *sim_map(phys_addr_t addr, size_t size);

/* pci.c */
int sim_pci_add(struct resource *window);
void sim_pci_remove(void);
void sim_cfg_reset(struct sim_dev *sim);
bool sim_bus_master(struct sim_dev *sim);
u16 sim_msix_flags(struct sim_dev *sim);

/* msix.c: with the lock held */
void sim_msix_update(struct sim_dev *sim);
void sim_msix_mask_all(struct sim_dev *sim);
void sim_raise(struct sim_dev *sim, unsigned int vector);
void sim_deliver(struct sim_dev *sim);

/* regs.c: with the lock held */
void sim_regs_reset(struct sim_dev *sim);
void sim_regs_publish(struct sim_dev *sim);
void sim_reg_write(struct sim_dev *sim, u32 offset, u32 value);
void sim_set(struct sim_dev *sim, u32 offset, u32 value);
void sim_set_state(struct sim_dev *sim, u32 state, u32 reset_type);
void sim_set_wq_state(struct sim_dev *sim, unsigned int wq, u32 state);
void sim_cause(struct sim_dev *sim, u32 cause);
void sim_swerr(struct sim_dev *sim, u8 error, int wq,
	       const struct dsa_hw_desc *hw);

static inline u32 sim_get(struct sim_dev *sim, u32 offset)
{
	return sim->reg[offset / sizeof(u32)];
}

static inline u32 sim_state(struct sim_dev *sim)
{
	union gensts_reg sts = { .bits = sim_get(sim, IDXD_GENSTATS_OFFSET) };

	return sts.state;
}

static inline union wqcfg *sim_wqcfg(struct sim_dev *sim, unsigned int wq)
{
	return (union wqcfg *)((u8 *)sim->reg + SIM_WQCFG +
			       wq * SIM_WQCFG_STRIDE);
}

static inline struct grpcfg *sim_grpcfg(struct sim_dev *sim, unsigned int group)
{
	return (struct grpcfg *)((u8 *)sim->reg + SIM_GRPCFG +
				 group * SIM_GRPCFG_STRIDE);
}

static inline bool sim_fault_hits(struct sim_fault *fault)
{
	if (!fault->left)
		return false;
	if (fault->left != SIM_ALWAYS)
		fault->left--;
	return true;
}

/* cmd.c: with the lock held */
void sim_cmd_write(struct sim_dev *sim, u32 value);
void sim_cmd_run(struct sim_dev *sim, ktime_t now);

/* desc.c: with the lock held, but for sim_portal_write() and the timer */
void sim_portal_write(struct sim_dev *sim, u32 offset, const void *desc);
void sim_descs_run(struct sim_dev *sim, ktime_t now);
void sim_descs_flush(struct sim_dev *sim, unsigned long wqs, bool finish);
unsigned int sim_descs_left(struct sim_dev *sim, unsigned long wqs);
int sim_descs_init(struct sim_dev *sim);
void sim_descs_exit(struct sim_dev *sim);

/* main.c: run what is due, and set the timer for what is not */
void sim_kick(struct sim_dev *sim);

/* trap.c, movdir64b.c */
struct sim_dev *sim_find(phys_addr_t phys, int bar, u32 *offset);
struct sim_dev *sim_find_virt(unsigned long addr, int bar, u32 *offset);
int sim_trap_init(void);
void sim_trap_exit(void);
int sim_movdir64b_init(void);
void sim_movdir64b_exit(void);

/* iommu.c */
int sim_iommu_init(void);
int sim_iommu_add(struct sim_dev *sim, struct pci_dev *pdev);
void sim_iommu_remove(struct sim_dev *sim, struct pci_dev *pdev);

/* debugfs.c */
void sim_debugfs_init(void);
void sim_debugfs_exit(void);

#endif
