#include "protocol/error_term.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pyport::protocol {
namespace {

constexpr std::array<std::string_view, 12> kBadTermAtoms = {
    "depth",        "duplicate_key", "unhashable_key", "surrogate", "unpicklable", "bad_pickle",
    "bad_external", "unknown_atom",  "cycle",          "too_large", "overflow",    "not_an_integer",
};
constexpr std::string_view kUnpicklable = "unpicklable: ";

void append_step(etf::Writer& writer, const PathStep& step) {
  if (const auto* position = std::get_if<std::int64_t>(&step)) {
    writer.integer(*position);
  } else {
    writer.text(*std::get_if<std::string>(&step));
  }
}

void append_why(etf::Writer& writer, std::string_view detail) {
  if (std::find(kBadTermAtoms.begin(), kBadTermAtoms.end(), detail) != kBadTermAtoms.end()) {
    writer.atom(detail);
    return;
  }
  if (detail.starts_with(kUnpicklable)) detail.remove_prefix(kUnpicklable.size());
  writer.tuple(2).atom("unpicklable").text(detail);
}

void append_bad_term(etf::Writer& writer, const Error& error) {
  writer.tuple(3).atom("bad_term").list(error.path.size());
  for (const PathStep& step : error.path) append_step(writer, step);
  writer.nil();
  append_why(writer, error.detail);
}

void append_numbers(etf::Writer& writer, std::string_view tag, const Error& error) {
  writer.tuple(3).atom(tag).unsigned_integer(error.n).unsigned_integer(error.max);
}

void append_detail(etf::Writer& writer, std::string_view tag, const Error& error) {
  writer.tuple(2).atom(tag).text(error.detail);
}

}  // namespace

void append_error_term(etf::Writer writer, const Error& error) {
  switch (error.code) {
    case Errc::bad_frame:
      return append_detail(writer, "bad_frame", error);
    case Errc::bad_etf:
      return append_detail(writer, "bad_etf", error);
    case Errc::unknown_op:
      writer.tuple(2).atom("unknown_op").unsigned_integer(error.n);
      return;
    case Errc::protocol_mismatch:
      return append_numbers(writer, "protocol_mismatch", error);
    case Errc::frame_too_large:
      return append_numbers(writer, "frame_too_large", error);
    case Errc::bad_config:
      return append_detail(writer, "bad_config", error);
    case Errc::bad_key:
      writer.atom("bad_key");
      return;
    case Errc::bad_term:
      return append_bad_term(writer, error);
    case Errc::gone:
      writer.atom("gone");
      return;
    case Errc::exists:
      writer.atom("exists");
      return;
    case Errc::table_full:
      return append_detail(writer, "table_full", error);
    case Errc::corrupt:
      return append_detail(writer, "corrupt", error);
    case Errc::busy:
      writer.atom("busy");
      return;
    case Errc::no_namespace:
      writer.atom("no_namespace");
      return;
    case Errc::overloaded:
      writer.atom("overloaded");
      return;
    case Errc::cancelled:
      writer.atom("cancelled");
      return;
    case Errc::shutting_down:
      writer.atom("shutting_down");
      return;
  }
}

}  // namespace pyport::protocol
