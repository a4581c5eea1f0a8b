/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "rec/wirefile.h"

static const char magic[8] = "LNXWIRE\n";

struct wirefile {
	char		*buf, *wide;	/* wide: a record of an older build */
	size_t		 pos, len, cap, wide_cap;
	uint64_t	 offset;	/* in the file, of buf */
	struct out	*out;		/* flushed before waiting; or NULL */
	int		 fd;
	int		 begun;
};

void
wirefile_head(struct wirefile_head *h, const struct event_ctx *ctx)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, magic, sizeof(magic));
	h->version = 1;
	h->real_ns = ctx->real_ns;
	memcpy(h->boot, ctx->boot, sizeof(ctx->boot) - 1);
	h->host_len = strlen(ctx->host);
	memcpy(h->host, ctx->host, h->host_len);
}

void
wirefile_clock(struct wirefile_clock *c, const struct event_ctx *ctx)
{
	memset(c, 0, sizeof(*c));
	c->head.kind = WIREFILE_CLOCK;
	c->head.size = sizeof(*c);
	c->real_ns = ctx->real_ns;
}

struct wirefile *
wirefile_new(int fd, struct out *out)
{
	struct wirefile *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->fd = fd;
	f->out = out;
	f->cap = 1 << 16;
	if ((f->buf = malloc(f->cap)) == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void
wirefile_free(struct wirefile *f)
{
	if (f == NULL)
		return;
	free(f->wide);
	free(f->buf);
	free(f);
}

/* Have n bytes from pos on. */
static enum wirefile_status
want(struct wirefile *f, size_t n)
{
	ssize_t got;
	char *p;

	if (f->len - f->pos >= n)
		return WIREFILE_OK;
	memmove(f->buf, f->buf + f->pos, f->len - f->pos);
	f->offset += f->pos;
	f->len -= f->pos;
	f->pos = 0;
	if (n > f->cap) {
		if ((p = realloc(f->buf, n)) == NULL)
			return WIREFILE_READ;
		f->buf = p;
		f->cap = n;
	}
	while (f->len < n) {
		if (f->out != NULL)
			out_flush(f->out);
		got = read(f->fd, f->buf + f->len, f->cap - f->len);
		if (got == -1)
			return WIREFILE_READ;
		if (got == 0)
			return f->len == 0 ? WIREFILE_END : WIREFILE_HALF;
		f->len += got;
	}
	return WIREFILE_OK;
}

static enum wirefile_status
begin(struct wirefile *f, struct event_ctx *ctx)
{
	struct wirefile_head h;
	enum wirefile_status s;

	if ((s = want(f, sizeof(h))) != WIREFILE_OK)
		return s == WIREFILE_END || s == WIREFILE_HALF ?
		    WIREFILE_BAD : s;
	memcpy(&h, f->buf, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.version != 1 ||
	    h.host_len >= sizeof(ctx->host) || h.host_len > sizeof(h.host))
		return WIREFILE_BAD;
	for (size_t i = 0; i < sizeof(ctx->boot) - 1; i++)
		if (strchr("0123456789abcdef", h.boot[i]) == NULL ||
		    h.boot[i] == '\0')
			return WIREFILE_BAD;
	memset(ctx->boot, 0, sizeof(ctx->boot));
	memcpy(ctx->boot, h.boot, sizeof(ctx->boot) - 1);
	memset(ctx->host, 0, sizeof(ctx->host));
	memcpy(ctx->host, h.host, h.host_len);
	ctx->real_ns = h.real_ns;
	f->pos += sizeof(h);
	f->begun = 1;
	return WIREFILE_OK;
}

/* As this build would have made it.  What is no record stays what it is. */
static enum wirefile_status
widen(struct wirefile *f, const void **rec, size_t *size)
{
	size_t room = *size + EVENT_MORE;
	const void *wide;
	char *p;

	if (event_check(*rec, *size) != NULL)
		return WIREFILE_OK;
	if (room > f->wide_cap) {
		if ((p = realloc(f->wide, room)) == NULL)
			return WIREFILE_READ;
		f->wide = p;
		f->wide_cap = room;
	}
	if ((wide = event_widen(*rec, size, f->wide)) != NULL)
		*rec = wide;
	return WIREFILE_OK;
}

enum wirefile_status
wirefile_next(struct wirefile *f, struct event_ctx *ctx, const void **rec,
    size_t *size, uint64_t *offset)
{
	struct wirefile_clock c;
	enum wirefile_status s;
	struct wire_head h;

	*offset = 0;
	if (!f->begun && (s = begin(f, ctx)) != WIREFILE_OK)
		return s;
	for (;;) {
		*offset = f->offset + f->pos;
		if ((s = want(f, sizeof(h))) != WIREFILE_OK)
			return s;
		memcpy(&h, f->buf + f->pos, sizeof(h));
		if (h.size < sizeof(h) || h.size > WIREFILE_RECORD)
			return WIREFILE_BAD;
		if ((s = want(f, h.size)) != WIREFILE_OK)
			return s == WIREFILE_END ? WIREFILE_HALF : s;
		*rec = memmove(f->buf + (f->pos & ~(size_t)7),
		    f->buf + f->pos, h.size);	/* aligned */
		*size = h.size;
		f->pos += h.size;
		if (h.kind != WIREFILE_CLOCK)
			return widen(f, rec, size);
		if (h.size != sizeof(c))
			return WIREFILE_BAD;
		memcpy(&c, *rec, sizeof(c));
		ctx->real_ns = c.real_ns;
	}
}
