// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card's random generator for the kernel, when the administrator asks for it: a card is as
 * trustworthy as whoever built it, so it is off by default and credited with next to nothing.
 *
 * The driver is a user like others: it has an owner and a session of its own, which give it no
 * right that a process without a login would not have.
 */
#include <linux/hw_random.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "coffer.h"

#define COFFER_RNG_BYTES	256	/* in one command */
#define COFFER_RNG_MS		500	/* the core holds its lock meanwhile */

static bool hwrng;
module_param(hwrng, bool, 0444);
MODULE_PARM_DESC(hwrng, "offer each card's random generator to the kernel (default: no)");

struct coffer_hwrng {
	struct hwrng		rng;
	struct coffer_dev	*cd;
	struct coffer_file	*file;		/* without a descriptor */
	struct mutex		lock;		/* guards those below */
	u32			session;	/* 0: none */
	u64			epoch;		/* of the session */
};

static int coffer_rng_open(struct coffer_hwrng *h)
{
	struct coffer_req_session_open req = { 0 };	/* of the card itself, read-only */
	struct coffer_rep_session_open rep = { 0 };
	struct coffer_own own = {
		.opcode = COFFER_CMD_SESSION_OPEN,
		.file = h->file,
		.req = &req,
		.req_len = sizeof(req),
		.reply = &rep,
		.room = sizeof(rep),
		.timeout_ms = COFFER_RNG_MS,
	};
	int rc = coffer_own_run(h->cd, &own);

	if (rc)
		return rc;
	if (own.reply_len != sizeof(rep))
		return -EIO;
	h->session = le32_to_cpu(rep.session);
	h->epoch = own.epoch;
	return 0;
}

static int coffer_rng_random(struct coffer_hwrng *h, void *to, u32 len)
{
	struct coffer_req_random req = {
		.session = cpu_to_le32(h->session),
		.len = cpu_to_le32(len),
	};
	struct coffer_own own = {
		.opcode = COFFER_CMD_RANDOM,
		.file = h->file,
		.req = &req,
		.req_len = sizeof(req),
		.reply = to,
		.room = len,
		.timeout_ms = COFFER_RNG_MS,
	};
	int rc = coffer_own_run(h->cd, &own);

	if (rc) {
		if (rc == -EACCES)	/* of the card, which does not know it: begin anew */
			h->session = 0;
		return rc;
	}
	return own.reply_len == len ? len : -EIO;
}

/* Called with a lock of the core's: nothing is waited for but the card, and that not for long. */
static int coffer_rng_read(struct hwrng *rng, void *to, size_t max, bool wait)
{
	struct coffer_hwrng *h = container_of(rng, struct coffer_hwrng, rng);
	int rc = 0;

	if (mutex_lock_killable(&h->lock))
		return -EINTR;
	if (!h->session || h->epoch != READ_ONCE(h->cd->epoch))
		rc = coffer_rng_open(h);
	if (!rc)
		rc = coffer_rng_random(h, to, min_t(size_t, max, COFFER_RNG_BYTES));
	mutex_unlock(&h->lock);
	return rc == -EACCES ? -EIO : rc;	/* not because of the caller's rights */
}

/* A card without it is as good: what goes wrong is told in the log. */
void coffer_hwrng_add(struct coffer_dev *cd)
{
	struct coffer_hwrng *h;
	int rc = -ENOMEM;

	if (!hwrng)
		return;
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		goto err;
	h->file = coffer_file_alloc(cd);
	if (!h->file)
		goto err_free;
	h->cd = cd;
	mutex_init(&h->lock);
	h->rng.name = dev_name(&cd->dev);
	h->rng.read = coffer_rng_read;
	h->rng.quality = 1;	/* of 1024: the least that makes the core ask at all */
	rc = hwrng_register(&h->rng);
	if (rc)
		goto err_file;
	cd->hwrng = h;
	return;

err_file:
	coffer_owner_release(h->file);
	coffer_file_put(h->file);
err_free:
	kfree(h);
err:
	dev_warn(&cd->dev, "no hwrng: %d\n", rc);
}

/* The card is down: who is reading has been sent away. */
void coffer_hwrng_del(struct coffer_dev *cd)
{
	struct coffer_hwrng *h = cd->hwrng;

	if (!h)
		return;
	hwrng_unregister(&h->rng);
	coffer_owner_release(h->file);
	coffer_file_put(h->file);
	kfree(h);
	cd->hwrng = NULL;
}
