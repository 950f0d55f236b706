// Performs requests: those of the table at once, those for Python by handing them to the interpreters.
// Never waits for Python and takes no GIL.
//
// A request with the no_reply flag gets no reply; if it fails, a CAST_FAILED event tells (with namespace 0
// when it was no job). CANCEL and LOG_CREDIT are always like that.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/bytes.h"
#include "protocol/request.h"
#include "server/jobs.h"
#include "server/reply_sink.h"
#include "table/table.h"
#include "value/to_etf.h"

namespace pyport::server {

class Dispatcher {
 public:
  struct Settings {
    value::NoneAtom none = value::NoneAtom::none;
    std::size_t max_frame = 0;
  };

  // The references must outlive the dispatcher.
  Dispatcher(table::Table& table, Jobs& jobs, ReplySink& sink, const Settings& settings);

  // Appends to `out` the reply frame, or nothing. HELLO is refused here: it comes only once.
  void handle(const protocol::Header& header, ByteSpan body, Bytes& out);

 private:
  struct Visitor;

  table::Table& table_;
  Jobs& jobs_;
  ReplySink& sink_;
  const value::ToEtfOptions options_;
  const std::size_t max_frame_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace pyport::server
