#include "protocol/request.h"

#include <algorithm>
#include <optional>
#include <string>

#include "etf/reader.h"
#include "etf/validate.h"

namespace pyport::protocol {
namespace {

using etf::Reader;
using etf::Type;

bool read_handle(Reader& reader, HandleBits& handle) {
  ByteSpan bytes;
  if (!reader.binary(bytes) || bytes.size() != handle.size()) return false;
  std::copy(bytes.begin(), bytes.end(), handle.begin());
  return true;
}

bool read_key(Reader& reader, KeyView& key) {
  std::int64_t number = 0;
  if (reader.int64(number)) return key = number, true;
  ByteSpan bytes;
  if (reader.binary(bytes)) return key = bytes, true;
  return false;
}

bool read_namespace(Reader& reader, NamespaceId& ns) {
  return reader.uint64(ns) && ns >= 1 && ns <= kMostNamespace;
}

bool read_name(Reader& reader, NamedTerms& named) {
  std::string_view text;
  if (reader.text(text)) return true;
  if (reader.type() != Type::atom) return false;
  named.has_atoms = true;
  return reader.skip();
}

bool read_named(Reader& reader, NamedTerms& named) {
  Reader inside = reader;
  std::size_t pairs = 0;
  if (!inside.map(pairs)) return false;
  for (std::size_t i = 0; i < pairs; ++i) {
    if (!read_name(inside, named) || !inside.skip()) return false;
  }
  return reader.term(named.term);
}

bool read_proper_list(Reader& reader, ByteSpan& term) {
  std::size_t count = 0;
  return reader.list_size(count) && reader.term(term);
}

template <class T, class Read>
bool read_list(Reader& reader, std::vector<T>& items, Read read) {
  return reader.list([&](Reader& element) {
    T item{};
    if (!read(element, item)) return false;
    items.push_back(item);
    return true;
  });
}

bool read_path(Reader& reader, std::string_view& text) {
  return reader.text(text) && text.find('\0') == std::string_view::npos;
}

Error bad_frame(Op op, std::string_view what) {
  return make_error(Errc::bad_frame, std::string(op_name(op)).append(": ").append(what));
}

// `good` tells whether the shape was right; then the whole body has been read.
template <class T>
Result<Request> shaped(bool good, T request, Op op, std::string_view shape) {
  if (!good) return bad_frame(op, std::string("body is not ").append(shape));
  return Request(std::move(request));
}

bool read_flag(Reader& reader, bool& flag) {
  std::uint64_t number = 0;
  const bool good = reader.uint64(number) && number <= 1;
  flag = number == 1;
  return good;
}

bool read_options(Reader& reader, DictOptions& options) {
  return reader.tuple_of(3) && reader.uint64(options.ttl_ms) && read_flag(reader, options.idle) &&
         reader.uint64(options.max_value_bytes);
}

Result<Request> decode_new(Op op, Reader reader) {
  New request;
  const bool bare = reader.type() == Type::binary;
  const bool good = bare ? read_handle(reader, request.handle)
                         : reader.tuple_of(2) && read_handle(reader, request.handle) &&
                               read_options(reader, request.options);
  return shaped(good, request, op, "a Handle or {Handle, {Ttl, Idle, MaxValueBytes}}");
}

Result<Request> decode_open(Op op, Reader reader) {
  Open request;
  const bool good = reader.tuple_of(4) && reader.text(request.name) && read_flag(reader, request.create) &&
                    read_handle(reader, request.fresh) && read_options(reader, request.options);
  return shaped(good, request, op, "{Name, Create, Handle, {Ttl, Idle, MaxValueBytes}}");
}

Result<Request> decode_remove_name(Op op, Reader reader) {
  RemoveName request;
  return shaped(reader.text(request.name), request, op, "a name: a UTF-8 binary");
}

// KEYS, STAT, ITEMS, CLEAR.
template <class T>
Result<Request> decode_handle(Op op, Reader reader) {
  T request;
  const bool good = read_handle(reader, request.handle);
  return shaped(good, request, op, "a Handle");
}

Result<Request> decode_destroy(Op op, Reader reader) {
  Destroy request;
  const bool good = read_list(reader, request.handles, read_handle);
  return shaped(good, std::move(request), op, "a list of Handle");
}

// GET, DEL, TAKE and IS_KEY. A handle that is right before a key that is not gives bad_key.
template <class T>
Result<Request> decode_at_key(Op op, Reader reader) {
  T request;
  const bool shape = reader.tuple_of(2) && read_handle(reader, request.handle);
  if (shape && !read_key(reader, request.key)) return make_error(Errc::bad_key);
  return shaped(shape, request, op, "{Handle, Key}");
}

Result<Request> decode_put_if(Op op, Reader reader) {
  PutIf request;
  std::size_t arity = 0;
  const bool shape = reader.tuple(arity) && (arity == 4 || arity == 5) && read_handle(reader, request.handle);
  if (shape && !read_key(reader, request.key)) return make_error(Errc::bad_key);
  const bool good = shape && reader.term(request.value) && reader.uint64(request.stamp) &&
                    (arity == 4 || reader.uint64(request.ttl_ms.emplace()));
  return shaped(good, request, op, "{Handle, Key, Value, Stamp} or {Handle, Key, Value, Stamp, Ttl}");
}

Result<Request> decode_del_if(Op op, Reader reader) {
  DelIf request;
  const bool shape = reader.tuple_of(3) && read_handle(reader, request.handle);
  if (shape && !read_key(reader, request.key)) return make_error(Errc::bad_key);
  return shaped(shape && reader.uint64(request.stamp), request, op, "{Handle, Key, Stamp}");
}

Result<Request> decode_number(Op op, Reader reader) {
  Number request;
  std::uint64_t operation = 0;
  const bool shape = reader.tuple_of(5) && read_handle(reader, request.handle);
  if (shape && !read_key(reader, request.key)) return make_error(Errc::bad_key);
  const bool good = shape && reader.uint64(operation) &&
                    operation <= static_cast<std::uint64_t>(NumberOp::compare_and_swap) &&
                    reader.int64(request.operand) && reader.int64(request.expected);
  request.operation = static_cast<NumberOp>(operation);
  return shaped(good, request, op, "{Handle, Key, Operation, Operand, Expected}");
}

Result<Request> decode_set(Op op, Reader reader) {
  Set request;
  std::size_t arity = 0;
  const bool shape = reader.tuple(arity) && (arity == 3 || arity == 4) && read_handle(reader, request.handle);
  if (shape && !read_key(reader, request.key)) return make_error(Errc::bad_key);
  const bool good =
      shape && reader.term(request.value) && (arity == 3 || reader.uint64(request.ttl_ms.emplace()));
  return shaped(good, request, op, "{Handle, Key, Value} or {Handle, Key, Value, Ttl}");
}

// GET_MANY and DEL_MANY.
template <class T>
Result<Request> decode_keys(Op op, Reader reader) {
  T request;
  std::size_t count = 0;
  const bool shape = reader.tuple_of(2) && read_handle(reader, request.handle) && reader.list_size(count);
  if (shape && !read_list(reader, request.keys, read_key)) return make_error(Errc::bad_key);
  return shaped(shape, std::move(request), op, "{Handle, [Key]}");
}

Result<Request> decode_set_many(Op op, Reader reader) {
  SetMany request;
  bool keys = true;
  const auto read_pair = [&](Reader& element, KeyValue& pair) {
    if (!element.tuple_of(2)) return false;
    keys = keys && read_key(element, pair.key);
    return keys && element.term(pair.value);
  };
  const bool shape = reader.tuple_of(2) && read_handle(reader, request.handle) &&
                     read_list(reader, request.pairs, read_pair);
  if (!keys) return make_error(Errc::bad_key);
  return shaped(shape, std::move(request), op, "{Handle, [{Key, Value}]}");
}

// One element is a key alone: it goes. `keys` becomes false where a key is none.
bool read_change(Reader& element, ChangedKey& change, bool& keys) {
  if (element.type() != Type::tuple) return keys = keys && read_key(element, change.key);
  if (!element.tuple_of(2)) return false;
  keys = keys && read_key(element, change.key);
  return keys && element.term(change.value.emplace());
}

Result<Request> decode_transact(Op op, Reader reader) {
  Transact request;
  bool keys = true;
  const auto read_stamp = [](Reader& element, Stamp& stamp) { return element.uint64(stamp); };
  const auto read_read = [&](Reader& element, KeyStamp& read) {
    if (!element.tuple_of(2)) return false;
    keys = keys && read_key(element, read.key);
    return keys && element.uint64(read.stamp);
  };
  const bool shape =
      reader.tuple_of(4) && read_handle(reader, request.handle) &&
      read_list(reader, request.read, read_read) && read_list(reader, request.all, read_stamp) &&
      read_list(reader, request.changes,
                [&](Reader& element, ChangedKey& change) { return read_change(element, change, keys); });
  if (!keys) return make_error(Errc::bad_key);
  return shaped(shape, std::move(request), op, "{Handle, [{Key, Stamp}], [Stamp], [{Key, Value} | Key]}");
}

Result<Request> decode_put_begin(Op op, Reader reader) {
  PutBegin request;
  std::uint64_t form = 0;
  std::size_t arity = 0;
  const bool good = reader.tuple(arity) && (arity == 2 || arity == 3) && reader.uint64(request.size) &&
                    reader.uint64(form) && form <= static_cast<std::uint64_t>(PutForm::term) &&
                    (arity == 2 || reader.uint64(request.ttl_ms.emplace()));
  request.form = static_cast<PutForm>(form);
  return shaped(good, request, op, "{Size, Form} or {Size, Form, Ttl}");
}

Result<Request> decode_put_part(Op op, Reader reader) {
  PutPart request;
  const bool good = reader.tuple_of(2) && reader.uint64(request.transfer) && reader.binary(request.bytes);
  return shaped(good, request, op, "{Transfer, Bytes}");
}

Result<Request> decode_put_end(Op op, Reader reader) {
  PutEnd request;
  std::size_t arity = 0;
  const bool shape = reader.tuple(arity) && (arity == 3 || arity == 4) && reader.uint64(request.transfer) &&
                     read_handle(reader, request.handle);
  if (shape && !read_key(reader, request.key)) return make_error(Errc::bad_key);
  const bool good = shape && (arity == 3 || reader.uint64(request.stamp.emplace()));
  return shaped(good, request, op, "{Transfer, Handle, Key} or {Transfer, Handle, Key, Stamp}");
}

// GET_PART, DROP_TRANSFER.
template <class T>
Result<Request> decode_transfer(Op op, Reader reader) {
  T request;
  const bool good = reader.uint64(request.transfer);
  return shaped(good, request, op, "a Transfer");
}

Result<Request> decode_call(Op op, Reader reader) {
  Call request;
  const bool good = reader.tuple_of(5) && read_namespace(reader, request.ns) && reader.text(request.module) &&
                    reader.text(request.function) && read_proper_list(reader, request.args) &&
                    read_named(reader, request.kwargs);
  return shaped(good, request, op,
                "{Ns, Module, Function, Args, Kwargs}: UTF-8 binaries, a list, a map with names as keys");
}

template <class T>
Result<Request> decode_code(Op op, Reader reader) {
  T request;
  const bool good = reader.tuple_of(3) && read_namespace(reader, request.ns) && reader.text(request.code) &&
                    read_named(reader, request.vars);
  return shaped(good, request, op, "{Ns, Code, Vars}: a UTF-8 binary, a map with names as keys");
}

Result<Request> decode_run(Op op, Reader reader) {
  Run request;
  const bool good = reader.tuple_of(3) && read_namespace(reader, request.ns) &&
                    read_path(reader, request.file) && read_list(reader, request.argv, read_path);
  return shaped(good, std::move(request), op, "{Ns, File, Argv}: UTF-8 binaries without zeros");
}

Result<Request> decode_cancel(Op op, Reader reader) {
  std::uint64_t id = 0;
  const bool good = reader.uint64(id) && id <= UINT32_MAX;
  return shaped(good, Cancel{static_cast<RequestId>(id)}, op, "a request id");
}

template <class T>
Result<Request> decode_namespaces(Op op, Reader reader) {
  T request;
  const bool good = read_list(reader, request.ids, read_namespace);
  return shaped(good, std::move(request), op, "a list of Ns");
}

Result<Request> decode_log_credit(Op op, Reader reader) {
  LogCredit request;
  const bool good = reader.uint64(request.count) && request.count >= 1;
  return shaped(good, request, op, "a positive integer");
}

Result<Request> decode_hello_request(ByteSpan body) {
  Result<Hello> hello = decode_hello(body);
  if (!hello) return std::move(hello).error();
  return Request(*std::move(hello));
}

// The request of an operation without a body.
std::optional<Request> bare(Op op) {
  switch (op) {
    case Op::ping:
      return Ping{};
    case Op::info:
      return Info{};
    case Op::names:
      return NamesOfDicts{};
    case Op::dicts:
      return Dicts{};
    case Op::sweep:
      return Sweep{};
    default:
      return std::nullopt;
  }
}

bool is_request(Op op) { return op_name(op) != "?" && op < Op::ok; }

Result<Request> decode_body(Op op, ByteSpan body) {
  const Reader reader(body);
  switch (op) {
    case Op::hello:
      return decode_hello_request(body);
    case Op::create:
      return decode_new(op, reader);
    case Op::destroy:
      return decode_destroy(op, reader);
    case Op::get:
      return decode_at_key<Get>(op, reader);
    case Op::set:
      return decode_set(op, reader);
    case Op::del:
      return decode_at_key<Del>(op, reader);
    case Op::keys:
      return decode_handle<Keys>(op, reader);
    case Op::stat:
      return decode_handle<Stat>(op, reader);
    case Op::get_many:
      return decode_keys<GetMany>(op, reader);
    case Op::set_many:
      return decode_set_many(op, reader);
    case Op::del_many:
      return decode_keys<DelMany>(op, reader);
    case Op::items:
      return decode_handle<Items>(op, reader);
    case Op::put_begin:
      return decode_put_begin(op, reader);
    case Op::put_part:
      return decode_put_part(op, reader);
    case Op::put_end:
      return decode_put_end(op, reader);
    case Op::get_part:
      return decode_transfer<GetPart>(op, reader);
    case Op::drop_transfer:
      return decode_transfer<DropTransfer>(op, reader);
    case Op::put_if:
      return decode_put_if(op, reader);
    case Op::take:
      return decode_at_key<Take>(op, reader);
    case Op::clear:
      return decode_handle<Clear>(op, reader);
    case Op::is_key:
      return decode_at_key<IsKey>(op, reader);
    case Op::del_if:
      return decode_del_if(op, reader);
    case Op::number:
      return decode_number(op, reader);
    case Op::transact:
      return decode_transact(op, reader);
    case Op::open:
      return decode_open(op, reader);
    case Op::remove_name:
      return decode_remove_name(op, reader);
    case Op::subscribe:
      return decode_handle<Subscribe>(op, reader);
    case Op::unsubscribe:
      return decode_handle<Unsubscribe>(op, reader);
    case Op::changes_seen:
      return decode_handle<ChangesSeen>(op, reader);
    case Op::call:
      return decode_call(op, reader);
    case Op::eval:
      return decode_code<Eval>(op, reader);
    case Op::exec:
      return decode_code<Exec>(op, reader);
    case Op::run:
      return decode_run(op, reader);
    case Op::cancel:
      return decode_cancel(op, reader);
    case Op::ns_new:
      return decode_namespaces<NsNew>(op, reader);
    case Op::ns_drop:
      return decode_namespaces<NsDrop>(op, reader);
    default:
      return decode_log_credit(op, reader);
  }
}

}  // namespace

Result<Request> decode_request(const Header& header, ByteSpan body) {
  const Op op = header.op;
  if (!is_request(op)) {
    Error error = make_error(Errc::unknown_op);
    error.n = static_cast<std::uint8_t>(op);
    return error;
  }
  if ((header.flags & ~allowed_flags(op)) != 0) return bad_frame(op, "unknown flags");
  if (std::optional<Request> request = bare(op)) {
    if (!body.empty()) return bad_frame(op, "has a body");
    return *std::move(request);
  }
  if (body.empty()) return bad_frame(op, "has no body");
  if (Status good = etf::validate(body); !good) return std::move(good).error();
  return decode_body(op, body);
}

}  // namespace pyport::protocol
