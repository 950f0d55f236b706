// The life of a connection: HELLO first, once, which starts the role; then all other requests.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "protocol/hello.h"
#include "server/connection.h"
#include "server/dispatcher.h"
#include "server/role.h"

namespace pyport::server {

// What HELLO set going. The role lives as long as the process.
struct Started {
  Role& role;
  std::string python_version;      // empty in role table
  std::uint64_t interpreters = 0;  // 0 in role table
};

class Session final : public FrameHandler {
 public:
  // Starts the role as HELLO asks; called at most once. Errc::bad_config when that does not work.
  using Start = std::function<Result<Started>(const protocol::Hello&)>;

  explicit Session(Start start) : start_(std::move(start)) {}

  // Frames without a whole header are answered with id 0.
  Verdict on_frame(ByteSpan frame, Bytes& out) override;
  std::size_t max_frame() const override { return max_frame_; }

 private:
  Verdict greet(const protocol::Header& header, ByteSpan body, Bytes& out);
  Status start(const protocol::Header& header, ByteSpan body, Bytes& out);

  const Start start_;
  std::size_t max_frame_ = protocol::kMaxFrameBeforeHello;
  std::optional<Dispatcher> dispatcher_;  // since HELLO
};

}  // namespace pyport::server
