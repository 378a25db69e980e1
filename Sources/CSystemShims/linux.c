#ifdef __linux__
#define _GNU_SOURCE

#include "CSystemShims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

static int64_t nanoseconds(struct statx_timestamp time) {
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int shim_status_at(int directory_fd, const char *path, bool follow_links,
                   struct shim_file_status *out) {
  struct statx status;
  int flags = AT_NO_AUTOMOUNT | AT_STATX_SYNC_AS_STAT;
  if (!follow_links) flags |= AT_SYMLINK_NOFOLLOW;
  if (path[0] == 0) flags |= AT_EMPTY_PATH;
  if (statx(directory_fd, path, flags, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &status) != 0)
    return -1;
  out->device = makedev(status.stx_dev_major, status.stx_dev_minor);
  out->inode = status.stx_ino;
  out->size = (int64_t)status.stx_size;
  out->modified_ns = nanoseconds(status.stx_mtime);
  out->changed_ns = nanoseconds(status.stx_ctime);
  out->born_ns = (status.stx_mask & STATX_BTIME) ? nanoseconds(status.stx_btime) : 0;
  out->mode = status.stx_mode;
  out->links = status.stx_nlink;
  out->user = status.stx_uid;
  out->group = status.stx_gid;
#ifdef __UAPI_DEF_STATX_MNT_ID
  out->mount_id = status.stx_mnt_id;
#else
  // The C library's struct may be older than the kernel's: the mount id is the first spare word.
  uint64_t mount_id = 0;
  if (status.stx_mask & STATX_MNT_ID)
    memcpy(&mount_id, (const char *)&status + 0x90, sizeof mount_id);
  out->mount_id = mount_id;
#endif
  return 0;
}

int shim_open_path(int directory_fd, const char *path, bool follow_links) {
  return openat(directory_fd, path, O_PATH | O_CLOEXEC | (follow_links ? 0 : O_NOFOLLOW));
}

long shim_read_directory(int directory_fd, void *buffer, size_t size) {
  return syscall(SYS_getdents64, directory_fd, buffer, size);
}

struct linux_dirent64 {
  uint64_t d_ino;
  int64_t d_off;
  uint16_t d_reclen;
  uint8_t d_type;
  char d_name[];
};

bool shim_next_entry(const void *buffer, size_t length, size_t *offset,
                     struct shim_directory_entry *out) {
  while (*offset < length) {
    const struct linux_dirent64 *entry =
        (const struct linux_dirent64 *)((const char *)buffer + *offset);
    *offset += entry->d_reclen;
    const char *name = entry->d_name;
    if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
    out->name = name;
    out->name_length = (uint32_t)strlen(name);
    out->type = entry->d_type;
    out->inode = entry->d_ino;
    return true;
  }
  return false;
}

bool shim_next_inotify_event(const void *buffer, size_t length, size_t *offset,
                             struct shim_inotify_event *out) {
  if (*offset + sizeof(struct inotify_event) > length) return false;
  const struct inotify_event *event =
      (const struct inotify_event *)((const char *)buffer + *offset);
  *offset += sizeof *event + event->len;
  out->watch = event->wd;
  out->mask = event->mask;
  out->cookie = event->cookie;
  out->name = event->name;
  out->name_length = event->len ? (uint32_t)strnlen(event->name, event->len) : 0;
  return true;
}

long shim_bytes_available(int fd) {
  int count = 0;
  return ioctl(fd, FIONREAD, &count) == 0 ? count : -1;
}

int shim_wake_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int shim_wake(int fd) {
  uint64_t one = 1;
  return write(fd, &one, sizeof one) == sizeof one || errno == EAGAIN ? 0 : -1;
}

void shim_wake_acknowledge(int fd) {
  uint64_t count;
  while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

int shim_poll_two(int first, int second, int64_t timeout_ns) {
  struct pollfd fds[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
  struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  int count = ppoll(fds, 2, timeout_ns < 0 ? NULL : &timeout, NULL);
  if (count < 0) return errno == EINTR ? 0 : -1;
  return (fds[0].revents ? 1 : 0) | (fds[1].revents ? 2 : 0);
}

int64_t shim_file_system_type(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}

int shim_rename_exchange(const char *a, const char *b) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2u);
}

int shim_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int shim_peer(int fd, uint32_t *user, int32_t *process) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  *user = peer.uid;
  *process = peer.pid;
  return 0;
}

void shim_name_thread(const char *name) {
  char short_name[16];
  snprintf(short_name, sizeof short_name, "%s", name);
  pthread_setname_np(pthread_self(), short_name);
}

#endif
