#include "server/program.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/version.h"
#include "python/runtime.h"
#include "server/connection.h"
#include "server/none_atom.h"
#include "server/process.h"
#include "server/session.h"
#include "server/stdio.h"
#include "table/table.h"

namespace pyport::server {
namespace {

constexpr const char* kAbout =
    "pyport is the port program that runs Python beside an Erlang node; the pyport application starts it.\n"
    "It speaks {packet,4} frames on its standard input and output, not with people: see pyport --help.\n";

constexpr const char* kHelp =
    "usage: pyport [--version | --help]\n"
    "\n"
    "Without arguments it serves an Erlang node: frames of {packet,4} on standard input and output,\n"
    "as docs/protocol.md says. All configuration comes with the first frame, HELLO.\n"
    "\n"
    "exit status\n"
    "  0  the node closed the pipe\n"
    "  1  HELLO was refused; the reply says why\n"
    "  2  wrong arguments, a terminal as standard input, or closed standard descriptors\n"
    "  3  a frame's length was above the limit\n"
    "  4  the operating system failed; standard error says why\n";

void print_version() {
  std::printf("pyport %s (protocol %u, Python %s)\n", kProgramVersion, unsigned{kProtocolVersion},
              python::Runtime::python_version().c_str());
}

int usage_error(const char* argument) {
  std::fprintf(stderr, "pyport: unknown argument %s\n%s", argument, kHelp);
  return kExitUsage;
}

int run_argument(std::string_view argument) {
  if (argument == "--version") return print_version(), kExitDone;
  if (argument == "--help") return std::fputs(kHelp, stdout), kExitDone;
  return usage_error(argument.data());
}

class RuntimeJobs final : public Jobs {
 public:
  explicit RuntimeJobs(std::unique_ptr<python::Runtime> runtime) : runtime_(std::move(runtime)) {}

  Status submit(python::Job job) override { return runtime_->submit(std::move(job)); }
  void cancel(python::RequestId id) override { runtime_->cancel(id); }
  void make_namespaces(const std::vector<python::NamespaceId>& ids) override {
    runtime_->make_namespaces(ids);
  }
  void drop_namespaces(const std::vector<python::NamespaceId>& ids) override {
    runtime_->drop_namespaces(ids);
  }
  std::vector<python::InterpreterInfo> info() const override { return runtime_->info(); }

 private:
  const std::unique_ptr<python::Runtime> runtime_;
};

python::RuntimeConfig config_of(const protocol::Hello& hello) {
  python::RuntimeConfig config;
  config.interpreters = hello.interpreters;
  config.python = hello.python;
  config.python_path = hello.python_path;
  config.package_path = program_folder() + "/python";
  config.node = hello.node;
  config.max_queue = hello.max_queue;
  return config;
}

// Starts Python. What it makes is never destroyed: worker threads use it until _exit.
Result<Started> start_python(const protocol::Hello& hello, table::Table& table, Outbox& outbox) {
  ReplySink::Settings settings;
  settings.none = none_atom(hello.none);
  settings.max_frame = hello.max_frame;
  settings.log_credit = hello.log_credit;
  auto* sink = new ReplySink(outbox, settings);
  const LowFds low_fds;
  auto runtime = python::Runtime::start(config_of(hello), table, *sink);
  if (!runtime) return std::move(runtime).error();
  auto* jobs = new RuntimeJobs(*std::move(runtime));
  return Started{*jobs, *sink, python::Runtime::python_version()};
}

[[noreturn]] void serve(Stdio stdio) {
  auto* table = new table::Table;
  auto* outbox = new Outbox;
  auto* session =
      new Session(*table, [=](const protocol::Hello& hello) { return start_python(hello, *table, *outbox); });
  Connection* connection = nullptr;
  {
    const LowFds low_fds;
    connection = new Connection(stdio, *session, *outbox, {});
  }
  connection->run();
}

}  // namespace

int run_program(int argc, char** argv) {
  if (argc > 1) return run_argument(argv[1]);
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
