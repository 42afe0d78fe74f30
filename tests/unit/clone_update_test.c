// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cloning after a firmware update: a card that had no CPv4 before wants its clock set by its SO
 * before it negotiates CPv4 (behaviour.md 1.1), whichever side it is on.
 */
#include "clone_pair.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static uint32_t negotiate(struct test_card *s, struct test_card *t, uint32_t *protocol)
{
	struct run *r = run_new(s, t);
	uint32_t st = run_negotiate(r);

	*protocol = r->protocol;
	run_give_up(r);
	free(r);
	return st;
}

/* With an own root it is not shared with other tests: it does not stay what it is. */
static void roots_make(char key[64], char cert[64])
{
	char text[400];

	strcpy(key, "/tmp/clone-root-XXXXXX");
	close(mkstemp(key));
	snprintf(cert, 64, "%s.pem", key);
	snprintf(text, sizeof(text),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s "
		 "-out %s -days 3650 -subj /CN=mine -addext keyUsage=critical,keyCertSign "
		 "2>/dev/null", key, cert);
	assert_int_equal(system(text), 0);
}

static void clock_set(struct test_card *card)
{
	struct call *c = call_new();

	call_begin(c, card->admin);
	wire_put_u32(&c->req, 0);
	wire_put_u64(&c->req, 1900000000000ull);
	assert_u32(call_run(card, c, COFFER_CMD_CLOCK_SET), COFFER_ST_OK);
	free(c);
}

static void update(struct test_card *card, const char *profile, const char *key, const char *cert)
{
	const struct fw_image how = { .profile = profile, .root_key_file = key,
				      .root_cert_file = cert };
	static uint8_t image[61440];
	char path[300], err[256] = "";
	struct call *c = call_new();
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s.image", card->dir);
	if (fw_image_create(path, &how, err, sizeof(err)))
		fail_msg("image: %s", err);
	fd = open(path, O_RDONLY);
	len = read(fd, image, sizeof(image));
	close(fd);
	unlink(path);
	assert_true(len > 0);
	call_begin(c, card->admin);
	wire_put_u32(&c->req, 0);
	wire_put_blob(&c->req, image, (size_t)len);
	assert_u32(call_run(card, c, COFFER_CMD_FW_UPDATE), COFFER_ST_OK);
	free(c);
	tc_off(card);
	tc_on(card);
	assert_u32(tc_login(card, card->admin, COFFER_ROLE_SO, PIN_SO), COFFER_ST_OK);
}

static void the_clock_comes_first(void **state)
{
	char key[64], cert[64];
	struct test_how old = { .profile = "pcie-7.4", .root_key_file = key,
				.root_cert_file = cert };
	struct test_how new = { .profile = "pcie-7.8", .root_key_file = key,
				.root_cert_file = cert };
	struct test_card *late, *early, *made;
	uint32_t h, copy, protocol;

	(void)state;
	roots_make(key, cert);
	late = tc_make(&old);
	early = tc_make(&old);
	made = tc_make(&new);
	h = tc_make_value(late, "from before", true, "x", 1);
	assert_u32(negotiate(late, made, &protocol), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV1);
	clock_set(early);
	update(late, "pcie-7.8", key, cert);
	update(early, "pcie-7.8", key, cert);
	/* Set before the update counts, too; what was made with CPv4 has it anyway. */
	assert_u32(negotiate(early, made, &protocol), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV4);
	assert_u32(negotiate(late, made, &protocol), COFFER_ST_TIME_NOT_INITIALIZED);
	assert_u32(negotiate(made, late, &protocol), COFFER_ST_TIME_NOT_INITIALIZED);
	clock_set(late);
	assert_u32(negotiate(late, made, &protocol), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV4);
	/* The object of the old generation goes where it is wanted. */
	assert_u32(clone_one(late, made, h, &copy), COFFER_ST_OK);
	assert_u32(tc_count(made), 1);
	tc_free(late);
	tc_free(early);
	tc_free(made);
	unlink(key);
	unlink(cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_clock_comes_first) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
