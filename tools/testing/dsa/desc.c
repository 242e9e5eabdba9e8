// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors: taken from a portal, checked, carried out when their time has
 * come, and reported by completion record and interrupt.
 *
 * Addresses are physical, as they are for a device that no IOMMU translates.
 * The copying is plain C: KASAN sees it, and finds a device that is given
 * memory which was freed meanwhile.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include "dsa_sim.h"

/*
 * What SWERR says of a descriptor that was not accepted. The values are of
 * this simulator; no driver looks at them.
 */
#define ERR_WQ_DISABLED		0x51
#define ERR_WQ_FULL		0x52
#define ERR_PORTAL		0x53

/* Flags of an operation, beyond those that all of them have. */
#define FLAGS_COMMON	(IDXD_OP_FLAG_FENCE | IDXD_OP_FLAG_CRAV | \
			 IDXD_OP_FLAG_RCR | IDXD_OP_FLAG_RCI | \
			 IDXD_OP_FLAG_CR_TCS | IDXD_OP_FLAG_STORD)

static u32 flags_of(u8 opcode)
{
	switch (opcode) {
	case DSA_OPCODE_MEMMOVE:
		return FLAGS_COMMON | IDXD_OP_FLAG_CC |
			IDXD_OP_FLAG_ADDR1_TCS | IDXD_OP_FLAG_ADDR2_TCS;
	case DSA_OPCODE_MEMFILL:
		return FLAGS_COMMON | IDXD_OP_FLAG_CC | IDXD_OP_FLAG_ADDR2_TCS;
	case DSA_OPCODE_COMPARE:
		return FLAGS_COMMON | IDXD_OP_FLAG_CRSTS |
			IDXD_OP_FLAG_ADDR1_TCS | IDXD_OP_FLAG_ADDR2_TCS;
	default:
		return FLAGS_COMMON;
	}
}

/*
 * The bytes at physical address @addr, if all of them are memory; or else the
 * address of the first page that is not, in @bad. The kernel's direct map
 * tells, and asking it takes no lock.
 */
static void *sim_dma(u64 addr, u64 size, u64 *bad)
{
	unsigned int level;
	u64 at = addr;
	pte_t *pte;

	do {
		pte = pfn_valid(PHYS_PFN(at)) ?
			lookup_address((unsigned long)phys_to_virt(at),
				       &level) : NULL;
		if (!pte || !pte_present(*pte)) {
			*bad = at;
			return NULL;
		}
		at = (at & PAGE_MASK) + PAGE_SIZE;
	} while (at < addr + size);
	return phys_to_virt(addr);
}

static u8 sim_memmove(const struct dsa_hw_desc *hw,
		      struct dsa_completion_record *rec)
{
	void *src, *dst;

	src = sim_dma(hw->src_addr, hw->xfer_size, &rec->fault_addr);
	if (!src)
		return DSA_COMP_PAGE_FAULT_NOBOF;
	dst = sim_dma(hw->dst_addr, hw->xfer_size, &rec->fault_addr);
	if (!dst)
		return DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE;
	memmove(dst, src, hw->xfer_size);
	return DSA_COMP_SUCCESS;
}

static u8 sim_memfill(const struct dsa_hw_desc *hw,
		      struct dsa_completion_record *rec)
{
	u64 pattern = hw->pattern;
	u8 *dst;
	u32 i;

	dst = sim_dma(hw->dst_addr, hw->xfer_size, &rec->fault_addr);
	if (!dst)
		return DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE;
	for (i = 0; i < hw->xfer_size; i++)
		dst[i] = ((u8 *)&pattern)[i % sizeof(pattern)];
	return DSA_COMP_SUCCESS;
}

static u8 sim_compare(const struct dsa_hw_desc *hw,
		      struct dsa_completion_record *rec)
{
	u8 *a, *b;
	u32 i;

	a = sim_dma(hw->src_addr, hw->xfer_size, &rec->fault_addr);
	b = a ? sim_dma(hw->src2_addr, hw->xfer_size, &rec->fault_addr) : NULL;
	if (!b)
		return DSA_COMP_PAGE_FAULT_NOBOF;
	for (i = 0; i < hw->xfer_size && a[i] == b[i]; i++)
		;
	rec->result = i < hw->xfer_size;
	if (rec->result)
		rec->bytes_completed = i;
	if ((hw->flags & IDXD_OP_FLAG_CRSTS) &&
	    rec->result != (hw->expected_res & 1))
		return DSA_COMP_SUCCESS_PRED;
	return DSA_COMP_SUCCESS;
}

/* What is wrong with a descriptor, as a completion status; 0 for nothing. */
static u8 sim_check(struct sim_dev *sim, struct sim_desc *desc)
{
	union wqcfg *cfg = sim_wqcfg(sim, desc->wq);
	struct dsa_hw_desc *hw = &desc->hw;

	switch (hw->opcode) {
	case DSA_OPCODE_NOOP:
	case DSA_OPCODE_DRAIN:
		break;
	case DSA_OPCODE_MEMMOVE:
	case DSA_OPCODE_MEMFILL:
	case DSA_OPCODE_COMPARE:
		if (!hw->xfer_size ||
		    hw->xfer_size > BIT_ULL(cfg->max_xfer_shift))
			return DSA_COMP_XFER_ERANGE;
		break;
	default:
		return DSA_COMP_BAD_OPCODE;
	}
	if (hw->flags & ~flags_of(hw->opcode))
		return DSA_COMP_INVALID_FLAGS;
	if (hw->rsvd || hw->rsvd1)
		return DSA_COMP_NOZERO_RESERVE;
	if (hw->priv && !cfg->priv)
		return DSA_COMP_PRIV_BAD;
	if ((hw->flags & IDXD_OP_FLAG_RCI) &&
	    hw->int_handle >= sim->shape.vectors)
		return DSA_COMP_INT_HANDLE_INVAL;
	return 0;
}

static u8 sim_execute(struct sim_dev *sim, struct sim_desc *desc,
		      struct dsa_completion_record *rec)
{
	struct sim_wq *wq = &sim->wq[desc->wq];
	struct dsa_hw_desc *hw = &desc->hw;
	u8 status = sim_check(sim, desc);

	if (status)
		return status;
	if (sim_fault_hits(&wq->fail_desc))
		return wq->fail_desc.code;
	rec->bytes_completed = hw->xfer_size;
	switch (hw->opcode) {
	case DSA_OPCODE_MEMMOVE:
		status = sim_memmove(hw, rec);
		if (status == DSA_COMP_SUCCESS && sim_fault_hits(&wq->corrupt))
			*(u8 *)phys_to_virt(hw->dst_addr) ^= 1;
		break;
	case DSA_OPCODE_MEMFILL:
		status = sim_memfill(hw, rec);
		break;
	case DSA_OPCODE_COMPARE:
		status = sim_compare(hw, rec);
		break;
	default:
		rec->bytes_completed = 0;
		return DSA_COMP_SUCCESS;
	}
	if ((status & DSA_COMP_STATUS_MASK) == DSA_COMP_PAGE_FAULT_NOBOF)
		rec->bytes_completed = 0;
	return status;
}

/*
 * The record is there before its status is, and its status before the
 * interrupt. An error without a place for it is a software error.
 */
static void sim_report(struct sim_dev *sim, struct sim_desc *desc,
		       const struct dsa_completion_record *rec, u8 status)
{
	struct dsa_hw_desc *hw = &desc->hw;
	struct dsa_completion_record *to;
	u64 bad;

	if (!(hw->flags & IDXD_OP_FLAG_CRAV)) {
		if (status != DSA_COMP_SUCCESS)
			sim_swerr(sim, status, desc->wq, hw);
		return;
	}
	if (!(hw->flags & IDXD_OP_FLAG_RCR) && status == DSA_COMP_SUCCESS)
		return;
	if (!IS_ALIGNED(hw->completion_addr, sizeof(*to))) {
		sim_swerr(sim, DSA_COMP_CRA_ALIGN, desc->wq, hw);
		return;
	}
	to = sim_dma(hw->completion_addr, sizeof(*to), &bad);
	if (!to) {
		sim_swerr(sim, DSA_COMP_CRA_XLAT, desc->wq, hw);
		return;
	}
	to->result = rec->result;
	to->rsvd = 0;
	to->bytes_completed = rec->bytes_completed;
	to->fault_addr = rec->fault_addr;
	memset(to->op_specific, 0, sizeof(to->op_specific));
	smp_wmb();	/* the driver looks at nothing before the status */
	to->status = status;
}

static void sim_free(struct sim_dev *sim, struct sim_desc *desc)
{
	sim->wq[desc->wq].used--;
	list_move(&desc->node, &sim->free);
}

static void sim_finish(struct sim_dev *sim, struct sim_desc *desc)
{
	struct dsa_completion_record rec = {};
	struct dsa_hw_desc *hw = &desc->hw;
	u8 status = sim_execute(sim, desc, &rec);

	sim_report(sim, desc, &rec, status);
	if ((hw->flags & IDXD_OP_FLAG_RCI) &&
	    hw->int_handle < sim->shape.vectors)
		sim_raise(sim, hw->int_handle);
	sim->stats.completed++;
	sim_free(sim, desc);
}

void sim_descs_run(struct sim_dev *sim, ktime_t now)
{
	struct sim_desc *desc, *next;

	list_for_each_entry_safe(desc, next, &sim->inflight, node)
		if (!desc->stuck && !ktime_after(desc->due, now))
			sim_finish(sim, desc);
}

/* End all descriptors of some queues: done at once, or dropped. */
void sim_descs_flush(struct sim_dev *sim, unsigned long wqs, bool finish)
{
	struct sim_desc *desc, *next;

	list_for_each_entry_safe(desc, next, &sim->inflight, node) {
		if (!(wqs & BIT(desc->wq)) || (finish && desc->stuck))
			continue;
		if (finish) {
			sim_finish(sim, desc);
		} else {
			sim->stats.aborted++;
			sim_free(sim, desc);
		}
	}
}

unsigned int sim_descs_left(struct sim_dev *sim, unsigned long wqs)
{
	unsigned int i, left = 0;

	for_each_set_bit(i, &wqs, sim->shape.wqs)
		left += sim->wq[i].used;
	return left;
}

static void sim_accept(struct sim_dev *sim, unsigned int wq, const void *from)
{
	struct sim_wq *to = &sim->wq[wq];
	struct sim_desc *desc;

	desc = list_first_entry(&sim->free, struct sim_desc, node);
	memcpy(&desc->hw, from, sizeof(desc->hw));
	desc->wq = wq;
	desc->due = ktime_add_us(ktime_get(), sim_latency_us);
	desc->stuck = sim_fault_hits(&to->stick);
	list_move_tail(&desc->node, &sim->inflight);
	to->used++;
	sim->stats.descs++;
}

/* 64 bytes have arrived at @offset of BAR 2. */
void sim_portal_write(struct sim_dev *sim, u32 offset, const void *from)
{
	unsigned int page = offset / PAGE_SIZE;
	unsigned int wq = page / SIM_PORTALS_PER_WQ;
	unsigned long flags;
	u8 error = 0;

	raw_spin_lock_irqsave(&sim->lock, flags);
	/* Of the four pages, only those with MSI-X handles lead anywhere. */
	if (wq >= sim->shape.wqs ||
	    page % SIM_PORTALS_PER_WQ > 1)
		error = ERR_PORTAL;
	else if (sim_state(sim) != IDXD_DEVICE_STATE_ENABLED ||
		 !sim_wqcfg(sim, wq)->wq_state || sim->wq[wq].closing ||
		 !sim_bus_master(sim))
		error = ERR_WQ_DISABLED;
	else if (sim->wq[wq].used >= sim_wqcfg(sim, wq)->wq_size)
		error = ERR_WQ_FULL;

	if (error) {
		sim->stats.refused++;
		sim_swerr(sim, error, wq < sim->shape.wqs ? (int)wq : -1, from);
	} else {
		sim_accept(sim, wq, from);
	}
	sim_kick(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}

int sim_descs_init(struct sim_dev *sim)
{
	unsigned int i;

	INIT_LIST_HEAD(&sim->free);
	INIT_LIST_HEAD(&sim->inflight);
	sim->descs = kcalloc(sim->shape.wq_size, sizeof(*sim->descs),
			     GFP_KERNEL);
	if (!sim->descs)
		return -ENOMEM;
	for (i = 0; i < sim->shape.wq_size; i++)
		list_add_tail(&sim->descs[i].node, &sim->free);
	return 0;
}

void sim_descs_exit(struct sim_dev *sim)
{
	kfree(sim->descs);
}
