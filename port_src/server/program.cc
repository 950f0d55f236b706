#include "server/program.h"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "base/version.h"
#include "python/extension_probe.h"
#include "python/runtime.h"
#include "server/connection.h"
#include "server/process.h"
#include "server/session.h"
#include "server/start.h"
#include "server/stdio.h"
#include "table/audit.h"
#include "table/table.h"

namespace pyport::server {
namespace {

constexpr const char* kAbout =
    "pyport is the port program that runs Python beside an Erlang node; the pyport application starts it.\n"
    "It speaks {packet,4} frames on its standard input and output, not with people: see pyport --help.\n";

constexpr const char* kHelp =
    "usage: pyport [--version | --help | --audit FILE]\n"
    "\n"
    "Without arguments it serves an Erlang node: frames of {packet,4} on standard input and output,\n"
    "as docs/protocol.md says. All configuration comes with the first frame, HELLO.\n"
    "--audit walks through a table's file, accounts for every block in it and says what it found; that is "
    "exact\n"
    "while nobody works on the table, and exits with 7 when something is not as it should be.\n"
    "\n"
    "exit status\n"
    "  0  the node closed the pipe\n"
    "  1  HELLO was refused; the reply says why\n"
    "  2  wrong arguments, a terminal as standard input, or closed standard descriptors\n"
    "  3  a frame's length was above the limit\n"
    "  4  the operating system failed; standard error says why\n"
    "  5  a job that was told to stop did not\n"
    "  6  no memory was left; standard error says so\n"
    "  7  --audit found leaked or damaged blocks\n";

void print_version() {
  std::printf("pyport %s (protocol %u, Python %s)\n", kProgramVersion, unsigned{kProtocolVersion},
              python::Runtime::python_version().c_str());
}

int usage_error(const char* argument) {
  std::fprintf(stderr, "pyport: unknown argument %s\n%s", argument, kHelp);
  return kExitUsage;
}

int audit(const char* path) {
  const auto table = table::Table::attach(path);
  if (!table) return std::fprintf(stderr, "pyport: %s\n", table.error().detail.c_str()), kExitUsage;
  const table::AuditReport report = (*table)->audit();
  std::fputs(table::audit_text(report).c_str(), stdout);
  return report.clean() ? kExitDone : kExitAudit;
}

int run_arguments(int argc, char** argv) {
  const std::string_view argument = argv[1];
  // For the import guard, which lets a process of its own look at an extension module.
  if (argument == python::kProbeOption) python::probe_extension(argc - 2, argv + 2);
  if (argument == "--audit" && argc == 3) return audit(argv[2]);
  if (argument == "--version") return print_version(), kExitDone;
  if (argument == "--help") return std::fputs(kHelp, stdout), kExitDone;
  return usage_error(argv[1]);
}

[[noreturn]] void serve(Stdio stdio) {
  auto* outbox = new Outbox;
  auto* session =
      new Session([=](const protocol::Hello& hello) { return start_role(hello, stdio, *outbox); });
  Connection* connection = nullptr;
  {
    const LowFds low_fds;
    connection = new Connection(stdio, *session, *outbox, {});
  }
  connection->run();
}

}  // namespace

int run_program(int argc, char** argv) {
  if (argc > 1) return run_arguments(argc, argv);
  if (isatty(STDIN_FILENO) != 0) return std::fputs(kAbout, stderr), kExitUsage;
  const Result<Stdio> stdio = claim_stdio();
  if (!stdio) {
    std::fprintf(stderr, "pyport: %s\n", stdio.error().detail.c_str());
    return kExitUsage;
  }
  prepare_process();
  serve(*stdio);
}

}  // namespace pyport::server
