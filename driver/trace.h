/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace points: tags, opcodes, sizes and status; never a byte of payload. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM coffer

#if !defined(_COFFER_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _COFFER_TRACE_H

#include <linux/tracepoint.h>

/* clang-format off */

struct coffer_call;
struct coffer_event;

/* Numbers of contract 3 and of coffer.h, by name. */
#define COFFER_SHOW_STATE(state) \
	__print_symbolic(state, { 0, "new" }, { 1, "booting" }, { 2, "live" }, \
			 { 3, "resetting" }, { 4, "failed" }, { 5, "removing" }, { 6, "dead" })
#define COFFER_SHOW_WHY(why) \
	__print_symbolic(why, { 0, "timeout" }, { 1, "fatal" }, { 2, "protocol" }, \
			 { 3, "user" }, { 4, "pci" }, { 5, "power" }, { 6, "restart" })
#define COFFER_SHOW_STEP(step) \
	__print_symbolic(step, { 0, "abort" }, { 1, "give-up" }, { 2, "reset" })

TRACE_EVENT(coffer_submit,
	    TP_PROTO(int id, unsigned int queue, const struct coffer_call *call, u16 gen),
	    TP_ARGS(id, queue, call, gen),
	    TP_STRUCT__entry(__field(int, id)
			     __field(unsigned int, queue)
			     __field(u32, tag)
			     __field(u16, opcode)
			     __field(u32, req_len)
			     __field(u32, room)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->queue = queue;
			   __entry->tag = COFFER_TAG(call->slot, gen);
			   __entry->opcode = call->row->opcode;
			   __entry->req_len = call->req.len;
			   __entry->room = call->reply.len;
	    ),
	    TP_printk("coffer%d queue=%u tag=%08x opcode=%04x req_len=%u room=%u",
		      __entry->id, __entry->queue, __entry->tag, __entry->opcode,
		      __entry->req_len, __entry->room)
);

TRACE_EVENT(coffer_complete,
	    TP_PROTO(int id, unsigned int queue, const struct coffer_call *call, u16 gen,
		     int error, u32 verdict, u32 reply_len),
	    TP_ARGS(id, queue, call, gen, error, verdict, reply_len),
	    TP_STRUCT__entry(__field(int, id)
			     __field(unsigned int, queue)
			     __field(u32, tag)
			     __field(u16, opcode)
			     __field(int, error)
			     __field(u32, verdict)
			     __field(u32, reply_len)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->queue = queue;
			   __entry->tag = COFFER_TAG(call->slot, gen);
			   __entry->opcode = call->row->opcode;
			   __entry->error = error;
			   __entry->verdict = verdict;
			   __entry->reply_len = reply_len;
	    ),
	    TP_printk("coffer%d queue=%u tag=%08x opcode=%04x error=%d verdict=%08x reply_len=%u",
		      __entry->id, __entry->queue, __entry->tag, __entry->opcode,
		      __entry->error, __entry->verdict, __entry->reply_len)
);

TRACE_EVENT(coffer_state,
	    TP_PROTO(int id, unsigned int from, unsigned int to),
	    TP_ARGS(id, from, to),
	    TP_STRUCT__entry(__field(int, id)
			     __field(unsigned int, from)
			     __field(unsigned int, to)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->from = from;
			   __entry->to = to;
	    ),
	    TP_printk("coffer%d %s -> %s", __entry->id, COFFER_SHOW_STATE(__entry->from),
		      COFFER_SHOW_STATE(__entry->to))
);

TRACE_EVENT(coffer_reset,
	    TP_PROTO(int id, unsigned int why, u64 count),
	    TP_ARGS(id, why, count),
	    TP_STRUCT__entry(__field(int, id)
			     __field(unsigned int, why)
			     __field(u64, count)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->why = why;
			   __entry->count = count;
	    ),
	    TP_printk("coffer%d why=%s count=%llu", __entry->id, COFFER_SHOW_WHY(__entry->why),
		      __entry->count)
);

/* The end of a start or reset: 0, or why the card did not come up. */
TRACE_EVENT(coffer_up,
	    TP_PROTO(int id, int rc, u64 epoch, u32 fw_version),
	    TP_ARGS(id, rc, epoch, fw_version),
	    TP_STRUCT__entry(__field(int, id)
			     __field(int, rc)
			     __field(u64, epoch)
			     __field(u32, fw_version)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->rc = rc;
			   __entry->epoch = epoch;
			   __entry->fw_version = fw_version;
	    ),
	    TP_printk("coffer%d rc=%d epoch=%llu fw_version=%06x", __entry->id, __entry->rc,
		      __entry->epoch, __entry->fw_version)
);

/* Somebody saw the card fail; whether that leads to a reset, coffer_reset tells. */
TRACE_EVENT(coffer_fault,
	    TP_PROTO(int id, unsigned int why, u64 epoch),
	    TP_ARGS(id, why, epoch),
	    TP_STRUCT__entry(__field(int, id)
			     __field(unsigned int, why)
			     __field(u64, epoch)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->why = why;
			   __entry->epoch = epoch;
	    ),
	    TP_printk("coffer%d why=%s epoch=%llu", __entry->id, COFFER_SHOW_WHY(__entry->why),
		      __entry->epoch)
);

/* A rung of the time-out ladder that a command is on. */
TRACE_EVENT(coffer_late,
	    TP_PROTO(int id, unsigned int queue, const struct coffer_call *call, u16 gen,
		     unsigned int step),
	    TP_ARGS(id, queue, call, gen, step),
	    TP_STRUCT__entry(__field(int, id)
			     __field(unsigned int, queue)
			     __field(u32, tag)
			     __field(u16, opcode)
			     __field(unsigned int, step)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->queue = queue;
			   __entry->tag = COFFER_TAG(call->slot, gen);
			   __entry->opcode = call->row->opcode;
			   __entry->step = step;
	    ),
	    TP_printk("coffer%d queue=%u tag=%08x opcode=%04x step=%s", __entry->id,
		      __entry->queue, __entry->tag, __entry->opcode,
		      COFFER_SHOW_STEP(__entry->step))
);

TRACE_EVENT(coffer_event,
	    TP_PROTO(int id, const struct coffer_event *ev),
	    TP_ARGS(id, ev),
	    TP_STRUCT__entry(__field(int, id)
			     __field(u64, seq)
			     __field(u16, type)
			     __field(u32, partition)
			     __field(u16, epoch)
	    ),
	    TP_fast_assign(__entry->id = id;
			   __entry->seq = ev->seq;
			   __entry->type = ev->type;
			   __entry->partition = ev->partition;
			   __entry->epoch = ev->epoch;
	    ),
	    TP_printk("coffer%d seq=%llu type=%u partition=%u epoch=%u",
		      __entry->id, __entry->seq, __entry->type, __entry->partition, __entry->epoch)
);

/* clang-format on */

#endif /* _COFFER_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
