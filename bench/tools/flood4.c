/* flood4 - foreign DHCPv4 traffic, as on a LAN where everybody else is just starting: broadcast frames that are nothing to the client
 * under test. Every second frame is an answer to port 68 (OFFER, ACK), the others are questions to port 67 (DISCOVER, REQUEST), each with
 * a hardware address and a transaction of its own.
 * build: cc -O2 -Wall -o flood4 flood4.c
 * use:   flood4 -i IFACE -r FRAMES_PER_SECOND -t SECONDS [-a]      -a: answers only
 * Goes on while the link is down. Prints one JSON object: what the kernel took, and in which time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ETH = 14, IP = 20, UDP = 8, BOOTP = 236, BURST_US = 1000 };
static uint8_t frame[ETH + IP + UDP + BOOTP + 64];

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void u16(uint8_t *p, unsigned v) { p[0] = v >> 8; p[1] = v; }
static void u32(uint8_t *p, uint32_t v) { u16(p, v >> 16); u16(p + 2, v); }
static unsigned sum(const uint8_t *p, int n, unsigned s) { for (; n > 1; n -= 2, p += 2) s += p[0] << 8 | p[1]; return n ? s + (p[0] << 8) : s; }
static unsigned folded(unsigned s) { while (s >> 16) s = (s & 65535) + (s >> 16); return ~s & 65535; }

/* The i-th frame; its client is one of 65,536 that are not ours. */
static int build(unsigned i, int answer)
{
	uint8_t *ip = frame + ETH, *udp = ip + IP, *b = udp + UDP, *o = b + BOOTP;
	uint8_t server[6] = { 2, 0, 0, 0, 0, 2 }, client[6] = { 2, 0xf1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };
	memset(frame, 0, sizeof frame);
	memset(frame, 255, 6); memcpy(frame + 6, answer ? server : client, 6); u16(frame + 12, 0x0800);
	b[0] = answer ? 2 : 1; b[1] = 1; b[2] = 6; u32(b + 4, 0x10000000u + i * 2654435761u % 0x0fffffff); u16(b + 10, 0x8000);
	if (answer) { u32(b + 16, 0x0a410000u + (i & 65535)); u32(b + 20, 0x0a400001); }
	memcpy(b + 28, client, 6);
	u32(o, 0x63825363); o += 4;
	*o++ = 53; *o++ = 1; *o++ = (answer ? (i >> 1 & 1 ? 5 : 2) : (i >> 1 & 1 ? 3 : 1));
	if (answer) {
		*o++ = 54; *o++ = 4; u32(o, 0x0a400001); o += 4;
		*o++ = 51; *o++ = 4; u32(o, 7200); o += 4;
		*o++ = 1; *o++ = 4; u32(o, 0xffc00000); o += 4;
		*o++ = 3; *o++ = 4; u32(o, 0x0a400001); o += 4;
		*o++ = 6; *o++ = 4; u32(o, 0x0a400001); o += 4;
	} else {
		*o++ = 55; *o++ = 4; *o++ = 1; *o++ = 3; *o++ = 6; *o++ = 15;
	}
	*o++ = 255;
	int n = o - udp;
	if (n < UDP + 300) n = UDP + 300;
	ip[0] = 0x45; u16(ip + 2, IP + n); ip[8] = 64; ip[9] = 17; u32(ip + 12, answer ? 0x0a400001 : 0); u32(ip + 16, 0xffffffff);
	u16(ip + 10, folded(sum(ip, IP, 0)));
	u16(udp, answer ? 67 : 68); u16(udp + 2, answer ? 68 : 67); u16(udp + 4, n);
	u16(udp + 6, folded(sum(ip + 12, 8, sum(udp, n, 17 + n))));
	return ETH + IP + n;
}

int main(int c, char **v)
{
	const char *name = "s0"; double rate = 10000, seconds = 10; int o, answers = 0;
	while ((o = getopt(c, v, "i:r:t:a")) != -1) switch (o) {
	case 'i': name = optarg; break; case 'r': rate = atof(optarg); break; case 't': seconds = atof(optarg); break;
	case 'a': answers = 1; break; default: return 2; }
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(name), .sll_halen = 6 };
	memset(to.sll_addr, 255, 6);
	if (fd < 0 || !to.sll_ifindex) { perror(name); return 1; }
	double start = now(); unsigned i = 0; long taken = 0;
	for (double at = 0; at < seconds; at = now() - start) {
		for (unsigned due = at * rate; i < due; i++) {
			int n = build(i, answers || (i & 1));
			taken += sendto(fd, frame, n, 0, (void *)&to, sizeof to) == n;
		}
		usleep(BURST_US);
	}
	printf("{\"sent\":%ld,\"seconds\":%.3f}\n", taken, now() - start);
	return 0;
}
