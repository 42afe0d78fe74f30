// SPDX-License-Identifier: GPL-2.0-only
/* Many commands by io_uring: given, taken back, judged. */
#include <sys/syscall.h>

#include "uring.h"

void uring_prepare(struct uring_load *load)
{
	unsigned int i;

	memset(load->exec, 0, sizeof(load->exec));
	memset(load->reply, POISON, sizeof(load->reply));
	for (i = 0; i < MANY; i++) {
		struct coffer_exec *exec = &load->exec[i];

		card_fill(load->req[i], LEN, i);
		exec->size = sizeof(*exec);
		exec->opcode = COFFER_CMD_ECHO;
		exec->req = (uintptr_t)load->req[i];
		exec->req_len = LEN - i;
		exec->reply = (uintptr_t)load->reply[i];
		exec->reply_len = LEN;
	}
}

int uring_open(struct uring_load *load)
{
	int rc;

	load->fd = card_open(O_RDWR);
	if (load->fd < 0)
		return load->fd;
	rc = card_echo(load->fd, 10, 0) ?: ring_open(&load->ring, MANY, RING_KIND);
	uring_prepare(load);
	return rc;
}

void uring_close(struct uring_load *load)
{
	ring_close(&load->ring);
	close(load->fd);
}

int uring_give(struct uring_load *load, int fd, unsigned int first, unsigned int count)
{
	unsigned int i;

	for (i = first; i < first + count; i++)
		ring_entry(&load->ring, fd, &load->exec[i], i);
	return ring_submit(&load->ring);
}

unsigned int uring_take(struct uring_load *load, unsigned int count, int ms)
{
	struct ring_end end;
	unsigned int found = 0;

	while (found < count && !ring_end(&load->ring, &end, ms)) {
		if (end.data < MANY)
			load->end[end.data] = end;
		found++;
	}
	return found;
}

unsigned int uring_right(const struct uring_load *load, unsigned int first, unsigned int count)
{
	unsigned int i, found = 0;

	for (i = first; i < first + count; i++)
		found += !load->end[i].res && !load->end[i].zero &&
			 load->end[i].result == COFFER_URING_RESULT(0, LEN - i) &&
			 !memcmp(load->req[i], load->reply[i], LEN - i) &&
			 (!i || load->reply[i][LEN - i] == POISON);
	return found;
}

unsigned int uring_failed(const struct uring_load *load, unsigned int first, unsigned int count,
			  int error)
{
	unsigned int i, found = 0;

	for (i = first; i < first + count; i++)
		found += load->end[i].res == error && !load->end[i].result && !load->end[i].zero &&
			 load->reply[i][0] == POISON;
	return found;
}

int one_cpu(const struct ring *ring)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		return -errno;
	if (!ring)
		return 0;
	return syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_AFF, &cpu,
		       sizeof(cpu)) ? -errno : 0;
}

unsigned int queue_share(int fd)
{
	struct coffer_query query = { .size = sizeof(query) };

	return card_ioctl(fd, COFFER_IOC_QUERY, &query) ? 0 : (query.queue_entries - 2) / 2;
}
