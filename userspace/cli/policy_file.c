// SPDX-License-Identifier: BSD-3-Clause
/*
 * -exporttemplate and -applytemplate: policies in files (README.md, "Policy templates").
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "file.h"

#define FILE_MAX 65536

coffer_rc cli_template_export(struct cli *cli, const struct cli_args *args,
			      struct cli_session *s)
{
	const char *path = cli_args_text(args, "exporttemplate", NULL);
	char *text;
	int err;
	coffer_rc rc;

	if (!path)
		return 0;
	rc = coffer_policies_export(s->session, &text);
	if (rc)
		return rc;
	err = file_write(path, text, strlen(text));
	free(text);
	if (err)
		return cli_fail(cli, err, "%s: %s", path, strerror(-err));
	out_text(&cli->out, "template", "Written to", path);
	return 0;
}

coffer_rc cli_template_read(struct cli *cli, const struct cli_args *args, bool hsm,
			    struct coffer_template *out, struct coffer_init *how)
{
	const char *path = cli_args_text(args, "applytemplate", NULL);
	uint8_t *text;
	char *why;
	size_t len;
	coffer_rc rc;
	int err;

	if (!path)
		return 0;
	text = malloc(FILE_MAX);
	if (!text)
		return -ENOMEM;
	err = file_read(path, text, FILE_MAX, &len);
	if (err) {
		free(text);
		return cli_usage(cli, "%s: %s", path, strerror(-err));
	}
	rc = coffer_template_parse((const char *)text, len, out, &why);
	free(text);
	if (rc)
		rc = cli_usage(cli, "%s: %s", path, why ? why : coffer_strerror(rc));
	free(why);
	if (rc)
		return rc;
	if (out->hsm != hsm)
		return cli_usage(cli, "%s: made for %s", path,
				 out->hsm ? "a card: hsm init" : "a partition: partition init");
	how->policies = out;
	return 0;
}

static bool is_listed(const struct coffer_policy *list, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return true;
	return false;
}

coffer_rc cli_template_refused(struct cli *cli, struct cli_session *s, coffer_rc rc,
			       const struct coffer_init *how)
{
	struct coffer_policy *list;
	uint32_t id = 0;
	bool newer = false;
	size_t count;

	if (!how->policies || (rc != ST(CONFIG_FAILS_DEPENDENCIES) &&
			       rc != ST(CONFIG_CHANGE_ILLEGAL)))
		return rc;
	if (coffer_policies(s->session, &list, &count))
		return rc;
	for (size_t i = 0; i < how->policies->count && !newer; i++) {
		id = how->policies->list[i].id;
		newer = !is_listed(list, count, id);
	}
	free(list);
	if (newer)
		return cli_fail(cli, rc, "the template is for newer firmware: this card does not "
				"know policy %u", id);
	return cli_fail(cli, rc, rc == ST(CONFIG_CHANGE_ILLEGAL) ?
			"the template has a value that this card does not allow" :
			"a policy of the template needs another one");
}
