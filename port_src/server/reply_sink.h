// Turns what the interpreters tell into frames, on the thread that tells it, and leaves them in the
// outbox. No GIL is held and no Python object touched: values arrive as pickles.
//
// Thread safety: all members from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

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
  };

  // `outbox` must outlive the sink.
  ReplySink(Outbox& outbox, const Settings& settings);

  void done(const python::Job& job, python::Outcome outcome) override;
  void destroyed(const table::Handle& handle) override;
  void log(python::LogRecord record) override;

  // LOG_CREDIT. Tells first how many lines were lost, which takes one of the new credits.
  void add_log_credit(std::uint64_t credit);

 private:
  void reply(Bytes& out, const python::Job& job, python::Outcome& outcome) const;
  Status reply_value(Bytes& out, const python::Job& job, const python::ValueOutcome& value) const;
  void tell_failure(Bytes& out, const python::Job& job, python::Outcome& outcome) const;

  Outbox& outbox_;
  const value::NoneAtom none_;
  const std::size_t max_frame_;
  LogCredit credit_;
};

}  // namespace pyport::server
