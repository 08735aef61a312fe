/*
 * Loaded into user-mode Linux, which lays the processor's state of a program into it in the size that it knows. The kernel
 * of a newer processor takes the whole state or none (EFAULT), and with AMX that is larger: what is missing is filled in
 * with what the program has.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char whole[1 << 16];

long ptrace(enum __ptrace_request request, ...) {
  va_list given;
  va_start(given, request);
  long pid = va_arg(given, int), at = va_arg(given, long), data = va_arg(given, long);
  va_end(given);
  if (request == PTRACE_SETREGSET && at == NT_X86_XSTATE) {
    const struct iovec *part = (const struct iovec *)data;
    struct iovec all = {whole, sizeof whole};
    if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, at, &all) != 0) return -1;
    memcpy(whole, part->iov_base, part->iov_len < all.iov_len ? part->iov_len : all.iov_len);
    return syscall(SYS_ptrace, request, pid, at, &all);
  }
  /* As the C library does it: what is read comes back as the result. */
  if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
    long word = 0;
    return syscall(SYS_ptrace, request, pid, at, &word) < 0 ? -1 : word;
  }
  return syscall(SYS_ptrace, request, pid, at, data);
}
