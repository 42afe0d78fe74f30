/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's lists, by their names: a ring with a head, and a stack that is taken as a whole. */
#ifndef KERNEL_STUB_LIST_H
#define KERNEL_STUB_LIST_H

#define INIT_LIST_HEAD(h) ((h)->next = (h)->prev = (h))

static inline void stub_link(struct list_head *item, struct list_head *a, struct list_head *b)
{
	item->prev = a;
	item->next = b;
	a->next = item;
	b->prev = item;
}

static inline void list_add(struct list_head *item, struct list_head *head)
{
	stub_link(item, head, head->next);
}

static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	stub_link(item, head->prev, head);
}

/* Links of what was taken out are poison: whoever follows them crashes. */
static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->prev = item->next = NULL;
}

static inline void list_del_init(struct list_head *item)
{
	list_del(item);
	INIT_LIST_HEAD(item);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_for_each_entry(item, head, member)				\
	for ((item) = list_entry((head)->next, __typeof__(*(item)), member); \
	     &(item)->member != (head);					\
	     (item) = list_entry((item)->member.next, __typeof__(*(item)), member))
#define list_for_each_entry_safe(item, after, head, member)		\
	for ((item) = list_entry((head)->next, __typeof__(*(item)), member), \
	     (after) = list_entry((item)->member.next, __typeof__(*(item)), member); \
	     &(item)->member != (head);					\
	     (item) = (after),						\
	     (after) = list_entry((item)->member.next, __typeof__(*(item)), member))

#define init_llist_head(h) ((h)->first = NULL)

/* Return: whether it was empty before. */
static inline bool llist_add(struct llist_node *item, struct llist_head *head)
{
	item->next = head->first;
	head->first = item;
	return !item->next;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	struct llist_node *all = head->first;

	head->first = NULL;
	return all;
}

#define llist_entry(p, type, member) container_of(p, type, member)
#define llist_for_each_entry_safe(item, after, first, member)		\
	for (struct llist_node *node_ = (first), *next_;		\
	     node_ && ((next_ = node_->next), ((after) = NULL), (void)(after), \
		       (item) = llist_entry(node_, __typeof__(*(item)), member)); \
	     node_ = next_)

#endif
