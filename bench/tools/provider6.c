/* provider6 - a provider of prefixes that answers at once, so that a stopwatch beside it measures clients: every SOLICIT, REQUEST, RENEW,
 * REBIND and CONFIRM is answered where it is received (RFC 9915 §18.3). Each IA_PD gets one prefix, each IA_NA one address, nothing is
 * remembered. A SOLICIT with the Rapid Commit option gets a Reply.
 * build: cc -O2 -Wall -o provider6 provider6.c
 * use:   provider6 -i IFACE [-p 2001:db8:8000::] [-l 56]
 * Prints one JSON object when it serves.
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
#include <unistd.h>

enum { SOLICIT = 1, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY };
enum { CLIENT_ID = 1, SERVER_ID = 2, IA_NA = 3, IA_ADDRESS = 5, STATUS = 13, RAPID_COMMIT = 14, DNS = 23, IA_PD = 25, IA_PREFIX = 26 };
enum { T1 = 1000, T2 = 2000, PREFERRED = 3000, VALID = 7200 };
static const uint8_t DUID[10] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 1 };
static struct in6_addr prefix, address, resolver;
static int length = 56;
static uint8_t out[2048], *o;

static unsigned get16(const uint8_t *p) { return p[0] << 8 | p[1]; }
static void put16(unsigned v) { *o++ = v >> 8; *o++ = v; }
static void put32(uint32_t v) { put16(v >> 16); put16(v & 65535); }
static void put(const void *p, int n) { memcpy(o, p, n); o += n; }

static void association(unsigned code, const uint8_t *iaid)
{
	put16(code); put16(12 + (code == IA_PD ? 29 : 28)); put(iaid, 4); put32(T1); put32(T2);
	if (code == IA_PD) { put16(IA_PREFIX); put16(25); put32(PREFERRED); put32(VALID); *o++ = length; put(&prefix, 16); }
	else { put16(IA_ADDRESS); put16(24); put(&address, 16); put32(PREFERRED); put32(VALID); }
}

/* Of a message that is well formed as far as it goes; 0 where there is nothing to answer. */
static int answer(const uint8_t *in, int n)
{
	int rapid = 0, type = n < 4 ? 0 : in[0];
	if (type < SOLICIT || type == ADVERTISE || type > REBIND) return 0;
	o = out + 4; memcpy(out + 1, in + 1, 3);
	put16(SERVER_ID); put16(sizeof DUID); put(DUID, sizeof DUID);
	for (const uint8_t *p = in + 4; p + 4 <= in + n && p + 4 + get16(p + 2) <= in + n; p += 4 + get16(p + 2)) {
		unsigned code = get16(p), size = get16(p + 2);
		if (o + size + 128 > out + sizeof out) return 0;
		if (code == CLIENT_ID) put(p, 4 + size);
		if ((code == IA_NA || code == IA_PD) && size >= 12 && type != CONFIRM) association(code, p + 4);
		if (code == RAPID_COMMIT && type == SOLICIT) { rapid = 1; put16(RAPID_COMMIT); put16(0); }
	}
	if (type == CONFIRM) { put16(STATUS); put16(2); put16(0); }
	put16(DNS); put16(16); put(&resolver, 16);
	out[0] = type == SOLICIT && !rapid ? ADVERTISE : REPLY;
	return o - out;
}

int main(int c, char **v)
{
	const char *name = "br0"; int option, yes = 1; inet_pton(AF_INET6, "2001:db8:8000::", &prefix);
	inet_pton(AF_INET6, "2001:db8:1::100", &address); inet_pton(AF_INET6, "2001:db8:1::53", &resolver);
	while ((option = getopt(c, v, "i:p:l:")) != -1) switch (option) {
	case 'i': name = optarg; break; case 'p': if (inet_pton(AF_INET6, optarg, &prefix) != 1) return 2; break; case 'l': length = atoi(optarg); break;
	default: return 2; }
	int fd = socket(AF_INET6, SOCK_DGRAM, 0); struct ipv6_mreq group = { .ipv6mr_interface = if_nametoindex(name) };
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons(547) };
	inet_pton(AF_INET6, "ff02::1:2", &group.ipv6mr_multiaddr); setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	if (!group.ipv6mr_interface || bind(fd, (void *)&here, sizeof here) || setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group)) { perror(name); return 1; }
	printf("{\"serving\":\"%s\"}\n", name); fflush(stdout);
	for (;;) {
		uint8_t in[2048]; struct sockaddr_in6 from; socklen_t size = sizeof from;
		int n = recvfrom(fd, in, sizeof in, 0, (void *)&from, &size), m = n < 0 ? 0 : answer(in, n);
		if (m > 0) sendto(fd, out, m, 0, (void *)&from, size);
	}
}
