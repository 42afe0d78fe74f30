// SPDX-License-Identifier: BSD-3-Clause
/*
 * Secrets from files, descriptors, systemd credentials and the terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "secret.h"

void secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}

int secret_from_text(const char *text, struct secret *s)
{
	size_t len = strlen(text);

	secret_wipe(s);
	if (len > SECRET_MAX)
		return -E2BIG;
	memcpy(s->text, text, len);
	s->len = len;
	return 0;
}

int secret_from_fd(int fd, struct secret *s)
{
	ssize_t n;
	char c;

	secret_wipe(s);
	/* One at a time: what follows the line belongs to somebody else. */
	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n || c == '\n')
			break;
		if (s->len == SECRET_MAX) {
			secret_wipe(s);
			return -EMSGSIZE;
		}
		s->text[s->len++] = c;
	}
	if (s->len && s->text[s->len - 1] == '\r')
		s->text[--s->len] = '\0';
	explicit_bzero(&c, sizeof(c));
	return !n && !s->len ? -ENODATA : 0;
}

bool secret_is_open(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & S_IROTH;
}

int secret_from_file(const char *path, struct secret *s)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int ret;

	secret_wipe(s);
	if (fd < 0)
		return -errno;
	ret = secret_from_fd(fd, s);
	close(fd);
	return ret;
}

int secret_from_credential(const char *name, struct secret *s)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[4096];

	secret_wipe(s);
	if (!dir || !*dir)
		return -ENOENT;
	if ((size_t)snprintf(path, sizeof(path), "%s/coffer.%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return secret_from_file(path, s);
}

/* The number of bytes of the last UTF-8 character. */
static size_t last_character(const struct secret *s)
{
	size_t n = 1;

	while (n < s->len && (s->text[s->len - n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void erase(struct secret *s)
{
	size_t n;

	if (!s->len)
		return;
	n = last_character(s);
	explicit_bzero(s->text + s->len - n, n);
	s->len -= n;
	fputs("\b \b", stderr);
}

/* 1: the line is complete, 0: go on, or -errno. */
static int take_character(struct secret *s, char c, const struct termios *t)
{
	if (c == '\n' || c == '\r')
		return 1;
	if (c == (char)t->c_cc[VINTR])
		return -EINTR;
	if (c == (char)t->c_cc[VEOF])
		return s->len ? 1 : -ENODATA;
	if (c == (char)t->c_cc[VERASE] || c == '\b' || c == 0x7f) {
		erase(s);
	} else if (c == (char)t->c_cc[VKILL]) {
		while (s->len)
			erase(s);
	} else if (s->len < SECRET_MAX && (unsigned char)c >= ' ') {
		s->text[s->len++] = c;
		if ((c & 0xc0) != 0x80)
			fputc('*', stderr);
	}
	return 0;
}

/* What ends the program at a question must not leave a terminal that shows nothing. */
static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define DEADLY	(sizeof(deadly) / sizeof(*deadly))
static struct termios shown;

static void on_deadly(int number)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &shown);
	signal(number, SIG_DFL);
	raise(number);
}

/* Where somebody handles the signal already, the question ends by itself. */
static void guard_terminal(const struct termios *t, struct sigaction *before)
{
	struct sigaction action = { .sa_handler = on_deadly };

	shown = *t;
	for (size_t i = 0; i < DEADLY; i++) {
		sigaction(deadly[i], NULL, &before[i]);
		if (before[i].sa_handler == SIG_DFL)
			sigaction(deadly[i], &action, NULL);
	}
}

static void unguard_terminal(const struct sigaction *before)
{
	for (size_t i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &before[i], NULL);
}

int secret_ask(const char *prompt, struct secret *s)
{
	struct sigaction handlers[DEADLY];
	struct termios before, raw;
	int ret = 0;
	ssize_t n;
	char c;

	secret_wipe(s);
	if (tcgetattr(STDIN_FILENO, &before))
		return -errno;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	fflush(stdout);
	/* Echo is off before the question can be read: what answers it is never seen. */
	guard_terminal(&before, handlers);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw)) {
		ret = -errno;
		unguard_terminal(handlers);
		return ret;
	}
	fprintf(stderr, "%s: ", prompt);
	fflush(stderr);
	while (!ret) {
		n = read(STDIN_FILENO, &c, 1);
		if (n == 1)
			ret = take_character(s, c, &before);
		else
			ret = n ? -errno : -ENODATA;
		fflush(stderr);
	}
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	unguard_terminal(handlers);
	explicit_bzero(&c, sizeof(c));
	fputc('\n', stderr);
	if (ret < 0)
		secret_wipe(s);
	return ret < 0 ? ret : 0;
}
