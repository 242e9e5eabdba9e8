// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of BAR 0. What counts is the copy in struct sim_dev; the
 * memory of the BAR follows it, for the driver to read.
 *
 * Registers keep their value against a write that hardware would ignore,
 * because the device or the queue is enabled. Such writes are counted.
 */
#include <linux/io.h>
#include "dsa_sim.h"

#define VERSION		0x100

void sim_set(struct sim_dev *sim, u32 offset, u32 value)
{
	sim->reg[offset / sizeof(u32)] = value;
	if (sim->bar0)
		writel(value, sim->bar0 + offset);
}

static void sim_set64(struct sim_dev *sim, u32 offset, u64 value)
{
	sim_set(sim, offset, lower_32_bits(value));
	sim_set(sim, offset + 4, upper_32_bits(value));
}

void sim_regs_publish(struct sim_dev *sim)
{
	u32 offset;

	for (offset = 0; offset < SIM_REGS; offset += sizeof(u32))
		writel(sim_get(sim, offset), sim->bar0 + offset);
}

static void sim_caps(struct sim_dev *sim)
{
	union gen_cap_reg gen = {
		.overlap_copy = 1,
		.max_xfer_shift = SIM_MAX_XFER_SHIFT,
		.max_batch_shift = SIM_MAX_BATCH_SHIFT,
		.config_en = 1,
		.max_descs_per_engine = 64,
	};
	union wq_cap_reg wq = {
		.total_wq_size = sim->shape.wq_size,
		.num_wqs = sim->shape.wqs,
		.dedicated_mode = 1,
		.priority = 1,
	};
	union group_cap_reg group = {
		.num_groups = sim->shape.groups,
		.total_tokens = 96,
		.token_en = 1,
		.token_limit = 1,
	};
	union engine_cap_reg engine = { .num_engines = sim->shape.engines };
	union offsets_reg offsets = {
		.grpcfg = SIM_GRPCFG / 0x100,
		.wqcfg = SIM_WQCFG / 0x100,
		.msix_perm = SIM_MSIXPERM / 0x100,
	};

	sim_set(sim, IDXD_VER_OFFSET, VERSION);
	sim_set64(sim, IDXD_GENCAP_OFFSET, gen.bits);
	sim_set64(sim, IDXD_WQCAP_OFFSET, wq.bits);
	sim_set64(sim, IDXD_GRPCAP_OFFSET, group.bits);
	sim_set64(sim, IDXD_ENGCAP_OFFSET, engine.bits);
	sim_set64(sim, IDXD_OPCAP_OFFSET,
		  BIT_ULL(DSA_OPCODE_NOOP) | BIT_ULL(DSA_OPCODE_DRAIN) |
		  BIT_ULL(DSA_OPCODE_MEMMOVE) | BIT_ULL(DSA_OPCODE_MEMFILL) |
		  BIT_ULL(DSA_OPCODE_COMPARE));
	sim_set64(sim, IDXD_TABLE_OFFSET, offsets.bits[0]);
	sim_set64(sim, IDXD_TABLE_OFFSET + 8, offsets.bits[1]);
}

/* The state after power-on, a function level reset or the command. */
void sim_regs_reset(struct sim_dev *sim)
{
	unsigned int i;
	u32 offset;

	sim_descs_flush(sim, ~0UL, false);
	sim->cmd_active = false;
	for (i = 0; i < sim->shape.wqs; i++)
		sim->wq[i].closing = false;
	for (offset = 0; offset < SIM_REGS; offset += sizeof(u32))
		if (sim_get(sim, offset))
			sim_set(sim, offset, 0);
	sim_caps(sim);
}

void sim_set_state(struct sim_dev *sim, u32 state, u32 reset_type)
{
	union gensts_reg sts = { .state = state, .reset_type = reset_type };

	sim_set(sim, IDXD_GENSTATS_OFFSET, sts.bits);
}

void sim_set_wq_state(struct sim_dev *sim, unsigned int wq, u32 state)
{
	union wqcfg cfg = *sim_wqcfg(sim, wq);

	sim->wq[wq].closing = false;
	cfg.wq_state = state;
	sim_set(sim, SIM_WQCFG + wq * SIM_WQCFG_STRIDE + 24, cfg.bits[6]);
}

void sim_cause(struct sim_dev *sim, u32 cause)
{
	sim_set(sim, IDXD_INTCAUSE_OFFSET,
		sim_get(sim, IDXD_INTCAUSE_OFFSET) | cause);
	sim_raise(sim, 0);
}

/* Record a software error, unless one is waiting to be read. */
void sim_swerr(struct sim_dev *sim, u8 error, int wq,
	       const struct dsa_hw_desc *hw)
{
	union genctrl_reg ctrl = { .bits = sim_get(sim, IDXD_GENCTRL_OFFSET) };
	union sw_err_reg err = { .valid = 1, .error = error };
	unsigned int i;

	if (sim_get(sim, IDXD_SWERR_OFFSET) & IDXD_SWERR_VALID) {
		sim_set(sim, IDXD_SWERR_OFFSET,
			sim_get(sim, IDXD_SWERR_OFFSET) | IDXD_SWERR_OVERFLOW);
		return;
	}
	if (wq >= 0) {
		err.wq_idx_valid = 1;
		err.wq_idx = wq;
	}
	if (hw) {
		err.desc_valid = 1;
		err.priv = hw->priv;
		err.operation = hw->opcode;
		err.pasid = hw->pasid;
	}
	for (i = 0; i < ARRAY_SIZE(err.bits); i++)
		sim_set64(sim, IDXD_SWERR_OFFSET + 8 * i, err.bits[i]);
	if (ctrl.softerr_int_en)
		sim_cause(sim, IDXD_INTC_ERR);
}

/* Write what can be written, and count an attempt to change the rest. */
static void sim_update(struct sim_dev *sim, u32 offset, u32 value, u32 mask)
{
	u32 old = sim_get(sim, offset);

	if ((old ^ value) & ~mask)
		sim->stats.ignored++;
	sim_set(sim, offset, (old & ~mask) | (value & mask));
}

static void sim_wqcfg_write(struct sim_dev *sim, u32 offset, u32 value)
{
	unsigned int wq = (offset - SIM_WQCFG) / SIM_WQCFG_STRIDE;
	unsigned int dword = offset % SIM_WQCFG_STRIDE / sizeof(u32);
	bool disabled = sim_state(sim) == IDXD_DEVICE_STATE_DISABLED;
	bool off = !sim_wqcfg(sim, wq)->wq_state;
	u32 mask;

	switch (dword) {
	case 0:		/* size */
		mask = disabled ? 0xffff : 0;
		break;
	case 1:		/* threshold */
		mask = 0xffff;
		break;
	case 2:		/* mode, block on fault, priority, PASID, privilege */
		mask = off ? ~0xcU : 0;
		break;
	case 3:		/* limits of a transfer and a batch */
		mask = off ? 0x1ff : 0;
		break;
	case 4:		/* occupancy interrupt */
	case 5:
		mask = 0x1ffff;
		break;
	default:	/* state */
		mask = 0;
	}
	sim_update(sim, offset, value, mask);
}

static bool in_table(u32 offset, u32 table, u32 stride, unsigned int count)
{
	return offset >= table && offset < table + stride * count;
}

static void sim_swerr_ack(struct sim_dev *sim, u32 value)
{
	sim_set(sim, IDXD_SWERR_OFFSET, sim_get(sim, IDXD_SWERR_OFFSET) &
		~(value & IDXD_SWERR_ACK));
}

void sim_reg_write(struct sim_dev *sim, u32 offset, u32 value)
{
	bool disabled = sim_state(sim) == IDXD_DEVICE_STATE_DISABLED;
	struct sim_shape *shape = &sim->shape;

	switch (offset) {
	case IDXD_GENCFG_OFFSET:
		sim_update(sim, offset, value, disabled ? 0x10ff : 0);
		break;
	case IDXD_GENCTRL_OFFSET:
		sim_update(sim, offset, value, 1);
		break;
	case IDXD_INTCAUSE_OFFSET:
		sim_set(sim, offset, sim_get(sim, offset) & ~value);
		break;
	case IDXD_CMD_OFFSET:
		sim_cmd_write(sim, value);
		break;
	case IDXD_SWERR_OFFSET:
		sim_swerr_ack(sim, value);
		break;
	case IDXD_SWERR_OFFSET + 4:
		break;		/* the upper half of an acknowledgment */
	default:
		if (in_table(offset, SIM_WQCFG, SIM_WQCFG_STRIDE, shape->wqs))
			sim_wqcfg_write(sim, offset, value);
		else if (in_table(offset, SIM_GRPCFG, SIM_GRPCFG_STRIDE,
				  shape->groups))
			sim_update(sim, offset, value, disabled ? ~0U : 0);
		else if (in_table(offset, SIM_MSIXPERM, SIM_MSIXPERM_STRIDE,
				  shape->vectors))
			sim_update(sim, offset, value, 0xfffff00c);
		else
			sim->stats.ignored++;
	}
}
