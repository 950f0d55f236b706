#include "server/connection.h"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <new>
#include <optional>
#include <system_error>

#include "server/process.h"

namespace pyport::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRefusalFlush = std::chrono::seconds(1);
constexpr auto kSpin = std::chrono::microseconds(20);
// The node needs a CPU for its scheduler and one for its poll thread while we spin. On a machine with two,
// spinning took that of the poll thread: a get by one caller cost 30 us instead of 20.
constexpr std::size_t kLeastCpusToSpin = 4;

[[noreturn]] void leave_failed(const char* what) {
  std::fprintf(stderr, "pyport: %s: %s\n", what, std::generic_category().message(errno).c_str());
  leave(kExitSystem);
}

}  // namespace

bool Connection::has_cpu_to_spare() { return allowed_cpus() >= kLeastCpusToSpin; }

Connection::Connection(Stdio stdio, FrameHandler& handler, Outbox& outbox, const Settings& settings)
    : context_(1),
      busy_(boost::asio::make_work_guard(context_)),
      in_(context_, stdio.in),
      out_(context_, stdio.out),
      handler_(handler),
      outbox_(outbox),
      settings_(settings),
      splitter_(handler.max_frame()) {
  in_.native_non_blocking(true);
  out_.native_non_blocking(true);
  outbox_.set_wake([this] { wake(); });
}

// At most one wake-up is under way: while turn() spins it sees the outbox by itself, and wake-ups that
// nobody needs would pile up. The exchanges order the push before the look at the outbox.
void Connection::wake() {
  if (wake_posted_.exchange(true)) return;
  boost::asio::post(context_, [this] {
    wake_posted_.exchange(false);
    turn();
  });
}

void Connection::run() {
  wake();
  try {
    context_.run();
  } catch (const std::bad_alloc&) {
    leave_without_memory();
  }
  leave(kExitSystem);  // the guard keeps the context running, so nothing else comes here
}

// One round: work until there is nothing to do for a while, then wait.
void Connection::turn() {
  while (step() || spin()) {
  }
  arm();
}

// Does what there is to do without waiting. True when there was something, or is again: a write that made
// room for more replies lets the frames go on that waited for it, and no event would tell of them.
bool Connection::step() {
  bool worked = take_outbox();
  if (!output_is_full()) {
    if (!input_handled_) worked = handle_frames() || worked;
    if (input_handled_ && read_input()) worked = handle_frames() || true;
  }
  flush();
  return worked || (!input_handled_ && !output_is_full());
}

bool Connection::spin() {
  if (!settings_.may_spin || blocked_) return false;
  const auto end = Clock::now() + kSpin;
  do {
    if (step()) return true;
  } while (Clock::now() < end);
  return false;
}

bool Connection::take_outbox() {
  if (!outbox_.waiting()) return false;
  const std::optional<int> exit_status = outbox_.take(taken_);
  for (Bytes& chunk : taken_) output_.add(std::move(chunk));
  taken_.clear();
  if (exit_status) end(*exit_status);
  return true;
}

void Connection::end(int exit_status) {
  flush_within(settings_.last_flush);
  leave(exit_status);
}

bool Connection::handle_frames() {
  bool worked = false;
  input_handled_ = false;
  while (!output_is_full()) {
    const protocol::Cut cut = splitter_.next();
    if (cut.kind == protocol::Cut::Kind::too_large) leave_bad_stream(cut.length);
    if (cut.kind == protocol::Cut::Kind::need_more) {
      input_handled_ = true;
      break;
    }
    if (handler_.on_frame(cut.frame, output_.open_chunk()) == FrameHandler::Verdict::refuse) {
      flush_within(kRefusalFlush);
      leave(kExitRefused);
    }
    splitter_.set_cap(handler_.max_frame());
    worked = true;
  }
  return worked;
}

// True when some bytes came. Leaves when the input has ended.
bool Connection::read_input() {
  const std::span<std::uint8_t> room = splitter_.room();
  for (;;) {
    const ssize_t count = read(in_.native_handle(), room.data(), room.size());
    if (count > 0) {
      splitter_.filled(static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0) leave(kExitDone);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) leave_failed("reading requests");
  }
}

bool Connection::output_is_full() const { return output_.pending() > settings_.most_pending; }

void Connection::flush() {
  if (output_.empty()) return;
  switch (output_.flush(out_.native_handle())) {
    case Flush::done:
      blocked_ = false;
      return;
    case Flush::blocked:
      blocked_ = true;
      return;
    case Flush::closed:
      leave(kExitDone);
    case Flush::failed:
      leave_failed("writing replies");
  }
}

// Asks to be called when the pipes are ready. A wait that is already under way stays.
void Connection::arm() {
  if (!read_armed_ && !output_is_full()) {
    read_armed_ = true;
    in_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (error) leave_failed("waiting for requests");
      read_armed_ = false;
      turn();
    });
  }
  if (!write_armed_ && blocked_) {
    write_armed_ = true;
    out_.async_wait(Descriptor::wait_write, [this](const boost::system::error_code& error) {
      if (error) leave_failed("waiting to write replies");
      write_armed_ = false;
      turn();
    });
  }
}

void Connection::flush_within(std::chrono::milliseconds limit) {
  const auto until = Clock::now() + limit;
  while (output_.flush(out_.native_handle()) == Flush::blocked && Clock::now() < until) {
    pollfd writable{out_.native_handle(), POLLOUT, 0};
    (void)poll(&writable, 1, 20);
  }
}

void Connection::leave_bad_stream(std::uint32_t length) {
  std::fprintf(stderr, "pyport: a frame of %lu bytes is above the limit of %zu\n",
               static_cast<unsigned long>(length), handler_.max_frame());
  flush_within(kRefusalFlush);
  leave(kExitBadStream);
}

}  // namespace pyport::server
