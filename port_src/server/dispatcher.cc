#include "server/dispatcher.h"

#include <unistd.h>

#include <new>
#include <string>
#include <utility>

#include "protocol/event.h"
#include "server/job_maker.h"
#include "value/stored.h"

namespace pyport::server {
namespace {

using protocol::Header;
using protocol::Op;

table::Handle handle_of(const protocol::HandleBits& bits) { return table::Handle{bits}; }

bool wants_reply(const Header& header) {
  return !header.no_reply() && header.op != Op::cancel && header.op != Op::log_credit;
}

protocol::NamespaceId namespace_of(const protocol::Request& request) {
  return std::visit(
      [](const auto& what) -> protocol::NamespaceId {
        if constexpr (requires { what.ns; }) {
          return what.ns;
        } else {
          return 0;
        }
      },
      request);
}

protocol::InterpreterReply reply_of(const python::InterpreterInfo& info) {
  return {info.id, info.jobs_done, info.jobs_waiting, info.busy, info.busy_us, info.namespaces};
}

}  // namespace

// Performs one request. Each operator() appends the reply of a success, unless none is wanted, and
// returns failures.
struct Dispatcher::Visitor {
  Dispatcher& self;
  const Header& header;
  Bytes& out;

  bool wanted() const { return wants_reply(header); }

  Status ok() {
    if (wanted()) protocol::append_ok(out, header.id);
    return ok_status();
  }

  Status missing() {
    if (wanted()) protocol::append_missing(out, header.id);
    return ok_status();
  }

  Status operator()(const protocol::Hello&) { return make_error(Errc::bad_frame, "HELLO: only once"); }

  Status operator()(const protocol::Ping&) { return ok(); }

  Status operator()(const protocol::Info&) {
    const table::TableStats stats = self.table_.stats();
    const auto up = std::chrono::steady_clock::now() - self.started_;
    protocol::InfoReply info;
    info.dicts = stats.dicts;
    info.keys = stats.keys;
    info.bytes = stats.bytes;
    info.os_pid = static_cast<std::uint64_t>(getpid());
    info.uptime_ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(up).count());
    for (const python::InterpreterInfo& interpreter : self.jobs_.info()) {
      info.namespaces += interpreter.namespaces;
      info.interpreters.push_back(reply_of(interpreter));
    }
    if (wanted()) protocol::append_info(out, header.id, info, self.max_frame_);
    return ok_status();
  }

  Status operator()(const protocol::New& request) {
    if (Status good = self.table_.create(handle_of(request.handle)); !good) return good;
    return ok();
  }

  Status operator()(const protocol::Destroy& request) {
    std::vector<table::Handle> handles;
    handles.reserve(request.handles.size());
    for (const protocol::HandleBits& bits : request.handles) handles.push_back(handle_of(bits));
    self.table_.destroy(handles);
    return ok();
  }

  Status operator()(const protocol::Get& request) {
    const Result<table::Blob> blob = self.table_.get(handle_of(request.handle), request.key);
    if (!blob) return blob.error();
    if (!*blob) return missing();
    if (!wanted()) return ok_status();
    return protocol::append_value(out, header.id, self.max_frame_, [&](Bytes& body) {
      return value::append_value(*blob, self.options_, body);
    });
  }

  Status operator()(const protocol::Set& request) {
    Result<table::Blob> blob = value::store_term(self.table_, request.value);
    if (!blob) return std::move(blob).error();
    if (Status good = self.table_.put(handle_of(request.handle), request.key, *std::move(blob)); !good)
      return good;
    return ok();
  }

  Status operator()(const protocol::Del& request) {
    const Result<bool> erased = self.table_.erase(handle_of(request.handle), request.key);
    if (!erased) return erased.error();
    return *erased ? ok() : missing();
  }

  Status operator()(const protocol::Keys& request) {
    const Result<std::vector<table::Key>> keys = self.table_.keys(handle_of(request.handle));
    if (!keys) return keys.error();
    if (wanted()) protocol::append_keys(out, header.id, *keys, self.max_frame_);
    return ok_status();
  }

  // CALL, EVAL, EXEC, RUN: the sink replies when Python is done.
  template <class JobRequest>
  Status operator()(const JobRequest& request) requires requires {
    request.ns;
  }
  {
    Result<python::Job> job = make_job(header, request);
    if (!job) return std::move(job).error();
    return self.jobs_.submit(*std::move(job));
  }

  Status operator()(const protocol::Cancel& request) {
    self.jobs_.cancel(request.id);
    return ok();
  }

  Status operator()(const protocol::NsNew& request) {
    self.jobs_.make_namespaces(request.ids);
    return ok();
  }

  Status operator()(const protocol::NsDrop& request) {
    self.jobs_.drop_namespaces(request.ids);
    return ok();
  }

  Status operator()(const protocol::LogCredit& request) {
    self.sink_.add_log_credit(request.count);
    return ok();
  }
};

Dispatcher::Dispatcher(table::Table& table, Jobs& jobs, ReplySink& sink, const Settings& settings)
    : table_(table),
      jobs_(jobs),
      sink_(sink),
      options_{settings.none, protocol::most_value_bytes(settings.max_frame)},
      max_frame_(settings.max_frame) {}

void Dispatcher::handle(const Header& header, ByteSpan body, Bytes& out) {
  const std::size_t start = out.size();
  protocol::NamespaceId ns = 0;
  Status status = ok_status();
  try {
    const Result<protocol::Request> request = protocol::decode_request(header, body);
    if (request) {
      ns = namespace_of(*request);
      status = std::visit(Visitor{*this, header, out}, *request);
    } else {
      status = request.error();
    }
  } catch (const std::bad_alloc&) {
    status = make_error(Errc::table_full, "memory");
  }
  if (status) return;
  out.resize(start);
  if (wants_reply(header)) {
    protocol::append_error(out, header.id, status.error(), max_frame_);
  } else {
    protocol::append_cast_failed(out, ns, status.error(), max_frame_);
  }
}

}  // namespace pyport::server
