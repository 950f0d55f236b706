// One Runtime for the whole test process (it cannot be started twice), with a sink that records.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "python/runtime.h"

namespace pyport::python::testing {

inline constexpr std::chrono::seconds kHang{120};  // a limit for hangs, not a timing

class RecordingSink : public Sink {
  template <class Change>
  void change(Change&& what) {
    {
      const std::lock_guard lock(mutex_);
      what();
    }
    changed_.notify_all();
  }
  template <class Read>
  auto locked(Read&& read) {
    const std::lock_guard lock(mutex_);
    return read();
  }
  [[noreturn]] static void hang(const char* what) {
    std::fprintf(stderr, "no %s within the limit\n", what);
    std::_Exit(1);
  }

 public:
  void done(const Job& job, Outcome outcome) override {
    change([&] {
      ++done_count_[job.id];
      outcomes_.insert_or_assign(job.id, std::move(outcome));
    });
  }
  void destroyed(const table::Handle& handle) override {
    change([&] { destroyed_.push_back(handle); });
  }
  void log(LogRecord record) override {
    change([&] { logs_.push_back(std::move(record)); });
  }
  void stuck(RequestId id) override {
    change([&] { stuck_.push_back(id); });
  }

  bool is_done(RequestId id) {
    return locked([&] { return outcomes_.contains(id); });
  }
  int done_count(RequestId id) {
    return locked([&] { return done_count_[id]; });
  }
  std::vector<table::Handle> destroyed() {
    return locked([&] { return destroyed_; });
  }

  int stuck_count(RequestId id) {
    return locked([&] { return static_cast<int>(std::count(stuck_.begin(), stuck_.end(), id)); });
  }
  void wait_stuck(RequestId id) {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return std::count(stuck_.begin(), stuck_.end(), id) > 0; };
    if (!changed_.wait_for(lock, kHang, there)) hang("stuck job");
  }

  Outcome wait(RequestId id) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kHang, [&] { return outcomes_.contains(id); })) hang("job");
    return outcomes_.at(id);
  }

  // The first log record that fits.
  LogRecord wait_log(const std::function<bool(const LogRecord&)>& fits) {
    std::unique_lock lock(mutex_);
    const LogRecord* found = nullptr;
    const auto there = [&] {
      for (const LogRecord& record : logs_) {
        if (found == nullptr && fits(record)) found = &record;
      }
      return found != nullptr;
    };
    if (!changed_.wait_for(lock, kHang, there)) hang("log record");
    return *found;
  }
  std::vector<LogRecord> logs() {
    return locked([&] { return logs_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<RequestId, Outcome> outcomes_;
  std::map<RequestId, int> done_count_;
  std::vector<table::Handle> destroyed_;
  std::vector<RequestId> stuck_;
  std::vector<LogRecord> logs_;
};

struct Port {
  std::unique_ptr<table::Table> owned = *table::Table::anonymous();
  table::Table& table = *owned;
  RecordingSink sink;
  std::unique_ptr<Runtime> runtime;
  RequestId last_id = 0;
  NamespaceId last_ns = 0;
  std::uint8_t last_handle = 0;
};

inline constexpr std::size_t kInterpreters = 4;
inline constexpr const char* kNode = "test@host";

inline RuntimeConfig test_config() {
  RuntimeConfig config;
  config.interpreters = kInterpreters;
  config.package_path = PYPORT_PACKAGE_DIR;
  config.node = kNode;
  config.python_path = {std::string(PYPORT_PACKAGE_DIR) + "/../test/python"};
  return config;
}

inline Port& port() {
  static Port* const port = [] {
    auto* const made = new Port;  // never destroyed: interpreters are not
    auto runtime = Runtime::start(test_config(), made->table, made->sink);
    if (!runtime.ok()) {
      std::fprintf(stderr, "Runtime::start: %s\n", runtime.error().detail.c_str());
      std::_Exit(1);
    }
    made->runtime = std::move(*runtime);
    return made;
  }();
  return *port;
}

// ---- Pickles by hand, so that these tests need no other layer.

inline std::string little_endian(std::size_t n) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(n >> (8 * i) & 0xFF);
  return bytes;
}
inline std::string p_int(int value) { return "J" + little_endian(static_cast<std::uint32_t>(value)); }
inline std::string p_text(const std::string& text) { return "X" + little_endian(text.size()) + text; }
inline std::string p_bytes(const std::string& bytes) { return "B" + little_endian(bytes.size()) + bytes; }

inline Bytes p_whole(const std::string& body) {
  const std::string pickle = "\x80\x05" + body + ".";
  return {pickle.begin(), pickle.end()};
}
inline Bytes p_list(const std::vector<std::string>& items) {
  std::string body = "](";
  for (const std::string& item : items) body += item;
  return p_whole(body + "e");
}
inline Bytes p_dict(const std::map<std::string, std::string>& items) {
  std::string body = "}(";
  for (const auto& [name, item] : items) body += p_text(name) + item;
  return p_whole(body + "u");
}

// The ETF of a dict handle, and its pickle.
inline std::string handle_etf(const table::Handle& handle, const std::string& node = kNode) {
  const std::string tag = "$pyport_dict";
  std::string etf = "h\x03w" + std::string(1, static_cast<char>(tag.size())) + tag;
  etf += "w" + std::string(1, static_cast<char>(node.size())) + node;
  etf += std::string("m\0\0\0\x10", 5);
  return etf + std::string(handle.bits.begin(), handle.bits.end());
}
inline std::string p_handle(const table::Handle& handle, const std::string& node = kNode) {
  return "c_erlang\ndict\n" + p_bytes(handle_etf(handle, node)) + "\x85R";
}

inline table::Handle new_handle() {
  table::Handle handle;
  handle.bits[0] = 0x3f;
  handle.bits[1] = 0x2a;
  handle.bits[15] = ++port().last_handle;
  return handle;
}
inline table::Handle new_dict() {
  const table::Handle handle = new_handle();
  EXPECT_TRUE(port().table.create(handle).ok());
  return handle;
}

// ---- Outcomes as text.

// The str that a pickle is; tests let Python make one of what they look at.
inline std::string unpickled_text(const Bytes& pickle) {
  std::size_t at = 2;                  // PROTO 5
  if (pickle.at(at) == 0x95) at += 9;  // FRAME
  if (pickle.at(at) == 0x8C) {         // SHORT_BINUNICODE
    const auto text = pickle.begin() + static_cast<std::ptrdiff_t>(at) + 2;
    return {text, text + pickle.at(at + 1)};
  }
  if (pickle.at(at) != 'X') return "<not a str>";
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::size_t{pickle.at(at + 1 + i)} << (8 * i);
  const auto text = pickle.begin() + static_cast<std::ptrdiff_t>(at) + 5;
  return {text, text + static_cast<std::ptrdiff_t>(size)};
}

inline std::string shown(const Outcome& outcome) {
  if (const auto* value = std::get_if<ValueOutcome>(&outcome)) return unpickled_text(value->pickle);
  if (std::holds_alternative<DoneOutcome>(outcome)) return "<done>";
  if (const auto* error = std::get_if<Error>(&outcome)) {
    return "<error " + std::to_string(static_cast<int>(error->code)) + " " + error->detail + ">";
  }
  const auto& exception = std::get<ExceptionOutcome>(outcome);
  std::string text = exception.type + ": " + exception.message;
  for (const std::string& line : exception.traceback) text += "\n" + line;
  return text;
}

// ---- Submitting.

inline NamespaceId new_namespace() {
  const NamespaceId ns = ++port().last_ns;
  port().runtime->make_namespaces({ns});
  return ns;
}

template <class What>
RequestId submit(NamespaceId ns, What what, bool any = false, bool no_reply = false) {
  Job job;
  job.id = ++port().last_id;
  job.ns = ns;
  job.any = any;
  job.no_reply = no_reply;
  job.what = std::move(what);
  const RequestId id = job.id;
  const Status status = port().runtime->submit(std::move(job));
  EXPECT_TRUE(status.ok()) << static_cast<int>(status.error().code);
  return id;
}

inline Outcome wait(RequestId id) { return port().sink.wait(id); }

inline std::string eval(NamespaceId ns, std::string code, Bytes vars = {}) {
  return shown(wait(submit(ns, EvalJob{std::move(code), std::move(vars)})));
}
inline std::string exec(NamespaceId ns, std::string code, Bytes vars = {}) {
  return shown(wait(submit(ns, ExecJob{std::move(code), std::move(vars)})));
}
inline std::string call(NamespaceId ns, std::string module, std::string function, Bytes args = p_list({}),
                        Bytes kwargs = {}) {
  return shown(
      wait(submit(ns, CallJob{std::move(module), std::move(function), std::move(args), std::move(kwargs)})));
}
inline ExceptionOutcome exception_of(const Outcome& outcome) {
  const auto* exception = std::get_if<ExceptionOutcome>(&outcome);
  EXPECT_NE(exception, nullptr) << shown(outcome);
  return exception == nullptr ? ExceptionOutcome{} : *exception;
}
inline bool is_error(const Outcome& outcome, Errc code) {
  const auto* error = std::get_if<Error>(&outcome);
  return error != nullptr && error->code == code;
}

// For Python and its children to wait for the test, and to tell it something.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  std::string reader() const { return std::to_string(ends_[0]); }
  std::string writer() const { return std::to_string(ends_[1]); }
  void wait_line() const {
    for (char byte = 0; byte != '\n';) ASSERT_EQ(read(ends_[0], &byte, 1), 1);
  }
  void write_line() const { ASSERT_EQ(write(ends_[1], "x\n", 2), 2); }

 private:
  int ends_[2];
};

// A shell command for the C function system(): says on `tell` that it runs and waits for a line from `wake`.
inline std::string waiting_shell(const Pipe& tell, const Pipe& wake) {
  return "b'echo >&" + tell.writer() + "; read word <&" + wake.reader() + "'";
}

// Python code that tells the test that it runs: prints the word.
inline void wait_printed(const std::string& word) {
  port().sink.wait_log([&](const LogRecord& record) { return record.text == word; });
}

}  // namespace pyport::python::testing
