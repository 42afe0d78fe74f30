// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payload buffers: pages of the kernel's own, mapped for DMA only while the card has the
 * command, wiped before they are used again.
 *
 * Because the pages are not the device's, a waiter may still hold them after the card is
 * gone; and because they are unmapped before the reply is looked at, the card cannot change
 * what the driver has checked (where there is an IOMMU).
 */
#include <linux/dma-mapping.h>
#include <linux/uaccess.h>

#include "coffer.h"

#define COFFER_POOL_MAX	128	/* pages kept: 512 KiB per card */

void coffer_pool_init(struct coffer_pool *pool)
{
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->pages);
}

void coffer_pool_drain(struct coffer_pool *pool)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &pool->pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	pool->count = 0;
}

static struct page *coffer_pool_get(struct coffer_pool *pool)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	page = list_first_entry_or_null(&pool->pages, struct page, lru);
	if (page) {
		list_del(&page->lru);
		pool->count--;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return page ?: alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}

static void coffer_pool_put(struct coffer_pool *pool, struct page *page)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (pool->count < COFFER_POOL_MAX) {
		list_add(&page->lru, &pool->pages);
		pool->count++;
		page = NULL;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (page)
		__free_page(page);
}

/* Bytes of the buffer that lie in page n. */
static unsigned int coffer_buf_part(const struct coffer_buf *buf, unsigned int n)
{
	return min_t(unsigned int, buf->len - n * PAGE_SIZE, PAGE_SIZE);
}

/**
 * coffer_buf_alloc - get pages for a payload
 * @pool: the card's pages
 * @buf: all zero
 * @len: bytes, 0 .. COFFER_MAX_PAYLOAD
 *
 * Return: 0 or -ENOMEM; coffer_buf_free() either way.
 */
int coffer_buf_alloc(struct coffer_pool *pool, struct coffer_buf *buf, unsigned int len)
{
	unsigned int want = DIV_ROUND_UP(len, PAGE_SIZE);

	buf->len = len;
	while (buf->pages < want) {
		struct page *page = coffer_pool_get(pool);

		if (!page)
			return -ENOMEM;
		buf->page[buf->pages++] = page;
	}
	return 0;
}

/* Wipe what was used and give the pages back. The card must have let go of them. */
void coffer_buf_free(struct coffer_pool *pool, struct coffer_buf *buf)
{
	unsigned int i;

	for (i = 0; i < buf->pages; i++) {
		memzero_explicit(page_address(buf->page[i]), coffer_buf_part(buf, i));
		coffer_pool_put(pool, buf->page[i]);
	}
	buf->pages = 0;
}

int coffer_buf_map(struct coffer_dev *cd, struct coffer_buf *buf, enum dma_data_direction dir)
{
	struct device *dev = &cd->pdev->dev;
	unsigned int i;

	for (i = 0; i < buf->pages; i++) {
		buf->dma[i] = dma_map_page(dev, buf->page[i], 0, coffer_buf_part(buf, i), dir);
		if (dma_mapping_error(dev, buf->dma[i]))
			goto err_unmap;
	}
	return 0;

err_unmap:
	while (i--)
		dma_unmap_page(dev, buf->dma[i], coffer_buf_part(buf, i), dir);
	return -ENOMEM;
}

void coffer_buf_unmap(struct coffer_dev *cd, struct coffer_buf *buf, enum dma_data_direction dir)
{
	unsigned int i;

	for (i = 0; i < buf->pages; i++)
		dma_unmap_page(&cd->pdev->dev, buf->dma[i], coffer_buf_part(buf, i), dir);
}

/* Describe a mapped buffer of two and more pages to the card. */
void coffer_buf_list(const struct coffer_buf *buf, struct coffer_seg *list)
{
	unsigned int i;

	for (i = 0; i < buf->pages; i++) {
		list[i].addr = cpu_to_le64(buf->dma[i]);
		list[i].len = cpu_to_le32(coffer_buf_part(buf, i));
		list[i].reserved = 0;
	}
}

/* The one and only read of a request from user memory. */
int coffer_buf_from_user(struct coffer_buf *buf, const void __user *from)
{
	unsigned int i;

	for (i = 0; i < buf->pages; i++)
		if (copy_from_user(page_address(buf->page[i]), from + i * PAGE_SIZE,
				   coffer_buf_part(buf, i)))
			return -EFAULT;
	return 0;
}

/* @len: bytes, at most buf->len. */
int coffer_buf_to_user(const struct coffer_buf *buf, void __user *to, unsigned int len)
{
	unsigned int i, part;

	for (i = 0; len; i++, len -= part) {
		part = min_t(unsigned int, len, PAGE_SIZE);
		if (copy_to_user(to + i * PAGE_SIZE, page_address(buf->page[i]), part))
			return -EFAULT;
	}
	return 0;
}

/* The driver's own payloads are small: one page. */
void coffer_buf_write(struct coffer_buf *buf, const void *from, unsigned int len)
{
	memcpy(page_address(buf->page[0]), from, len);
}

void coffer_buf_read(const struct coffer_buf *buf, void *to, unsigned int len)
{
	memcpy(to, page_address(buf->page[0]), len);
}
