// Changes files at random, in a process of its own, below a folder that a test watches.
//
//   FileSystemMutator ROOT OUTSIDE SEED LOG [OPERATION,OPERATION…]
//
// OUTSIDE is a second folder on the same file system, for moves out of and into the root. What was done is
// appended to the file LOG. The operations named last are left out. Commands come by lines on the input:
//
//   go COUNT PAUSE     does COUNT operations, with a random pause of up to PAUSE microseconds after each,
//                      closes every file, and answers "done TOTAL"
//
// The process ends at the end of its input.

import Glibc

func fail(_ text: String) -> Never {
  let line = Path((text + "\n").utf8)
  _ = write(2, line, line.count)
  exit(64)
}

let arguments = CommandLine.arguments
guard arguments.count >= 5, let seed = UInt64(arguments[3]) else {
  fail("usage: FileSystemMutator ROOT OUTSIDE SEED LOG [OPERATION,OPERATION…]")
}
let log = open(arguments[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
guard log >= 0 else { fail("\(arguments[4]) cannot be opened: errno \(errno)") }

var mutator = Mutator(
  root: Path(arguments[1].utf8), outside: Path(arguments[2].utf8), seed: seed, log: log,
  without: Set(arguments.dropFirst(5).joined().split(separator: ",").map(String.init)))
// Pauses have their own numbers, so that another pause does not make another run.
var pauses = SplitMix(seed: seed ^ 0x5DEE_CE66)

while let command = readLine() {
  let words = command.split(separator: " ")
  guard words.count == 3, words[0] == "go", let count = Int(words[1]), let pause = Int(words[2])
  else { fail("unknown command \(command)") }
  for _ in 0..<count {
    mutator.step()
    if pause > 0 { usleep(UInt32(pauses.below(pause))) }
  }
  mutator.settle()
  let answer = Path("done \(mutator.count)\n".utf8)
  if write(1, answer, answer.count) < 0 { exit(1) }
}
