#include "protocol/event.h"

#include <algorithm>

#include "protocol/error_term.h"

namespace pyport::protocol {
namespace {

constexpr RequestId kEventId = 0;
// More than all of a LOG frame but its logger and text takes.
constexpr std::size_t kLogOverhead = 128;
constexpr std::size_t kMostLoggerBytes = 255;

// The longest front of `text` with at most `most` bytes that ends between two characters.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<std::uint8_t>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

template <class Append>
void cast_failed(Bytes& out, NamespaceId ns, std::size_t max_frame, Append append_what) {
  FrameBuilder frame(out, Op::cast_failed, kEventId);
  append_what(frame.body().tuple(2).unsigned_integer(ns));
  if (Status good = frame.finish(max_frame); !good) {
    FrameBuilder refusal(out, Op::cast_failed, kEventId);
    append_error_term(refusal.body().tuple(2).unsigned_integer(ns), good.error());
    refusal.finish_small();
  }
}

}  // namespace

void append_log(Bytes& out, const LogEvent& event, std::size_t max_frame) {
  const std::string_view logger = cut(event.logger, kMostLoggerBytes);
  const std::string_view text = cut(event.text, max_frame - kLogOverhead - logger.size());
  FrameBuilder frame(out, Op::log, kEventId);
  etf::Writer writer = frame.body();
  writer.tuple(5).atom(event.stream).atom(event.level).text(logger);
  writer.unsigned_integer(event.interpreter).text(text);
  frame.finish_small();
}

void append_destroyed(Bytes& out, std::span<const HandleBits> handles) {
  FrameBuilder frame(out, Op::destroyed, kEventId);
  etf::Writer writer = frame.body();
  writer.list(handles.size());
  for (const HandleBits& handle : handles) writer.binary(handle);
  writer.nil();
  frame.finish_small();
}

void append_cast_failed(Bytes& out, NamespaceId ns, const Error& error, std::size_t max_frame) {
  cast_failed(out, ns, max_frame, [&](etf::Writer writer) { append_error_term(writer, error); });
}

void append_cast_failed(Bytes& out, NamespaceId ns, const Exception& exception, std::size_t max_frame) {
  cast_failed(out, ns, max_frame, [&](etf::Writer writer) { append_exception_term(writer, exception); });
}

void append_stuck(Bytes& out, RequestId id) {
  FrameBuilder frame(out, Op::stuck, kEventId);
  frame.body().tuple(1).unsigned_integer(id);
  frame.finish_small();
}

}  // namespace pyport::protocol
