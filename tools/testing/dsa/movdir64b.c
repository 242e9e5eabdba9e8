// SPDX-License-Identifier: GPL-2.0
/*
 * How descriptors arrive: by MOVDIR64B, which most CPUs and QEMU's TCG lack.
 * They raise an invalid opcode, and a die notifier carries the instruction
 * out when it is aimed at a portal, in the kernel or in a user program.
 *
 * A CPU that has the instruction would write past us. The module tries it out
 * when it is loaded, because CPUID may say anything, and refuses there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <asm/special_insns.h>
#include <asm/traps.h>
#include "dsa_sim.h"

/*
 * 66 [REX] 0f 38 f8 /r, from memory to the address in a register. The source
 * has to be plain: a register, with or without displacement. That is what the
 * kernel, accel-config and compilers make of it.
 */
struct movdir64b {
	unsigned long src;
	unsigned long dst;
	unsigned int len;
};

#define INSN_MAX	11
#define DESC_SIZE	64

static unsigned long reg_of(struct pt_regs *regs, unsigned int number)
{
	const unsigned long *const at[] = {
		&regs->ax, &regs->cx, &regs->dx, &regs->bx,
		&regs->sp, &regs->bp, &regs->si, &regs->di,
		&regs->r8, &regs->r9, &regs->r10, &regs->r11,
		&regs->r12, &regs->r13, &regs->r14, &regs->r15,
	};

	return *at[number];
}

static bool decode(struct pt_regs *regs, const u8 *insn, struct movdir64b *op)
{
	unsigned int mod, reg, rm, at = 0;
	s32 disp = 0;
	u8 rex = 0;

	if (insn[at++] != 0x66)
		return false;
	if ((insn[at] & 0xf0) == 0x40)
		rex = insn[at++];
	if (insn[at] != 0x0f || insn[at + 1] != 0x38 || insn[at + 2] != 0xf8)
		return false;
	at += 3;
	mod = insn[at] >> 6;
	reg = (insn[at] >> 3 & 7) | (rex & 4) << 1;
	rm = insn[at] & 7;
	at++;
	/* no register as source, no SIB byte, nothing relative to RIP */
	if (mod == 3 || rm == 4 || (mod == 0 && rm == 5))
		return false;
	if (mod == 1) {
		disp = (s8)insn[at];
		at += 1;
	} else if (mod == 2) {
		memcpy(&disp, insn + at, sizeof(disp));
		at += 4;
	}
	op->src = reg_of(regs, rm | (rex & 1) << 3) + disp;
	op->dst = reg_of(regs, reg);
	op->len = at;
	return IS_ALIGNED(op->dst, DESC_SIZE);
}

/* The bytes at the instruction pointer, no further than its page. */
static bool fetch(struct pt_regs *regs, u8 *insn)
{
	size_t len = min_t(size_t, INSN_MAX,
			   PAGE_SIZE - offset_in_page(regs->ip));
	long rc;

	memset(insn, 0, INSN_MAX);
	if (user_mode(regs))
		rc = copy_from_user_nofault(insn, (void __user *)regs->ip, len);
	else
		rc = copy_from_kernel_nofault(insn, (void *)regs->ip, len);
	return !rc;
}

static u8 self_test[DESC_SIZE] __aligned(DESC_SIZE);
static bool self_trapped;

static int sim_kernel_ud(struct pt_regs *regs, const struct movdir64b *op)
{
	struct sim_dev *sim;
	u32 offset;

	if (op->dst == (unsigned long)self_test) {
		self_trapped = true;
	} else {
		sim = sim_find_virt(op->dst, 1, &offset);
		if (!sim)
			return NOTIFY_DONE;
		sim_portal_write(sim, offset, (void *)op->src);
	}
	regs->ip += op->len;
	return NOTIFY_STOP;
}

/*
 * A user program's source and portal may not be mapped yet, and the trap may
 * not sleep. The rest is done on the way back to the program, which continues
 * after the instruction or finds a signal.
 */
struct user_ud {
	struct callback_head work;
	unsigned long ip;
	struct movdir64b op;
};

static atomic_t users = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(users_wait);

/* The signal that a write to @addr deserves; 0 and @phys if it is a portal. */
static int find_portal(unsigned long addr, phys_addr_t *phys)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long pfn;
	int sig = 0;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	if (!vma || addr < vma->vm_start || !(vma->vm_flags & VM_WRITE))
		sig = SIGSEGV;
	else if (!(vma->vm_flags & VM_PFNMAP))
		sig = SIGILL;	/* what this CPU has to say of it */
	else if (follow_pfn(vma, addr, &pfn) &&
		 (fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, NULL) ||
		  follow_pfn(vma, addr, &pfn)))
		sig = SIGBUS;
	else
		*phys = PFN_PHYS(pfn) + offset_in_page(addr);
	mmap_read_unlock(mm);
	return sig;
}

static int user_write(const struct movdir64b *op)
{
	struct sim_dev *sim;
	u8 desc[DESC_SIZE];
	phys_addr_t phys;
	u32 offset;
	int sig;

	if (copy_from_user(desc, (void __user *)op->src, sizeof(desc)))
		return SIGSEGV;
	sig = find_portal(op->dst, &phys);
	if (sig)
		return sig;
	sim = sim_find(phys, 1, &offset);
	if (sim)
		sim_portal_write(sim, offset, desc);
	else if (!sim_map(phys, DESC_SIZE))
		return SIGILL;
	/* else the function is gone, and so is what is written to it */
	return 0;
}

static void user_ud_work(struct callback_head *work)
{
	struct user_ud *ud = container_of(work, struct user_ud, work);
	struct pt_regs *regs = task_pt_regs(current);
	int sig;

	if (!(current->flags & PF_EXITING) && regs->ip == ud->ip) {
		sig = user_write(&ud->op);
		if (sig)
			force_sig(sig);
		else
			regs->ip += ud->op.len;
	}
	kfree(ud);
	if (atomic_dec_and_test(&users))
		wake_up(&users_wait);
}

static int sim_user_ud(struct pt_regs *regs, const struct movdir64b *op)
{
	struct user_ud *ud = kmalloc(sizeof(*ud), GFP_ATOMIC);

	if (!ud)
		return NOTIFY_STOP;	/* the program tries again */
	init_task_work(&ud->work, user_ud_work);
	ud->ip = regs->ip;
	ud->op = *op;
	atomic_inc(&users);
	if (task_work_add(current, &ud->work, TWA_RESUME)) {
		atomic_dec(&users);
		kfree(ud);
	}
	return NOTIFY_STOP;
}

static int sim_die(struct notifier_block *nb, unsigned long action, void *data)
{
	struct die_args *args = data;
	struct movdir64b op;
	u8 insn[INSN_MAX];

	if (action != DIE_TRAP || args->trapnr != X86_TRAP_UD ||
	    !fetch(args->regs, insn) || !decode(args->regs, insn, &op))
		return NOTIFY_DONE;
	return user_mode(args->regs) ? sim_user_ud(args->regs, &op) :
				       sim_kernel_ud(args->regs, &op);
}

static struct notifier_block sim_die_nb = { .notifier_call = sim_die };

static bool cap_set;

int sim_movdir64b_init(void)
{
	int rc;

	rc = register_die_notifier(&sim_die_nb);
	if (rc)
		return rc;
	movdir64b(self_test, empty_zero_page);
	if (!self_trapped) {
		pr_err("this CPU has MOVDIR64B, so descriptors cannot be caught\n");
		unregister_die_notifier(&sim_die_nb);
		return -ENODEV;
	}
	/* The driver asks for it once, when it is loaded. */
	cap_set = !boot_cpu_has(X86_FEATURE_MOVDIR64B);
	set_cpu_cap(&boot_cpu_data, X86_FEATURE_MOVDIR64B);
	return 0;
}

void sim_movdir64b_exit(void)
{
	if (cap_set)
		clear_bit(X86_FEATURE_MOVDIR64B,
			  (unsigned long *)boot_cpu_data.x86_capability);
	unregister_die_notifier(&sim_die_nb);
	wait_event(users_wait, !atomic_read(&users));
}
