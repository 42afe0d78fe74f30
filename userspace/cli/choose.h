/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From what people write (selector.h) to the slot or the object that it means: exactly one, or an
 * error that names the candidates.
 */
#ifndef CLI_CHOOSE_H
#define CLI_CHOOSE_H

#include "cli.h"
#include "selector.h"

/*
 * COFFER_ST_SLOT_ID_INVALID: there is none such; a wrong use: several are. A number is taken as it
 * is when it could be a slot's number, whether or not there is one.
 */
coffer_rc choose_slot(struct cli *cli, const char *text, unsigned int *slot);
/* Is it the slot that the text names? Numbers are serial numbers here. */
bool choose_slot_is(const struct selector *s, const struct coffer_slot *slot);
/* Room for the slots of one command's options. */
#define CHOOSE_SLOTS	4
struct choose_slots {
	char text[CHOOSE_SLOTS][12];
	size_t used;
};
/* Every CLI_SLOT option that was given becomes the number of a slot. @memory outlives @args. */
coffer_rc choose_slot_options(struct cli *cli, struct cli_args *args,
			      struct choose_slots *memory);

/*
 * An object of the session's partition. Where the text says nothing of the class, each of
 * @classes is looked through in turn (none given: all); the first that has it wins.
 * COFFER_ST_OBJECT_HANDLE_INVALID: there is none; a wrong use: several are.
 */
coffer_rc choose_object(struct cli *cli, struct coffer_session *s, const char *text,
			const enum coffer_class *classes, size_t n_classes, uint32_t *handle);
/* Is every element of the list a handle? Then choose_objects() needs no session (NULL). */
bool choose_all_handles(const char *list);
/* The elements of a CLI_OBJECTS option, none twice. */
coffer_rc choose_objects(struct cli *cli, struct coffer_session *s, const char *list,
			 uint32_t *handles, size_t room, size_t *count);

#endif /* CLI_CHOOSE_H */
