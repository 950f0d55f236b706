#include "server/table_many.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "etf/writer.h"
#include "table/snapshot.h"
#include "value/numbers.h"
#include "value/stored.h"

namespace pyport::server {
namespace {

PathStep step_of(const table::KeyView& key) {
  if (const auto* number = std::get_if<std::int64_t>(&key)) return *number;
  return std::string(as_text(*std::get_if<ByteSpan>(&key)));
}

// The error of one of several values: what is wrong with it is below its key.
Error at_key(Error error, const table::KeyView& key) {
  if (error.code == Errc::bad_term) error.path.insert(error.path.begin(), step_of(key));
  return error;
}

// Appends the value's term to `body`, within what the whole reply may have.
Status append_one(const table::Snapshot& all, std::size_t i, const value::ToEtfOptions& options,
                  std::size_t start, Bytes& body) {
  const std::size_t so_far = body.size() - start;
  value::ToEtfOptions rest = options;
  rest.max_bytes = options.max_bytes > so_far ? options.max_bytes - so_far : 0;
  Status appended = value::append_value(value::view(all.tag(i), all.bytes(i)), rest, body);
  if (appended || appended.error().code != Errc::frame_too_large) return appended;
  Error error = std::move(appended).error();
  error.n += so_far;
  return error;
}

void append_key(etf::Writer& writer, const table::Key& key) {
  if (const auto* number = std::get_if<std::int64_t>(&key)) {
    writer.integer(*number);
  } else {
    writer.text(*std::get_if<std::string>(&key));
  }
}

// A VALUE with a list that has an element for each value of `all`, behind `stamp` if there is one. `begin(i,
// writer)` begins the i-th, which ends with the value if there is one, and returns its key.
template <class Begin>
Status list_of(const table::Snapshot& all, std::optional<table::Stamp> stamp,
               const value::ToEtfOptions& options, Answer& answer, const Begin& begin) {
  return protocol::append_value(answer.out, answer.header.id, answer.max_frame, [&](Bytes& body) -> Status {
    const std::size_t start = body.size();
    etf::Writer writer(body);
    if (stamp) writer.tuple(2).unsigned_integer(*stamp);
    writer.list(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const table::KeyView key = begin(i, writer);
      if (!all.has(i)) continue;
      if (Status added = append_one(all, i, options, start, body); !added)
        return at_key(std::move(added).error(), key);
    }
    writer.nil();
    return ok_status();
  });
}

}  // namespace

Status get_many(const table::Table& table, const protocol::GetMany& request,
                const value::ToEtfOptions& options, Answer& answer) {
  const Result<table::Snapshot> all = table.get_many(table::Handle{request.handle}, request.keys);
  if (!all) return all.error();
  if (!answer.wanted()) return ok_status();
  const bool stamped = answer.header.stamped();
  return list_of(*all, std::nullopt, options, answer, [&](std::size_t i, etf::Writer& writer) {
    writer.tuple(all->has(i) ? (stamped ? 2 : 1) : 0);
    if (all->has(i) && stamped) writer.unsigned_integer(all->stamp(i));
    return request.keys[i];
  });
}

Status set_many(table::Table& table, const protocol::SetMany& request, Answer& answer) {
  std::vector<table::KeyChange> changes;
  changes.reserve(request.pairs.size());
  for (const protocol::KeyValue& pair : request.pairs) {
    Result<table::NewBlob> blob = value::store_term(table, pair.value);
    if (!blob) return at_key(std::move(blob).error(), pair.key);
    changes.push_back({pair.key, *std::move(blob)});
  }
  const Result<std::uint64_t> changed =
      table.change_all(table::Handle{request.handle}, changes, &value::kNumbers);
  if (!changed) return changed.error();
  return answer.ok();
}

Status del_many(table::Table& table, const protocol::DelMany& request, Answer& answer) {
  std::vector<table::KeyChange> changes(request.keys.size());
  for (std::size_t i = 0; i < changes.size(); ++i) changes[i].key = request.keys[i];
  const Result<std::uint64_t> changed = table.change_all(table::Handle{request.handle}, changes);
  if (!changed) return changed.error();
  return answer.ok();
}

Status transact(table::Table& table, const protocol::Transact& request, Answer& answer) {
  std::vector<table::KeyRead> read;
  read.reserve(request.read.size());
  for (const protocol::KeyStamp& one : request.read) read.push_back({one.key, one.stamp});
  std::vector<table::KeyChange> changes;
  changes.reserve(request.changes.size());
  for (const protocol::ChangedKey& change : request.changes) {
    changes.push_back({change.key, {}});
    if (!change.value) continue;
    Result<table::NewBlob> blob = value::store_term(table, *change.value);
    if (!blob) return at_key(std::move(blob).error(), change.key);
    changes.back().blob = *std::move(blob);
  }
  const Result<table::Committed> committed =
      table.commit(table::Handle{request.handle}, {read, request.all}, changes, &value::kNumbers);
  if (!committed) return committed.error();
  if (!committed->broken) return answer.ok();
  if (!answer.wanted()) return ok_status();
  const std::size_t broken = *committed->broken == read.size() ? 0 : *committed->broken + 1;
  return protocol::append_value(answer.out, answer.header.id, answer.max_frame, [&](Bytes& body) {
    etf::Writer(body).unsigned_integer(broken);
    return ok_status();
  });
}

Status items(const table::Table& table, const protocol::Items& request, const value::ToEtfOptions& options,
             Answer& answer) {
  const Result<table::Snapshot> all = table.items(table::Handle{request.handle});
  if (!all) return all.error();
  if (!answer.wanted()) return ok_status();
  const auto stamp = answer.header.stamped() ? std::optional(all->stamp_of_all()) : std::nullopt;
  return list_of(*all, stamp, options, answer, [&](std::size_t i, etf::Writer& writer) {
    writer.tuple(2);
    append_key(writer, all->keys()[i]);
    return table::view_of(all->keys()[i]);
  });
}

}  // namespace pyport::server
