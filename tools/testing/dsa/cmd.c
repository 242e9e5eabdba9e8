// SPDX-License-Identifier: GPL-2.0
/*
 * The commands. Each is checked against the state of the device and of the
 * queue, and fails with the code of the specification where 5.10 names it
 * (enum idxd_cmdsts_err). What 5.10 calls GRP_CONFIG to GRP_CONFIG4 is told
 * below, as understood here.
 */
#include <linux/bitmap.h>
#include "dsa_sim.h"

/* Not yet done: descriptors have to finish first. */
#define WAIT		(-1)

static unsigned long wqs_all(struct sim_dev *sim)
{
	return BIT(sim->shape.wqs) - 1;
}

static int check_groups(struct sim_dev *sim)
{
	unsigned long wqs = 0, engines = 0, bit;
	struct grpcfg *cfg;
	unsigned int i;

	for (i = 0; i < sim->shape.groups; i++) {
		cfg = sim_grpcfg(sim, i);
		/* a queue that there is not, or that is in two groups */
		if (cfg->wqs[0] & (~wqs_all(sim) | wqs) ||
		    cfg->wqs[1] || cfg->wqs[2] || cfg->wqs[3])
			return IDXD_CMDSTS_ERR_GRP_CONFIG;
		/* the same of an engine */
		if (cfg->engines & (~(BIT(sim->shape.engines) - 1) | engines))
			return IDXD_CMDSTS_ERR_GRP_CONFIG2;
		/* queues that no engine serves */
		for_each_set_bit(bit, (unsigned long *)cfg->wqs,
				 sim->shape.wqs)
			if (sim_wqcfg(sim, bit)->wq_size && !cfg->engines)
				return IDXD_CMDSTS_ERR_GRP_CONFIG3;
		wqs |= cfg->wqs[0];
		engines |= cfg->engines;
	}
	return IDXD_CMDSTS_SUCCESS;
}

static int enable_device(struct sim_dev *sim)
{
	unsigned int i, size = 0;
	int err;

	if (sim_state(sim) != IDXD_DEVICE_STATE_DISABLED)
		return IDXD_CMDSTS_ERR_DEV_ENABLED;
	if (!sim_bus_master(sim))
		return IDXD_CMDSTS_ERR_BUSMASTER_EN;
	for (i = 0; i < sim->shape.wqs; i++)
		size += sim_wqcfg(sim, i)->wq_size;
	if (size > sim->shape.wq_size)
		return IDXD_CMDSTS_ERR_WQ_SIZE_ERANGE;
	err = check_groups(sim);
	if (err)
		return err;
	sim_set_state(sim, IDXD_DEVICE_STATE_ENABLED, 0);
	return IDXD_CMDSTS_SUCCESS;
}

/* Whether a group has it; without an engine nothing would ever be done. */
static bool in_group(struct sim_dev *sim, unsigned int wq)
{
	unsigned int i;

	for (i = 0; i < sim->shape.groups; i++)
		if (sim_grpcfg(sim, i)->wqs[0] & BIT(wq))
			return true;
	return false;
}

static int enable_wq(struct sim_dev *sim, u32 wq)
{
	union wqcfg *cfg;

	if (wq >= sim->shape.wqs)
		return IDXD_CMDSTS_INVAL_WQIDX;
	if (sim_fault_hits(&sim->wq[wq].fail_enable))
		return sim->wq[wq].fail_enable.code;
	cfg = sim_wqcfg(sim, wq);
	if (sim_state(sim) != IDXD_DEVICE_STATE_ENABLED)
		return IDXD_CMDSTS_ERR_DEV_NOTEN;
	if (cfg->wq_state)
		return IDXD_CMDSTS_ERR_WQ_ENABLED;
	if (!cfg->wq_size)
		return IDXD_CMDSTS_ERR_WQ_SIZE;
	if (!cfg->priority)
		return IDXD_CMDSTS_ERR_WQ_PRIOR;
	if (!cfg->mode)		/* shared */
		return IDXD_CMDSTS_ERR_WQ_MODE;
	if (cfg->bof)
		return IDXD_CMDSTS_ERR_BOF_EN;
	if (cfg->pasid_en)
		return IDXD_CMDSTS_ERR_PASID_EN;
	if (cfg->max_batch_shift > SIM_MAX_BATCH_SHIFT)
		return IDXD_CMDSTS_ERR_MAX_BATCH_SIZE;
	if (cfg->max_xfer_shift > SIM_MAX_XFER_SHIFT)
		return IDXD_CMDSTS_ERR_MAX_XFER_SIZE;
	if (!in_group(sim, wq))
		return IDXD_CMDSTS_ERR_CONFIG;
	sim_set_wq_state(sim, wq, SIM_WQ_ENABLED);
	return IDXD_CMDSTS_SUCCESS;
}

static void close_wqs(struct sim_dev *sim, unsigned long wqs)
{
	unsigned int i;

	for_each_set_bit(i, &wqs, sim->shape.wqs)
		sim->wq[i].closing = true;
}

static void disable_wqs(struct sim_dev *sim, unsigned long wqs)
{
	unsigned int i;

	for_each_set_bit(i, &wqs, sim->shape.wqs)
		if (sim_wqcfg(sim, i)->wq_state)
			sim_set_wq_state(sim, i, SIM_WQ_DISABLED);
}

/* All that a queue is configured to, but for its size, which is sticky. */
static void reset_wqs(struct sim_dev *sim, unsigned long wqs)
{
	unsigned int i, dword;

	disable_wqs(sim, wqs);
	for_each_set_bit(i, &wqs, sim->shape.wqs)
		for (dword = 1; dword < 8; dword++)
			sim_set(sim, SIM_WQCFG + i * SIM_WQCFG_STRIDE +
				dword * sizeof(u32), 0);
}

/* The commands for the whole device, other than enable and reset. */
static int device_cmd(struct sim_dev *sim, u32 cmd)
{
	if (sim_state(sim) != IDXD_DEVICE_STATE_ENABLED)
		return IDXD_CMDSTS_ERR_DIS_DEV_EN;
	switch (cmd) {
	case IDXD_CMD_DISABLE_DEVICE:
		close_wqs(sim, ~0UL);
		if (sim_descs_left(sim, ~0UL))
			return WAIT;
		disable_wqs(sim, ~0UL);
		sim_set_state(sim, IDXD_DEVICE_STATE_DISABLED, 0);
		break;
	case IDXD_CMD_DRAIN_ALL:
		if (sim_descs_left(sim, ~0UL))
			return WAIT;
		break;
	case IDXD_CMD_ABORT_ALL:
		sim_descs_flush(sim, ~0UL, false);
		break;
	}
	return IDXD_CMDSTS_SUCCESS;
}

/* Those for queues: sixteen at a time, as a mask. */
static int wq_cmd(struct sim_dev *sim, u32 cmd, u32 operand)
{
	unsigned long wqs = (operand & 0xffff) << 16 * (operand >> 16);
	unsigned int i;

	if (operand >> 16 > (SIM_MAX_WQS - 1) / 16 || !wqs ||
	    wqs & ~wqs_all(sim))
		return IDXD_CMDSTS_INVAL_WQIDX;
	for_each_set_bit(i, &wqs, sim->shape.wqs)
		if (!sim_wqcfg(sim, i)->wq_state)
			return IDXD_CMDSTS_ERR_DEV_NOT_EN;
	switch (cmd) {
	case IDXD_CMD_DISABLE_WQ:
		close_wqs(sim, wqs);
		if (sim_descs_left(sim, wqs))
			return WAIT;
		disable_wqs(sim, wqs);
		break;
	case IDXD_CMD_DRAIN_WQ:
		if (sim_descs_left(sim, wqs))
			return WAIT;
		break;
	case IDXD_CMD_ABORT_WQ:
		sim_descs_flush(sim, wqs, false);
		break;
	case IDXD_CMD_RESET_WQ:
		sim_descs_flush(sim, wqs, false);
		reset_wqs(sim, wqs);
		break;
	}
	return IDXD_CMDSTS_SUCCESS;
}

/* A halted device knows one command, and that only if told so. */
static bool can_reset(struct sim_dev *sim)
{
	union gensts_reg sts = { .bits = sim_get(sim, IDXD_GENSTATS_OFFSET) };

	return sts.state != IDXD_DEVICE_STATE_HALT ||
		sts.reset_type == IDXD_DEVICE_RESET_SOFTWARE;
}

static int sim_cmd_exec(struct sim_dev *sim)
{
	union idxd_command_reg cmd = sim->cmd;

	if (sim_fault_hits(&sim->fail_cmd[cmd.cmd]))
		return sim->fail_cmd[cmd.cmd].code;
	if (cmd.cmd == IDXD_CMD_RESET_DEVICE) {
		if (!can_reset(sim))
			return IDXD_CMDSTS_HW_ERR;
		sim_regs_reset(sim);
		return IDXD_CMDSTS_SUCCESS;
	}
	if (sim_state(sim) == IDXD_DEVICE_STATE_HALT)
		return IDXD_CMDSTS_HW_ERR;
	switch (cmd.cmd) {
	case IDXD_CMD_ENABLE_DEVICE:
		return enable_device(sim);
	case IDXD_CMD_DISABLE_DEVICE:
	case IDXD_CMD_DRAIN_ALL:
	case IDXD_CMD_ABORT_ALL:
		return device_cmd(sim, cmd.cmd);
	case IDXD_CMD_ENABLE_WQ:
		return enable_wq(sim, cmd.operand);
	case IDXD_CMD_DISABLE_WQ:
	case IDXD_CMD_DRAIN_WQ:
	case IDXD_CMD_ABORT_WQ:
	case IDXD_CMD_RESET_WQ:
		return wq_cmd(sim, cmd.cmd, cmd.operand);
	case IDXD_CMD_DRAIN_PASID:	/* without PASIDs all are the same */
		return device_cmd(sim, IDXD_CMD_DRAIN_ALL);
	case IDXD_CMD_ABORT_PASID:
		return device_cmd(sim, IDXD_CMD_ABORT_ALL);
	default:	/* the capabilities say that there are no handles */
		return IDXD_CMDSTS_INVAL_CMD;
	}
}

void sim_cmd_run(struct sim_dev *sim, ktime_t now)
{
	int err;

	if (!sim->cmd_active || ktime_after(sim->cmd_due, now))
		return;
	err = sim_cmd_exec(sim);
	if (err == WAIT && !sim->cmd.int_req) {
		/* Whoever polls has interrupts off: no timer helps him. */
		sim_descs_flush(sim, ~0UL, true);
		err = sim_cmd_exec(sim);
	}
	if (err == WAIT)
		return;
	sim->cmd_active = false;
	sim->stats.commands++;
	sim_set(sim, IDXD_CMDSTS_OFFSET, err);
	if (sim->cmd.int_req)
		sim_cause(sim, IDXD_INTC_CMD);
}

void sim_cmd_write(struct sim_dev *sim, u32 value)
{
	if (sim->cmd_active) {
		sim->stats.ignored++;
		return;
	}
	sim->cmd.bits = value;
	sim->cmd_active = true;
	sim_set(sim, IDXD_CMD_OFFSET, value);
	sim_set(sim, IDXD_CMDSTS_OFFSET, IDXD_CMDSTS_ACTIVE);
	sim->cmd_due = ktime_get();
	if (sim->cmd.int_req)
		sim->cmd_due = ktime_add_us(sim->cmd_due, sim_cmd_latency_us);
}
