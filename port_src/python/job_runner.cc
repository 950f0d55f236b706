#include "python/job_runner.h"

#include <variant>

#include "python/call.h"
#include "python/dedent.h"
#include "python/outcome.h"
#include "python/pickle.h"
#include "python/script.h"
#include "python/variables.h"

namespace pyport::python {

bool JobRunner::init() {
  module_ = Ref::steal(PyImport_ImportModule("_erlang"));
  const Ref port = Ref::steal(PyImport_ImportModule("erlang._port"));
  if (!module_ || !port) return false;
  state_ = &module_state(module_.get());
  const Ref hooks = Ref::steal(PyObject_CallMethod(port.get(), "start", nullptr));
  PyObject *describe, *flush, *pending, *remember, *forget;
  if (!hooks || !PyArg_ParseTuple(hooks.get(), "OOO!OO", &describe, &flush, &PyList_Type, &pending, &remember,
                                  &forget)) {
    return false;
  }
  describe_ = Ref::borrow(describe);
  flush_ = Ref::borrow(flush);
  pending_ = Ref::borrow(pending);
  return sources_.init(remember, forget) && namespaces_.init();
}

JobRunner::Ran JobRunner::run(const Job& job) {
  Ran ran;
  {
    // Everything of the job is released inside: __del__ methods may print.
    const Ref main = main_for(job);
    Ref result;
    if (main && namespaces_.set_main(main.get())) {
      result = std::visit([&](const auto& what) REQUIRES(attached) { return perform(what, main.get()); },
                          job.what);
    }
    ran = outcome_of(job, std::move(result));
    namespaces_.set_main(nullptr);
  }
  settle();
  return ran;
}

Ref JobRunner::main_for(const Job& job) {
  const auto* const call = std::get_if<CallJob>(&job.what);
  const bool own = !job.any || (call != nullptr && call->module == "__main__");
  return own && !std::holds_alternative<RunJob>(job.what) ? namespaces_.module(job.ns)
                                                          : namespaces_.throwaway();
}

Ref JobRunner::perform(const CallJob& job, PyObject* main) { return call_function(*state_, job, main); }

Ref JobRunner::perform(const EvalJob& job, PyObject* main) {
  return evaluate(sources_.expression(strip(job.code)), job.vars, main);
}

Ref JobRunner::perform(const ExecJob& job, PyObject* main) {
  return evaluate(sources_.statements(dedent(job.code)), job.vars, main);
}

Ref JobRunner::perform(const RunJob& job, PyObject* main) {
  return run_script(job, main) ? Ref::borrow(Py_None) : Ref();
}

Ref JobRunner::evaluate(const Ref& code, const Bytes& variables, PyObject* main) {
  if (!code) return Ref();
  PyObject* const globals = PyModule_GetDict(main);
  if (variables.empty()) return Ref::steal(PyEval_EvalCode(code.get(), globals, globals));
  const Ref values = load_bytes(*state_, variables);
  if (!values) return Ref();
  Variables bound;
  const bool ready = bound.bind(globals, values.get());
  Ref result = ready ? Ref::steal(PyEval_EvalCode(code.get(), globals, globals)) : Ref();
  PyObject* const raised = PyErr_GetRaisedException();
  bound.restore(globals, ready ? code.get() : nullptr);
  PyErr_SetRaisedException(raised);
  return result;
}

JobRunner::Ran JobRunner::outcome_of(const Job& job, Ref result) {
  Ran ran;
  const bool wants_value =
      std::holds_alternative<CallJob>(job.what) || std::holds_alternative<EvalJob>(job.what);
  if (result && wants_value) {
    ran.outcome = value_outcome(*state_, result.get());
  } else if (result) {
    ran.outcome = DoneOutcome{};
  }
  if (PyErr_Occurred() == nullptr) return ran;
  const Ref raised = Ref::steal(PyErr_GetRaisedException());
  ran.interrupted = PyErr_GivenExceptionMatches(raised.get(), state_->interrupted) != 0;
  ran.outcome = exception_outcome(describe_.get(), raised.get());
  return ran;
}

std::string JobRunner::raised_text() {
  const Ref raised = Ref::steal(PyErr_GetRaisedException());
  if (!raised) return "unknown failure";
  const Outcome outcome = exception_outcome(describe_.get(), raised.get());
  const auto* const exception = std::get_if<ExceptionOutcome>(&outcome);
  return exception->message.empty() ? exception->type : exception->type + ": " + exception->message;
}

Status JobRunner::import_modules(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Ref module = Ref::steal(PyImport_ImportModule(name.c_str()));
    if (!module) return make_error(Errc::bad_config, "preload: " + name + ": " + raised_text());
  }
  return ok_status();
}

Status JobRunner::run_code(const std::string& code) {
  const Ref main = namespaces_.throwaway();
  const Ref compiled = main && namespaces_.set_main(main.get()) ? sources_.statements(dedent(code)) : Ref();
  const Ref done = evaluate(compiled, {}, main.get());
  Status status = done ? ok_status() : make_error(Errc::bad_config, "on_restart: " + raised_text());
  namespaces_.set_main(nullptr);
  return status;
}

Status JobRunner::warm_up(const std::vector<std::string>& preload, const std::string& on_restart) {
  Status status = import_modules(preload);
  if (status.ok() && !on_restart.empty()) status = run_code(on_restart);
  settle();
  return status;
}

void JobRunner::drop(NamespaceId ns) {
  namespaces_.drop(ns);
  settle();
}

void JobRunner::collect_garbage() {
  PyGC_Collect();
  settle();
}

void JobRunner::settle() {
  PyErr_Clear();
  if (PyList_GET_SIZE(pending_.get()) == 0) return;
  const Ref flushed = Ref::steal(PyObject_CallNoArgs(flush_.get()));
  PyErr_Clear();
}

}  // namespace pyport::python
