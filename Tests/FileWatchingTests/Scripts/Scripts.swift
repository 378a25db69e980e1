import Testing

/// One case per quirk of file systems and of the programs that write files. Each asserts what a consumer
/// knows that only replays what is reported, on both backends.
///
/// Serial: each case has its own watcher, and the kernel allows a user 128 inotify descriptors.
@Suite("Scripts", .serialized, .timeLimit(.minutes(5)))
enum Scripts {}
