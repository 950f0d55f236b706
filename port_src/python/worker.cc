#include "python/worker.h"

#include <chrono>
#include <utility>

#include "python/fork.h"
#include "python/host.h"
#include "python/import_guard.h"
#include "python/interpreter.h"
#include "python/thread.h"
#include "value/to_etf.h"

namespace pyport::python {
namespace {

// A dropped namespace is a cycle (functions hold their globals); so many of them are worth a collection
// when the interpreter has nothing else to do.
constexpr std::size_t kDropsBeforeCollection = 16;

std::int64_t now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

// Looks through the pickle without the GIL, and keeps the type's name for opaque values only.
void classify(Outcome& outcome) {
  auto* const value = std::get_if<ValueOutcome>(&outcome);
  if (value == nullptr) return;
  value->plain = value::is_plain(value->pickle);
  if (value->plain) value->type.clear();
}

}  // namespace

Worker::Worker(std::size_t id, const RuntimeConfig& config, PythonHome home, Sink& sink)
    : id_(id), config_(config), home_(std::move(home)), sink_(sink), queue_(config.max_queue) {}

Status Worker::start() {
  std::promise<Status> promise;
  std::future<Status> ready = promise.get_future();
  auto shared = std::make_shared<std::promise<Status>>(std::move(promise));
  const Status started = start_thread("py-worker", kWorkerStack, [this, shared] { run(std::move(*shared)); });
  return started.ok() ? ready.get() : started;
}

void Worker::run(std::promise<Status> ready) {
  const Status prepared = prepare();
  ready.set_value(prepared);
  if (prepared.ok()) work();
}

Result<PyThreadState*> Worker::interpreter() {
  return config_.isolation == Isolation::process ? start_main_interpreter(home_) : make_interpreter();
}

Status Worker::equip() {
  std::vector<std::string> front{config_.package_path};
  front.insert(front.end(), config_.python_path.begin(), config_.python_path.end());
  if (Status equipped = equip_interpreter(id_, front); !equipped) return equipped;
  const bool own_gil = config_.isolation == Isolation::interpreter;
  const bool ready = runner_.init() && (own_gil ? install_import_guard(config_.allow_import)
                                                : call_in_forked_children(config_.in_forked_child));
  if (ready) return runner_.warm_up(config_.preload, config_.on_restart);
  PyErr_Print();
  return make_error(Errc::bad_config,
                    "python: the package erlang cannot be imported from " + config_.package_path);
}

Status Worker::prepare() {
  const Result<PyThreadState*> made = interpreter();
  if (!made) return made.error();
  state_ = *made;
  const Attached scope(state_);
  if (Status equipped = equip(); !equipped) return equipped;
  thread_ = PyThread_get_thread_ident();
  interrupter_ = std::make_unique<Interrupter>(PyThreadState_GetInterpreter(state_), thread_,
                                               runner_.state().interrupted, runner_.state().waits, running_);
  return interrupter_->start();
}

void Worker::work() {
  for (;;) {
    std::optional<QueueItem> item = queue_.take(false);
    if (!item && dropped_ >= kDropsBeforeCollection) collect_garbage();
    if (!item) item = queue_.take(true);
    std::visit([this](auto& what) { handle(what); }, *item);
  }
}

void Worker::handle(QueuedJob& queued) {
  const std::int64_t begin = now_us();
  busy_since_us_.store(begin);
  Outcome outcome = run_job(queued);
  if (in_forked_child()) end_forked_child(!std::holds_alternative<ExceptionOutcome>(outcome));
  classify(outcome);
  busy_us_.fetch_add(now_us() - begin);
  busy_since_us_.store(0);
  jobs_done_.fetch_add(1);
  queue_.finished();
  sink_.done(queued.job, std::move(outcome));
}

void Worker::handle(const DropNamespace& drop) {
  const Attached scope(state_);
  runner_.drop(drop.ns);
  ++dropped_;
}

Outcome Worker::run_job(const QueuedJob& queued) {
  const Attached scope(state_);
  running_.serial = queued.serial;
  // A cancel before this line found no serial to interrupt, but has left its mark.
  if (queue_.running_cancelled()) {
    running_.serial = 0;
    return make_error(Errc::cancelled);
  }
  JobRunner::Ran ran = runner_.run(queued.job);
  end_interruptible();
  if (ran.interrupted && queue_.running_cancelled()) return make_error(Errc::cancelled);
  return std::move(ran.outcome);
}

void Worker::end_interruptible() {
  running_.serial = 0;
  PyThreadState_SetAsyncExc(thread_, nullptr);
}

void Worker::collect_garbage() {
  const Attached scope(state_);
  runner_.collect_garbage();
  dropped_ = 0;
}

void Worker::interrupt(Serial serial) {
  if (serial != 0) interrupter_->request(serial);
}

InterpreterInfo Worker::info() const {
  const JobQueue::Load load = queue_.load();
  const std::int64_t since = busy_since_us_.load();
  InterpreterInfo info;
  info.id = id_;
  info.jobs_done = jobs_done_.load();
  info.jobs_waiting = load.waiting;
  info.busy = load.busy;
  info.busy_us = static_cast<std::uint64_t>(busy_us_.load() + (since == 0 ? 0 : now_us() - since));
  return info;
}

}  // namespace pyport::python
