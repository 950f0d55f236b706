// The pipes to the node: reads all that is there, hands each whole frame to the handler, writes all
// replies in one gather write, and ends the process when the node is gone.
//
// The thread that calls run() does all of it and never waits for Python: a GIL that is never let go cannot
// keep the program from noticing that its input ended.
//
// Before it blocks it looks for more input and for finished jobs during 20 us, when it has a CPU to
// spare: a switch to another process and back costs more than most requests.
//
// Thread safety: run() on one thread; the outbox wakes it from others.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "protocol/splitter.h"
#include "server/outbox.h"
#include "server/output.h"
#include "server/stdio.h"

namespace pyport::server {

// What handles the frames of a connection.
class FrameHandler {
 public:
  enum class Verdict : std::uint8_t { go_on, refuse };  // refuse: flush, then leave with kExitRefused

  virtual ~FrameHandler() = default;
  // Appends whole reply frames to `out`. `frame` is valid during the call.
  virtual Verdict on_frame(ByteSpan frame, Bytes& out) = 0;
  // The cap for the next incoming frame.
  virtual std::size_t max_frame() const = 0;
};

class Connection {
 public:
  struct Settings {
    // Look for work during 20 us before blocking.
    bool may_spin = has_cpu_to_spare();
    // With more output than this waiting, no more requests are handled until the node has read some of it.
    std::size_t most_pending = std::size_t{8} << 20;
    // How long the last frames may take to be written.
    std::chrono::milliseconds last_flush{100};
  };

  // Takes the descriptors over and makes them non-blocking. All descriptors that the connection will
  // ever need are open when it returns. `handler` and `outbox` outlive it.
  Connection(Stdio stdio, FrameHandler& handler, Outbox& outbox, const Settings& settings);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether spinning costs nobody his CPU.
  static bool has_cpu_to_spare();

  // Serves until the process leaves (server/process.h).
  [[noreturn]] void run();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  void wake();  // from any thread
  void turn();
  bool step();
  bool spin();
  bool take_outbox();
  // The frames of the outbox are the last ones: writes what goes within a bounded time.
  [[noreturn]] void end(int exit_status);
  bool handle_frames();
  bool read_input();
  void flush();
  void arm();
  bool output_is_full() const;
  void flush_within(std::chrono::milliseconds limit);
  [[noreturn]] void leave_bad_stream(std::uint32_t length);

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;  // keeps it running
  Descriptor in_;
  Descriptor out_;
  FrameHandler& handler_;
  Outbox& outbox_;
  const Settings settings_;
  std::atomic<bool> wake_posted_{false};

  // Of the thread that runs.
  protocol::Splitter splitter_;
  Output output_;
  std::vector<Bytes> taken_;
  bool input_handled_ = true;  // no whole frame is left in the splitter
  bool blocked_ = false;       // the output pipe was full
  bool read_armed_ = false;
  bool write_armed_ = false;
};

}  // namespace pyport::server
