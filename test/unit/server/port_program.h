// The program itself under test, as a node would use it: HELLO, requests, replies, events, its end. Every
// wait has a generous limit and fails the test instead of hanging it.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "child.h"
#include "etf/reader.h"
#include "frames.h"

namespace pyport::test {

// A process that stands for the node, and a path for its table.
class Node {
 public:
  Node() {
    path_ = ::testing::TempDir() + "pyport_table_XXXXXX";
    close(mkstemp(path_.data()));
    unlink(path_.c_str());
    pid_ = in_child([]() -> int {
      alarm(300);
      for (;;) pause();
    });
  }
  ~Node() {
    end();
    unlink(path_.c_str());
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void end() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }
  const std::string& table() const { return path_; }
  bool has_table() const { return access(path_.c_str(), F_OK) == 0; }

 private:
  std::string path_;
  pid_t pid_;
};

// The pairs of a HELLO by key.
using Pairs = std::map<std::string, Fill>;

inline Fill number(std::uint64_t n) {
  return [=](etf::Writer w) { w.unsigned_integer(n); };
}
inline Fill atom(const std::string& name) {
  return [=](etf::Writer w) { w.atom(name); };
}
inline Fill text(const std::string& text) {
  return [=](etf::Writer w) { w.text(text); };
}
inline Fill texts(const std::vector<std::string>& all) {
  return [=](etf::Writer w) {
    w.list(all.size());
    for (const std::string& one : all) w.text(one);
    w.nil();
  };
}
inline Fill map_of(const Pairs& pairs) {
  return [=](etf::Writer w) {
    w.map(pairs.size());
    for (const auto& [key, fill] : pairs) fill(w.atom(key));
  };
}

inline Pairs hello_pairs(const Node& node, const char* role) {
  return {{"protocol", number(1)},
          {"role", atom(role)},
          {"table", text(node.table())},
          {"node", atom("shop@host")},
          {"node_pid", number(static_cast<std::uint64_t>(node.pid()))},
          {"max_frame", number(1 << 26)},
          {"none", atom("none")},
          {"log_credit", number(1000000)}};
}

inline Pairs hello_table(const Node& node) {
  Pairs pairs = hello_pairs(node, "table");
  pairs["limits"] = map_of({{"max_table_bytes", number(1 << 28)},
                            {"max_dict_bytes", number(1 << 28)},
                            {"max_dict_keys", number(1 << 20)},
                            {"max_key_bytes", number(65535)},
                            {"max_dicts", number(1000)}});
  return pairs;
}

inline Pairs hello_python(const Node& node, const char* isolation) {
  Pairs pairs = hello_pairs(node, "python");
  pairs.merge(Pairs{{"pool", atom("default")},
                    {"isolation", atom(isolation)},
                    {"interpreters", number(1)},
                    {"python", text("")},
                    {"python_path", texts({})},
                    {"max_queue", number(100)},
                    {"preload", texts({})},
                    {"on_restart", text("")},
                    {"max_memory", number(0)},
                    {"allow_import", texts({})},
                    {"stderr", text("")}});
  return pairs;
}

class PortProgram {
 public:
  PortProgram() {
    pid_ = fork();
    if (pid_ == 0) {
      setsid();
      dup2(in_.read_end(), 0);
      dup2(out_.write_end(), 1);
      close_range(3, ~0U, 0);  // what others wait for the end of
      execl(PYPORT_PROGRAM, "pyport", nullptr);
      _exit(127);
    }
    in_.close_read();
    out_.close_write();
  }
  ~PortProgram() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  PortProgram(const PortProgram&) = delete;
  PortProgram& operator=(const PortProgram&) = delete;

  pid_t pid() const { return pid_; }

  protocol::RequestId send(protocol::Op op, const Bytes& body_bytes = {}, std::uint16_t flags = 0) {
    const protocol::RequestId id = ++last_id_;
    write_all(in_.write_end(), with_length(request(op, id, body_bytes, flags)));
    return id;
  }

  // The reply to this request; none when the program ends without it. Events that come before it are kept.
  std::optional<Frame> reply_or_end(protocol::RequestId id) {
    while (std::optional<Frame> frame = next()) {
      if (frame->header.id == id) return frame;
      events_.push_back(*std::move(frame));
    }
    return std::nullopt;
  }
  Frame reply(protocol::RequestId id) {
    if (std::optional<Frame> frame = reply_or_end(id)) return *std::move(frame);
    ADD_FAILURE() << "no reply";
    return {};
  }
  Frame ask(protocol::Op op, const Bytes& body_bytes = {}) { return reply(send(op, body_bytes)); }
  Frame hello(const Pairs& pairs) { return ask(protocol::Op::hello, body(map_of(pairs))); }

  // The first event of this operation, from those that came and those that come.
  std::optional<Frame> event(protocol::Op op) {
    for (const Frame& kept : events_) {
      if (kept.header.op == op) return kept;
    }
    while (std::optional<Frame> frame = next()) {
      events_.push_back(*frame);
      if (frame->header.op == op) return frame;
    }
    return std::nullopt;
  }

  void close_input() { in_.close_write(); }
  void close_output() { out_.close_read(); }
  // Its exit status; -1 when a signal ended it.
  int end_status() {
    const int status = exit_status(pid_);
    pid_ = -1;
    return status;
  }
  // Nothing that it started holds its pipe any more.
  bool output_ends() { return !next() && !::testing::Test::HasFailure(); }

  // --- Python -------------------------------------------------------------------------------------

  protocol::RequestId start(protocol::Op op, const std::string& code, std::uint16_t flags = 0) {
    return send(op, body([&](etf::Writer w) { w.tuple(3).integer(1).text(code).map(0); }), flags);
  }
  void make_namespace() { EXPECT_EQ(ask(protocol::Op::ns_new, namespaces()).header.op, protocol::Op::ok); }
  static Bytes namespaces() {
    return body([](etf::Writer w) { w.list(1).integer(1).nil(); });
  }
  void exec(const std::string& code) {
    const Frame frame = reply(start(protocol::Op::exec, code));
    EXPECT_EQ(frame.header.op, protocol::Op::ok) << as_text(frame.body);
  }
  // The value of a text, or what came instead.
  std::string eval(const std::string& code) {
    const Frame frame = reply(start(protocol::Op::eval, code));
    etf::Reader reader(frame.body);
    std::string_view value;
    if (frame.header.op == protocol::Op::value && reader.text(value)) return std::string(value);
    return std::string(protocol::op_name(frame.header.op)).append(" ").append(as_text(frame.body));
  }
  // Until Python has printed this line.
  void wait_printed(const std::string& line) {
    for (const Frame& kept : events_) {
      if (as_text(kept.body).ends_with(line)) return;
    }
    while (std::optional<Frame> frame = next()) {
      const bool found = frame->header.op == protocol::Op::log && as_text(frame->body).ends_with(line);
      events_.push_back(*std::move(frame));
      if (found) return;
    }
    ADD_FAILURE() << "nobody printed " << line;
  }

 private:
  // The next frame; none at the end of the stream, or when none comes in time.
  std::optional<Frame> next() {
    while (unread_.size() < 4 || unread_.size() < 4 + load_u32(unread_.data())) {
      const std::string some = out_.read_some();
      if (some.empty()) return std::nullopt;
      append(unread_, as_bytes(some));
    }
    const std::size_t size = 4 + load_u32(unread_.data());
    Frame frame = only_frame(ByteSpan(unread_).first(size));
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(size));
    return frame;
  }

  Pipe in_, out_;
  pid_t pid_ = -1;
  protocol::RequestId last_id_ = 0;
  Bytes unread_;
  std::vector<Frame> events_;
};

}  // namespace pyport::test
