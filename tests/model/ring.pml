/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring protocol as a model: producers that share a queue of the driver, its interrupt handler,
 * the device with its firmware, a reset, a time-out, and an unplug, in every order. Shadow
 * doorbells with event indices in both directions, as qemu-device/SPEC.md 4 and 6 have them.
 *
 * What is checked: every command ends exactly once, with the completion that is its own; the
 * device writes only to pages that are mapped for that very command; nobody waits for ever (no
 * rescue by time: time-outs are few, and a lost doorbell is a deadlock).
 *
 * Each macro named in tests/model/run takes one guard away; then the search has to find an error.
 */
#ifndef PRODUCERS
#define PRODUCERS	3
#endif
#ifndef ROUNDS
#define ROUNDS		1
#endif
#ifndef RESETS
#define RESETS		0
#endif
#ifndef TIMEOUTS
#define TIMEOUTS	0
#endif
#ifndef UNPLUGS
#define UNPLUGS		0
#endif
#ifndef REPEATS
#define REPEATS		0	/* completions that the device writes once more */
#endif

#define SIZE		4	/* entries of either ring */
#define SLOTS		2	/* fewer than producers, so that some wait for one */
#define FLIGHT		4	/* requests that the firmware has at most: of before a reset, too */
#define NEXT(i)		((i + 1) % SIZE)
#define NOBODY		99
#define LEFT		98	/* a slot whose waiter was told ETIMEDOUT: in quarantine */
#define GENS		32

mtype = { WAITING, ANSWERED, CANCELED, TIMED_OUT, GONE };

/* Memory that both sides see. A completion is two words; the second has tag and phase. */
byte sq_slot[SIZE], sq_gen[SIZE], sq_who[SIZE];
byte cq_who[SIZE], cq_slot[SIZE], cq_gen[SIZE];
bit cq_phase[SIZE];
byte sq_tail, sq_event, cq_event;
bool bell, irq;

/* The driver's queue: what its lock guards. */
bool lock, live = true, gone;
byte d_tail, d_head, slot_call[SLOTS], slot_gen[SLOTS];
bit d_phase = 1;
mtype result[PRODUCERS];
byte busy_slots;

/* For whom pages are mapped: what the bus would check. */
byte mapped[SLOTS];

/* The device. `bql`: register accesses and its work exclude each other. */
bool bql, dev_on = true;
byte dev_epoch, dev_head, dev_tail, unsignalled;
bit dev_phase = 1;
bool fw_has[FLIGHT];
byte fw_slot[FLIGHT], fw_gen[FLIGHT], fw_who[FLIGHT], fw_epoch[FLIGHT];
byte last_slot = NOBODY, last_gen, last_who, repeats = REPEATS;

byte ended;
bool started;

#define TAKE(l)		atomic { !l -> l = true }
#define GIVE(l)		l = false

/* End the command of a slot with what its waiter gets. The lock is held. */
inline finish(s, what)
{
	if
	:: slot_call[s] == LEFT -> skip
	:: else ->
		assert(result[slot_call[s]] == WAITING);
		result[slot_call[s]] = what
	fi;
	slot_call[s] = NOBODY;
	mapped[s] = NOBODY;
	busy_slots--
}

proctype producer(byte id)
{
	byte slot, event, at, round;

	do
	:: round == ROUNDS -> break
	:: else ->
retry:
		/* Wait for a slot, or for the end of the card. */
		atomic { (gone || (live && busy_slots < SLOTS)) && !lock -> lock = true };
		if
		:: gone -> GIVE(lock); break
		:: else -> skip
		fi;
		d_step {
			slot = 0;
			do
			:: slot_call[slot] == NOBODY -> break
			:: else -> slot++
			od;
			slot_gen[slot] = (slot_gen[slot] + 1) % GENS;
			slot_call[slot] = id;
			mapped[slot] = id;
			busy_slots++;
			result[id] = WAITING;
			at = d_tail;
			sq_slot[at] = slot;
			sq_gen[at] = slot_gen[slot];
			sq_who[at] = id;
			d_tail = NEXT(d_tail)
		};
#ifdef NO_DOORBELL_BARRIER
		event = sq_event;	/* the load passes the store */
		sq_tail = d_tail;
#else
		sq_tail = d_tail;
		event = sq_event;
#endif
		d_step {
			if
			:: event == at -> bell = true
			:: else -> skip
			fi;
			GIVE(lock);
			slot = 0; event = 0; at = 0	/* what is over makes no new state */
		};
		(result[id] != WAITING);	/* for ever, unless somebody ends it */
		round++
	od;
	atomic { ended++ }
}

/* The interrupt handler. */
active proctype handler()
{
	byte slot, gen, who, taken;
	bool more;

end:	do
	:: atomic { irq && !lock -> irq = false; lock = true };
again:
		taken = 0;
		do
		:: live && taken < SIZE && cq_phase[d_head] == d_phase ->
			who = cq_who[d_head];
			d_step {
				slot = cq_slot[d_head];
				gen = cq_gen[d_head];
				cq_who[d_head] = NOBODY; cq_slot[d_head] = 0; cq_gen[d_head] = 0;
				taken++;
				d_head = NEXT(d_head);
				d_phase = (d_head -> d_phase : 1 - d_phase)
			};
			d_step {
				if
#ifdef NO_GENERATION
				:: slot < SLOTS && slot_call[slot] != NOBODY ->
#else
				:: slot < SLOTS && slot_call[slot] != NOBODY &&
				   slot_gen[slot] == gen ->
#endif
					/* Is this answer the one to this command? */
					assert(slot_call[slot] == LEFT || slot_call[slot] == who);
					finish(slot, ANSWERED)
				:: else -> skip	/* nonsense: counted, and not believed */
				fi
			}
		:: else -> break
		od;
		cq_event = d_head;
#ifndef NO_COMPLETION_RECHECK
		more = live && cq_phase[d_head] == d_phase && taken < SIZE;
		if
		:: more -> goto again
		:: else -> skip
		fi;
#endif
		d_step { GIVE(lock); slot = 0; gen = 0; who = 0; taken = 0; more = false }
	od
}

/* Device: the interrupt, if the completion that software waits for is not signalled yet. */
inline signal()
{
	event = cq_event;
	d_step {
		if
		:: ((event + SIZE - unsignalled) % SIZE) <
		   ((dev_tail + SIZE - unsignalled) % SIZE) ->
			irq = true;
			unsignalled = dev_tail
		:: else -> skip
		fi
	}
}

inline write_completion(s, g, w)
{
#ifdef PHASE_FIRST
	d_step { cq_slot[dev_tail] = s; cq_gen[dev_tail] = g; cq_phase[dev_tail] = dev_phase };
	cq_who[dev_tail] = w;
#else
	cq_who[dev_tail] = w;
	d_step { cq_slot[dev_tail] = s; cq_gen[dev_tail] = g; cq_phase[dev_tail] = dev_phase };
#endif
	d_step {
		dev_tail = NEXT(dev_tail);
		dev_phase = (dev_tail -> dev_phase : 1 - dev_phase)
	};
	signal()
}

active proctype device()
{
	byte tail, event, n;

end:	do
	/* A doorbell: fetch, arm, look again. */
	:: atomic { dev_on && bell && !bql -> bql = true; bell = false };
fetch:
		tail = sq_tail;
		do
		:: dev_head != tail ->
			d_step {
				n = 0;
				do
				:: !fw_has[n] -> break
				:: else -> n++
				od;
				fw_has[n] = true;
				fw_slot[n] = sq_slot[dev_head];
				fw_gen[n] = sq_gen[dev_head];
				fw_who[n] = sq_who[dev_head];
				fw_epoch[n] = dev_epoch;
				sq_slot[dev_head] = 0; sq_gen[dev_head] = 0; sq_who[dev_head] = 0;
				dev_head = NEXT(dev_head)
			}
		:: else -> break
		od;
		sq_event = dev_head;
#ifndef NO_ARM_RECHECK
		if
		:: sq_tail != dev_head -> goto fetch
		:: else -> skip
		fi;
#endif
		d_step { GIVE(bql); tail = 0; n = 0 }
	/* The firmware answers, in any order. */
	:: atomic { !bql && 
		    (fw_has[0] || fw_has[1] || fw_has[2] || fw_has[3]) -> bql = true };
		if
		:: fw_has[0] -> n = 0
		:: fw_has[1] -> n = 1
		:: fw_has[2] -> n = 2
		:: fw_has[3] -> n = 3
		fi;
		fw_has[n] = false;
		if
#ifdef NO_EPOCH
		:: dev_on ->
#else
		:: dev_on && fw_epoch[n] == dev_epoch ->
#endif
			/* The reply goes to pages that are mapped for this command. */
			assert(mapped[fw_slot[n]] == fw_who[n]);
			write_completion(fw_slot[n], fw_gen[n], fw_who[n]);
			d_step {
				if
				:: repeats ->
					last_slot = fw_slot[n];
					last_gen = fw_gen[n];
					last_who = fw_who[n]
				:: else -> skip
				fi
			}
		:: else -> skip		/* of before a reset: dropped */
		fi;
		d_step {
			fw_slot[n] = 0; fw_gen[n] = 0; fw_who[n] = 0; fw_epoch[n] = 0;
			GIVE(bql);
			event = 0; n = 0
		}
	/* A device that is not quite right says one thing twice. */
	:: atomic { dev_on && repeats && last_slot != NOBODY && !bql &&
		    NEXT(NEXT(dev_tail)) != d_head && NEXT(dev_tail) != d_head ->
		    bql = true; repeats-- };
		write_completion(last_slot, last_gen, last_who);
		d_step { last_slot = NOBODY; last_gen = 0; last_who = 0; event = 0; GIVE(bql) }
	od
}

inline cancel_all(what)
{
	d_step {
		n = 0;
		do
		:: n == SLOTS -> break
		:: else ->
			if
			:: slot_call[n] != NOBODY -> finish(n, what)
			:: else -> skip
			fi;
			n++
		od;
		n = 0
	}
}

/* CTRL = 0: at once, and nothing of before is seen again. */
inline stop_device()
{
	TAKE(bql);
	d_step {
		dev_on = false;
		dev_epoch++;
		dev_head = 0; dev_tail = 0; dev_phase = 1; unsignalled = 0;
		last_slot = NOBODY;
		bell = false; irq = false
	};
	GIVE(bql)
}

inline rewind()
{
	d_step {
		n = 0;
		do
		:: n == SIZE -> break
		:: else -> cq_phase[n] = 0; n++
		od;
		n = 0;
		d_tail = 0; d_head = 0; d_phase = 1;
		sq_tail = 0; sq_event = 0; cq_event = 0
	}
}

/* Who resets, times out and unplugs: each a limited number of times. */
active proctype control()
{
	byte n, resets = RESETS, timeouts = TIMEOUTS, unplugs = UNPLUGS;

	started;
end:	do
	:: resets && !gone ->
		resets--;
		TAKE(lock);
		live = false;
#ifdef FREE_BEFORE_STOP
		cancel_all(CANCELED);
#endif
		GIVE(lock);
		stop_device();
		TAKE(lock);
		cancel_all(CANCELED);
		rewind();
		dev_on = true;
		live = true;
		GIVE(lock)
	:: timeouts && busy_slots ->
		timeouts--;
		TAKE(lock);
		if
		:: slot_call[0] < PRODUCERS -> n = 0
		:: slot_call[1] < PRODUCERS -> n = 1
		:: else -> n = NOBODY
		fi;
		d_step {
			if
			:: n == NOBODY -> skip
			:: else ->
#ifdef NO_QUARANTINE
				finish(n, TIMED_OUT)
#else
				result[slot_call[n]] = TIMED_OUT;
				slot_call[n] = LEFT
#endif
			fi;
			n = 0
		};
		GIVE(lock)
	:: unplugs ->
		unplugs--;
		resets = 0;
		TAKE(lock);
		live = false;
		GIVE(lock);
		stop_device();
		TAKE(lock);
		cancel_all(GONE);
		gone = true;
		GIVE(lock)
	od
}

init {
	byte n;

	atomic {
		do
		:: n == SLOTS -> break
		:: else -> slot_call[n] = NOBODY; mapped[n] = NOBODY; n++
		od;
		n = 0;
		do
		:: n == PRODUCERS -> break
		:: else -> run producer(n); n++
		od;
		started = true
	};
	/* Nothing is left when all is over. */
	(ended == PRODUCERS && !lock && !bql);
	assert(busy_slots <= SLOTS)
}
