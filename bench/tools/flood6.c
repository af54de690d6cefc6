/* flood6 - foreign DHCPv6 traffic, as on a link where everybody else is just starting: every second datagram is a question to
 * ff02::1:2 port 547 (SOLICIT, REQUEST), the others are answers to port 546 of ff02::1 (ADVERTISE, REPLY), where every client hears them,
 * each with a client DUID and a transaction of its own that are not those of the client under test.
 * build: cc -O2 -Wall -o flood6 flood6.c
 * use:   flood6 -i IFACE -r DATAGRAMS_PER_SECOND -t SECONDS
 * Goes on while the link is down. Prints one JSON object: what the kernel took, and in which time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BURST_US = 1000, CLIENT_ID = 1, SERVER_ID = 2, IA_PD = 25, IA_PREFIX = 26 };
static const uint8_t SERVER[10] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 2 };
static uint8_t out[256], *o;

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void put16(unsigned v) { *o++ = v >> 8; *o++ = v; }
static void put32(uint32_t v) { put16(v >> 16); put16(v & 65535); }
static void put(const void *p, int n) { memcpy(o, p, n); o += n; }

/* The i-th datagram; its client is one of 65,536. */
static int build(unsigned i, int answer)
{
	uint8_t duid[10] = { 0, 3, 0, 1, 2, 0xf1, 0, 0, i >> 8, i }, prefix[16] = { 0x20, 1, 0x0d, 0xb8, 0x90, 0, i >> 8, i };
	o = out; put32(((answer ? (i >> 1 & 1 ? 7 : 2) : (i >> 1 & 1 ? 3 : 1)) << 24) | (i * 2654435761u & 0xffffff));
	put16(CLIENT_ID); put16(sizeof duid); put(duid, sizeof duid);
	if (answer || (i >> 1 & 1)) { put16(SERVER_ID); put16(sizeof SERVER); put(SERVER, sizeof SERVER); }
	put16(IA_PD); put16(answer ? 41 : 12); put32(1); put32(answer ? 1000 : 0); put32(answer ? 2000 : 0);
	if (answer) { put16(IA_PREFIX); put16(25); put32(3000); put32(7200); *o++ = 56; put(prefix, 16); }
	return o - out;
}

int main(int c, char **v)
{
	const char *name = "s0"; double rate = 10000, seconds = 10; int option;
	while ((option = getopt(c, v, "i:r:t:")) != -1) switch (option) {
	case 'i': name = optarg; break; case 'r': rate = atof(optarg); break; case 't': seconds = atof(optarg); break; default: return 2; }
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), index = if_nametoindex(name);
	struct sockaddr_in6 servers = { .sin6_family = AF_INET6, .sin6_port = htons(547), .sin6_scope_id = index }, clients = servers;
	inet_pton(AF_INET6, "ff02::1:2", &servers.sin6_addr); inet_pton(AF_INET6, "ff02::1", &clients.sin6_addr); clients.sin6_port = htons(546);
	if (fd < 0 || !index) { perror(name); return 1; }
	double start = now(); unsigned i = 0; long taken = 0;
	for (double at = 0; at < seconds; at = now() - start) {
		for (unsigned due = at * rate; i < due; i++) {
			int n = build(i, i & 1);
			taken += sendto(fd, out, n, 0, (void *)(i & 1 ? &clients : &servers), sizeof clients) == n;
		}
		usleep(BURST_US);
	}
	printf("{\"sent\":%ld,\"seconds\":%.3f}\n", taken, now() - start);
	return 0;
}
