// The interpreters of this port program: N CPython interpreters with a GIL each, or the main one alone; one
// worker thread and one queue of jobs an interpreter. This header is all that the server sees of Python.
//
// Thread safety: all members may be called from any thread. None of them takes a GIL or waits for
// Python (but start), so the server's thread never does.
//
// Lock order: the runtime's lock, then a worker's queue lock, which is a leaf. Neither is held while a thread
// state is attached, a table lock is held, or the sink is called.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "table/table.h"
#include "value/conversions.h"

namespace pyport::python {

using RequestId = std::uint32_t;
using NamespaceId = std::uint64_t;

// interpreter: own-GIL interpreters. process: the main interpreter runs the jobs, so that every package
// works.
enum class Isolation : std::uint8_t { interpreter, process };

struct RuntimeConfig {
  Isolation isolation = Isolation::interpreter;  // process: exactly one interpreter
  std::size_t interpreters = 1;
  std::string python;                     // venv folder or executable; empty: as built
  std::vector<std::string> python_path;   // put before the rest of sys.path
  std::string package_path;               // folder that holds the package `erlang`
  std::string node;                       // name of the Erlang node, for messages
  std::string table_path;                 // the table's file; empty: it has none
  std::size_t max_queue = 10000;          // jobs waiting for one interpreter
  std::vector<std::string> preload;       // modules that each interpreter imports before it takes jobs
  std::string on_restart;                 // code that each then runs, in globals of its own
  std::vector<std::string> allow_import;  // packages that the import guard lets through
  // How long a job that was told to stop may go on before Sink::stuck.
  std::chrono::milliseconds grace{100};
  // Called in a child that Python forked (isolation process only), with a thread state attached.
  std::function<void()> in_forked_child;
};

struct CallJob {
  std::string module, function;
  Bytes args, kwargs;
};  // pickles of a list and of a dict (str keys)
struct EvalJob {
  std::string code;
  Bytes vars;
};  // pickle of a dict (str keys)
struct ExecJob {
  std::string code;
  Bytes vars;
};
struct RunJob {
  std::string file;
  std::vector<std::string> argv;
};

struct Job {
  RequestId id = 0;
  NamespaceId ns = 0;
  bool any = false;       // may run in the least busy interpreter
  bool no_reply = false;  // a cast: it survives its namespace's owner, and only failures are told
  value::Conversions convert = value::kConvertNothing;  // of the result; for the sink
  std::variant<CallJob, EvalJob, ExecJob, RunJob> what;
};

// What became of a job.
struct ValueOutcome {
  Bytes pickle;
  bool plain = true;
  std::string type;
};                      // type: opaque only
struct DoneOutcome {};  // exec, run
struct ExceptionOutcome {
  std::string type;  // "KeyError", or qualified as in "json.decoder.JSONDecodeError"
  bool builtin = false;
  std::string message;                 // str(exception), valid UTF-8
  std::vector<std::string> traceback;  // lines without line ends, pyport's own frames left out
};
using Outcome = std::variant<ValueOutcome, DoneOutcome, ExceptionOutcome, Error>;

enum class LogStream : std::uint8_t { out, err, log };
enum class LogLevel : std::uint8_t { debug, info, notice, warning, error, critical };
struct LogRecord {
  LogStream stream = LogStream::out;
  LogLevel level = LogLevel::notice;  // of what is printed
  std::string logger;                 // Python logger's name; empty for stdout and stderr
  std::size_t interpreter = 0;        // from 1
  std::string text;                   // valid UTF-8, no line end
};

// What the runtime tells the server. Called from the runtime's own and from Python's threads (never inside
// a call to Runtime), never with a thread state
// attached or a lock held; must be thread-safe and must not block, but for log.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void done(const Job& job, Outcome outcome) = 0;
  virtual void destroyed(const table::Handle& handle) = 0;
  // May wait for credit, at most a second (docs/protocol.md).
  virtual void log(LogRecord record) = 0;
  // The running job of this request was told to stop and has not within the grace: it may never. Called from
  // a thread of its own, at most once a job.
  virtual void stuck(RequestId id) = 0;
};

struct InterpreterInfo {
  std::size_t id = 0;  // from 1
  std::uint64_t jobs_done = 0;
  std::uint64_t jobs_waiting = 0;
  bool busy = false;
  std::uint64_t busy_us = 0;
  std::uint64_t namespaces = 0;
};

class Runtime {
 public:
  // Initialises Python and makes the interpreters; returns when all of them can take jobs. Once a
  // process. `table` and `sink` outlive the process (interpreters are never ended). Errc::bad_config when
  // Python cannot start as asked; what `preload` or `on_restart` raised is in it.
  static Result<std::unique_ptr<Runtime>> start(RuntimeConfig config, table::Table& table, Sink& sink);
  ~Runtime();

  // "3.13.5"
  static std::string python_version();

  // Exactly one Sink::done follows for each job that was accepted (for a no_reply job too).
  // Errc::no_namespace, Errc::overloaded: not accepted, no done follows.
  Status submit(Job job);
  // Drops the job if it waits (its outcome is Errc::cancelled), else raises erlang.Interrupted in it, once:
  // its outcome is Errc::cancelled if that ends it, else what it ends with. Python code notices between two
  // of its instructions, not inside a call to C that blocks: then Sink::stuck follows. Casts too. Unknown ids
  // are ignored.
  void cancel(RequestId id);

  void make_namespaces(const std::vector<NamespaceId>& ids);
  // Jobs of these namespaces that someone would have waited for are cancelled; casts before the drop
  // still run; then the namespace's globals are released.
  void drop_namespaces(const std::vector<NamespaceId>& ids);

  std::vector<InterpreterInfo> info() const;

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pyport::python
