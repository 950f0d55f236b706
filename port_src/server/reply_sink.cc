#include "server/reply_sink.h"

#include <unistd.h>

#include <new>
#include <string>
#include <thread>
#include <utility>

#include "protocol/event.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using python::ExceptionOutcome;
using python::LogLevel;
using python::LogStream;
using python::ValueOutcome;

std::string_view name_of(LogStream stream) {
  switch (stream) {
    case LogStream::out:
      return "stdout";
    case LogStream::err:
      return "stderr";
    case LogStream::log:
      break;
  }
  return "log";
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::notice:
      return "notice";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::critical:
      break;
  }
  return "critical";
}

protocol::Exception exception_of(ExceptionOutcome& outcome) {
  return {std::move(outcome.type), outcome.builtin, std::move(outcome.message), std::move(outcome.traceback)};
}

void write_to_stderr(std::string text) {
  text.push_back('\n');
  (void)!write(STDERR_FILENO, text.data(), text.size());
}

Error no_memory() { return make_error(Errc::table_full, "memory"); }

}  // namespace

ReplySink::ReplySink(Outbox& outbox, const Settings& settings)
    : outbox_(outbox),
      none_(settings.none),
      max_frame_(settings.max_frame),
      end_(settings.end),
      end_patience_(settings.end_patience),
      credit_(settings.log_credit, settings.log_patience) {}

void ReplySink::done(const python::Job& job, python::Outcome outcome) {
  if (forsaken_.load()) return;
  Bytes out;
  try {
    if (job.no_reply) {
      tell_failure(out, job, outcome);
    } else {
      reply(out, job, outcome);
    }
  } catch (const std::bad_alloc&) {
    // A reply too big for the memory that is left must not take the other callers down.
    out = Bytes();
    if (!job.no_reply) protocol::append_error(out, job.id, no_memory(), max_frame_);
  }
  if (!out.empty()) outbox_.push(std::move(out));
}

void ReplySink::reply(Bytes& out, const python::Job& job, python::Outcome& outcome) const {
  if (const auto* value = std::get_if<ValueOutcome>(&outcome)) {
    if (Status good = reply_value(out, job, *value); !good) {
      protocol::append_error(out, job.id, good.error(), max_frame_);
    }
  } else if (auto* exception = std::get_if<ExceptionOutcome>(&outcome)) {
    protocol::append_exception(out, job.id, exception_of(*exception), max_frame_);
  } else if (const auto* error = std::get_if<Error>(&outcome)) {
    protocol::append_error(out, job.id, *error, max_frame_);
  } else {
    protocol::append_ok(out, job.id);
  }
}

Status ReplySink::reply_value(Bytes& out, const python::Job& job, const ValueOutcome& value) const {
  const value::ToEtfOptions options{none_, protocol::most_value_bytes(max_frame_), job.convert};
  return protocol::append_value(out, job.id, max_frame_, [&](Bytes& body) {
    if (value.plain) return value::to_etf(value.pickle, options, body);
    return value::opaque_to_etf(value.type, value.pickle, options, body);
  });
}

void ReplySink::tell_failure(Bytes& out, const python::Job& job, python::Outcome& outcome) const {
  if (auto* exception = std::get_if<ExceptionOutcome>(&outcome)) {
    protocol::append_cast_failed(out, job.ns, exception_of(*exception), max_frame_);
  } else if (const auto* error = std::get_if<Error>(&outcome)) {
    protocol::append_cast_failed(out, job.ns, *error, max_frame_);
  }
}

void ReplySink::destroyed(const table::Handle& handle) {
  if (forsaken_.load()) return;
  Bytes out;
  protocol::append_destroyed(out, {&handle.bits, 1});
  outbox_.push(std::move(out));
  if (on_destroyed_) on_destroyed_();
}

void ReplySink::log(python::LogRecord record) {
  if (forsaken_.load()) return write_to_stderr(std::move(record.text));
  if (!credit_.take()) return;
  Bytes out;
  protocol::append_log(
      out, {name_of(record.stream), name_of(record.level), record.logger, record.interpreter, record.text},
      max_frame_);
  outbox_.push(std::move(out));
}

void ReplySink::stuck(python::RequestId id) {
  if (forsaken_.load()) return;
  Bytes out;
  protocol::append_stuck(out, id);
  outbox_.push_last(std::move(out), kExitStuck);
  if (end_ == nullptr) return;
  std::this_thread::sleep_for(end_patience_);
  end_(kExitStuck);
}

void ReplySink::forsake() { forsaken_.store(true); }

void ReplySink::add_log_credit(std::uint64_t credit) {
  const std::uint64_t lost = credit_.take_lost();
  if (lost > 0) {
    // Pushed before the credit is there, so that no other LOG event can come first.
    const std::string text = std::to_string(lost) + " lines were lost: the node took them too slowly";
    Bytes out;
    protocol::append_log(out, {"log", "warning", "pyport", 1, text}, max_frame_);
    outbox_.push(std::move(out));
    --credit;
  }
  credit_.add(credit);
}

}  // namespace pyport::server
