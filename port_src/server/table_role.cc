#include "server/table_role.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "etf/tags.h"
#include "etf/writer.h"
#include "server/conversions.h"
#include "server/table_many.h"
#include "value/numbers.h"
#include "value/stored.h"

namespace pyport::server {
namespace {

table::Handle handle_of(const protocol::HandleBits& bits) { return table::Handle{bits}; }

// Larger binaries travel in parts of this size, if the caller is ready for that: so what others ask for has
// little to wait for.
constexpr std::size_t kMostWhole = std::size_t{1} << 20;
constexpr std::size_t kPart = std::size_t{1} << 17;
constexpr std::size_t kBinaryHeader = 5;

// How many times as large as a stored value its term may be beyond a frame. A few bytes of a pickle that
// names things by numbers can stand for any number of bytes.
constexpr std::size_t kMostTimes = 16;

// No node fails to read such a term. Others may have an atom that it does not know, which a function of our
// Python module makes.
bool surely_read(const value::StoredView& stored) {
  static constexpr std::string_view kModule = "_erlang";
  return stored.plain && as_text(stored.pickle).find(kModule) == std::string_view::npos;
}

constexpr std::uint64_t kMillisecond = 1'000'000;

std::uint64_t nanoseconds(std::uint64_t milliseconds) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / kMillisecond;
  return std::min(milliseconds, kMost) * kMillisecond;
}

std::optional<std::uint64_t> nanoseconds(const protocol::Ttl& ttl_ms) {
  if (!ttl_ms) return std::nullopt;
  return nanoseconds(*ttl_ms);
}

table::NewDict new_dict(const protocol::DictOptions& options) {
  table::NewDict wanted;
  wanted.ttl = nanoseconds(options.ttl_ms);
  wanted.idle = options.idle;
  wanted.max_value_bytes = options.max_value_bytes;
  return wanted;
}

void set_ttl(table::NewBlob& blob, const protocol::Ttl& ttl_ms) {
  if (ttl_ms) blob.live_for(nanoseconds(*ttl_ms));
}

protocol::StatReply reply_of(const table::DictStats& stats) {
  constexpr std::uint64_t kSecond = 1000 * kMillisecond;
  protocol::StatReply reply;
  reply.keys = stats.keys;
  reply.bytes = stats.bytes;
  reply.pinned = stats.pinned;
  reply.created = stats.created / kSecond;
  reply.last_use = stats.last_use / kSecond;
  reply.ttl_ms = stats.ttl / kMillisecond;
  reply.idle = stats.idle;
  reply.max_value_bytes = stats.max_value_bytes;
  reply.owner = name_of(stats.owner);
  reply.name = stats.name;
  return reply;
}

table::CellOp cell_op(protocol::NumberOp operation) {
  using protocol::NumberOp;
  switch (operation) {
    case NumberOp::add:
      return table::CellOp::add;
    case NumberOp::sub:
      return table::CellOp::sub;
    case NumberOp::bor:
      return table::CellOp::bor;
    case NumberOp::bxor:
      return table::CellOp::bxor;
    case NumberOp::band:
      return table::CellOp::band;
    case NumberOp::swap:
      return table::CellOp::swap;
    case NumberOp::compare_and_swap:
      break;
  }
  return table::CellOp::compare_and_swap;
}

value::LargeValue::Form form_of(protocol::PutForm form) {
  using Form = value::LargeValue::Form;
  switch (form) {
    case protocol::PutForm::text_or_bytes:
      return Form::text_or_bytes;
    case protocol::PutForm::bytes:
      return Form::bytes;
    case protocol::PutForm::term:
      break;
  }
  return Form::term;
}

protocol::TableInfoReply reply_of(const table::TableStats& stats) {
  protocol::TableInfoReply info;
  info.dicts = stats.dicts;
  info.keys = stats.keys;
  info.bytes = stats.bytes;
  info.used = stats.used;
  info.free = stats.free;
  info.pinned = stats.pinned;
  info.repairs = stats.repairs;
  info.processes = stats.processes;
  info.file_bytes = stats.file_bytes;
  return info;
}

}  // namespace

struct TableRole::Visitor {
  TableRole& self;
  Answer& answer;

  Status operator()(const protocol::Ping&) {
    self.transfers_.drop_idle(Transfers::Clock::now());
    return answer.ok();
  }

  Status operator()(const protocol::Info&) {
    protocol::TableInfoReply info = reply_of(self.table_.stats());
    info.max_bytes = self.max_table_bytes_;
    info.os_pid = static_cast<std::uint64_t>(getpid());
    info.uptime_ms = self.uptime_.milliseconds();
    if (answer.wanted()) protocol::append_info(answer.out, answer.header.id, info, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::New& request) {
    if (Status good = self.table_.create(handle_of(request.handle), new_dict(request.options)); !good)
      return good;
    return answer.ok();
  }

  Status operator()(const protocol::Open& request) {
    std::optional<table::NewDict> wanted;
    if (request.create) wanted = new_dict(request.options);
    const Result<table::Opened> opened = self.table_.open(request.name, wanted, handle_of(request.fresh));
    if (!opened && opened.error().code == Errc::gone) return answer.missing();
    if (!opened) return opened.error();
    if (answer.wanted())
      protocol::append_opened(answer.out, answer.header.id, opened->handle.bits, opened->is_new,
                              answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::NamesOfDicts&) {
    const Result<std::vector<table::Named>> names = self.table_.names();
    if (!names) return names.error();
    std::vector<std::pair<std::string, protocol::HandleBits>> all;
    all.reserve(names->size());
    for (const table::Named& named : *names) all.emplace_back(named.name, named.handle.bits);
    if (answer.wanted()) protocol::append_names(answer.out, answer.header.id, all, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::RemoveName& request) {
    const Result<bool> removed = self.table_.remove_name(request.name);
    if (removed && *removed) self.reaper_.wake();
    return done_or_missing(removed);
  }

  Status operator()(const protocol::Destroy& request) {
    std::vector<table::Handle> handles;
    handles.reserve(request.handles.size());
    for (const protocol::HandleBits& bits : request.handles) handles.push_back(handle_of(bits));
    if (self.table_.destroy(handles) > 0) self.reaper_.wake();
    return answer.ok();
  }

  Status operator()(const protocol::Get& request) {
    if (answer.header.stamped()) return get_stamped(request);
    Result<table::Blob> blob = self.table_.get(handle_of(request.handle), request.key);
    if (!blob) return std::move(blob).error();
    if (!*blob) return answer.missing();
    return give(*std::move(blob));
  }

  Status get_stamped(const protocol::Get& request) {
    Result<table::Stamped> found = self.table_.get_stamped(handle_of(request.handle), request.key);
    if (!found) return std::move(found).error();
    if (!found->blob) return answer.missing();
    return give(std::move(found->blob), found->stamp);
  }

  // The value in a reply, or the first of the parts in which it is to be asked for.
  Status give(table::Blob&& blob, std::optional<table::Stamp> stamp = std::nullopt) {
    if (!answer.wanted()) return ok_status();
    if (const auto content = large_content(blob)) {
      const std::size_t size = content->size();
      return in_parts(self.transfers_.begin_get(std::move(blob), *content, Transfers::Clock::now()), size,
                      false, stamp);
    }
    const value::ToEtfOptions options = converting(self.options_, answer.header);
    Status appended =
        protocol::append_value(answer.out, answer.header.id, answer.max_frame, [&](Bytes& body) {
          if (stamp) etf::Writer(body).tuple(2).unsigned_integer(*stamp);
          return value::append_value(blob, options, body);
        });
    if (appended || appended.error().code != Errc::frame_too_large || !answer.header.parts()) return appended;
    return term_in_parts(blob, options, stamp);
  }

  // The value goes when its reply is there: one that cannot be given is not lost. What the caller may not be
  // able to read, or what fits no frame, he is to get first, and to delete then.
  Status operator()(const protocol::Take& request) {
    const table::Handle handle = handle_of(request.handle);
    for (;;) {
      Result<table::Stamped> found = self.table_.get_stamped(handle, request.key);
      if (!found) return std::move(found).error();
      if (!found->blob) return answer.missing();
      if (!surely_read(value::view(found->blob))) return answer.ok();
      const bool is_child = found->blob.tag() == table::kChildTag;
      const std::size_t before = answer.out.size();
      Status given = give(std::move(found->blob));
      if (!given && given.error().code == Errc::frame_too_large) return answer.ok();
      if (!given) return given;
      const Result<bool> erased = erase_taken(handle, request.key, found->stamp, is_child);
      if (erased && *erased) return ok_status();
      answer.out.resize(before);
      if (!erased) return erased.error();
    }
  }

  // A child that is taken does not end with its key: whoever has it now may go on with it until its parent
  // ends.
  Result<bool> erase_taken(const table::Handle& handle, const table::KeyView& key, table::Stamp stamp,
                           bool is_child) {
    const table::Expect expect = table::Expect::stamped(stamp);
    if (!is_child) return self.table_.erase_if(handle, key, expect);
    const Result<table::TakenOut> taken = self.table_.take(handle, key, expect);
    if (!taken) return taken.error();
    return taken->erased;
  }

  Status operator()(const protocol::DelIf& request) {
    const table::Handle handle = handle_of(request.handle);
    const Result<table::Stamped> found = self.table_.get_stamped(handle, request.key);
    if (!found) return found.error();
    // The end of a take that was made in two steps.
    const bool is_child = found->blob && found->blob.tag() == table::kChildTag;
    return done_or_missing(erase_taken(handle, request.key, request.stamp, is_child));
  }

  Status operator()(const protocol::PutIf& request) {
    Result<table::NewBlob> blob = value::store_term(self.table_, request.value);
    if (!blob) return std::move(blob).error();
    set_ttl(*blob, request.ttl_ms);
    return done_or_missing(self.table_.put_if(handle_of(request.handle), request.key, *std::move(blob),
                                              table::Expect::stamped(request.stamp), nullptr,
                                              &value::kNumbers));
  }

  Status operator()(const protocol::Number& request) {
    const table::CellChange change{cell_op(request.operation), request.operand, request.expected};
    const Result<table::CellOutcome> outcome =
        self.table_.change_cell(handle_of(request.handle), request.key, change, value::kNumbers);
    if (!outcome) return outcome.error();
    if (outcome->result == table::CellResult::overflow) return make_error(Errc::bad_term, "overflow");
    if (outcome->result == table::CellResult::not_a_number)
      return make_error(Errc::bad_term, "not_an_integer");
    return value_of(
        [&](etf::Writer writer) { writer.tuple(2).integer(outcome->before).integer(outcome->after); });
  }

  Status operator()(const protocol::Clear& request) {
    const Result<std::uint64_t> cleared = self.table_.clear(handle_of(request.handle));
    if (!cleared) return cleared.error();
    if (*cleared > 0) self.reaper_.wake();
    return answer.ok();
  }

  Status operator()(const protocol::Subscribe& request) {
    Status watched = self.feed_.watch(handle_of(request.handle));
    return watched ? answer.ok() : watched;
  }

  Status operator()(const protocol::Unsubscribe& request) {
    self.feed_.unwatch(handle_of(request.handle));
    return answer.ok();
  }

  Status operator()(const protocol::ChangesSeen& request) {
    self.feed_.seen(handle_of(request.handle));
    return answer.ok();
  }

  Status operator()(const protocol::IsKey& request) {
    return done_or_missing(self.table_.contains(handle_of(request.handle), request.key));
  }

  Status done_or_missing(const Result<bool>& done) {
    if (!done) return done.error();
    return *done ? answer.ok() : answer.missing();
  }

  // The bytes of a binary that is to travel in parts.
  std::optional<ByteSpan> large_content(const table::Blob& blob) const {
    if (!answer.header.parts() || blob.size() <= self.whole_bytes_) return std::nullopt;
    const value::StoredView stored = value::view(blob);
    return stored.plain ? value::content_of(stored.pickle) : std::nullopt;
  }

  Status term_in_parts(const table::Blob& blob, value::ToEtfOptions options,
                       std::optional<table::Stamp> stamp) {
    options.max_bytes += kMostTimes * blob.size();
    Bytes term{etf::kVersion};
    if (Status appended = value::append_value(blob, options, term); !appended) {
      Error error = std::move(appended).error();
      error.max = options.max_bytes;
      return error;
    }
    const std::size_t size = term.size();
    return in_parts(self.transfers_.begin_get(std::move(term), Transfers::Clock::now()), size, true, stamp);
  }

  Status in_parts(const Result<TransferId>& transfer, std::size_t size, bool term,
                  std::optional<table::Stamp> stamp) {
    if (!transfer) return transfer.error();
    protocol::append_parts(answer.out, answer.header.id, {*transfer, size, term, stamp});
    return ok_status();
  }

  Status operator()(const protocol::GetPart& request) {
    const Result<ByteSpan> part =
        self.transfers_.next(request.transfer, self.part_bytes_, Transfers::Clock::now());
    if (!part) return part.error();
    if (part->empty()) return answer.ok();
    return value_of([&](etf::Writer writer) { writer.binary(*part); });
  }

  Status operator()(const protocol::PutBegin& request) {
    const Result<TransferId> id = self.transfers_.begin_put(
        request.size, form_of(request.form), Transfers::Clock::now(), nanoseconds(request.ttl_ms));
    if (!id) return id.error();
    return value_of([&](etf::Writer writer) { writer.unsigned_integer(*id); });
  }

  Status operator()(const protocol::PutPart& request) {
    Status added = self.transfers_.add(request.transfer, request.bytes, Transfers::Clock::now());
    return added ? answer.ok() : added;
  }

  Status operator()(const protocol::PutEnd& request) {
    const table::Handle handle = handle_of(request.handle);
    if (request.stamp)
      return done_or_missing(self.transfers_.end_put_if(request.transfer, handle, request.key,
                                                        table::Expect::stamped(*request.stamp)));
    Status stored = self.transfers_.end_put(request.transfer, handle, request.key);
    return stored ? answer.ok() : stored;
  }

  Status operator()(const protocol::DropTransfer& request) {
    self.transfers_.drop(request.transfer);
    return answer.ok();
  }

  // A VALUE with the term that `write(etf::Writer)` writes.
  template <class Write>
  Status value_of(const Write& write) {
    if (!answer.wanted()) return ok_status();
    return protocol::append_value(answer.out, answer.header.id, answer.max_frame, [&](Bytes& body) {
      write(etf::Writer(body));
      return ok_status();
    });
  }

  Status operator()(const protocol::Set& request) {
    Result<table::NewBlob> blob = value::store_term(self.table_, request.value);
    if (!blob) return std::move(blob).error();
    set_ttl(*blob, request.ttl_ms);
    Status good = self.table_.put(handle_of(request.handle), request.key, *std::move(blob), &value::kNumbers);
    return good ? answer.ok() : good;
  }

  Status operator()(const protocol::Del& request) {
    return done_or_missing(self.table_.erase(handle_of(request.handle), request.key));
  }

  Status operator()(const protocol::Keys& request) {
    table::Stamp stamp = 0;
    const Result<std::vector<table::Key>> keys = self.table_.keys(handle_of(request.handle), &stamp);
    if (!keys) return keys.error();
    if (!answer.wanted()) return ok_status();
    const auto asked = answer.header.stamped() ? std::optional(stamp) : std::nullopt;
    protocol::append_keys(answer.out, answer.header.id, *keys, answer.max_frame, asked);
    return ok_status();
  }

  Status operator()(const protocol::Stat& request) {
    const Result<table::DictStats> stats = self.table_.stats(handle_of(request.handle));
    if (!stats) return stats.error();
    protocol::StatReply reply = reply_of(*stats);
    if (answer.header.stamped()) reply.stamp = stats->stamp;
    if (answer.wanted()) protocol::append_stat(answer.out, answer.header.id, reply, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::GetMany& request) {
    return get_many(self.table_, request, converting(self.options_, answer.header), answer);
  }
  Status operator()(const protocol::SetMany& request) { return set_many(self.table_, request, answer); }
  Status operator()(const protocol::DelMany& request) { return del_many(self.table_, request, answer); }
  Status operator()(const protocol::Transact& request) { return transact(self.table_, request, answer); }
  Status operator()(const protocol::Items& request) {
    return items(self.table_, request, converting(self.options_, answer.header), answer);
  }

  Status operator()(const protocol::Dicts&) {
    std::vector<protocol::HandleBits> handles;
    for (const table::Handle& handle : self.table_.handles(table::DictOwner::elsewhere))
      handles.push_back(handle.bits);
    if (answer.wanted()) protocol::append_handles(answer.out, answer.header.id, handles, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::Sweep&) {
    if (self.table_.sweep() > 0) self.reaper_.wake();
    return answer.ok();
  }

  // What Python is needed for.
  template <class Other>
  Status operator()(const Other&) {
    return answer.unknown();
  }
};

TableRole::TableRole(table::Table& table, Reaper& reaper, ChangeFeed& feed, const Settings& settings)
    : table_(table),
      reaper_(reaper),
      feed_(feed),
      options_{settings.none, protocol::most_value_bytes(settings.max_frame)},
      max_table_bytes_(settings.max_table_bytes),
      whole_bytes_(std::min(kMostWhole, options_.max_bytes - kBinaryHeader)),
      part_bytes_(std::min(kPart, whole_bytes_)),
      transfers_(table) {}

Status TableRole::perform(const protocol::Request& request, Answer& answer) {
  return std::visit(Visitor{*this, answer}, request);
}

}  // namespace pyport::server
