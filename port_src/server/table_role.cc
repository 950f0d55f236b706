#include "server/table_role.h"

#include <unistd.h>

#include <vector>

#include "server/conversions.h"
#include "server/table_many.h"
#include "value/stored.h"

namespace pyport::server {
namespace {

table::Handle handle_of(const protocol::HandleBits& bits) { return table::Handle{bits}; }

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

  Status operator()(const protocol::Ping&) { return answer.ok(); }

  Status operator()(const protocol::Info&) {
    protocol::TableInfoReply info = reply_of(self.table_.stats());
    info.max_bytes = self.max_table_bytes_;
    info.os_pid = static_cast<std::uint64_t>(getpid());
    info.uptime_ms = self.uptime_.milliseconds();
    if (answer.wanted()) protocol::append_info(answer.out, answer.header.id, info, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::New& request) {
    if (Status good = self.table_.create(handle_of(request.handle)); !good) return good;
    return answer.ok();
  }

  Status operator()(const protocol::Destroy& request) {
    std::vector<table::Handle> handles;
    handles.reserve(request.handles.size());
    for (const protocol::HandleBits& bits : request.handles) handles.push_back(handle_of(bits));
    if (self.table_.destroy(handles) > 0) self.reaper_.wake();
    return answer.ok();
  }

  Status operator()(const protocol::Get& request) {
    const Result<table::Blob> blob = self.table_.get(handle_of(request.handle), request.key);
    if (!blob) return blob.error();
    if (!*blob) return answer.missing();
    if (!answer.wanted()) return ok_status();
    const value::ToEtfOptions options = converting(self.options_, answer.header);
    return protocol::append_value(answer.out, answer.header.id, answer.max_frame,
                                  [&](Bytes& body) { return value::append_value(*blob, options, body); });
  }

  Status operator()(const protocol::Set& request) {
    Result<table::NewBlob> blob = value::store_term(self.table_, request.value);
    if (!blob) return std::move(blob).error();
    Status good = self.table_.put(handle_of(request.handle), request.key, *std::move(blob));
    return good ? answer.ok() : good;
  }

  Status operator()(const protocol::Del& request) {
    const Result<bool> erased = self.table_.erase(handle_of(request.handle), request.key);
    if (!erased) return erased.error();
    return *erased ? answer.ok() : answer.missing();
  }

  Status operator()(const protocol::Keys& request) {
    const Result<std::vector<table::Key>> keys = self.table_.keys(handle_of(request.handle));
    if (!keys) return keys.error();
    if (answer.wanted()) protocol::append_keys(answer.out, answer.header.id, *keys, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::Stat& request) {
    const Result<table::DictStats> stats = self.table_.stats(handle_of(request.handle));
    if (!stats) return stats.error();
    const protocol::StatReply reply{stats->keys, stats->bytes, stats->pinned};
    if (answer.wanted()) protocol::append_stat(answer.out, answer.header.id, reply, answer.max_frame);
    return ok_status();
  }

  Status operator()(const protocol::GetMany& request) {
    return get_many(self.table_, request, converting(self.options_, answer.header), answer);
  }
  Status operator()(const protocol::SetMany& request) { return set_many(self.table_, request, answer); }
  Status operator()(const protocol::DelMany& request) { return del_many(self.table_, request, answer); }
  Status operator()(const protocol::Items& request) {
    return items(self.table_, request, converting(self.options_, answer.header), answer);
  }

  Status operator()(const protocol::Dicts&) {
    std::vector<protocol::HandleBits> handles;
    for (const table::Handle& handle : self.table_.handles()) handles.push_back(handle.bits);
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

TableRole::TableRole(table::Table& table, Reaper& reaper, const Settings& settings)
    : table_(table),
      reaper_(reaper),
      options_{settings.none, protocol::most_value_bytes(settings.max_frame)},
      max_table_bytes_(settings.max_table_bytes) {}

Status TableRole::perform(const protocol::Request& request, Answer& answer) {
  return std::visit(Visitor{*this, answer}, request);
}

}  // namespace pyport::server
