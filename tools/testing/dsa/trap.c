// SPDX-License-Identifier: GPL-2.0
/*
 * How the device learns of what is written to its registers.
 *
 * The driver writes registers with iowrite32() and iowrite64_lo_hi(), which
 * are functions on x86. Kprobes at their entry look where the write goes, and
 * for a register of ours let the CPU run another function instead. The driver
 * stays as it is, whether built in or a module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/mm.h>
#include <asm/set_memory.h>
#include "dsa_sim.h"

/* The function, and the offset in a BAR of it, where @phys lies. */
struct sim_dev *sim_find(phys_addr_t phys, int bar, u32 *offset)
{
	struct sim_dev *sim;
	unsigned int i;

	for (i = 0; i < sim_count; i++) {
		sim = &sim_devs[i];
		if (READ_ONCE(sim->decoding) && phys >= sim->bar[bar] &&
		    phys - sim->bar[bar] < sim->bar_size[bar]) {
			*offset = phys - sim->bar[bar];
			return sim;
		}
	}
	return NULL;
}

/* The same for where a driver has mapped it; takes no lock. */
struct sim_dev *sim_find_virt(unsigned long addr, int bar, u32 *offset)
{
	unsigned int level;
	pte_t *pte;

	if (!is_vmalloc_addr((void *)addr))
		return NULL;
	pte = lookup_address(addr, &level);
	if (!pte || !pte_present(*pte))
		return NULL;
	return sim_find(slow_virt_to_phys((void *)addr), bar, offset);
}

static void sim_mmio_write(void __iomem *addr, u64 value, unsigned int size)
{
	struct sim_dev *sim;
	unsigned long flags;
	u32 offset;

	sim = sim_find_virt((unsigned long)addr, 0, &offset);
	if (!sim)	/* removed since the trap */
		return;
	raw_spin_lock_irqsave(&sim->lock, flags);
	if (!IS_ALIGNED(offset, size) || offset >= SIM_REGS) {
		sim->stats.ignored++;
	} else {
		sim_reg_write(sim, offset, lower_32_bits(value));
		if (size == 8)
			sim_reg_write(sim, offset + 4, upper_32_bits(value));
	}
	sim_kick(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}

static void sim_iowrite32(u32 value, void __iomem *addr)
{
	sim_mmio_write(addr, value, 4);
}

static void sim_iowrite64(u64 value, void __iomem *addr)
{
	sim_mmio_write(addr, value, 8);
}

struct sim_probe {
	struct kprobe kp;
	void *instead;
};

/*
 * At the first instruction of f(value, addr): the second argument is in RSI,
 * the return address on the stack, as the other function wants it.
 */
static int sim_redirect(struct kprobe *kp, struct pt_regs *regs)
{
	struct sim_probe *probe = container_of(kp, struct sim_probe, kp);
	u32 offset;

	if (!sim_find_virt(regs->si, 0, &offset))
		return 0;
	regs->ip = (unsigned long)probe->instead;
	return 1;
}

NOKPROBE_SYMBOL(sim_redirect);

/* With a post handler no probe becomes a jump, which could not redirect. */
static void sim_post(struct kprobe *kp, struct pt_regs *regs,
		     unsigned long flags)
{
}

NOKPROBE_SYMBOL(sim_post);

#define SIM_PROBE(name, to) {					\
		.kp = {						\
			.symbol_name = name,			\
			.pre_handler = sim_redirect,		\
			.post_handler = sim_post,		\
		},						\
		.instead = to,					\
	}

static struct sim_probe sim_probes[] = {
	SIM_PROBE("iowrite32", sim_iowrite32),
	SIM_PROBE("iowrite64_lo_hi", sim_iowrite64),
	SIM_PROBE("iowrite64_hi_lo", sim_iowrite64),
};

int sim_trap_init(void)
{
	unsigned int i;
	int rc;

	rc = sim_movdir64b_init();
	if (rc)
		return rc;
	for (i = 0; i < ARRAY_SIZE(sim_probes); i++) {
		rc = register_kprobe(&sim_probes[i].kp);
		if (rc)
			goto err_probes;
	}
	return 0;

err_probes:
	pr_err("no kprobe at %s: error %d\n", sim_probes[i].kp.symbol_name, rc);
	while (i--)
		unregister_kprobe(&sim_probes[i].kp);
	sim_movdir64b_exit();
	return rc;
}

void sim_trap_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sim_probes); i++)
		unregister_kprobe(&sim_probes[i].kp);
	sim_movdir64b_exit();
}
