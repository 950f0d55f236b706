// Runs jobs in one interpreter, one after the other.
//
// Thread safety: the worker's thread alone, attached.
#pragma once

#include "python/gil.h"
#include "python/module.h"
#include "python/namespaces.h"
#include "python/ref.h"
#include "python/runtime.h"
#include "python/source_cache.h"

namespace pyport::python {

class JobRunner {
 public:
  // Imports the package `erlang` and redirects Python's output. False with an exception set.
  bool init() REQUIRES(attached);

  struct Ran {
    Outcome outcome;
    bool interrupted = false;  // it ended by erlang.Interrupted
  };
  // What became of the job. Nothing of it is left behind: no exception, no output not yet sent.
  Ran run(const Job& job) REQUIRES(attached);

  // Imports the modules, then runs the code in globals of its own. Errc::bad_config that names the option and
  // what was raised: "preload: numpy: ModuleNotFoundError: ...", "on_restart: ValueError: ...".
  Status warm_up(const std::vector<std::string>& preload, const std::string& on_restart) REQUIRES(attached);

  // Releases the globals of a namespace.
  void drop(NamespaceId ns) REQUIRES(attached);
  // Releases what only cycles hold.
  void collect_garbage() REQUIRES(attached);

  const ModuleState& state() const { return *state_; }

 private:
  // Null with an exception set, or the result; `main` is the job's namespace.
  Ref perform(const CallJob& job, PyObject* main) REQUIRES(attached);
  Ref perform(const EvalJob& job, PyObject* main) REQUIRES(attached);
  Ref perform(const ExecJob& job, PyObject* main) REQUIRES(attached);
  Ref perform(const RunJob& job, PyObject* main) REQUIRES(attached);
  // Evaluates code with variables bound around it.
  Ref evaluate(const Ref& code, const Bytes& variables, PyObject* main) REQUIRES(attached);

  Ref main_for(const Job& job) REQUIRES(attached);
  Ran outcome_of(const Job& job, Ref result) REQUIRES(attached);
  // What the pending exception says, cleared: "KeyError: 'x'".
  std::string raised_text() REQUIRES(attached);
  Status import_modules(const std::vector<std::string>& names) REQUIRES(attached);
  Status run_code(const std::string& code) REQUIRES(attached);

  // After anything that may have run Python code: sends its output, clears its exception.
  void settle() REQUIRES(attached);

  ModuleState* state_ = nullptr;
  Namespaces namespaces_;
  SourceCache sources_;
  Ref module_;  // _erlang
  Ref describe_;
  Ref flush_;    // sends what stands in the output streams without a line end
  Ref pending_;  // a list: not empty when there is something to flush
};

}  // namespace pyport::python
