// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that waits for the card's HSM SO: `devlink dev flash` brings it, anybody can read it
 * (it is signed and public), and the SO's FW_UPDATE carries it to the card, which checks it.
 *
 * The driver looks at the head only, so that a wrong file is found by who brings it. Whether the
 * image is genuine the card alone can say.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "coffer.h"
#include "compat.h"

static bool coffer_stage_lengths(const struct coffer_image_head *head, size_t size)
{
	u64 body = le32_to_cpu(head->body_len);

	return body && size == sizeof(*head) + body + le32_to_cpu(head->sig_len);
}

/* NULL, or what is wrong with it. */
static const char *coffer_stage_check(struct coffer_dev *cd, const void *data, size_t size)
{
	const struct coffer_image_head *head = data;
	u32 running = READ_ONCE(cd->fw_version);

	if (size < sizeof(*head) || memcmp(head->magic, COFFER_IMAGE_MAGIC, sizeof(head->magic)))
		return "no firmware image of a Coffer card";
	if (le32_to_cpu(head->format) != COFFER_IMAGE_FORMAT)
		return "a firmware image of an unknown format";
	if (size > COFFER_IMAGE_MAX || !coffer_stage_lengths(head, size) ||
	    memchr_inv(head->reserved, 0, sizeof(head->reserved)))
		return "the firmware image is damaged or cut";
	if (le32_to_cpu(head->fw_version) <= running)
		return "the firmware image is not newer than what runs";
	if (le32_to_cpu(head->oldest) > running)
		return "the firmware image wants newer firmware than what runs";
	return NULL;
}

/**
 * coffer_stage_put - keep a firmware image for the HSM SO
 * @cd: the card
 * @data: the image
 * @size: bytes
 * @fault: what is wrong with it, in words; set unless 0 is returned
 *
 * What was staged before is replaced. Return: 0, -EINVAL, -ENOMEM, -ENODEV when the card is gone.
 */
int coffer_stage_put(struct coffer_dev *cd, const void *data, size_t size, const char **fault)
{
	void *copy;

	*fault = "the card is gone";
	if (coffer_is_gone(cd))
		return -ENODEV;
	*fault = coffer_stage_check(cd, data, size);
	if (*fault)
		return -EINVAL;
	*fault = "no memory for the firmware image";
	copy = kvmalloc(size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, size);
	mutex_lock(&cd->stage.lock);
	swap(cd->stage.image, copy);
	cd->stage.size = size;
	mutex_unlock(&cd->stage.lock);
	kvfree(copy);
	return 0;
}

/* The version that is staged, or 0. */
u32 coffer_stage_version(struct coffer_dev *cd)
{
	const struct coffer_image_head *head;
	u32 version;

	mutex_lock(&cd->stage.lock);
	head = cd->stage.image;
	version = head ? le32_to_cpu(head->fw_version) : 0;
	mutex_unlock(&cd->stage.lock);
	return version;
}

void coffer_stage_drop(struct coffer_dev *cd)
{
	void *image = NULL;

	mutex_lock(&cd->stage.lock);
	swap(cd->stage.image, image);
	cd->stage.size = 0;
	mutex_unlock(&cd->stage.lock);
	kvfree(image);
}

/* The card has started: what it runs now need not wait any more. */
void coffer_stage_settle(struct coffer_dev *cd)
{
	u32 version = coffer_stage_version(cd);

	if (version && version <= READ_ONCE(cd->fw_version))
		coffer_stage_drop(cd);
}

static ssize_t firmware_read(struct file *filp, struct kobject *kobj,
			     COFFER_BIN_CONST struct bin_attribute *attr, char *to, loff_t at,
			     size_t len)
{
	struct coffer_dev *cd = container_of(kobj_to_dev(kobj), struct coffer_dev, dev);
	ssize_t got = -ENODATA;

	mutex_lock(&cd->stage.lock);
	if (cd->stage.image)
		got = memory_read_from_buffer(to, len, &at, cd->stage.image, cd->stage.size);
	mutex_unlock(&cd->stage.lock);
	return got;
}

static COFFER_BIN_CONST struct bin_attribute coffer_stage_attr = {
	.attr	= { .name = "firmware", .mode = 0444 },
	.read	= firmware_read,
};

static COFFER_BIN_CONST struct bin_attribute *COFFER_BIN_CONST coffer_stage_attrs[] = {
	&coffer_stage_attr,
	NULL,
};

const struct attribute_group coffer_stage_group = {
	.bin_attrs = coffer_stage_attrs,
};
