/* SPDX-License-Identifier: GPL-2.0-only */
/* What the Coffer selftests share: a card, its attributes, its fault knobs. */
#ifndef COFFER_TEST_H
#define COFFER_TEST_H

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hw/coffer_cmd.h"
#include "uapi/linux/coffer.h"

#define CARD "/dev/coffer0"
#define CARD_SYSFS "/sys/class/coffer/coffer0/"
#define PCI_DRIVER "/sys/bus/pci/drivers/coffer/"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every test program ends at once, and badly, when there is no card (a constructor). */

/* ---- Commands: 0 or -errno ---- */
int card_open(int flags);
int node_open(const char *path, int flags);	/* another card */
int card_open_wait(void);	/* up to 10 s for the node to come back */
int card_ioctl(int fd, unsigned long nr, void *arg);
int card_exec(int fd, __u16 opcode, const void *req, __u32 req_len, void *reply, __u32 *reply_len,
	      __u32 *verdict);
int card_echo(int fd, size_t len, unsigned int seed);	/* -EBADMSG: not what was sent */
int card_echo_ms(int fd, size_t len, __u32 timeout_ms);
void card_fill(void *to, size_t len, unsigned int seed);

/* ---- 0, -errno, or a verdict; the reply has to fill its room ---- */
long long card_ask(int fd, __u16 opcode, const void *req, __u32 req_len, void *reply,
		   __u32 room);
long long session_open(int fd, __u32 partition, __u32 flags, __u32 *session);
long long session_info(int fd, __u32 session, struct coffer_rep_session_info *info);
long long session_close(int fd, __u32 session);
long long so_login_only(int fd, __u32 session);
long long so_login(int fd, __u32 session);	/* makes the card's SO if there is none */
long long tamper_clear(const char *node);	/* 0, too, when there is nothing to clear */

/* ---- Attributes, module, time ---- */
uint64_t attr_u64(const char *name);	/* UINT64_MAX: not there */
int attr_is(const char *name, const char *value);
int attr_write(const char *name, const char *value);
uint64_t queue_sum(const char *counter);
int file_write(const char *path, const char *value);
int file_read(const char *path, char *to, size_t size);	/* one line: 0 or -errno */
int text_read(const char *path, char *to, size_t size);	/* all of it: its length or -errno */
int pci_name(char *to, size_t size);
int module_unload(void);
int module_load(const char *parameters);
unsigned int loops(void);
unsigned int rounds_of(const char *what, unsigned int few);	/* COFFER_LOOPS_WHAT, or few */
double seconds(void);
int slots_free(void);		/* no queue has a slot taken, at the latest after 5 s: 0 or -1 */
bool state_comes(const char *state, unsigned int ms);
int driver_detach(const char *pci);
int driver_attach(const char *pci);

/*
 * On a kernel with checkers all takes longer: COFFER_SLOWNESS, 1 if unset, says how many times. The
 * harness gives a case its time with alarm(); this makes it that many times as long.
 */
unsigned int slowness(void);
unsigned int alarm_slowly(unsigned int time);
#define alarm alarm_slowly

/* ---- The card's fault knobs, through the machine's monitor: 0 or -1 ---- */
int fault_set(const char *knob, const char *json);
int knob_set(unsigned int card, const char *knob, const char *json);	/* of any card */
uint64_t knob_get(unsigned int card, const char *knob);	/* UINT64_MAX: cannot be read */
void faults_clear(void);
int card_folder(unsigned int card, char *to, size_t size);
int card_unplug(unsigned int card);	/* waits until it is gone, up to 30 s */
int card_plug(unsigned int card, const char *properties); /* "card":"FOLDER", for one */
int bus_reset(void);		/* a secondary bus reset, by the port above the card */
int bus_error(const char *name);	/* an error of the PCIe link, as AER names it */

/* ---- Load: threads that echo until told to stop ---- */
#define LOAD_THREADS 32

struct load {
	pthread_t thread[LOAD_THREADS];
	unsigned int threads;
	int fd;
	bool stop;
	unsigned int done;	/* echoes that came back right */
	unsigned int ended;	/* ended by a reset or by the end of the card */
	unsigned int wrong;	/* everything else */
};

int load_start(struct load *load, unsigned int threads, int fd);
void load_stop(struct load *load);

#endif /* COFFER_TEST_H */
