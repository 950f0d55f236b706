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

void append_change(etf::Writer writer, const ChangeEvent& change) {
  if (!change.key) {
    writer.atom(change.what);
    return;
  }
  writer.tuple(3).atom(change.what);
  if (const auto* text = std::get_if<ByteSpan>(&*change.key)) {
    writer.binary(*text);
  } else {
    writer.integer(*std::get_if<std::int64_t>(&*change.key));
  }
  writer.unsigned_integer(change.version);
}

}  // namespace

void append_changes(Bytes& out, const HandleBits& handle, std::span<const ChangeEvent> changes,
                    std::size_t max_frame) {
  FrameBuilder frame(out, Op::changes, kEventId);
  etf::Writer writer = frame.body();
  writer.tuple(2).binary(handle).list(changes.size());
  for (const ChangeEvent& change : changes) append_change(writer, change);
  writer.nil();
  if (frame.finish(max_frame)) return;
  if (changes.size() == 1) {
    const ChangeEvent overflow{"overflow", std::nullopt, 0};
    return append_changes(out, handle, {&overflow, 1}, max_frame);
  }
  const std::size_t half = changes.size() / 2;
  append_changes(out, handle, changes.first(half), max_frame);
  append_changes(out, handle, changes.subspan(half), max_frame);
}

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
