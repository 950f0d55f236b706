#include "protocol/reply.h"

#include <initializer_list>
#include <utility>

#include "base/version.h"
#include "protocol/error_term.h"

namespace pyport::protocol {
namespace {

void append_bare(Bytes& out, Op op, RequestId id) {
  append_u32(out, kHeaderSize);
  append_header(out, op, id);
}

// Ends the frame, or puts ERROR frame_too_large in its place.
void finish(FrameBuilder& frame, Bytes& out, RequestId id, std::size_t max_frame) {
  if (Status good = frame.finish(max_frame); !good) {
    FrameBuilder refusal(out, Op::error, id);
    append_error_term(refusal.body(), good.error());
    refusal.finish_small();
  }
}

void append_interpreter(etf::Writer writer, const InterpreterReply& interpreter) {
  writer.map(6);
  writer.atom("id").unsigned_integer(interpreter.id);
  writer.atom("jobs_done").unsigned_integer(interpreter.jobs_done);
  writer.atom("jobs_waiting").unsigned_integer(interpreter.jobs_waiting);
  writer.atom("busy").boolean(interpreter.busy);
  writer.atom("busy_us").unsigned_integer(interpreter.busy_us);
  writer.atom("namespaces").unsigned_integer(interpreter.namespaces);
}

using NamedNumber = std::pair<std::string_view, std::uint64_t>;

// VALUE with a map from atoms to numbers.
void append_numbers(Bytes& out, RequestId id, std::size_t max_frame,
                    std::initializer_list<NamedNumber> numbers) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.map(numbers.size());
  for (const auto& [name, value] : numbers) writer.atom(name).unsigned_integer(value);
  finish(frame, out, id, max_frame);
}

}  // namespace

void append_ok(Bytes& out, RequestId id) { append_bare(out, Op::ok, id); }

void append_missing(Bytes& out, RequestId id) { append_bare(out, Op::missing, id); }

void append_parts(Bytes& out, RequestId id, const PartsReply& parts) {
  FrameBuilder frame(out, Op::parts, id);
  etf::Writer writer = frame.body();
  writer.tuple(parts.stamp ? 4 : 3).unsigned_integer(parts.transfer).unsigned_integer(parts.size);
  writer.boolean(parts.term);
  if (parts.stamp) writer.unsigned_integer(*parts.stamp);
  frame.finish_small();
}

void append_error(Bytes& out, RequestId id, const Error& error, std::size_t max_frame) {
  if (error.code == Errc::gone) return append_bare(out, Op::gone, id);
  FrameBuilder frame(out, Op::error, id);
  append_error_term(frame.body(), error);
  finish(frame, out, id, max_frame);
}

void append_exception_term(etf::Writer writer, const Exception& exception) {
  writer.tuple(4).text(exception.type).boolean(exception.builtin).text(exception.message);
  writer.list(exception.traceback.size());
  for (const std::string& line : exception.traceback) writer.text(line);
  writer.nil();
}

void append_exception(Bytes& out, RequestId id, const Exception& exception, std::size_t max_frame) {
  FrameBuilder frame(out, Op::exception, id);
  append_exception_term(frame.body(), exception);
  finish(frame, out, id, max_frame);
}

void append_hello(Bytes& out, RequestId id, const HelloReply& hello, std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.map(5);
  writer.atom("protocol").integer(kProtocolVersion);
  writer.atom("version").text(kProgramVersion);
  writer.atom("python").text(hello.python);
  writer.atom("os_pid").unsigned_integer(hello.os_pid);
  writer.atom("interpreters").unsigned_integer(hello.interpreters);
  finish(frame, out, id, max_frame);
}

void append_info(Bytes& out, RequestId id, const TableInfoReply& info, std::size_t max_frame) {
  append_numbers(out, id, max_frame,
                 {{"dicts", info.dicts},
                  {"keys", info.keys},
                  {"bytes", info.bytes},
                  {"used", info.used},
                  {"free", info.free},
                  {"pinned", info.pinned},
                  {"repairs", info.repairs},
                  {"processes", info.processes},
                  {"file_bytes", info.file_bytes},
                  {"max_bytes", info.max_bytes},
                  {"os_pid", info.os_pid},
                  {"uptime_ms", info.uptime_ms}});
}

void append_info(Bytes& out, RequestId id, const PythonInfoReply& info, std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.map(6);
  writer.atom("os_pid").unsigned_integer(info.os_pid);
  writer.atom("uptime_ms").unsigned_integer(info.uptime_ms);
  writer.atom("rss").unsigned_integer(info.rss);
  writer.atom("calls").unsigned_integer(info.calls);
  writer.atom("namespaces").unsigned_integer(info.namespaces);
  writer.atom("interpreters").list(info.interpreters.size());
  for (const InterpreterReply& interpreter : info.interpreters) append_interpreter(writer, interpreter);
  writer.nil();
  finish(frame, out, id, max_frame);
}

// Of what a dict does not have it says nothing.
void append_stat(Bytes& out, RequestId id, const StatReply& stat, std::size_t max_frame) {
  std::vector<std::pair<std::string_view, std::uint64_t>> numbers{
      {"keys", stat.keys}, {"bytes", stat.bytes}, {"pinned", stat.pinned}, {"created", stat.created}};
  for (const auto& [name, number] : {std::pair<std::string_view, std::uint64_t>("last_use", stat.last_use),
                                     {stat.idle ? "idle" : "ttl", stat.ttl_ms},
                                     {"max_value_bytes", stat.max_value_bytes}})
    if (number != 0) numbers.emplace_back(name, number);
  if (stat.stamp) numbers.emplace_back("stamp", *stat.stamp);
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.map(numbers.size() + 1 + (stat.name.empty() ? 0 : 1));
  for (const auto& [name, number] : numbers) writer.atom(name).unsigned_integer(number);
  writer.atom("owner").atom(stat.owner);
  if (!stat.name.empty()) writer.atom("name").text(stat.name);
  finish(frame, out, id, max_frame);
}

void append_opened(Bytes& out, RequestId id, const HandleBits& handle, bool is_new, std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  frame.body().tuple(2).binary(handle).integer(is_new ? 1 : 0);
  finish(frame, out, id, max_frame);
}

void append_names(Bytes& out, RequestId id, std::span<const std::pair<std::string, HandleBits>> names,
                  std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.list(names.size());
  for (const auto& [name, handle] : names) writer.tuple(2).text(name).binary(handle);
  writer.nil();
  finish(frame, out, id, max_frame);
}

void append_handles(Bytes& out, RequestId id, std::span<const HandleBits> handles, std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.list(handles.size());
  for (const HandleBits& handle : handles) writer.binary(handle);
  writer.nil();
  finish(frame, out, id, max_frame);
}

void append_keys(Bytes& out, RequestId id, std::span<const KeyName> keys, std::size_t max_frame,
                 std::optional<std::uint64_t> stamp) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  if (stamp) writer.tuple(2).unsigned_integer(*stamp);
  writer.list(keys.size());
  for (const KeyName& key : keys) {
    if (const auto* number = std::get_if<std::int64_t>(&key)) {
      writer.integer(*number);
    } else {
      writer.text(*std::get_if<std::string>(&key));
    }
  }
  writer.nil();
  finish(frame, out, id, max_frame);
}

}  // namespace pyport::protocol
