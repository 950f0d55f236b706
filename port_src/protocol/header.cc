#include "protocol/header.h"

#include "base/version.h"

namespace pyport::protocol {

std::string_view op_name(Op op) {
  switch (op) {
    case Op::hello:
      return "HELLO";
    case Op::ping:
      return "PING";
    case Op::info:
      return "INFO";
    case Op::create:
      return "NEW";
    case Op::destroy:
      return "DESTROY";
    case Op::get:
      return "GET";
    case Op::set:
      return "SET";
    case Op::del:
      return "DEL";
    case Op::keys:
      return "KEYS";
    case Op::stat:
      return "STAT";
    case Op::dicts:
      return "DICTS";
    case Op::sweep:
      return "SWEEP";
    case Op::get_many:
      return "GET_MANY";
    case Op::set_many:
      return "SET_MANY";
    case Op::del_many:
      return "DEL_MANY";
    case Op::items:
      return "ITEMS";
    case Op::put_begin:
      return "PUT_BEGIN";
    case Op::put_part:
      return "PUT_PART";
    case Op::put_end:
      return "PUT_END";
    case Op::call:
      return "CALL";
    case Op::eval:
      return "EVAL";
    case Op::exec:
      return "EXEC";
    case Op::run:
      return "RUN";
    case Op::cancel:
      return "CANCEL";
    case Op::ns_new:
      return "NS_NEW";
    case Op::ns_drop:
      return "NS_DROP";
    case Op::log_credit:
      return "LOG_CREDIT";
    case Op::get_part:
      return "GET_PART";
    case Op::drop_transfer:
      return "DROP_TRANSFER";
    case Op::put_if:
      return "PUT_IF";
    case Op::take:
      return "TAKE";
    case Op::clear:
      return "CLEAR";
    case Op::is_key:
      return "IS_KEY";
    case Op::del_if:
      return "DEL_IF";
    case Op::number:
      return "NUMBER";
    case Op::transact:
      return "TRANSACT";
    case Op::open:
      return "OPEN";
    case Op::names:
      return "NAMES";
    case Op::remove_name:
      return "REMOVE_NAME";
    case Op::subscribe:
      return "SUBSCRIBE";
    case Op::unsubscribe:
      return "UNSUBSCRIBE";
    case Op::changes_seen:
      return "CHANGES_SEEN";
    case Op::ok:
      return "OK";
    case Op::value:
      return "VALUE";
    case Op::missing:
      return "MISSING";
    case Op::error:
      return "ERROR";
    case Op::exception:
      return "EXCEPTION";
    case Op::gone:
      return "GONE";
    case Op::parts:
      return "PARTS";
    case Op::log:
      return "LOG";
    case Op::destroyed:
      return "DESTROYED";
    case Op::cast_failed:
      return "CAST_FAILED";
    case Op::stuck:
      return "STUCK";
    case Op::changes:
      return "CHANGES";
  }
  return "?";
}

std::uint16_t allowed_flags(Op op) {
  constexpr std::uint16_t kEverywhere = kNoReply | kAny;
  switch (op) {
    case Op::get:
      return kEverywhere | kConvertFlags | kParts | kStamped;
    case Op::get_many:
    case Op::items:
      return kEverywhere | kConvertFlags | kStamped;
    case Op::keys:
    case Op::stat:
      return kEverywhere | kStamped;
    case Op::call:
    case Op::eval:
      return kEverywhere | kConvertFlags;
    default:
      return kEverywhere;
  }
}

std::optional<Header> parse_header(ByteSpan frame) {
  if (frame.size() < kHeaderSize) return std::nullopt;
  return Header{frame[0], static_cast<Op>(frame[1]), load_u16(&frame[2]), load_u32(&frame[4])};
}

void append_header(Bytes& out, Op op, RequestId id, std::uint16_t flags) {
  const std::size_t at = out.size();
  out.resize(at + kHeaderSize);
  out[at] = kProtocolVersion;
  out[at + 1] = static_cast<std::uint8_t>(op);
  out[at + 2] = static_cast<std::uint8_t>(flags >> 8);
  out[at + 3] = static_cast<std::uint8_t>(flags);
  store_u32(&out[at + 4], id);
}

}  // namespace pyport::protocol
