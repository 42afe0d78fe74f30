// SPDX-License-Identifier: GPL-2.0-only
/* io_uring without a library. */
#include <sys/syscall.h>

#include "uring.h"

static unsigned int *sq_word(struct ring *ring, unsigned int at)
{
	return (unsigned int *)((char *)ring->sq + at);
}

static unsigned int *cq_word(struct ring *ring, unsigned int at)
{
	return (unsigned int *)((char *)ring->cq + at);
}

static size_t entry_size(const struct ring *ring)
{
	return sizeof(struct io_uring_sqe) << !!(ring->params.flags & IORING_SETUP_SQE128);
}

static size_t end_size(const struct ring *ring)
{
	return sizeof(struct io_uring_cqe) << !!(ring->params.flags & IORING_SETUP_CQE32);
}

static void *ring_map(struct ring *ring, size_t size, off_t what)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);
}

int ring_open(struct ring *ring, unsigned int entries, unsigned int flags)
{
	struct io_uring_params *p = &ring->params;

	memset(ring, 0, sizeof(*ring));
	p->flags = flags;
	ring->fd = syscall(__NR_io_uring_setup, entries, p);
	if (ring->fd < 0)
		return -errno;
	ring->sq_size = p->sq_off.array + p->sq_entries * sizeof(unsigned int);
	ring->cq_size = p->cq_off.cqes + p->cq_entries * end_size(ring);
	ring->entries_size = p->sq_entries * entry_size(ring);
	ring->sq = ring_map(ring, ring->sq_size, IORING_OFF_SQ_RING);
	ring->cq = ring_map(ring, ring->cq_size, IORING_OFF_CQ_RING);
	ring->entries = ring_map(ring, ring->entries_size, IORING_OFF_SQES);
	if (ring->sq != MAP_FAILED && ring->cq != MAP_FAILED && ring->entries != MAP_FAILED)
		return 0;
	ring_close(ring);
	return -ENOMEM;
}

void ring_close(struct ring *ring)
{
	if (ring->sq && ring->sq != MAP_FAILED)
		munmap(ring->sq, ring->sq_size);
	if (ring->cq && ring->cq != MAP_FAILED)
		munmap(ring->cq, ring->cq_size);
	if (ring->entries && ring->entries != MAP_FAILED)
		munmap(ring->entries, ring->entries_size);
	close(ring->fd);
}

struct io_uring_sqe *ring_entry(struct ring *ring, int fd, const struct coffer_exec *exec,
				__u64 data)
{
	unsigned int *tail = sq_word(ring, ring->params.sq_off.tail);
	unsigned int at = *tail & (ring->params.sq_entries - 1);
	struct io_uring_sqe *sqe = (void *)((char *)ring->entries + at * entry_size(ring));
	size_t room = entry_size(ring) - offsetof(struct io_uring_sqe, cmd);

	memset(sqe, 0, entry_size(ring));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = COFFER_IOC_EXEC;
	sqe->user_data = data;
	memcpy(sqe->cmd, exec, room < sizeof(*exec) ? room : sizeof(*exec));
	sq_word(ring, ring->params.sq_off.array)[at] = at;
	/* The kernel's thread of a polled ring may look at once. */
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return sqe;
}

static int enter(struct ring *ring, unsigned int count, unsigned int flags)
{
	int rc = syscall(__NR_io_uring_enter, ring->fd, count, 0, flags, NULL, 0);

	return rc < 0 ? -errno : rc;
}

int ring_submit(struct ring *ring)
{
	unsigned int tail = *sq_word(ring, ring->params.sq_off.tail);
	unsigned int head = __atomic_load_n(sq_word(ring, ring->params.sq_off.head),
					    __ATOMIC_ACQUIRE);

	return enter(ring, tail - head, IORING_ENTER_SQ_WAKEUP *
		     !!(ring->params.flags & IORING_SETUP_SQPOLL));
}

static bool ring_take(struct ring *ring, struct ring_end *end)
{
	unsigned int *head = cq_word(ring, ring->params.cq_off.head);
	unsigned int at = *head & (ring->params.cq_entries - 1);
	const struct io_uring_cqe *cqe;

	if (*head == __atomic_load_n(cq_word(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE))
		return false;
	cqe = (void *)((char *)ring->cq + ring->params.cq_off.cqes + at * end_size(ring));
	memset(end, 0, sizeof(*end));
	end->data = cqe->user_data;
	end->res = cqe->res;
	if (ring->params.flags & IORING_SETUP_CQE32) {
		end->result = cqe->big_cqe[0];
		end->zero = cqe->big_cqe[1];
	}
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

int ring_end(struct ring *ring, struct ring_end *end, int ms)
{
	double until = seconds() + ms / 1000.0;

	for (;;) {
		if (ring_take(ring, end))
			return 0;
		enter(ring, 0, IORING_ENTER_GETEVENTS);	/* what waits to be done in our name */
		if (ring_take(ring, end))
			return 0;
		if (seconds() > until)
			return -ETIME;
		usleep(500);
	}
}

int ring_exec(struct ring *ring, int fd, const struct coffer_exec *exec, struct ring_end *end)
{
	int rc;

	ring_entry(ring, fd, exec, 0x1234);
	rc = ring_submit(ring);
	if (rc < 0)
		return rc;
	rc = ring_end(ring, end, 20000);
	if (rc)
		return rc;
	return end->data == 0x1234 ? end->res : -EBADMSG;
}
