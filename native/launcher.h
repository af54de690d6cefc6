/* The launcher's fences, each one file's worth of system calls. Every function ends the process when it fails. */
#ifndef LEASEHOLD_LAUNCHER_H
#define LEASEHOLD_LAUNCHER_H

#include <stddef.h>
#include <stdint.h>

/** Prints "leasehold-launcher: STEP: the error" and exits with 125. */
void die(const char *step) __attribute__((noreturn));

/** Closes every descriptor from `first` on. */
void close_from(int first);
/** The number behind a capability's name ("net_raw", any case, "cap_" allowed), or -1. */
int capability_number(const char *name);
/** Takes everything but `kept` out of the bounding set. */
void drop_bounding(uint64_t kept);
/** Makes `kept` the permitted, effective, inheritable and ambient set. */
void set_capabilities(uint64_t kept);
/** A ruleset that allows reading and executing beneath `paths`; -1 without paths, or (said on stderr) without Landlock. */
int landlock_prepare(const char *const *paths, size_t count);
/** Applies and closes the ruleset; nothing for -1. Needs no-new-privileges. */
void landlock_enforce(int ruleset);
/** Makes io_uring's system calls answer ENOSYS. Needs no-new-privileges. */
void refuse_io_uring(void);
void ignore_sigusr1(void);

#endif
