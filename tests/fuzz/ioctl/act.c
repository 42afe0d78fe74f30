// SPDX-License-Identifier: BSD-3-Clause
/* Steps carried out, by a worker and by its aide. */
#include "ioctl.h"

#define SLACK	120.0	/* s: a reset that is waited for, on a slow machine */
#define ARGS	8192u	/* bytes of memory->args */
#define UNTOUCHED 0xa5

/* A call of a step: its struct where it would be right, and where it is. */
struct call {
	struct worker *w;
	struct watch *watch;
	struct memory *memory;
	const struct step *step;
	size_t known;		/* bytes of the struct */
};

double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

double limit_of(__u16 opcode)
{
	const struct row *row = row_find(opcode);

	/* Twice: as long again the firmware may have had no room for it. */
	return SLACK + (row ? row->timeout_ms / 500.0 : 0);
}

static void watch_begin(struct watch *watch, const char *what, double limit)
{
	double now = seconds();

	watch->what = what;
	watch->limit = limit;
	__atomic_store(&watch->since, &now, __ATOMIC_RELEASE);
}

static void watch_end(struct watch *watch)
{
	double none = 0;

	__atomic_store(&watch->since, &none, __ATOMIC_RELEASE);
}

/* ---- One ioctl ------------------------------------------------------------------------ */

/* Contract 3 names these; EBADF is what a descriptor gets that another thread has closed. */
static bool errno_known(int error)
{
	static const int known[] = {
		0, EFAULT, E2BIG, EINVAL, EOPNOTSUPP, EPERM, EBUSY, ENOMEM, ENOENT, EINTR,
		ETIMEDOUT, EIO, ECANCELED, EAGAIN, ENODEV, ENOTTY, EBADF,
	};
	unsigned int i;

	for (i = 0; i < COUNT(known); i++)
		if (known[i] == error)
			return true;
	return false;
}

static int call_ioctl(struct call *c, int fd, unsigned long nr, __u64 arg, double limit)
{
	int error;

	watch_begin(c->watch, "ioctl", limit);
	error = ioctl(fd, nr, arg) ? errno : 0;
	watch_end(c->watch);
	if (c->watch == &c->w->watch)
		c->w->calls++;
	else
		c->w->aide_calls++;
	c->w->good += !error;
	if (!errno_known(error))
		finding(c->w, "ioctl 0x%lx: errno %d is not in the contract", nr, error);
	return error;
}

/* The struct, as long as the step says, with one word of it changed; its address. */
static __u64 call_struct(struct call *c, const void *from)
{
	const struct step *s = c->step;
	__u8 *args = c->memory->args;
	__u32 size = s->size;
	__u64 value = boundary(s->value);
	size_t at = s->field * 4, wide = s->wide & 1 ? 8 : 4;

	memset(args, UNTOUCHED, ARGS);
	memset(args, 0, size < ARGS ? size : ARGS);
	memcpy(args, from, size < c->known ? size : c->known);
	memcpy(args, &size, sizeof(size));
	if (s->mode & MODE_TAIL && size > c->known)
		args[size < ARGS ? size - 1 : ARGS - 1] = 1;
	if (s->field != FIELD_NONE && at + wide <= c->known)
		memcpy(args + at, &value, wide);
	return memory_at(c->memory, s->at, args, c->memory->reply, c->known);
}

/* No byte behind the struct's own size may have changed. */
static void call_check(struct call *c)
{
	__u32 i, size = c->step->size;
	const __u8 *args = c->memory->args;

	if (c->step->at % P_COUNT != P_GOOD || c->step->req % P_COUNT != P_GOOD ||
	    c->step->reply % P_COUNT != P_GOOD || c->step->field != FIELD_NONE)
		return;
	for (i = size < sizeof(size) ? sizeof(size) : size; i < ARGS; i++)
		if (args[i] != UNTOUCHED) {
			finding(c->w, "byte %u of a struct of %u has changed", i, size);
			return;
		}
}

/* ---- Commands ------------------------------------------------------------------------- */

static void exec_fill(struct coffer_exec *e, const struct memory *m, const struct step *s)
{
	*e = (struct coffer_exec){
		.size = sizeof(*e), .opcode = s->opcode, .req_len = s->len, .reply_len = s->room,
		.cookie = s->seed & 3,
		.timeout_ms = s->seed & 0x30 ? 0 : 1 << (s->seed >> 6 & 15),
	};
	e->req = memory_at(m, s->req, m->at[P_GOOD], m->reply, s->len);
	e->reply = memory_at(m, s->reply, m->reply, m->at[P_GOOD], s->room);
}

/* Of the request: a session's number first, as most have it. */
static void request_fill(const struct memory *m, const struct step *s)
{
	__u32 i, session = s->seed >> 8 & 3, len = s->len < 65536 ? s->len : 65536;

	for (i = 0; i < len; i += 64)
		m->at[P_GOOD][i] = s->seed >> i % 24;
	memcpy(m->at[P_GOOD], &session, sizeof(session));
}

static void do_exec(struct call *c, int fd)
{
	const struct step *s = c->step;
	struct coffer_exec e, *out = (void *)c->memory->args;
	bool echo;

	exec_fill(&e, c->memory, s);
	request_fill(c->memory, s);
	echo = s->opcode == COFFER_CMD_ECHO && s->at == P_GOOD && s->req == P_GOOD &&
	       s->reply == P_GOOD && s->field == FIELD_NONE && s->size == sizeof(e);
	if (call_ioctl(c, fd, COFFER_IOC_EXEC, call_struct(c, &e), limit_of(s->opcode)) == 0 &&
	    echo && out->verdict == 0 &&
	    (out->reply_len != s->len || memcmp(c->memory->at[P_GOOD], c->memory->reply, s->len)))
		finding(c->w, "an echo of %u bytes brought %u, or others", s->len, out->reply_len);
	call_check(c);
}

/* Up to 24 commands, or a count that is none; one in four is not as it should be. */
static void do_batch(struct call *c, int fd)
{
	const struct step *s = c->step;
	struct coffer_batch_entry *entry = (void *)c->memory->rows;
	struct coffer_batch batch = { .entries = (uintptr_t)entry, .entry_size = sizeof(*entry) };
	__u64 rng = s->seed;
	unsigned int i;

	batch.count = s->mode & 0x40 ? boundary(s->value) : s->mode % 25;
	batch.entries = memory_at(c->memory, s->req, c->memory->rows, c->memory->reply, 512);
	memset(c->memory->rows, 0, 8 * 4096);
	for (i = 0; i < 256; i++) {
		struct step each = *s;

		each.len = dice(&rng) % 300;
		each.room = dice(&rng) % 2 ? 300 : each.len;
		each.req = each.reply = P_GOOD;
		each.seed = dice(&rng);
		switch (dice(&rng) % 16) {
		case 0: each.req = dice(&rng); break;
		case 1: each.reply = dice(&rng); break;
		case 2: each.len = s->len; break;
		case 3: each.opcode = boundary(dice(&rng)); break;
		default: each.opcode = dice(&rng) % 3 ? COFFER_CMD_ECHO : s->opcode;
		}
		exec_fill(&entry[i].exec, c->memory, &each);
	}
	call_ioctl(c, fd, COFFER_IOC_BATCH, call_struct(c, &batch), 2 * limit_of(s->opcode));
}

static void do_query(struct call *c, int fd)
{
	struct coffer_query query = { .command_count = c->step->room % 200 };

	if (c->step->mode & 1)
		query.commands = memory_at(c->memory, c->step->reply, c->memory->rows,
					   c->memory->args, 4096);
	call_ioctl(c, fd, COFFER_IOC_QUERY, call_struct(c, &query), SLACK);
	call_check(c);
}

static void do_events(struct call *c, int fd)
{
	struct coffer_events events = {
		.since = c->step->seed % 64, .count = c->step->room % 1000,
		.events = memory_at(c->memory, c->step->reply, c->memory->rows, c->memory->args,
				    512),
	};

	call_ioctl(c, fd, COFFER_IOC_EVENTS, call_struct(c, &events), SLACK);
	call_check(c);
}

static void do_cancel(struct call *c, int fd)
{
	struct coffer_cancel cancel = { .cookie = c->step->seed & 3 };

	call_ioctl(c, fd, COFFER_IOC_CANCEL, call_struct(c, &cancel), SLACK);
}

/* ---- io_uring ------------------------------------------------------------------------- */

static void ring_wait(struct worker *w, double limit)
{
	struct ring_end end;

	while (w->waiting) {
		watch_begin(&w->watch, "io_uring", limit);
		if (ring_end(&w->ring, &end, limit * 1000 - 1000)) {
			finding(w, "no completion in %.0f s", limit);
			return;
		}
		watch_end(&w->watch);
		if (end.res > 0 || !errno_known(-end.res))
			finding(w, "io_uring: res %d is not in the contract", end.res);
		w->waiting--;
	}
}

static void do_uring(struct call *c, int fd)
{
	const struct step *s = c->step;
	struct worker *w = c->w;
	struct coffer_exec e;
	struct io_uring_sqe *sqe;
	int rc;

	if (w->waiting == 8)
		ring_wait(w, 600);
	c->memory = &w->ring_memory;
	exec_fill(&e, c->memory, s);
	request_fill(c->memory, s);
	call_struct(c, &e);
	sqe = ring_entry(&w->ring, fd, (void *)c->memory->args, s->seed);
	if (s->mode & 0x10)
		sqe->flags = IOSQE_ASYNC;
	if ((s->mode & 0x0f) == 1)
		sqe->cmd_op = boundary(s->value);
	watch_begin(&w->watch, "io_uring_enter", limit_of(s->opcode));
	do {
		rc = ring_submit(&w->ring);
	} while (rc == -EINTR);
	watch_end(&w->watch);
	w->calls++;
	if (rc != 1)
		finding(w, "io_uring took %d of 1", rc);
	else
		w->waiting++;
	if (s->mode & 0x20)
		ring_wait(w, limit_of(s->opcode));
}

/* The ring ends with what it has under way; every third time its successor has small entries. */
static void do_ring(struct call *c)
{
	struct worker *w = c->w;
	int rc;

	watch_begin(&w->watch, "the ring's end", 600);
	ring_close(&w->ring);
	w->waiting = 0;
	rc = ring_open(&w->ring, 16, c->step->mode % 3 ? RING_KIND : 0);
	watch_end(&w->watch);
	if (rc)
		finding(w, "io_uring_setup: %d", rc);
}

/* ---- Descriptors, processes, the aide ------------------------------------------------- */

/* Whoever takes a descriptor out of its slot closes it, and nobody else. */
static void slot_set(struct worker *w, unsigned int slot, int fd)
{
	int old = __atomic_exchange_n(&w->slot[slot % SLOTS], fd, __ATOMIC_ACQ_REL);

	if (old >= 0)
		close(old);
}

static void do_close(struct worker *w, struct watch *watch, unsigned int slot)
{
	watch_begin(watch, "close", SLACK + 30);
	slot_set(w, slot, -1);
	watch_end(watch);
}

static void do_open(struct call *c)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_RDWR };
	const struct step *s = c->step;
	char path[32];

	snprintf(path, sizeof(path), "/dev/coffer%u", (s->mode >> 4) % cards);
	watch_begin(c->watch, "open", SLACK);
	slot_set(c->w, s->to, open(path, modes[(s->mode & 15) % COUNT(modes)] | O_CLOEXEC |
				   (s->mode & 8 ? O_NONBLOCK : 0)));
	watch_end(c->watch);
}

static void do_other(const struct step *s, int fd)
{
	char byte[16] = "";
	void *at;

	switch (s->mode % 6) {
	case 0: (void)!read(fd, byte, sizeof(byte)); break;
	case 1: (void)!write(fd, byte, sizeof(byte)); break;
	case 2: lseek(fd, s->len, SEEK_SET); break;
	case 3: ioctl(fd, boundary(s->value), NULL); break;
	case 4: ioctl(fd, _IO(COFFER_IOC_MAGIC, s->value), NULL); break;
	default:
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at != MAP_FAILED)
			munmap(at, 4096);
	}
}

/* A child has the descriptor too; every second one is killed in the middle of its call. */
static void do_fork(struct call *c, int fd)
{
	const struct step *s = c->step;
	pid_t pid = fork();

	if (pid == 0) {
		do_exec(c, fd);
		_exit(0);
	}
	if (pid < 0)
		return;
	if (s->mode & 1) {
		usleep(s->delay);
		kill(pid, SIGKILL);
	}
	watch_begin(c->watch, "the end of a child", limit_of(s->opcode));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	watch_end(c->watch);
}

static void card_reset(struct call *c)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/class/coffer/coffer%u/reset", c->step->mode % cards);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	watch_begin(c->watch, "reset", SLACK);
	(void)!write(fd, "1", 1);
	watch_end(c->watch);
	close(fd);
}

static void aide_act(struct call *c)
{
	static const size_t sizes[A_COUNT] = {
		[A_CANCEL] = sizeof(struct coffer_cancel), [A_EXEC] = sizeof(struct coffer_exec),
		[A_QUERY] = sizeof(struct coffer_query),
	};
	const struct step *s = c->step;
	struct worker *w = c->w;
	int fd = __atomic_load_n(&w->slot[s->fd % SLOTS], __ATOMIC_ACQUIRE);

	usleep(s->delay);
	c->known = sizes[s->to % A_COUNT];
	switch (s->to % A_COUNT) {
	case A_CLOSE: do_close(w, c->watch, s->fd); break;
	case A_SIGNAL: pthread_kill(w->thread, SIGUSR1); break;
	case A_RESTART: pthread_kill(w->thread, SIGUSR2); break;
	case A_CANCEL: do_cancel(c, fd); break;
	case A_EXEC: do_exec(c, fd); break;
	case A_QUERY: do_query(c, fd); break;
	default:	/* not often: it logs everybody out */
		if (s->seed % 16 == 0)
			card_reset(c);
		else
			do_close(w, c->watch, s->fd);
	}
}

void *aide_run(void *worker)
{
	struct worker *w = worker;
	struct call call = {
		.w = w, .watch = &w->aide_watch, .memory = &w->aide_memory, .step = &w->task,
	};

	if (kcov_start(&w->aide_kcov))
		finding(w, "KCOV does not start");
	for (;;) {
		while (sem_wait(&w->go))
			;
		if (w->ending)
			return NULL;
		aide_act(&call);
		sem_post(&w->done);
	}
}

static void aide_wait(struct worker *w)
{
	if (!w->busy)
		return;
	while (sem_wait(&w->done))
		;
	w->busy = false;
}

static void do_aside(struct call *c)
{
	aide_wait(c->w);
	c->w->task = *c->step;
	c->w->busy = true;
	sem_post(&c->w->go);
}

/* ---- Programs ------------------------------------------------------------------------- */

static void step_run(struct call *c)
{
	static const size_t sizes[K_COUNT] = {
		[K_QUERY] = sizeof(struct coffer_query), [K_EXEC] = sizeof(struct coffer_exec),
		[K_EVENTS] = sizeof(struct coffer_events),
		[K_CANCEL] = sizeof(struct coffer_cancel),
		[K_BATCH] = sizeof(struct coffer_batch), [K_URING] = sizeof(struct coffer_exec),
		[K_FORK] = sizeof(struct coffer_exec),
	};
	const struct step *s = c->step;
	struct worker *w = c->w;
	int fd = __atomic_load_n(&w->slot[s->fd % SLOTS], __ATOMIC_ACQUIRE);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	c->known = sizes[s->kind % K_COUNT];
	switch (s->kind % K_COUNT) {
	case K_OPEN: do_open(c); break;
	case K_CLOSE: do_close(w, c->watch, s->fd); break;
	case K_DUP: slot_set(w, s->to, fcntl(fd, F_DUPFD_CLOEXEC, 0)); break;
	case K_NONBLOCK: fcntl(fd, F_SETFL, s->mode & 1 ? O_NONBLOCK : 0); break;
	case K_POLL: poll(&poll_fd, 1, s->delay % 8); break;
	case K_QUERY: do_query(c, fd); break;
	case K_EXEC: do_exec(c, fd); break;
	case K_EVENTS: do_events(c, fd); break;
	case K_CANCEL: do_cancel(c, fd); break;
	case K_BATCH: do_batch(c, fd); break;
	case K_URING: do_uring(c, fd); break;
	case K_RING: do_ring(c); break;
	case K_ASIDE: do_aside(c); break;
	case K_FORK: do_fork(c, fd); break;
	default: do_other(s, fd);
	}
}

void program_run(struct worker *w)
{
	unsigned int i;

	kcov_clear(&w->kcov);
	kcov_clear(&w->aide_kcov);
	for (i = 0; i < w->now.steps; i++) {
		struct call call = {
			.w = w, .watch = &w->watch, .memory = &w->memory, .step = &w->now.step[i],
		};

		step_run(&call);
	}
	aide_wait(w);
	ring_wait(w, 1000);
	for (i = 0; i < SLOTS; i++)
		do_close(w, &w->watch, i);
	w->programs++;
}

int worker_make(struct worker *w)
{
	unsigned int i;
	int rc = memory_make(&w->memory);

	for (i = 0; i < SLOTS; i++)
		w->slot[i] = -1;
	if (!rc)
		rc = memory_make(&w->aide_memory);
	if (!rc)
		rc = memory_make(&w->ring_memory);
	if (!rc)
		rc = ring_open(&w->ring, 16, RING_KIND);
	if (!rc)
		rc = kcov_open(&w->kcov);
	if (!rc)
		rc = kcov_open(&w->aide_kcov);
	sem_init(&w->go, 0, 0);
	sem_init(&w->done, 0, 0);
	return rc;
}
