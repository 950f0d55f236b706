// One interpreter with its thread and its queue.
//
// Thread safety: queue(), interrupt() and info() from any thread.
#pragma once

#include <atomic>
#include <future>
#include <memory>

#include "python/interrupter.h"
#include "python/job_queue.h"
#include "python/job_runner.h"
#include "python/python_home.h"
#include "python/runtime.h"

namespace pyport::python {

class Worker {
 public:
  // `config` and `sink` outlive the process.
  Worker(std::size_t id, const RuntimeConfig& config, PythonHome home, Sink& sink);

  // Starts the thread and waits until its interpreter can take jobs. REQUIRES: *this is never
  // destroyed afterwards.
  Status start();

  JobQueue& queue() { return queue_; }
  // Interrupts the job of this serial; 0 is ignored.
  void interrupt(Serial serial);
  InterpreterInfo info() const;

 private:
  void run(std::promise<Status> ready);
  Status prepare();
  // The worker's interpreter: one of its own, or the main one, whose main thread is then this one.
  Result<PyThreadState*> interpreter();
  Status equip() REQUIRES(attached);
  [[noreturn]] void work();
  void handle(QueuedJob& queued);
  void handle(const DropNamespace& drop);
  Outcome run_job(const QueuedJob& queued);
  // With the GIL held: after it no interrupt can hit the worker.
  void end_interruptible() REQUIRES(attached);
  void collect_garbage();

  const std::size_t id_;
  const RuntimeConfig& config_;
  const PythonHome home_;
  Sink& sink_;
  JobQueue queue_;
  std::unique_ptr<Interrupter> interrupter_;  // constant once prepared
  std::atomic<std::uint64_t> jobs_done_{0};
  std::atomic<std::int64_t> busy_us_{0};        // of the jobs that are done
  std::atomic<std::int64_t> busy_since_us_{0};  // 0: not busy

  // The worker's thread alone.
  PyThreadState* state_ = nullptr;
  unsigned long thread_ = 0;
  JobRunner runner_;
  std::size_t dropped_ = 0;  // namespaces since the last garbage collection

  Interruptible running_;
};

}  // namespace pyport::python
