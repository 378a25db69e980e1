import ArgumentParser
import FileWatching

/// Prints an error of the workspace to standard error, for a person, and gives the exit code 1.
func workspaceFailure(_ error: any Error) -> ExitCode {
  switch error {
  case StandardOutput.Failure.brokenPipe: return .success
  case let code as ExitCode: return code
  case StandardOutput.Failure.system(let number):
    logLine("hotreload: cannot write to standard output: \(number)")
  case FileWatcherError.badPattern(let error): logLine("hotreload: \(printable(error.description))")
  case FileWatcherError.outsideRoot(let path):
    logLine("hotreload: \(printable(path)) leads out of the root; watch its own folder instead")
  case FileWatcherError.system(let failure): logLine("hotreload: \(failure)")
  default: logLine("hotreload: \(error)")
  }
  return .failure
}
