// SPDX-License-Identifier: BSD-3-Clause
/*
 * The host under the device: memory that is counted, and threads as fibers. A fiber runs when
 * somebody waits for what it has to do, so that one input always means one and the same run.
 */
#include <ucontext.h>
#ifdef __clang__
#include <sanitizer/common_interface_defs.h>
#else	/* the build that counts lines has no sanitizer to tell */
#define __sanitizer_start_switch_fiber(fake, stack, size) \
	((void)(fake), (void)(stack), (void)(size))
#define __sanitizer_finish_switch_fiber(fake, stack, size) ((void)(fake), (void)(stack))
#endif

#include "bus.h"

/* ---- Memory ---------------------------------------------------------------------------- */

void *stub_alloc(size_t size, bool may_fail)
{
	void *memory;

	if (may_fail && bus.fail_alloc && !--bus.fail_alloc) {
		oracle_no_memory();
		return NULL;
	}
	memory = calloc(1, size);
	fuzz_check(memory, "the host is out of memory");
	bus.blocks++;
	return memory;
}

void stub_free(void *memory)
{
	if (memory)
		bus.blocks--;
	free(memory);
}

char *stub_strdup(const char *text)
{
	char *copy = stub_alloc(strlen(text) + 1, false);

	return strcpy(copy, text);
}

/* ---- Fibers ---------------------------------------------------------------------------- */

#define MAX_FIBERS 8
#define STACK_SIZE (64 * 1024)

static struct fiber {
	bool used, ended;
	void *(*fn)(void *arg);
	void *arg, *result;
	ucontext_t context;
	uint8_t stack[STACK_SIZE] __attribute__((aligned(64)));
} fibers[MAX_FIBERS];
static struct fiber *running;		/* NULL: the main stack */
static ucontext_t main_context;
static const void *main_stack;
static size_t main_size;

static void fiber_leave(void)
{
	struct fiber *self = running;
	void *fake = NULL;

	running = NULL;
	__sanitizer_start_switch_fiber(self->ended ? NULL : &fake, main_stack, main_size);
	swapcontext(&self->context, &main_context);
	__sanitizer_finish_switch_fiber(fake, &main_stack, &main_size);
}

static void fiber_main(void)
{
	__sanitizer_finish_switch_fiber(NULL, &main_stack, &main_size);
	running->result = running->fn(running->arg);
	running->ended = true;
	fiber_leave();
}

static void fiber_enter(struct fiber *f)
{
	void *fake = NULL;

	running = f;
	__sanitizer_start_switch_fiber(&fake, f->stack, STACK_SIZE);
	swapcontext(&main_context, &f->context);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
}

void qemu_thread_create(QemuThread *thread, const char *name, void *(*fn)(void *), void *arg,
			int mode)
{
	struct fiber *f = fibers;

	(void)name, (void)mode;
	while (f < fibers + MAX_FIBERS && f->used)
		f++;
	fuzz_check(f < fibers + MAX_FIBERS, "more than %d cards are closing", MAX_FIBERS);
	f->used = true;
	f->ended = false;
	f->fn = fn;
	f->arg = arg;
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_SIZE;
	f->context.uc_link = NULL;
	makecontext(&f->context, fiber_main, 0);
	thread->fiber = f - fibers;
}

void *qemu_thread_join(QemuThread *thread)
{
	struct fiber *f = &fibers[thread->fiber];

	if (!f->ended)
		fiber_enter(f);
	fuzz_check(f->ended, "a thread is joined that waits for ever");
	f->used = false;
	return f->result;
}

void qemu_sem_init(QemuSemaphore *sem, int count)
{
	sem->count = count;
}

void qemu_sem_destroy(QemuSemaphore *sem)
{
	sem->count = -1;
}

void qemu_sem_post(QemuSemaphore *sem)
{
	sem->count++;
}

/* The main stack lets every fiber run once; who waits in a fiber goes back to the main stack. */
void qemu_sem_wait(QemuSemaphore *sem)
{
	unsigned i;

	if (running) {
		while (!sem->count)
			fiber_leave();
	} else {
		for (i = 0; i < MAX_FIBERS && !sem->count; i++)
			if (fibers[i].used && !fibers[i].ended)
				fiber_enter(&fibers[i]);
		fuzz_check(sem->count, "the device waits for ever");
	}
	sem->count--;
}

void qemu_mutex_init(QemuMutex *mutex)
{
	mutex->held = false;
}

void qemu_mutex_destroy(QemuMutex *mutex)
{
	fuzz_check(!mutex->held, "a lock is destroyed while it is held");
}

void qemu_mutex_lock(QemuMutex *mutex)
{
	fuzz_check(!mutex->held, "a lock is taken twice");
	mutex->held = true;
}

void qemu_mutex_unlock(QemuMutex *mutex)
{
	fuzz_check(mutex->held, "a lock is given back that nobody holds");
	mutex->held = false;
}

static void (*at_exit)(void);

int stub_atexit(void (*fn)(void))
{
	at_exit = fn;
	return 0;
}

void host_finish(void)
{
	unsigned i;

	if (at_exit)
		at_exit();
	for (i = 0; i < MAX_FIBERS; i++)
		fuzz_check(!fibers[i].used, "a thread is left");
	fuzz_check(!bus.blocks, "%ld blocks of memory are left", bus.blocks);
}
