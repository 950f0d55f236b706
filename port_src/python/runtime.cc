#include "python/runtime.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/mutex.h"
#include "python/context.h"
#include "python/host.h"
#include "python/python_home.h"
#include "python/reporter.h"
#include "python/watchdog.h"
#include "python/worker.h"

namespace pyport::python {

// Never destroyed once its threads run. Its lock stands above the queues' locks, which are leaves.
struct Runtime::Impl {
  Impl(RuntimeConfig given, Sink& sink)
      : config(std::move(given)), reporter(sink), watchdog(config.grace, sink) {}

  // Which interpreter a job goes to; Errc::no_namespace.
  Result<std::size_t> place(const Job& job) REQUIRES(mutex);
  // Both take one whose job was given up and does not end only when all are like that.
  std::size_t least_busy() REQUIRES(mutex);
  std::size_t fewest_namespaces() const REQUIRES(mutex);
  // Tells a worker's job to stop; 0 is no job.
  void stop(Worker& worker, Serial running);

  const RuntimeConfig config;
  std::vector<std::unique_ptr<Worker>> workers;  // constant once started
  Reporter reporter;
  Watchdog watchdog;
  Mutex mutex;
  std::unordered_map<NamespaceId, std::size_t> namespaces GUARDED_BY(mutex);  // to the worker's index
  std::vector<std::uint64_t> namespace_counts GUARDED_BY(mutex);              // by worker
  std::size_t next_any GUARDED_BY(mutex) = 0;  // where the search for the least busy begins
};

namespace {

// Jobs that any interpreter may run; a function of the namespace itself is where its namespace is.
bool runs_anywhere(const Job& job) {
  const auto* const call = std::get_if<CallJob>(&job.what);
  return job.any && (call == nullptr || call->module != "__main__");
}

void move_to(std::vector<Job>& all, std::vector<Job>&& some) {
  std::move(some.begin(), some.end(), std::back_inserter(all));
}

}  // namespace

std::size_t Runtime::Impl::least_busy() {
  std::size_t best = next_any;
  std::pair<bool, std::size_t> best_load{true, SIZE_MAX};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const std::size_t candidate = (next_any + i) % workers.size();
    const JobQueue::Load load = workers[candidate]->queue().load();
    const std::pair candidate_load(load.given_up, load.waiting + (load.busy ? 1 : 0));
    if (candidate_load < best_load) {
      best = candidate;
      best_load = candidate_load;
    }
  }
  next_any = (best + 1) % workers.size();
  return best;
}

std::size_t Runtime::Impl::fewest_namespaces() const {
  std::size_t best = 0;
  std::pair<bool, std::uint64_t> best_load{true, UINT64_MAX};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const std::pair load(workers[i]->queue().load().given_up, namespace_counts[i]);
    if (load < best_load) {
      best = i;
      best_load = load;
    }
  }
  return best;
}

Result<std::size_t> Runtime::Impl::place(const Job& job) {
  if (runs_anywhere(job)) return least_busy();
  const auto found = namespaces.find(job.ns);
  if (found == namespaces.end()) return make_error(Errc::no_namespace);
  return found->second;
}

void Runtime::Impl::stop(Worker& worker, Serial running) {
  if (running == 0) return;
  worker.interrupt(running);
  watchdog.watch(worker.queue(), running);
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Runtime>> Runtime::start(RuntimeConfig config, table::Table& table, Sink& sink) {
  static std::atomic<bool> started{false};
  if (started.exchange(true)) return make_error(Errc::bad_config, "python: started already");
  if (config.interpreters == 0) return make_error(Errc::bad_config, "interpreters: must be at least 1");
  if (config.isolation == Isolation::process && config.interpreters != 1) {
    return make_error(Errc::bad_config, "interpreters: must be 1 with isolation process");
  }
  Result<PythonHome> home = find_python_home(config.python);
  if (!home) return home.error();
  set_context({&table, &sink, config.node, config.table_path});
  if (config.isolation == Isolation::interpreter) {
    if (Status main = start_host(*home); !main) return main.error();
  }

  auto impl = std::make_unique<Impl>(std::move(config), sink);
  const std::size_t count = impl->config.interpreters;
  Status status = impl->reporter.start();
  if (status.ok()) status = impl->watchdog.start();
  for (std::size_t id = 1; status.ok() && id <= count; ++id) {
    impl->workers.push_back(std::make_unique<Worker>(id, impl->config, *home, sink));
    status = impl->workers.back()->start();
  }
  {
    MutexLock lock(impl->mutex);
    impl->namespace_counts.resize(count);
  }
  if (status.ok()) return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
  (void)impl.release();  // its threads run on
  return status.error();
}

// Threads may be deep in Python code, so what they use stays for ever; only the jobs that wait are
// given up.
Runtime::~Runtime() {
  for (const auto& worker : impl_->workers)
    impl_->reporter.report(worker->queue().close(), Errc::shutting_down);
  (void)impl_.release();
}

Status Runtime::submit(Job job) {
  MutexLock lock(impl_->mutex);
  const Result<std::size_t> place = impl_->place(job);
  if (!place) return place.error();
  return impl_->workers[*place]->queue().push(std::move(job));
}

void Runtime::cancel(RequestId id) {
  for (const auto& worker : impl_->workers) {
    JobQueue::Cancelled cancelled = worker->queue().cancel(id);
    impl_->stop(*worker, cancelled.running);
    impl_->reporter.report(std::move(cancelled.waiting), Errc::cancelled);
  }
}

void Runtime::make_namespaces(const std::vector<NamespaceId>& ids) {
  MutexLock lock(impl_->mutex);
  for (NamespaceId id : ids) {
    const std::size_t place = impl_->fewest_namespaces();
    if (impl_->namespaces.emplace(id, place).second) ++impl_->namespace_counts[place];
  }
}

void Runtime::drop_namespaces(const std::vector<NamespaceId>& ids) {
  std::vector<Job> waiting;
  std::vector<Serial> running;
  {
    // Under the lock until all queues know: a job of a dropped namespace cannot come behind the drop.
    MutexLock lock(impl_->mutex);
    std::unordered_set<NamespaceId> known;
    std::vector<std::vector<NamespaceId>> here(impl_->workers.size());
    for (NamespaceId id : ids) {
      const auto found = impl_->namespaces.find(id);
      if (found == impl_->namespaces.end()) continue;
      known.insert(id);
      here[found->second].push_back(id);
      --impl_->namespace_counts[found->second];
      impl_->namespaces.erase(found);
    }
    for (std::size_t i = 0; !known.empty() && i < here.size(); ++i) {
      JobQueue::Cancelled cancelled = impl_->workers[i]->queue().drop(known, here[i]);
      move_to(waiting, std::move(cancelled.waiting));
      running.push_back(cancelled.running);
    }
  }
  for (std::size_t i = 0; i < running.size(); ++i) impl_->stop(*impl_->workers[i], running[i]);
  impl_->reporter.report(std::move(waiting), Errc::cancelled);
}

std::vector<InterpreterInfo> Runtime::info() const {
  std::vector<InterpreterInfo> all;
  MutexLock lock(impl_->mutex);
  for (std::size_t i = 0; i < impl_->workers.size(); ++i) {
    all.push_back(impl_->workers[i]->info());
    all.back().namespaces = impl_->namespace_counts[i];
  }
  return all;
}

}  // namespace pyport::python
