// SPDX-License-Identifier: GPL-2.0
/*
 * What the administrator of the simulation may do: make things go wrong, and
 * see how they stand. One directory for each function, named by its number:
 *
 *	/sys/kernel/debug/dsa_sim/0/fault	one order a line, see README
 *	/sys/kernel/debug/dsa_sim/0/state
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "dsa_sim.h"

static struct dentry *sim_dir;

/* A number, "always", or what it is when it is not there. */
static int parse(char **line, u32 *value, const char *missing)
{
	char *word;

	do {
		word = strsep(line, " \t");
	} while (word && !*word);
	if (!word)
		word = (char *)missing;
	if (!word)
		return -EINVAL;
	if (!strcmp(word, "always")) {
		*value = SIM_ALWAYS;
		return 0;
	}
	return kstrtou32(word, 0, value);
}

struct order {
	const char *name;
	const char *missing[3];		/* the arguments' defaults */
	int count;			/* of arguments */
	int (*give)(struct sim_dev *sim, const u32 *arg);
};

static int set_fault(struct sim_fault *fault, u32 code, u32 left)
{
	if (code > 0xff)
		return -ERANGE;
	fault->code = code;
	fault->left = left;
	return 0;
}

static int give_cmd(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= ARRAY_SIZE(sim->fail_cmd) || !arg[1])
		return -ERANGE;
	return set_fault(&sim->fail_cmd[arg[0]], arg[1], arg[2]);
}

static int give_wq(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= sim->shape.wqs || !arg[1])
		return -ERANGE;
	return set_fault(&sim->wq[arg[0]].fail_enable, arg[1], arg[2]);
}

static int give_desc(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= sim->shape.wqs || !arg[1])
		return -ERANGE;
	return set_fault(&sim->wq[arg[0]].fail_desc, arg[1], arg[2]);
}

static int give_stick(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= sim->shape.wqs)
		return -ERANGE;
	return set_fault(&sim->wq[arg[0]].stick, 0, arg[1]);
}

static int give_corrupt(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= sim->shape.wqs)
		return -ERANGE;
	return set_fault(&sim->wq[arg[0]].corrupt, 0, arg[1]);
}

static int give_irq(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= sim->shape.vectors)
		return -ERANGE;
	sim->lose_irq[arg[0]] = arg[1];
	return 0;
}

static int give_send(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] >= sim->shape.vectors)
		return -ERANGE;
	sim_raise(sim, arg[0]);
	return 0;
}

static int give_release(struct sim_dev *sim, const u32 *arg)
{
	struct sim_desc *desc;

	list_for_each_entry(desc, &sim->inflight, node)
		desc->stuck = false;
	return 0;
}

static int give_swerr(struct sim_dev *sim, const u32 *arg)
{
	if (arg[0] > 0xff || (arg[1] != SIM_ALWAYS &&
			      arg[1] >= sim->shape.wqs))
		return -ERANGE;
	sim_swerr(sim, arg[0], arg[1] == SIM_ALWAYS ? -1 : (int)arg[1], NULL);
	return 0;
}

/* Whatever it was at is lost, and it wants a reset of the given kind. */
static int give_halt(struct sim_dev *sim, const u32 *arg)
{
	unsigned int i;

	if (arg[0] > IDXD_DEVICE_RESET_COLD || arg[1] > 0xff)
		return -ERANGE;
	sim_descs_flush(sim, ~0UL, false);
	for (i = 0; i < sim->shape.wqs; i++)
		sim_set_wq_state(sim, i, SIM_WQ_DISABLED);
	sim_set_state(sim, IDXD_DEVICE_STATE_HALT, arg[0]);
	sim_swerr(sim, arg[1], -1, NULL);
	return 0;
}

static int give_clear(struct sim_dev *sim, const u32 *arg)
{
	unsigned int i;

	memset(sim->fail_cmd, 0, sizeof(sim->fail_cmd));
	memset(sim->lose_irq, 0, sizeof(sim->lose_irq));
	for (i = 0; i < sim->shape.wqs; i++) {
		sim->wq[i].fail_enable.left = 0;
		sim->wq[i].fail_desc.left = 0;
		sim->wq[i].stick.left = 0;
		sim->wq[i].corrupt.left = 0;
	}
	return give_release(sim, arg);
}

static const struct order orders[] = {
	{ "cmd",	{ NULL, NULL, "1" },	3, give_cmd },
	{ "wq",		{ NULL, NULL, "1" },	3, give_wq },
	{ "desc",	{ NULL, NULL, "1" },	3, give_desc },
	{ "stick",	{ NULL, "1" },		2, give_stick },
	{ "corrupt",	{ NULL, "1" },		2, give_corrupt },
	{ "irq",	{ NULL, "1" },		2, give_irq },
	{ "send",	{ NULL },		1, give_send },
	{ "swerr",	{ NULL, "always" },	2, give_swerr },
	{ "halt",	{ "0", "0xff" },	2, give_halt },
	{ "release",	{ NULL },		0, give_release },
	{ "clear",	{ NULL },		0, give_clear },
};

static int sim_order(struct sim_dev *sim, char *line)
{
	char *name = strsep(&line, " \t");
	unsigned long flags;
	u32 arg[3] = {};
	unsigned int i;
	int j, rc;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		if (!strcmp(name, orders[i].name))
			break;
	if (i == ARRAY_SIZE(orders))
		return -EINVAL;
	for (j = 0; j < orders[i].count; j++) {
		rc = parse(&line, &arg[j], orders[i].missing[j]);
		if (rc)
			return rc;
	}
	if (line && *skip_spaces(line))
		return -EINVAL;

	raw_spin_lock_irqsave(&sim->lock, flags);
	rc = orders[i].give(sim, arg);
	sim_kick(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
	return rc;
}

static ssize_t fault_write(struct file *file, const char __user *from,
			   size_t size, loff_t *pos)
{
	struct sim_dev *sim = file_inode(file)->i_private;
	char *text, *rest, *line;
	int rc = 0;

	if (size >= PAGE_SIZE)
		return -E2BIG;
	text = memdup_user_nul(from, size);
	if (IS_ERR(text))
		return PTR_ERR(text);
	rest = text;
	while (!rc && (line = strsep(&rest, "\n")))
		if (*line)
			rc = sim_order(sim, line);
	kfree(text);
	return rc ?: size;
}

static const struct file_operations fault_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= fault_write,
	.llseek	= noop_llseek,
};

static int state_show(struct seq_file *seq, void *unused)
{
	struct sim_dev *sim = seq->private, *copy;
	unsigned long flags;
	unsigned int i;

	/* Printing takes its time, which a lock of this kind does not have. */
	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	raw_spin_lock_irqsave(&sim->lock, flags);
	memcpy(copy, sim, sizeof(*copy));
	raw_spin_unlock_irqrestore(&sim->lock, flags);

	seq_printf(seq, "gensts %#x\n", sim_get(copy, IDXD_GENSTATS_OFFSET));
	seq_printf(seq, "genctrl %#x\n", sim_get(copy, IDXD_GENCTRL_OFFSET));
	seq_printf(seq, "intcause %#x\n", sim_get(copy, IDXD_INTCAUSE_OFFSET));
	seq_printf(seq, "cmd %u\n", copy->cmd.cmd);
	seq_printf(seq, "cmdsts %#x\n", sim_get(copy, IDXD_CMDSTS_OFFSET));
	seq_printf(seq, "msix %d\n", copy->msix_on);
	seq_printf(seq, "pending %#x\n", copy->pending);
	seq_printf(seq, "commands %llu\n", copy->stats.commands);
	seq_printf(seq, "submitted %llu\n", copy->stats.descs);
	seq_printf(seq, "completed %llu\n", copy->stats.completed);
	seq_printf(seq, "aborted %llu\n", copy->stats.aborted);
	seq_printf(seq, "refused %llu\n", copy->stats.refused);
	seq_printf(seq, "interrupts %llu\n", copy->stats.interrupts);
	seq_printf(seq, "lost %llu\n", copy->stats.lost);
	seq_printf(seq, "ignored %llu\n", copy->stats.ignored);
	for (i = 0; i < copy->shape.wqs; i++)
		seq_printf(seq, "wq%u state %u size %u inflight %u\n", i,
			   sim_wqcfg(copy, i)->wq_state,
			   sim_wqcfg(copy, i)->wq_size, copy->wq[i].used);
	kfree(copy);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int refs_of(struct device *dev, void *seq)
{
	seq_printf(seq, "%s %u\n", dev_name(dev), kref_read(&dev->kobj.kref));
	return device_for_each_child(dev, seq, refs_of);
}

/* What the driver made of the function: each device, and its references */
static int refs_show(struct seq_file *seq, void *unused)
{
	struct sim_dev *sim = seq->private;
	struct pci_dev *pdev;
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	pdev = pci_dev_get(sim->pdev);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
	if (!pdev)
		return 0;
	device_for_each_child(&pdev->dev, seq, refs_of);
	pci_dev_put(pdev);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(refs);

void sim_debugfs_init(void)
{
	struct dentry *dir;
	char name[4];
	unsigned int i;

	sim_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	for (i = 0; i < sim_count; i++) {
		snprintf(name, sizeof(name), "%u", i);
		dir = debugfs_create_dir(name, sim_dir);
		debugfs_create_file("fault", 0200, dir, &sim_devs[i],
				    &fault_fops);
		debugfs_create_file("state", 0400, dir, &sim_devs[i],
				    &state_fops);
		debugfs_create_file("refs", 0400, dir, &sim_devs[i],
				    &refs_fops);
	}
}

void sim_debugfs_exit(void)
{
	debugfs_remove_recursive(sim_dir);
}
