// The life of a connection: HELLO first, once, which starts Python; then all other requests.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "protocol/hello.h"
#include "server/connection.h"
#include "server/dispatcher.h"

namespace pyport::server {

// What HELLO set going. The references live as long as the process.
struct Started {
  Jobs& jobs;
  ReplySink& sink;
  std::string python_version;
};

class Session final : public FrameHandler {
 public:
  // Starts Python as HELLO asks; called at most once. Errc::bad_config when that does not work.
  using Start = std::function<Result<Started>(const protocol::Hello&)>;

  // `table` must outlive the session.
  Session(table::Table& table, Start start) : table_(table), start_(std::move(start)) {}

  // Frames without a whole header are answered with id 0.
  Verdict on_frame(ByteSpan frame, Bytes& out) override;
  std::size_t max_frame() const override { return max_frame_; }

 private:
  Verdict greet(const protocol::Header& header, ByteSpan body, Bytes& out);
  Status start(const protocol::Header& header, ByteSpan body, Bytes& out);

  table::Table& table_;
  const Start start_;
  std::size_t max_frame_ = protocol::kMaxFrameBeforeHello;
  std::optional<Dispatcher> dispatcher_;  // since HELLO
};

}  // namespace pyport::server
