#define _GNU_SOURCE

#include "CSystemShims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#include <sys/syscall.h>
#endif

extern char **environ;

#ifdef __GLIBC__
#define HAS_TERMINAL_ACTION __GLIBC_PREREQ(2, 35)
#define HAS_CLOSE_ACTION __GLIBC_PREREQ(2, 34)
#else
#define HAS_TERMINAL_ACTION 0
#define HAS_CLOSE_ACTION 0
#endif

static int add_actions(posix_spawn_file_actions_t *actions,
                       const struct shim_spawn_options *options) {
  const int wanted[3] = {options->input, options->output, options->error};
  int result = 0;
  for (int descriptor = 0; descriptor < 3 && result == 0; descriptor++) {
    if (wanted[descriptor] < 0) continue;
    result = posix_spawn_file_actions_adddup2(actions, wanted[descriptor], descriptor);
  }
  if (result == 0 && options->directory) {
    result = posix_spawn_file_actions_addchdir_np(actions, options->directory);
  }
#if HAS_TERMINAL_ACTION
  if (result == 0 && options->terminal >= 0) {
    result = posix_spawn_file_actions_addtcsetpgrp_np(actions, options->terminal);
  }
#endif
  if (result == 0 && options->closes_others) result = shim_close_others(actions);
  return result;
}

int shim_close_others(posix_spawn_file_actions_t *actions) {
#if HAS_CLOSE_ACTION
  return posix_spawn_file_actions_addclosefrom_np(actions, 3);
#else
  (void)actions;
  return 0;
#endif
}

int shim_spawn(pid_t *process, char *const arguments[], char *const environment[],
               const struct shim_spawn_options *options) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  if (options->ignores_hang_up) sigdelset(&all, SIGHUP);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  int result = add_actions(&actions, options);
  if (result == 0) {
    result = posix_spawnp(process, arguments[0], &actions, &attributes, arguments, environment);
  }
#if !HAS_TERMINAL_ACTION
  // A moment late: a program that reads at once may be stopped first, and is then continued.
  if (result == 0 && options->terminal >= 0) {
    tcsetpgrp(options->terminal, *process);
    kill(-*process, SIGCONT);
  }
#endif
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return result;
}

char **shim_environment(void) { return environ; }

int shim_process_descriptor(pid_t process) {
#ifdef __linux__
  return (int)syscall(SYS_pidfd_open, process, 0);
#else
  (void)process;
  errno = ENOSYS;
  return -1;
#endif
}

int shim_nameless_file(void) {
#ifdef __linux__
  return memfd_create("hotreload", MFD_CLOEXEC);
#else
  FILE *file = tmpfile();
  if (!file) return -1;
  int descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
  fclose(file);
  return descriptor;
#endif
}

int shim_pipe(int ends[2]) {
#ifdef __linux__
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
#else
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
  return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}
