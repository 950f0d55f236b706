// Turns what the interpreters tell into frames, on the thread that tells it, and leaves them in the
// outbox. No GIL is held and no Python object touched: values arrive as pickles.
//
// Thread safety: all members from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "protocol/reply.h"
#include "python/runtime.h"
#include "server/log_credit.h"
#include "server/outbox.h"
#include "value/to_etf.h"

namespace pyport::server {

class ReplySink final : public python::Sink {
 public:
  struct Settings {
    value::NoneAtom none = value::NoneAtom::none;
    std::size_t max_frame = 0;
    std::uint64_t log_credit = 0;
    std::chrono::milliseconds log_patience = std::chrono::seconds(1);
    // What ends the program after STUCK when the thread that writes frames has not done so in time.
    void (*end)(int exit_status) = nullptr;
    std::chrono::milliseconds end_patience{150};
  };

  // `outbox` must outlive the sink.
  ReplySink(Outbox& outbox, const Settings& settings);

  void done(const python::Job& job, python::Outcome outcome) override;
  void destroyed(const table::Handle& handle) override;
  void log(python::LogRecord record) override;
  void stuck(python::RequestId id) override;

  // `then` is called after each DESTROYED. REQUIRES: called before any thread uses the sink.
  void set_on_destroyed(std::function<void()> then) { on_destroyed_ = std::move(then); }

  // In a forked child, which has nobody to tell: logs go to standard error, all else nowhere.
  void forsake();

  // LOG_CREDIT. Tells first how many lines were lost, which takes one of the new credits.
  void add_log_credit(std::uint64_t credit);

 private:
  void reply(Bytes& out, const python::Job& job, python::Outcome& outcome) const;
  Status reply_value(Bytes& out, const python::Job& job, const python::ValueOutcome& value) const;
  void tell_failure(Bytes& out, const python::Job& job, python::Outcome& outcome) const;

  Outbox& outbox_;
  const value::NoneAtom none_;
  const std::size_t max_frame_;
  void (*const end_)(int exit_status);
  const std::chrono::milliseconds end_patience_;
  std::atomic<bool> forsaken_{false};
  std::function<void()> on_destroyed_;  // constant once threads use the sink
  LogCredit credit_;
};

}  // namespace pyport::server
