#include "protocol/reply.h"

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

}  // namespace

void append_ok(Bytes& out, RequestId id) { append_bare(out, Op::ok, id); }

void append_missing(Bytes& out, RequestId id) { append_bare(out, Op::missing, id); }

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

void append_info(Bytes& out, RequestId id, const InfoReply& info, std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
  writer.map(7);
  writer.atom("dicts").unsigned_integer(info.dicts);
  writer.atom("keys").unsigned_integer(info.keys);
  writer.atom("bytes").unsigned_integer(info.bytes);
  writer.atom("namespaces").unsigned_integer(info.namespaces);
  writer.atom("os_pid").unsigned_integer(info.os_pid);
  writer.atom("uptime_ms").unsigned_integer(info.uptime_ms);
  writer.atom("interpreters").list(info.interpreters.size());
  for (const InterpreterReply& interpreter : info.interpreters) append_interpreter(writer, interpreter);
  writer.nil();
  finish(frame, out, id, max_frame);
}

void append_keys(Bytes& out, RequestId id, std::span<const KeyName> keys, std::size_t max_frame) {
  FrameBuilder frame(out, Op::value, id);
  etf::Writer writer = frame.body();
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
