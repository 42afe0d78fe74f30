/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists by the names that the emulator gives them. A link that is in no list is all zero. */
#ifndef QEMU_STUB_LIST_H
#define QEMU_STUB_LIST_H

/* With a tail, and from any place in it. */
#define QTAILQ_HEAD(name, type) struct name { struct type *first, **end; }
#define QTAILQ_ENTRY(type) struct { struct type *next_one, **from; }
#define QTAILQ_HEAD_INITIALIZER(head) { NULL, &(head).first }
#define QTAILQ_INIT(head) ((head)->first = NULL, (head)->end = &(head)->first)
#define QTAILQ_FIRST(head) ((head)->first)
#define QTAILQ_EMPTY(head) (!(head)->first)
#define QTAILQ_NEXT(item, link) ((item)->link.next_one)
#define QTAILQ_INSERT_TAIL(head, item, link)			\
	do {							\
		(item)->link.next_one = NULL;			\
		(item)->link.from = (head)->end;		\
		*(head)->end = (item);				\
		(head)->end = &(item)->link.next_one;		\
	} while (0)
#define QTAILQ_REMOVE(head, item, link)				\
	do {							\
		*(item)->link.from = (item)->link.next_one;	\
		if ((item)->link.next_one)			\
			(item)->link.next_one->link.from = (item)->link.from; \
		else						\
			(head)->end = (item)->link.from;	\
		(item)->link.from = NULL;			\
	} while (0)
#define QTAILQ_FOREACH(item, head, link)			\
	for ((item) = (head)->first; (item); (item) = (item)->link.next_one)
#define QTAILQ_FOREACH_SAFE(item, head, link, after)		\
	for ((item) = (head)->first;				\
	     (item) && ((after) = (item)->link.next_one, 1); (item) = (after))

/* A queue: in at the tail, out at the head. */
#define QSIMPLEQ_HEAD(name, type) struct name { struct type *first, **end; }
#define QSIMPLEQ_ENTRY(type) struct { struct type *next_one; }
#define QSIMPLEQ_INIT(head) ((head)->first = NULL, (head)->end = &(head)->first)
#define QSIMPLEQ_FIRST(head) ((head)->first)
#define QSIMPLEQ_INSERT_TAIL(head, item, link)			\
	do {							\
		(item)->link.next_one = NULL;			\
		*(head)->end = (item);				\
		(head)->end = &(item)->link.next_one;		\
	} while (0)
#define QSIMPLEQ_REMOVE_HEAD(head, link)			\
	do {							\
		(head)->first = (head)->first->link.next_one;	\
		if (!(head)->first)				\
			(head)->end = &(head)->first;		\
	} while (0)

#endif
