#include "server/start.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "python/runtime.h"
#include "python/thread.h"
#include "server/expirer.h"
#include "server/hang_up.h"
#include "server/memory.h"
#include "server/node.h"
#include "server/none_atom.h"
#include "server/process.h"
#include "server/python_role.h"
#include "server/reaper.h"
#include "server/reply_sink.h"
#include "server/table_role.h"
#include "table/table.h"

namespace pyport::server {
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(1);
// A node that halts closes its ports before it ends. The table's port has nothing to lose by waiting for
// that; Python is not to go on.
constexpr auto kTablePatience = std::chrono::seconds(2);
constexpr auto kPythonPatience = std::chrono::milliseconds(50);

using SomeTable = Result<std::unique_ptr<table::Table>>;

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

table::Limits limits_of(const protocol::TableLimits& given) {
  table::Limits limits;
  limits.max_table_bytes = given.max_table_bytes;
  limits.max_dict_bytes = given.max_dict_bytes;
  limits.max_dict_keys = given.max_dict_keys;
  limits.max_key_bytes = given.max_key_bytes;
  limits.max_dicts = given.max_dicts;
  return limits;
}

// A table that is there has outlived the port program that served it.
SomeTable make_or_attach(const protocol::Hello& hello) {
  if (access(hello.table.c_str(), F_OK) == 0) return table::Table::attach(hello.table);
  return table::Table::create(hello.table, limits_of(hello.limits));
}

// A refusal of HELLO begins with its key; the table's own words begin with "table: " or "table ".
Error table_refused(const Error& error) {
  std::string_view why = error.detail;
  for (const std::string_view front : {"table: ", "table "}) {
    if (why.starts_with(front)) why.remove_prefix(front.size());
  }
  const std::string_view no_room = error.code == Errc::table_full ? "no room: " : "";
  return make_error(Errc::bad_config, std::string("table: ").append(no_room).append(why));
}

Result<Started> start_table(const protocol::Hello& hello, Outbox& outbox) {
  SomeTable opened = make_or_attach(hello);
  if (!opened) return table_refused(opened.error());
  table::Table& table = *(*std::move(opened)).release();
  auto* reaper = new Reaper(table, kSweepEvery);
  if (Status started = reaper->start(); !started) return std::move(started).error();
  reaper->wake();  // contents that a crash left unfreed
  auto* expirer = new Expirer(table);
  if (Status started = expirer->start(); !started) return std::move(started).error();
  auto* feed = new ChangeFeed(table, outbox, hello.max_frame);
  if (Status started = feed->start(); !started) return std::move(started).error();
  const TableRole::Settings settings{none_atom(hello.none), hello.max_frame, hello.limits.max_table_bytes};
  return Started{*new TableRole(table, *reaper, *feed, settings), {}, 0};
}

// In a child that Python forked: nothing of the node's connection is the child's.
void forsake_node(const Stdio& stdio, ReplySink& sink) {
  close(stdio.in);
  close(stdio.out);
  sink.forsake();
}

python::RuntimeConfig config_of(const protocol::Hello& hello) {
  python::RuntimeConfig config;
  config.isolation = hello.isolation == protocol::Isolation::process ? python::Isolation::process
                                                                     : python::Isolation::interpreter;
  config.interpreters = hello.interpreters;
  config.python = hello.python;
  config.python_path = hello.python_path;
  config.package_path = program_folder() + "/python";
  config.node = hello.node;
  config.table_path = hello.table;
  config.max_queue = hello.max_queue;
  config.preload = hello.preload;
  config.on_restart = hello.on_restart;
  config.allow_import = hello.allow_import;
  return config;
}

ReplySink::Settings sink_settings(const protocol::Hello& hello) {
  ReplySink::Settings settings;
  settings.none = none_atom(hello.none);
  settings.max_frame = hello.max_frame;
  settings.log_credit = hello.log_credit;
  settings.end = leave;
  return settings;
}

Result<Started> start_python(const protocol::Hello& hello, const Stdio& stdio, Outbox& outbox) {
  if (Status redirected = append_stderr_to(hello.stderr_file); !redirected)
    return std::move(redirected).error();
  const LowFds low_fds;
  const HangUpWatch watch(stdio.in);
  SomeTable attached = table::Table::attach(hello.table);
  if (!attached) return table_refused(attached.error());
  table::Table& table = *(*std::move(attached)).release();
  auto* reaper = new Reaper(table, std::chrono::milliseconds(0));
  if (Status started = reaper->start(); !started) return std::move(started).error();
  auto* sink = new ReplySink(outbox, sink_settings(hello));
  sink->set_on_destroyed([reaper] { reaper->wake(); });
  python::RuntimeConfig config = config_of(hello);
  config.in_forked_child = [stdio, sink] { forsake_node(stdio, *sink); };
  auto runtime = python::Runtime::start(std::move(config), table, *sink);
  if (!runtime) return std::move(runtime).error();
  if (Status limited = limit_memory(hello.max_memory); !limited) return std::move(limited).error();
  python::leave_signals_to_others();
  auto* jobs = new RuntimeJobs(*std::move(runtime));
  return Started{*new PythonRole(*jobs, *sink), python::Runtime::python_version(), hello.interpreters};
}

}  // namespace

Result<Started> start_role(const protocol::Hello& hello, const Stdio& stdio, Outbox& outbox) {
  const bool is_table = hello.role == protocol::Role::table;
  remember_node(static_cast<pid_t>(hello.node_pid), hello.table, is_table ? kTablePatience : kPythonPatience);
  return is_table ? start_table(hello, outbox) : start_python(hello, stdio, outbox);
}

}  // namespace pyport::server
