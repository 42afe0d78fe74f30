// SPDX-License-Identifier: GPL-2.0-only
/* Objects made and destroyed under fire, and the account of them. */
#include "ledger.h"

#define PO_PIN "po-password-1"
#define CO_PIN "co-password-1"

/* ---- Writing requests ------------------------------------------------------------------ */

struct writer {
	unsigned char bytes[512];
	size_t len;
};

static void put(struct writer *w, const void *from, size_t len)
{
	memcpy(w->bytes + w->len, from, len);
	w->len += len;
}

static void put_u32(struct writer *w, __u32 value)
{
	__le32 le = htole32(value);

	put(w, &le, sizeof(le));
}

static void put_text(struct writer *w, const char *text)
{
	put_u32(w, strlen(text));
	put(w, text, strlen(text));
}

static void put_attr(struct writer *w, __u32 type, const void *value, __u32 len)
{
	put_u32(w, type);
	put_u32(w, len);
	put(w, value, len);
}

static long long send_writer(int fd, __u16 opcode, const struct writer *w, void *reply,
			     __u32 room)
{
	return card_ask(fd, opcode, w->bytes, w->len, reply, room);
}

static long long with_pin(int fd, __u16 opcode, __u32 session, __u32 role, const char *pin)
{
	struct coffer_rep_login rep;
	bool login = opcode == COFFER_CMD_LOGIN;
	struct writer w = { .len = 0 };

	put_u32(&w, session);
	put_u32(&w, role);
	put_text(&w, pin);
	return send_writer(fd, opcode, &w, &rep, login ? sizeof(rep) : 0);
}

/* ---- The partition ---------------------------------------------------------------------- */

static long long partition_create(int fd, __u32 session, __u32 *partition)
{
	struct coffer_rep_partition_create rep;
	struct writer w = { .len = 0 };
	long long rc;

	put_u32(&w, session);
	put_u32(&w, 0);
	put_u32(&w, 0);
	put_u32(&w, 0);
	put_text(&w, "ledger");
	rc = send_writer(fd, COFFER_CMD_PARTITION_CREATE, &w, &rep, sizeof(rep));
	*partition = le32toh(rep.partition);
	return rc;
}

static long long partition_init(int fd, __u32 session)
{
	struct writer w = { .len = 0 };

	put_u32(&w, session);
	put_u32(&w, COFFER_INIT_DEFAULT_DOMAIN);
	put_text(&w, "ledger");
	put_text(&w, PO_PIN);
	put_text(&w, "");
	return send_writer(fd, COFFER_CMD_PARTITION_INIT, &w, NULL, 0);
}

static long long partition_delete(int fd, __u32 session, __u32 partition)
{
	struct writer w = { .len = 0 };

	put_u32(&w, session);
	put_u32(&w, partition);
	put_u32(&w, 0);
	put_u32(&w, 0);
	return send_writer(fd, COFFER_CMD_PARTITION_DELETE, &w, NULL, 0);
}

static long long partition_make(int fd, __u32 *partition)
{
	__u32 admin, session;
	long long rc;

	rc = session_open(fd, 0, COFFER_SESSION_RW, &admin);
	rc = rc ?: so_login(fd, admin);
	rc = rc ?: partition_create(fd, admin, partition);
	rc = rc ?: session_open(fd, *partition, COFFER_SESSION_RW, &session);
	rc = rc ?: partition_init(fd, session);
	rc = rc ?: with_pin(fd, COFFER_CMD_LOGIN, session, COFFER_ROLE_PO, PO_PIN);
	return rc ?: with_pin(fd, COFFER_CMD_ROLE_INIT, session, COFFER_ROLE_CO, CO_PIN);
}

/* ---- Objects ---------------------------------------------------------------------------- */

static void object_name(char *to, size_t size, unsigned int thread, unsigned int number)
{
	snprintf(to, size, "%u.%u", thread, number);
}

static long long object_create(int fd, __u32 session, const char *name, __u32 *handle)
{
	static const unsigned char yes = 1, no;
	struct coffer_rep_object rep = { 0 };
	struct writer template = { .len = 0 }, w = { .len = 0 };
	__le64 class = htole64(0);	/* data */
	long long rc;

	put_attr(&template, COFFER_CKA_CLASS, &class, sizeof(class));
	put_attr(&template, COFFER_CKA_TOKEN, &yes, 1);
	put_attr(&template, COFFER_CKA_PRIVATE, &no, 1);
	put_attr(&template, COFFER_CKA_LABEL, name, strlen(name));
	put_attr(&template, COFFER_CKA_VALUE, name, strlen(name));
	put_u32(&w, session);
	put_u32(&w, 0);
	put_u32(&w, template.len);
	put(&w, template.bytes, template.len);
	rc = send_writer(fd, COFFER_CMD_OBJECT_CREATE, &w, &rep, sizeof(rep));
	*handle = le32toh(rep.handle);
	return rc;
}

static long long object_destroy(int fd, __u32 session, __u32 handle)
{
	struct coffer_req_object req = { htole32(session), htole32(handle) };

	return card_ask(fd, COFFER_CMD_OBJECT_DESTROY, &req, sizeof(req), NULL, 0);
}

/* ---- The threads ------------------------------------------------------------------------ */

static bool stopped(struct ledger *ledger)
{
	return __atomic_load_n(&ledger->stop, __ATOMIC_RELAXED);
}

/* What ends a command when the card is reset or goes: no answer, or an owner that is no more. */
static bool is_cut(long long rc)
{
	return rc == -ECANCELED || rc == -ENODEV || rc == -EIO || rc == -ETIMEDOUT ||
	       rc == -ENOENT || rc == -ENXIO || rc == COFFER_ST_SESSION_HANDLE_INVALID ||
	       rc == COFFER_ST_USER_NOT_LOGGED_IN;
}

static void tally(struct ledger *ledger, long long rc)
{
	unsigned int *count = !rc ? &ledger->acked : is_cut(rc) ? &ledger->cut : &ledger->wrong;

	if (rc && !is_cut(rc) && !__atomic_load_n(&ledger->first_wrong, __ATOMIC_RELAXED))
		__atomic_store_n(&ledger->first_wrong, rc, __ATOMIC_RELAXED);
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

/* A verdict says that nothing was done; a transport error says nothing. */
static unsigned char state_after(long long rc, unsigned char done, unsigned char maybe,
				 unsigned char before)
{
	return !rc ? done : rc < 0 ? maybe : before;
}

/* After a few objects the load goes on with commands that leave nothing to account for. */
static long long idle_work(struct ledger *ledger, int fd, unsigned int made)
{
	unsigned int left = made < 8 ? 0 : 100;
	long long rc = 0;

	while (!rc && left-- && !stopped(ledger))
		rc = card_echo(fd, 500 + left, left);
	if (rc)
		tally(ledger, rc);
	return rc;
}

/* Make objects, and destroy every fourth again, until something goes wrong. */
static void work(struct ledger_thread *t, int fd, __u32 session, unsigned int *number)
{
	struct ledger *ledger = t->ledger;
	unsigned int made = 0;
	char name[32];
	__u32 handle;
	long long rc;

	while (!stopped(ledger) && *number < LEDGER_ENTRIES && !idle_work(ledger, fd, made++)) {
		unsigned int n = (*number)++;

		object_name(name, sizeof(name), t->number, n);
		t->state[n] = LEDGER_MAYBE;
		rc = object_create(fd, session, name, &handle);
		t->state[n] = state_after(rc, LEDGER_MADE, LEDGER_MAYBE, LEDGER_NEVER);
		tally(ledger, rc);
		if (rc)
			return;
		if (n % 4)
			continue;
		rc = object_destroy(fd, session, handle);
		t->state[n] = state_after(rc, LEDGER_GONE, LEDGER_MAYBE_GONE, LEDGER_MADE);
		tally(ledger, rc);
		if (rc)
			return;
	}
}

static void *ledger_thread(void *arg)
{
	struct ledger_thread *t = arg;
	struct ledger *ledger = t->ledger;
	unsigned int number = 0;
	__u32 session;
	long long rc;
	int fd;

	while (!stopped(ledger) && number < LEDGER_ENTRIES) {
		fd = card_open(O_RDWR);
		if (fd < 0) {
			usleep(5000);
			continue;
		}
		do {
			rc = session_open(fd, ledger->partition, COFFER_SESSION_RW, &session);
			rc = rc ?: with_pin(fd, COFFER_CMD_LOGIN, session, COFFER_ROLE_CO, CO_PIN);
			if (rc == COFFER_ST_USER_ALREADY_LOGGED_IN)
				rc = 0;
			if (rc && !is_cut(rc))
				tally(ledger, rc);
			if (!rc)
				work(t, fd, session, &number);
			else if (rc != -ENODEV)
				usleep(1000);
		} while (rc != -ENODEV && !stopped(ledger) && number < LEDGER_ENTRIES &&
			 !attr_is("state", "dead"));
		close(fd);
	}
	return NULL;
}

int ledger_begin(struct ledger *ledger)
{
	int fd = card_open_wait();
	unsigned int i;
	long long rc;

	memset(ledger, 0, sizeof(*ledger));
	if (fd < 0)
		return -1;
	rc = partition_make(fd, &ledger->partition);
	close(fd);
	if (rc) {
		fprintf(stderr, "# no partition for the ledger: %lld\n", rc);
		return -1;
	}
	for (i = 0; i < LEDGER_THREADS; i++) {
		struct ledger_thread *t = &ledger->thread[i];

		t->ledger = ledger;
		t->number = i;
		if (pthread_create(&t->thread, NULL, ledger_thread, t))
			return -1;
	}
	return 0;
}

void ledger_stop(struct ledger *ledger)
{
	unsigned int i;

	__atomic_store_n(&ledger->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < LEDGER_THREADS; i++)
		if (ledger->thread[i].thread)
			pthread_join(ledger->thread[i].thread, NULL);
}

int ledger_progress(struct ledger *ledger, unsigned int more)
{
	unsigned int goal = __atomic_load_n(&ledger->acked, __ATOMIC_RELAXED) + more;
	double end = seconds() + 10;

	while (__atomic_load_n(&ledger->acked, __ATOMIC_RELAXED) < goal) {
		if (seconds() > end)
			return -1;
		usleep(500);
	}
	return 0;
}

/* ---- The account ------------------------------------------------------------------------ */

static __u32 get_u32(const unsigned char *from)
{
	__le32 le;

	memcpy(&le, from, sizeof(le));
	return le32toh(le);
}

/* One object that the card has; its attributes are the label alone. */
static int found_one(struct ledger *ledger, const unsigned char *attrs, __u32 len)
{
	unsigned int thread, number;
	char name[32] = "";

	if (len < 8 || len - 8 >= sizeof(name) || get_u32(attrs) != (__u32)COFFER_CKA_LABEL)
		return -1;
	memcpy(name, attrs + 8, len - 8);
	if (sscanf(name, "%u.%u", &thread, &number) != 2 || thread >= LEDGER_THREADS ||
	    number >= LEDGER_ENTRIES)
		return -1;
	ledger->thread[thread].found[number]++;
	return 0;
}

static int found_reply(struct ledger *ledger, const unsigned char *reply, __u32 len, __u64 *cursor)
{
	struct coffer_rep_find head;
	__u32 i, size, at = sizeof(head);

	if (len < sizeof(head))
		return -1;
	memcpy(&head, reply, sizeof(head));
	*cursor = le64toh(head.cursor);
	for (i = 0; i < le32toh(head.count); i++) {
		if (at + 8 > len)
			return -1;
		size = get_u32(reply + at + 4);
		if (size > len - at - 8 || found_one(ledger, reply + at + 8, size))
			return -1;
		at += 8 + size;
	}
	return at == len ? 0 : -1;
}

static int find_all(struct ledger *ledger, int fd, __u32 session)
{
	static unsigned char reply[COFFER_CMD_MAX_PAYLOAD];
	__u64 cursor = 0;

	do {
		struct coffer_req_find req = {
			htole32(session), htole32(512), htole64(cursor),
		};
		struct writer w = { .len = 0 };
		__u32 got = sizeof(reply), verdict;

		put(&w, &req, sizeof(req));
		put_u32(&w, 0);			/* any object */
		put_u32(&w, 1);
		put_u32(&w, COFFER_CKA_LABEL);
		if (card_exec(fd, COFFER_CMD_OBJECT_FIND, w.bytes, w.len, reply, &got, &verdict) ||
		    verdict || found_reply(ledger, reply, got, &cursor))
			return -1;
	} while (cursor);
	return 0;
}

/* How many of an object there may be, by what is written down. */
static bool fits(unsigned char state, unsigned int found)
{
	switch (state) {
	case LEDGER_MADE:
		return found == 1;
	case LEDGER_MAYBE:
	case LEDGER_MAYBE_GONE:
		return found <= 1;
	default:
		return !found;
	}
}

static int contradictions(const struct ledger *ledger)
{
	unsigned int i, n;
	int bad = 0;

	for (i = 0; i < LEDGER_THREADS; i++) {
		const struct ledger_thread *t = &ledger->thread[i];

		for (n = 0; n < LEDGER_ENTRIES; n++) {
			if (fits(t->state[n], t->found[n]))
				continue;
			if (!bad++)
				fprintf(stderr, "# object %u.%u: state %u, found %u times\n",
					i, n, t->state[n], t->found[n]);
		}
	}
	return bad;
}

int ledger_check(struct ledger *ledger)
{
	int bad = -1, fd = card_open_wait();
	__u32 session, admin;
	long long rc;

	if (fd < 0)
		return -1;
	rc = session_open(fd, ledger->partition, COFFER_SESSION_RW, &session);
	rc = rc ?: with_pin(fd, COFFER_CMD_LOGIN, session, COFFER_ROLE_CO, CO_PIN);
	if (!rc && !find_all(ledger, fd, session))
		bad = contradictions(ledger);
	rc = rc ?: session_close(fd, session);
	rc = rc ?: session_open(fd, 0, COFFER_SESSION_RW, &admin);
	rc = rc ?: so_login(fd, admin);
	rc = rc ?: partition_delete(fd, admin, ledger->partition);
	if (rc)
		fprintf(stderr, "# the ledger's partition stays: %lld\n", rc);
	close(fd);
	return rc ? -1 : bad;
}
