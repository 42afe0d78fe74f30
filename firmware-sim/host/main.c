// SPDX-License-Identifier: BSD-3-Clause
/* coffer-card-host: make, move and serve cards that live in a folder. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream.h"

#define LOG_MAX		(1024 * 1024)

enum {
	EXIT_BAD_USE = 2,
};

static const char usage[] =
	"usage: coffer-card-host serve [-ped PED] [--ready-fd N] DIR\n"
	"                                                   serve it until nobody uses it\n"
	"       coffer-card-host serve [-ped PED] --stdio DIR  on standard input/output\n"
	"       coffer-card-host create [-profile NAME] [-serial N] [-label TEXT]\n"
	"                        [-auth password|ped] [-kdf-cost test|standard]\n"
	"                        [-speed full|profile]\n"
	"                        [-root-key FILE -root-cert FILE] DIR\n"
	"       coffer-card-host image create -profile NAME [-oldest VERSION]\n"
	"                        [-root-key FILE -root-cert FILE] FILE\n"
	"       coffer-card-host export DIR FILE\n"
	"       coffer-card-host import FILE DIR\n"
	"       coffer-card-host tamper|decommission DIR\n"
	"       coffer-card-host profiles\n"
	"       coffer-card-host ped create-key FILE -color blue|black|grey|red|white|orange\n"
	"                        [-label TEXT] [-pin-file FILE] [-imprint]\n"
	"       coffer-card-host ped copy-key FILE NEW-FILE\n"
	"       coffer-card-host ped show-key FILE\n"
	"       coffer-card-host ped insert PED KEY-FILE [-pin-file FILE]\n"
	"       coffer-card-host ped remove PED [-color COLOR]\n"
	"       coffer-card-host ped connect DIR PED\n"
	"       coffer-card-host ped disconnect DIR\n";

int complain(const char *text)
{
	fprintf(stderr, "coffer-card-host: %s\n", text);
	return EXIT_FAILURE;
}

int bad_use(const char *text)
{
	complain(text);
	fputs(usage, stderr);
	return EXIT_BAD_USE;
}

/* 0 when @text is no number from 1 to @max. */
static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end || end == text || *text == '-' || n > max ? 0 : n;
}

/* ---- serve ----------------------------------------------------------------------- */

/* One line to who waits for it: "ok", or "errno NUMBER: why". */
static void ready_say(int fd, int rc, const char *text)
{
	if (fd < 0)
		return;
	if (rc)
		dprintf(fd, "errno %d: %s\n", -rc, text);
	else
		dprintf(fd, "ok\n");
	close(fd);
}

/* The starter goes on; we belong to nobody. Before any thread is made. */
static bool detach(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid)
		_exit(0);
	setsid();
	return true;
}

/* Standard input and output to nowhere, messages to DIR/host.log, which does not grow for ever. */
static void detach_files(int dir)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = openat(dir, "host.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
			 0600);
	struct stat st;

	if (log >= 0 && !fstat(log, &st) && st.st_size > LOG_MAX && ftruncate(log, 0))
		complain(strerror(errno));
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	if (log >= 0)
		close(log);
	if (null > STDERR_FILENO)
		close(null);
	if (chdir("/"))
		complain(strerror(errno));
}

/* Sanitizers look at the process from outside, and their memory is too large to be locked. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/*
 * Nobody attaches to it, and nothing is swapped out: that only where no limit on locked memory
 * is left, as under a limit later allocations would fail.
 */
static void harden_memory(void)
{
	struct rlimit lock = { RLIM_INFINITY, RLIM_INFINITY };

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_MEMLOCK, &lock);
	if (!getrlimit(RLIMIT_MEMLOCK, &lock) && lock.rlim_cur == RLIM_INFINITY)
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static int confine(void)
{
	return host_confine();
}
#else
static void harden_memory(void)
{
}

static int confine(void)
{
	return 0;
}
#endif

/* Memory holds keys: no core file. And nothing that is started from here gains rights. */
static void harden(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	harden_memory();
	signals_block();
}

/* The last step before clients: 0 or -errno, with one line in @err. */
static int serve_begin(char *err, size_t err_len)
{
	int rc = confine();

	if (rc)
		snprintf(err, err_len, "the kernel does not confine this process: %s",
			 strerror(-rc));
	return rc;
}

static int serve_socket(const char *dir, const char *ped, int ready_fd)
{
	char err[512] = "";
	struct host h;
	int rc;

	if (ready_fd >= 0 && !detach())
		return complain(strerror(errno));
	harden();
	rc = host_open(&h, dir, ped, err, sizeof(err));
	if (!rc) {
		rc = host_listen(&h, dir, err, sizeof(err));
		if (!rc)
			rc = serve_begin(err, sizeof(err));
		if (rc)
			host_close(&h);
	}
	if (rc) {
		ready_say(ready_fd, rc, err);
		return complain(err);
	}
	if (ready_fd >= 0)
		detach_files(h.dir);
	ready_say(ready_fd, 0, NULL);
	host_run(&h);
	host_close(&h);
	return EXIT_SUCCESS;
}

static int serve_stdio(const char *dir, const char *ped)
{
	char err[512] = "";
	struct host h;
	int rc;

	harden();
	rc = host_open(&h, dir, ped, err, sizeof(err));
	if (rc)
		return complain(err);
	rc = serve_begin(err, sizeof(err));
	if (rc) {
		host_close(&h);
		return complain(err);
	}
	rc = host_stdio(&h);
	host_close(&h);
	return rc ? complain(strerror(-rc)) : EXIT_SUCCESS;
}

static int verb_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "stdio", no_argument, NULL, 's' },
		{ "ped", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	const char *ped = NULL;
	int opt, ready_fd = -1;
	bool stdio = false;

	while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'r') {
			ready_fd = (int)number(optarg, 1 << 20);
			if (ready_fd <= STDERR_FILENO || fcntl(ready_fd, F_GETFD) < 0)
				return bad_use("--ready-fd names no open descriptor above 2");
			fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
		} else if (opt == 's') {
			stdio = true;
		} else if (opt == 'e') {
			ped = optarg;
		} else {
			return bad_use("serve does not know that option");
		}
	}
	if (argc - optind != 1)
		return bad_use("serve wants one card folder");
	if (stdio && ready_fd >= 0)
		return bad_use("--stdio and --ready-fd exclude each other");
	return stdio ? serve_stdio(argv[optind], ped) : serve_socket(argv[optind], ped, ready_fd);
}

/* ---- create, export, import, profiles -------------------------------------------- */

/* What all that a factory root signs has in common. */
#define ROOT_OPTIONS \
	{ "root-key", required_argument, NULL, 'r' }, \
	{ "root-cert", required_argument, NULL, 'c' }

static bool root_option(const char **key_file, const char **cert_file, int opt, char *value)
{
	if (opt == 'r')
		*key_file = value;
	else if (opt == 'c')
		*cert_file = value;
	else
		return false;
	return true;
}

static bool create_option(struct fw_create *how, int opt, char *value)
{
	switch (opt) {
	case 'p':
		how->profile = value;
		return true;
	case 'n':
		how->serial = number(value, UINT64_MAX);
		return how->serial != 0;
	case 'l':
		how->label = value;
		return true;
	case 'k':
		how->kdf_test = !strcmp(value, "test");
		return how->kdf_test || !strcmp(value, "standard");
	case 'a':
		how->ped = !strcmp(value, "ped");
		return how->ped || !strcmp(value, "password");
	case 's':
		how->limited = !strcmp(value, "profile");
		return how->limited || !strcmp(value, "full");
	case 't':
		how->kdf_test = true;
		return true;
	default:
		return root_option(&how->root_key_file, &how->root_cert_file, opt, value);
	}
}

static int verb_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "serial", required_argument, NULL, 'n' },
		{ "label", required_argument, NULL, 'l' },
		{ "kdf-cost", required_argument, NULL, 'k' },
		{ "auth", required_argument, NULL, 'a' },
		{ "kdf-test", no_argument, NULL, 't' },
		{ "speed", required_argument, NULL, 's' },
		ROOT_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	struct fw_create how = { 0 };
	char err[512] = "";
	int opt;

	while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1)
		if (!create_option(&how, opt, optarg))
			return bad_use("create does not know that option or value");
	if (argc - optind != 1)
		return bad_use("create wants one folder name");
	if (fw_card_create(argv[optind], &how, err, sizeof(err)))
		return complain(err);
	return EXIT_SUCCESS;
}

/* "7", "7.4" or "7.4.0" to [23:16].[15:8].[7:0]; false: no version. */
static bool version_parse(const char *text, uint32_t *version)
{
	char *end;
	int shift;

	*version = 0;
	for (shift = 16; shift >= 0; shift -= 8) {
		unsigned long part = strtoul(text, &end, 10);

		if (end == text || *text < '0' || *text > '9' || part > 255)
			return false;
		*version |= (uint32_t)part << shift;
		if (!*end)
			return true;
		if (*end != '.')
			return false;
		text = end + 1;
	}
	return false;
}

static bool image_option(struct fw_image *how, int opt, char *value)
{
	switch (opt) {
	case 'p':
		how->profile = value;
		return true;
	case 'o':
		return version_parse(value, &how->oldest);
	default:
		return root_option(&how->root_key_file, &how->root_cert_file, opt, value);
	}
}

static int verb_image(int argc, char **argv)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "oldest", required_argument, NULL, 'o' },
		ROOT_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	struct fw_image how = { 0 };
	char err[512] = "";
	int opt;

	if (argc < 2 || strcmp(argv[1], "create"))
		return bad_use("image wants: create");
	argc--;
	argv++;
	while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1)
		if (!image_option(&how, opt, optarg))
			return bad_use("image create does not know that option or value");
	if (argc - optind != 1 || !how.profile)
		return bad_use("image create wants -profile and one file name");
	if (fw_image_create(argv[optind], &how, err, sizeof(err)))
		return complain(err);
	return EXIT_SUCCESS;
}

static int verb_move(int argc, char **argv)
{
	bool export = !strcmp(argv[0], "export");
	char err[512] = "";
	int rc;

	if (argc > 1 && !strcmp(argv[1], "--")) {
		argc--;
		argv++;
	}
	if (argc != 3)
		return bad_use("export wants DIR FILE, import FILE DIR");
	rc = export ? fw_card_export(argv[1], argv[2], err, sizeof(err)) :
		      fw_card_import(argv[1], argv[2], err, sizeof(err));
	return rc ? complain(err) : EXIT_SUCCESS;
}

static int verb_input(int argc, char **argv)
{
	bool tamper = !strcmp(argv[0], "tamper");
	char err[512] = "";
	int rc;

	if (argc > 1 && !strcmp(argv[1], "--")) {
		argc--;
		argv++;
	}
	if (argc != 2)
		return bad_use("this wants one folder name");
	rc = tamper ? fw_card_tamper_off(argv[1], err, sizeof(err)) :
		      fw_card_decommission_off(argv[1], err, sizeof(err));
	if (!rc && err[0])
		puts(err);
	return rc ? complain(err) : EXIT_SUCCESS;
}

static int verb_profiles(int argc, char **argv)
{
	unsigned int i;

	(void)argv;
	if (argc != 1)
		return bad_use("profiles wants nothing more");
	for (i = 0; fw_profile_name(i); i++)
		printf("%-16s %s\n", fw_profile_name(i), fw_profile_text(i));
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "serve", verb_serve },
	{ "create", verb_create },
	{ "image", verb_image },
	{ "export", verb_move },
	{ "import", verb_move },
	{ "tamper", verb_input },
	{ "decommission", verb_input },
	{ "profiles", verb_profiles },
	{ "ped", verb_ped },
};

int main(int argc, char **argv)
{
	size_t i;

	opterr = 0;
	if (argc < 2)
		return bad_use("what is to be done?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	return bad_use("there is no such verb");
}
