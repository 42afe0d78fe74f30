// SPDX-License-Identifier: BSD-3-Clause
/*
 * Would anything of one partition get into the other at all? What both show first, then the
 * cards' own word: a negotiation that moves nothing, the only one that knows of domains.
 */
#include <stdlib.h>
#include <string.h>

#include "clone.h"

static coffer_rc prove(struct coffer_session *source, struct coffer_session *target)
{
	static const struct coffer_clone_options none;
	struct coffer_clone_report report = { 0 };
	struct clone_run run = {
		.source = source, .target = target, .options = &none, .report = &report,
	};
	coffer_rc rc = clone_sessions_check(source, target);

	if (!rc)
		rc = clone_negotiate(&run);
	if (!rc)
		clone_abandon(&run);
	coffer_clone_report_free(&report);
	return rc;
}

/* What the cards' words leave out: which side, and what to type. */
static char *words(coffer_rc rc)
{
	switch (rc) {
	case ST(SESSION_NEGOTIATION_NO_PSK):
		return text_of("source and target share no domain: see partition domainlist on "
			       "both, and partition domainadd (policy 44)");
	case ST(CERTIFICATE_DATA_INVALID):
		return text_of("source and target have not the same domain (under CPv1 the primary "
			       "one counts), or one card is not genuine: initialise the target "
			       "with the source's domain (partition init -domain)");
	default:
		return text_of("%s", coffer_strerror(rc));
	}
}

char *clone_refusal(struct coffer_session *source, struct coffer_session *target, coffer_rc *rc)
{
	char *line = coffer_clone_preflight(source, target, rc);

	if (*rc)
		return line;
	*rc = prove(source, target);
	return *rc ? words(*rc) : NULL;
}
