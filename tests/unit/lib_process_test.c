// SPDX-License-Identifier: BSD-3-Clause
/*
 * Transports that start other programs: card folders and ssh. This program itself stands in for
 * coffer-card-host and for ssh, by the name that it is called by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_fake.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void ssh_runs_relay(void **state)
{
	struct transport *t = NULL;
	char *text = NULL;

	(void)state;
	setenv("COFFER_SSH", "/proc/self/exe", 1);
	assert_int_equal(transport_open("ssh:host.example:it's here", &t, &text), 0);
	fake_conform(t);
	t->ops->close(t);
	assert_int_equal(transport_open("ssh:nobody:x", &t, &text), -EPIPE);
	assert_non_null(strstr(text, "ssh:nobody:x"));
	free(text);
	text = NULL;
	assert_int_equal(transport_open("ssh:-oProxyCommand=x:y", &t, &text), -EINVAL);
	free(text);
	text = NULL;
	assert_int_equal(transport_open("ssh:host", &t, &text), -EINVAL);
	assert_null(t);
	free(text);
	setenv("COFFER_SSH", "/nonexistent/ssh", 1);
	text = NULL;
	assert_int_equal(transport_open("ssh:host:card", &t, &text), -ENOENT);
	free(text);
	unsetenv("COFFER_SSH");
}

/* ---- A folder, with this program in the place of coffer-card-host --------------------------- */

static void folder_make(char *dir, size_t depth)
{
	char path[512];
	int fd;

	strcpy(dir, "/tmp/coffer-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	while (depth--) {
		/* longer than a socket's address can be */
		strcat(dir, "/a-folder-with-a-rather-long-name");
		assert_int_equal(mkdir(dir, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/store", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void folder_remove(char *dir)
{
	char command[600];

	dir[strlen("/tmp/coffer-test-XXXXXX")] = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static unsigned int starts_of(const char *dir)
{
	char path[512], line[64];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/starts", dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	return n;
}

static void folder_conforms(void **state)
{
	struct transport *one = NULL, *two = NULL;
	char dir[400], *text = NULL;

	(void)state;
	folder_make(dir, 5);
	setenv("COFFER_CARD_HOST", "/proc/self/exe", 1);
	assert_int_equal(transport_open(dir, &one, &text), 0);
	assert_int_equal(transport_open(dir, &two, &text), 0);
	fake_conform(one);
	fake_conform(two);
	one->ops->close(one);
	assert_int_equal(fake_ask(two, "still there", 11, 0), 0);
	two->ops->close(two);
	assert_int_equal(starts_of(dir), 1);
	folder_remove(dir);
}

static void processes_share_one_host(void **state)
{
	char dir[400];
	pid_t children[8];
	int status;

	(void)state;
	folder_make(dir, 0);
	setenv("COFFER_CARD_HOST", "/proc/self/exe", 1);
	for (size_t i = 0; i < COUNT(children); i++) {
		children[i] = fork();
		if (!children[i]) {
			struct transport *t;
			int rc = transport_open(dir, &t, NULL);

			for (int n = 0; !rc && n < 50; n++)
				rc = fake_ask(t, "shared", 6, 0);
			usleep(300000);
			_exit(rc != 0);
		}
	}
	for (size_t i = 0; i < COUNT(children); i++) {
		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(starts_of(dir), 1);
	folder_remove(dir);
}

static void folders_that_are_none(void **state)
{
	struct transport *t = (void *)1;
	char dir[400], path[420], *text = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(transport_open("/nonexistent/x.coffer", &t, &text), -ENOENT);
	assert_null(t);
	assert_non_null(text);
	free(text);
	text = NULL;
	folder_make(dir, 0);
	snprintf(path, sizeof(path), "%s/store", dir);
	assert_int_equal(transport_open(path, &t, &text), -ENOTDIR);
	free(text);
	text = NULL;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(transport_open(dir, &t, &text), -ENOENT);
	assert_non_null(strstr(text, "not a card folder"));
	free(text);
	text = NULL;
	/* No trace of having looked. */
	snprintf(path, sizeof(path), "%s/start.lock", dir);
	assert_int_equal(stat(path, &st), -1);
	folder_remove(dir);
}

static void host_that_refuses(void **state)
{
	struct transport *t = (void *)1;
	char dir[400], path[420], *text = NULL;

	(void)state;
	folder_make(dir, 0);
	snprintf(path, sizeof(path), "%s/refuse", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	setenv("COFFER_CARD_HOST", "/proc/self/exe", 1);
	assert_int_equal(transport_open(dir, &t, &text), -EBADMSG);
	assert_null(t);
	assert_non_null(strstr(text, "the store is corrupt"));
	free(text);
	text = NULL;
	setenv("COFFER_CARD_HOST", "/nonexistent/host", 1);
	assert_int_equal(transport_open(dir, &t, &text), -ENOENT);
	free(text);
	text = NULL;
	setenv("COFFER_CARD_HOST", "/bin/false", 1);
	assert_int_equal(transport_open(dir, &t, &text), -EIO);
	free(text);
	unsetenv("COFFER_CARD_HOST");
	folder_remove(dir);
}

static void char_devices_that_are_none(void **state)
{
	struct transport *t = (void *)1;
	char *text = NULL;

	(void)state;
	assert_int_equal(transport_open("/dev/null", &t, &text), -EPROTO);
	assert_null(t);
	assert_non_null(strstr(text, "not a Coffer card"));
	free(text);
}

/* ---- This program as coffer-card-host and as ssh -------------------------------------------- */

static void *host_connection(void *opaque)
{
	struct fake *fake = opaque;

	fake_serve(fake);
	free(fake);
	return NULL;
}

static _Noreturn void host_serve(int listener)
{
	struct timeval idle = { .tv_sec = 3 };
	struct fake *fake;
	pthread_t thread;
	int fd;

	/* Serves for a while after the last connection came: enough for a test. */
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		fake = calloc(1, sizeof(*fake));
		*fake = (struct fake){ .in_fd = fd, .out_fd = fd, .handle = fake_echo };
		pthread_create(&thread, NULL, host_connection, fake);
		pthread_detach(thread);
	}
	_exit(0);
}

static int host_main(const char *dir, int ready_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, starts;

	if (chdir(dir))
		return 1;
	if (!access("refuse", F_OK)) {
		dprintf(ready_fd, "errno %d: the store is corrupt\n", EBADMSG);
		return 1;
	}
	starts = open("starts", O_CREAT | O_APPEND | O_WRONLY, 0600);
	dprintf(starts, "%d\n", getpid());
	unlink("host.sock");
	strcpy(address.sun_path, "host.sock");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 64))
		return 1;
	if (fork())
		_exit(0);
	setsid();
	dprintf(ready_fd, "ok\n");
	close(ready_fd);
	host_serve(fd);
}

/* ssh -T -- HOST coffer relay 'CARD' */
static int ssh_main(int argc, char **argv)
{
	struct fake fake = { .in_fd = 0, .out_fd = 1, .handle = fake_echo };

	if (argc != 7 || strcmp(argv[1], "-T") || strcmp(argv[2], "--") ||
	    strcmp(argv[4], "coffer") || strcmp(argv[5], "relay"))
		return 255;
	if (!strcmp(argv[3], "nobody"))
		return 255;
	if (strcmp(argv[6], "'it'\\''s here'"))
		return 255;
	fake_serve(&fake);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssh_runs_relay),
		cmocka_unit_test(folder_conforms),
		cmocka_unit_test(processes_share_one_host),
		cmocka_unit_test(folders_that_are_none),
		cmocka_unit_test(host_that_refuses),
		cmocka_unit_test(char_devices_that_are_none),
	};

	if (!strcmp(argv[0], "ssh"))
		return ssh_main(argc, argv);
	if (!strcmp(argv[0], "coffer-card-host") && argc == 5)
		return host_main(argv[2], atoi(argv[4]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
