// SPDX-License-Identifier: BSD-3-Clause
/* Memory that calls are given: good, bad, and on the edge between both. */
#include "ioctl.h"

#define PAGE	4096u
#define ROOM	(COFFER_CMD_MAX_PAYLOAD + 2 * PAGE)

/* Some pages that can be used, with one behind them that cannot. */
static __u8 *pages(size_t size)
{
	__u8 *at = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + size, PAGE, PROT_NONE))
		return NULL;
	return at;
}

int memory_make(struct memory *m)
{
	m->args = pages(2 * PAGE);
	m->at[P_GOOD] = pages(ROOM);
	m->reply = pages(ROOM);
	m->rows = pages(8 * PAGE);
	m->at[P_CONST] = pages(PAGE);
	if (!m->args || !m->at[P_GOOD] || !m->reply || !m->rows || !m->at[P_CONST])
		return -ENOMEM;
	mprotect(m->at[P_CONST], PAGE, PROT_READ);
	m->at[P_HOLE] = m->args + 2 * PAGE;
	m->at[P_KERNEL] = (__u8 *)0xffff888000100000;
	m->at[P_BENT] = (__u8 *)0x8000000000000000;
	m->at[P_WRAP] = (__u8 *)0xfffffffffffffff8;
	m->at[P_STRUCT] = m->args;
	return 0;
}

/**
 * memory_at - a pointer
 * @m: the memory
 * @place: enum place, or any other number
 * @good: where it would be right
 * @other: what P_OTHER lies across
 * @len: P_EDGE: half of so many bytes are there
 */
__u64 memory_at(const struct memory *m, unsigned int place, __u8 *good, __u8 *other, __u32 len)
{
	place %= P_COUNT;
	switch (place) {
	case P_GOOD: return (uintptr_t)good;
	case P_ODD: return (uintptr_t)good + 1;
	case P_EDGE: return (uintptr_t)m->at[P_HOLE] - (len / 2 < 2 * PAGE ? len / 2 : 2 * PAGE);
	case P_OTHER: return (uintptr_t)other + 8;
	default: return (uintptr_t)m->at[place];
	}
}
