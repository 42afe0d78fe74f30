/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command goes through: its queue, slot, rings, completion and payload. Part of coffer.h. */
#ifndef _COFFER_QUEUE_H
#define _COFFER_QUEUE_H

/* ring.c: all but init, destroy and program under queue->lock */
int coffer_ring_init(struct coffer_queue *q);
void coffer_ring_destroy(struct coffer_queue *q);
void coffer_ring_rewind(struct coffer_queue *q);
void coffer_ring_program(struct coffer_queue *q);
void coffer_ring_push(struct coffer_queue *q);
void coffer_ring_bell(struct coffer_queue *q);
void coffer_ring_tell(struct coffer_queue *q);
void coffer_ring_await(struct coffer_queue *q);
bool coffer_ring_peek(struct coffer_queue *q, struct coffer_done *done);
void coffer_ring_pop(struct coffer_queue *q);
void coffer_ring_taken(struct coffer_queue *q);
void coffer_ring_learn(struct coffer_queue *q, unsigned int asked, unsigned int found);

/* Is @event the index of one of the entries from @from to @to, which is not included? */
static inline bool coffer_ring_passes(u32 event, u32 from, u32 to, u32 entries)
{
	u32 mask = entries - 1;

	return event < entries && ((event - from) & mask) < ((to - from) & mask);
}

/* slot.c: under queue->lock */
static inline unsigned int coffer_queue_slots(const struct coffer_queue *q)
{
	return q->entries - 1;
}

int coffer_slot_take(struct coffer_queue *q, struct coffer_call *call);
void coffer_call_put_irq(struct coffer_call *call);
void coffer_slot_free(struct coffer_queue *q, struct coffer_call *call, int error,
		      u32 verdict, u32 reply_len);

/* completion.c */
unsigned int coffer_queue_reap_locked(struct coffer_queue *q);
bool coffer_queue_reap(struct coffer_queue *q);
void coffer_queue_wake(struct coffer_queue *q);
void coffer_queue_left(struct coffer_queue *q);
irqreturn_t coffer_queue_irq(int irq, void *data);

/* queue.c */
int coffer_queue_init(struct coffer_queue *q, struct coffer_dev *cd, unsigned int id,
		      unsigned int entries, unsigned int vector);
void coffer_queue_destroy(struct coffer_queue *q);
void coffer_queue_rewind(struct coffer_queue *q);
void coffer_queue_start(struct coffer_queue *q, u64 epoch);
void coffer_queue_stop(struct coffer_queue *q);
void coffer_queue_cancel(struct coffer_queue *q, int error);
int coffer_queue_add(struct coffer_queue *q, struct coffer_call *call);
void coffer_queue_ring(struct coffer_queue *q);
int coffer_queue_submit(struct coffer_queue *q, struct coffer_call *call);
void coffer_queue_abort(struct coffer_queue *q, struct coffer_call *call);
void coffer_queue_abandon(struct coffer_queue *q, struct coffer_call *call);
void coffer_queue_abort_locked(struct coffer_queue *q, struct coffer_call *call);
void coffer_watch_arm(struct coffer_dev *cd);

/* buffer.c */
void coffer_pool_init(struct coffer_pool *pool);
void coffer_pool_drain(struct coffer_pool *pool);
int coffer_buf_alloc(struct coffer_pool *pool, struct coffer_buf *buf, unsigned int len);
void coffer_buf_free(struct coffer_pool *pool, struct coffer_buf *buf);
int coffer_buf_map(struct coffer_dev *cd, struct coffer_buf *buf, enum dma_data_direction dir);
void coffer_buf_unmap(struct coffer_dev *cd, struct coffer_buf *buf, enum dma_data_direction dir);
void coffer_buf_list(const struct coffer_buf *buf, struct coffer_seg *list);
int coffer_buf_from_user(struct coffer_buf *buf, const void __user *from);
int coffer_buf_to_user(const struct coffer_buf *buf, void __user *to, unsigned int len);
void coffer_buf_write(struct coffer_buf *buf, const void *from, unsigned int len);
void coffer_buf_read(const struct coffer_buf *buf, void *to, unsigned int len);

/* call.c */
struct coffer_call *coffer_call_alloc(struct coffer_dev *cd, struct coffer_file *file,
				      const struct coffer_row *row, u32 req_len, u32 reply_len);
void coffer_call_put(struct coffer_call *call);
void coffer_dead_work(struct work_struct *work);

#endif /* _COFFER_QUEUE_H */
