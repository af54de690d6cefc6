/* ypmatch - asks a YP server on the loopback over UDP (YPPROC_MATCH, version 2), and looks at every answer.
 * build: gcc -O2 -o ypmatch ypmatch.c
 * ypmatch PORT DOMAIN load PATTERN NAMES WINDOW COUNT   WINDOW calls under way, names made of PATTERN ("person%05d"); one JSON object
 * ypmatch PORT DOMAIN wait NAME TEXT                    one call a millisecond until the value holds TEXT; then the time of day in ms
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define PACKET 2048
#define LOST_NS 1000000000ull
static int fd;
static const char *domain;

static uint64_t now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
	return p + 4;
}

static uint8_t *put_text(uint8_t *p, const char *text)
{
	size_t n = strlen(text);
	p = put32(p, n);
	memset(p, 0, (n + 3) & ~3u);
	memcpy(p, text, n);
	return p + ((n + 3) & ~3u);
}

/* xid, CALL, RPC 2, program 100004, version 2, MATCH, AUTH_NONE twice, then domain, map, key */
static size_t call(uint8_t *start, uint32_t xid, const char *key)
{
	static const uint32_t head[] = { 0, 2, 100004, 2, 3, 0, 0, 0, 0 };
	uint8_t *p = put32(start, xid);
	for (size_t i = 0; i < sizeof head / sizeof *head; i++) p = put32(p, head[i]);
	return put_text(put_text(put_text(p, domain), "passwd.byname"), key) - start;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return ntohl(v);
}

/* the value of an answer that is YP_TRUE; NULL for any other */
static const char *value(const uint8_t *p, size_t n, uint32_t *length)
{
	if (n < 32 || get32(p + 4) != 1 || get32(p + 8) != 0 || get32(p + 20) != 0 || get32(p + 24) != 1) return NULL;
	*length = get32(p + 28);
	return *length <= n - 32 ? (const char *)p + 32 : NULL;
}

static int wait_for(const char *key, const char *text)
{
	uint8_t out[PACKET], in[PACKET];
	for (uint32_t xid = 1;; xid++) {
		struct pollfd p = { fd, POLLIN, 0 };
		uint32_t length;
		send(fd, out, call(out, xid, key), 0);
		if (poll(&p, 1, 1000) == 1) {
			ssize_t n = recv(fd, in, sizeof in, 0);
			const char *v = n > 0 ? value(in, n, &length) : NULL;
			if (v && memmem(v, length, text, strlen(text))) {
				printf("%.3f\n", now(CLOCK_REALTIME) / 1e6);
				return 0;
			}
		}
		usleep(1000);
	}
}

static int load(const char *pattern, uint32_t names, uint32_t window, uint32_t count)
{
	static uint8_t out[BATCH][PACKET], in[BATCH][PACKET];
	struct mmsghdr mo[BATCH] = { 0 }, mi[BATCH] = { 0 };
	struct iovec io[BATCH], ii[BATCH];
	uint32_t sent = 0, ended = 0, wrong = 0;
	uint8_t *answered = calloc(count, 1);
	uint64_t began = now(CLOCK_MONOTONIC), heard = began;
	while (ended < count) {
		unsigned n = 0;
		while (n < BATCH && sent < count && sent - ended < window) {
			char key[256];
			snprintf(key, sizeof key, pattern, (int)((sent * 7919ull) % names));
			io[n] = (struct iovec){ out[n], call(out[n], sent, key) };
			mo[n].msg_hdr = (struct msghdr){ .msg_iov = &io[n], .msg_iovlen = 1 };
			n++, sent++;
		}
		for (unsigned o = 0; o < n;) {
			int k = sendmmsg(fd, mo + o, n - o, 0);
			if (k < 0 && errno != EINTR) { perror("sendmmsg"); return 1; }
			if (k > 0) o += k;
		}
		for (unsigned i = 0; i < BATCH; i++) {
			ii[i] = (struct iovec){ in[i], PACKET };
			mi[i].msg_hdr = (struct msghdr){ .msg_iov = &ii[i], .msg_iovlen = 1 };
		}
		struct pollfd p = { fd, POLLIN, 0 };
		if (poll(&p, 1, 100) == 0) {
			if (now(CLOCK_MONOTONIC) - heard > LOST_NS) break;
			continue;
		}
		int got = recvmmsg(fd, mi, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++) {
			uint32_t length, xid = mi[i].msg_len >= 4 ? get32(in[i]) : count;
			char key[256];
			if (xid >= sent || answered[xid]) { wrong++; continue; }
			answered[xid] = 1;
			int k = snprintf(key, sizeof key, pattern, (int)((xid * 7919ull) % names));
			const char *v = value(in[i], mi[i].msg_len, &length);
			if (!v || length <= (uint32_t)k || memcmp(v, key, k) || v[k] != ':') wrong++;
			ended++;
			heard = now(CLOCK_MONOTONIC);
		}
	}
	double seconds = (heard - began) / 1e9;
	printf("{\"perSecond\":%.0f,\"answered\":%u,\"wrong\":%u,\"lost\":%u}\n", ended / seconds, ended, wrong, count - ended);
	return 0;
}

int main(int c, char **v)
{
	if (c < 6) return 2;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(v[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int room = 4 << 20;
	domain = v[2];
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (connect(fd, (void *)&to, sizeof to)) { perror("connect"); return 1; }
	if (!strcmp(v[3], "wait")) return wait_for(v[4], v[5]);
	return c < 8 ? 2 : load(v[4], atoi(v[5]), atoi(v[6]), atoi(v[7]));
}
