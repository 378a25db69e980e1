// The few kernel interfaces that the Swift overlay of the C library does not import: statx,
// getdents64, inotify's flexible array member, eventfd, renameat2. Every function returns -1 and sets
// errno on failure, like the calls it wraps. None keeps state, so all are safe from any thread.

#ifndef C_SYSTEM_SHIMS_H
#define C_SYSTEM_SHIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <spawn.h>
#include <sys/types.h>

// How a program is started. A descriptor of -1 means that the program gets ours.
struct shim_spawn_options {
  const char *directory;  // NULL: ours
  int input;
  int output;
  int error;
  int terminal;        // the terminal whose foreground group the program becomes, or -1
  bool closes_others;    // whether only 0, 1 and 2 stay open
  bool ignores_hang_up;  // whether it ignores SIGHUP as under nohup; we must ignore it, too
};

// Starts a program as the leader of a new process group, with default signal handling and nothing blocked. It is
// looked for in PATH if its name has no slash. 0, or an errno value; then nothing runs.
int shim_spawn(pid_t *process, char *const arguments[], char *const environment[],
               const struct shim_spawn_options *options);

// Has a program that is started with these actions get none of our descriptors from 3 on, also not those that do not close
// by themselves, as SwiftNIO's. 0, or an errno value; without such an action in the C library nothing is done.
int shim_close_others(posix_spawn_file_actions_t *actions);

// The environment variables of this process, each NAME=VALUE, up to NULL.
char **shim_environment(void);

// A descriptor that can be read once the process has ended, close-on-exec. -1 where the kernel has none.
int shim_process_descriptor(pid_t process);

// An empty file without a name, close-on-exec.
int shim_nameless_file(void);

// A pipe, both ends close-on-exec, the reading end non-blocking.
int shim_pipe(int ends[2]);

#ifdef __linux__

// What one statx call tells about a file. Times are nanoseconds since 1970; birth time is 0 where the
// file system has none.
struct shim_file_status {
  uint64_t device;
  uint64_t inode;
  int64_t size;
  int64_t modified_ns;
  int64_t changed_ns;
  int64_t born_ns;
  uint32_t mode;
  uint32_t links;
  uint32_t user;
  uint32_t group;
  uint64_t mount_id;  // 0 where the kernel does not tell
};

// path is relative to directory_fd (AT_FDCWD for the current folder). An empty path means the
// descriptor itself.
int shim_status_at(int directory_fd, const char *path, bool follow_links,
                   struct shim_file_status *out);

// Opens a path only as a place to start from (O_PATH): needs no permission to read it and never touches its
// content. Links are not followed unless asked for. Close-on-exec.
int shim_open_path(int directory_fd, const char *path, bool follow_links);

// One entry of a folder. The name points into the buffer that was read and ends with a NUL.
struct shim_directory_entry {
  const char *name;
  uint32_t name_length;
  uint8_t type;  // DT_REG, DT_DIR, DT_LNK, DT_UNKNOWN, ...
  uint64_t inode;
};

// Reads the next entries into the buffer: the number of bytes, 0 at the end.
long shim_read_directory(int directory_fd, void *buffer, size_t size);

// Decodes the entry at offset and moves offset to the next one. "." and ".." are skipped. False at the
// end of the buffer.
bool shim_next_entry(const void *buffer, size_t length, size_t *offset,
                     struct shim_directory_entry *out);

// One event of an inotify descriptor. The name points into the buffer; its length is without NULs.
struct shim_inotify_event {
  int32_t watch;
  uint32_t mask;
  uint32_t cookie;
  const char *name;
  uint32_t name_length;
};

// Decodes the event at offset and moves offset to the next one. False at the end of the buffer.
bool shim_next_inotify_event(const void *buffer, size_t length, size_t *offset,
                             struct shim_inotify_event *out);

// How many bytes can be read from the descriptor without waiting.
long shim_bytes_available(int fd);

// A descriptor (non-blocking, close-on-exec) that wakes a poll in another thread.
int shim_wake_descriptor(void);
int shim_wake(int fd);
void shim_wake_acknowledge(int fd);

// Waits until one of the two descriptors can be read (-1: not looked at). Timeout in nanoseconds; negative
// waits for ever. Sets a bit per ready descriptor: 1 for first, 2 for second. EINTR counts as nothing
// ready.
int shim_poll_two(int first, int second, int64_t timeout_ns);

// The file system's magic number (statfs f_type), or -1.
int64_t shim_file_system_type(const char *path);

// renameat2 with RENAME_EXCHANGE.
int shim_rename_exchange(const char *a, const char *b);

// The next connection of a listening socket, non-blocking and close-on-exec from the start, so that a program
// started in this moment does not keep it open.
int shim_accept(int fd);

// Who is at the other end of a connected Unix socket.
int shim_peer(int fd, uint32_t *user, int32_t *process);

// Names the calling thread, 15 bytes at most, for ps and debuggers.
void shim_name_thread(const char *name);

#endif
#endif
