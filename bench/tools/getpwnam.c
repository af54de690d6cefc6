/* getpwnam - looks people up through NSS in one process, as a login or a mail server does; the root it runs in says which module is asked.
 * build: gcc -O2 -o getpwnam getpwnam.c
 * use: getpwnam PATTERN NAMES CALLS    names are made of PATTERN ("person%05d"); microseconds a call
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int c, char **v)
{
	if (c < 4) return 2;
	int names = atoi(v[2]), calls = atoi(v[3]);
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < calls; i++) {
		char name[256];
		snprintf(name, sizeof name, v[1], (int)((i * 7919ull) % names));
		struct passwd *p = getpwnam(name);
		if (!p || strcmp(p->pw_name, name)) { fprintf(stderr, "%s is not there\n", name); return 1; }
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.2f\n", ((b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3) / calls);
	return 0;
}
