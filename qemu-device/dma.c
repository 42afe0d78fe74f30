/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory accesses of the function. All are for RAM only, so that no address that a guest
 * can write into a ring reaches a device, this one least of all. What is read is read once.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "device.h"

static MemTxAttrs coffer_attrs(CofferState *s)
{
    return (MemTxAttrs) {
        .memory = 1,
        .requester_id = pci_requester_id(PCI_DEVICE(s)),
    };
}

static bool coffer_dma(CofferState *s, uint64_t addr, void *buf, uint32_t len, DMADirection dir)
{
    if (s->fault.link_loss || addr + len < addr) {
        return false;
    }
    return pci_dma_rw(PCI_DEVICE(s), addr, buf, len, dir, coffer_attrs(s)) == MEMTX_OK;
}

bool coffer_dma_read(CofferState *s, uint64_t addr, void *buf, uint32_t len)
{
    return coffer_dma(s, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
}

bool coffer_dma_write(CofferState *s, uint64_t addr, const void *buf, uint32_t len)
{
    return coffer_dma(s, addr, (void *)buf, len, DMA_DIRECTION_FROM_DEVICE);
}

/*
 * May one aligned access of @size bytes, in one piece, go there? Loads and stores of a value do
 * not look at the memory-only attribute in every version of QEMU, so ask the address space
 * first; under the big lock the answer stays true.
 */
static bool coffer_dma_aligned(CofferState *s, uint64_t addr, unsigned size, bool is_write)
{
    hwaddr len = size, offset;
    MemoryRegion *mr;
    bool ram;

    if (s->fault.link_loss || (addr & (size - 1))) {
        return false;
    }
    rcu_read_lock();
    mr = address_space_translate(pci_get_address_space(PCI_DEVICE(s)), addr, &offset, &len,
                                 is_write, coffer_attrs(s));
    ram = memory_region_is_ram(mr) && !(is_write && memory_region_is_rom(mr)) && len >= size;
    rcu_read_unlock();
    return ram;
}

bool coffer_dma_store64(CofferState *s, uint64_t addr, uint64_t value)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));

    return coffer_dma_aligned(s, addr, sizeof(value), true) &&
           stq_le_dma(as, addr, value, coffer_attrs(s)) == MEMTX_OK;
}

bool coffer_dma_store32(CofferState *s, uint64_t addr, uint32_t value)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));

    return coffer_dma_aligned(s, addr, sizeof(value), true) &&
           stl_le_dma(as, addr, value, coffer_attrs(s)) == MEMTX_OK;
}

bool coffer_dma_load32(CofferState *s, uint64_t addr, uint32_t *value)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));

    return coffer_dma_aligned(s, addr, sizeof(*value), false) &&
           ldl_le_dma(as, addr, value, coffer_attrs(s)) == MEMTX_OK;
}

/* Is this a place for a ring? bytes > 0. */
bool coffer_ring_fits(uint64_t base, uint64_t align, uint64_t bytes)
{
    return !(base & (align - 1)) && base <= UINT64_MAX - (bytes - 1);
}

/* Turn what an entry says about one payload into a checked list of segments. */
static enum coffer_tstatus coffer_segments_load(CofferState *s, uint64_t addr, unsigned segs,
                                                uint32_t len, CofferSegment *out)
{
    struct coffer_seg list[COFFER_MAX_SEGMENTS];
    uint64_t sum = 0;
    unsigned i;

    if (segs <= 1) {
        out[0] = (CofferSegment) { .addr = addr, .len = len };
        return COFFER_TS_OK;
    }
    if (!coffer_dma_read(s, addr, list, segs * sizeof(list[0]))) {
        return COFFER_TS_DMA_REQ;
    }
    for (i = 0; i < segs; i++) {
        if (list[i].reserved) {
            return COFFER_TS_BAD_FIELD;
        }
    }
    for (i = 0; i < segs; i++) {
        out[i].addr = le64_to_cpu(list[i].addr);
        out[i].len = le32_to_cpu(list[i].len);
        if (!out[i].len || out[i].len > COFFER_MAX_PAYLOAD) {
            return COFFER_TS_BAD_LENGTH;
        }
        sum += out[i].len;
    }
    return sum == len ? COFFER_TS_OK : COFFER_TS_BAD_LENGTH;
}

static enum coffer_tstatus coffer_request_read(CofferState *s, CofferRequest *r,
                                               const CofferSegment *seg)
{
    uint32_t at = 0;
    unsigned i;

    for (i = 0; i < r->sqe.req_segs; i++) {
        if (!coffer_dma_read(s, seg[i].addr, r->req + at, seg[i].len)) {
            return COFFER_TS_DMA_REQ;
        }
        at += seg[i].len;
    }
    return COFFER_TS_OK;
}

static bool coffer_lengths_good(const struct coffer_sqe *sqe)
{
    return sqe->req_len <= COFFER_MAX_PAYLOAD && sqe->reply_len <= COFFER_MAX_PAYLOAD &&
           sqe->req_segs <= COFFER_MAX_SEGMENTS && sqe->reply_segs <= COFFER_MAX_SEGMENTS &&
           !sqe->req_segs == !sqe->req_len && !sqe->reply_segs == !sqe->reply_len;
}

/* Check an entry and bring in its request. OK: r->req and r->reply are there. */
enum coffer_tstatus coffer_request_load(CofferState *s, CofferRequest *r)
{
    const struct coffer_sqe *sqe = &r->sqe;
    CofferSegment req_seg[COFFER_MAX_SEGMENTS];
    enum coffer_tstatus status;

    if (sqe->flags || sqe->reserved0 || sqe->reserved1[0] || sqe->reserved1[1]) {
        return COFFER_TS_BAD_FIELD;
    }
    if (!coffer_lengths_good(sqe)) {
        return COFFER_TS_BAD_LENGTH;
    }
    status = coffer_segments_load(s, sqe->req_addr, sqe->req_segs, sqe->req_len, req_seg);
    if (status != COFFER_TS_OK) {
        return status;
    }
    status = coffer_segments_load(s, sqe->reply_addr, sqe->reply_segs, sqe->reply_len,
                                  r->reply_seg);
    if (status != COFFER_TS_OK) {
        return status;
    }
    r->reply_segs = sqe->reply_segs;
    /* Never zero bytes, so that NULL means no memory. */
    r->req = g_try_malloc(sqe->req_len + 1);
    r->reply = g_try_malloc(sqe->reply_len + 1);
    if (!r->req || !r->reply) {
        return COFFER_TS_BUSY;
    }
    return coffer_request_read(s, r, req_seg);
}

/* Write the first @len bytes of the reply, at most the room that was given. */
bool coffer_reply_store(CofferState *s, CofferRequest *r, uint32_t len)
{
    uint32_t at = 0, part;
    unsigned i;

    for (i = 0; i < r->reply_segs && at < len; i++) {
        part = MIN(r->reply_seg[i].len, len - at);
        if (!coffer_dma_write(s, r->reply_seg[i].addr, r->reply + at, part)) {
            return false;
        }
        at += part;
    }
    return at == len;
}
