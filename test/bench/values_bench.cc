// What the port program itself does for a request, without pipes; and its conversions beside those of a
// bridge that makes Python objects of everything.
//
// Usage: values_bench PYTHON SCRIPT [--quick]; SCRIPT is python_way.py
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "etf/tags.h"
#include "etf/writer.h"
#include "server/change_feed.h"
#include "server/dispatcher.h"
#include "server/outbox.h"
#include "server/reaper.h"
#include "server/table_role.h"
#include "table_rounds.h"
#include "value/to_etf.h"
#include "value/to_pickle.h"

namespace pyport::bench {
namespace {

using protocol::Op;

constexpr std::size_t kMaxFrame = std::size_t{64} << 20;

void check(bool ok) {
  if (!ok) std::abort();
}

// ---- The values, as bench_values.erl has them

struct Value {
  const char* name;
  Bytes term;  // with its version byte
};

template <class Write>
Bytes term_of(const Write& write) {
  Bytes term{etf::kVersion};
  write(etf::Writer(term));
  return term;
}

void group(etf::Writer& writer, int section, int number) {
  const std::string host = "node" + std::to_string(section) + "-" + std::to_string(number) + ".example.org";
  writer.map(5).text("host").text(host).text("port").integer(8000 + section * 10 + number);
  writer.text("weight").number(section / 10.0).text("enabled").boolean(number % 2 == 0);
  writer.text("timeout_ms").integer(30000);
}

void config(etf::Writer& writer) {
  writer.map(10);
  for (int section = 1; section <= 10; ++section) {
    writer.text("section_" + std::to_string(section)).map(4);
    for (int number = 1; number <= 4; ++number) {
      writer.text("group_" + std::to_string(number));
      group(writer, section, number);
    }
  }
}

std::vector<Value> all_values() {
  using etf::Writer;
  return {{"int", term_of([](Writer w) { w.integer(42); })},
          {"3-key map", term_of([](Writer w) {
             w.map(3).text("host").text("localhost").text("port").integer(8080).text("tls").boolean(true);
           })},
          {"1 KiB binary", term_of([](Writer w) { w.text(std::string(1024, 'k')); })},
          {"100 KiB binary", term_of([](Writer w) { w.text(std::string(102400, 'k')); })},
          {"1000 ints", term_of([](Writer w) {
             w.list(1000);
             for (int i = 0; i < 1000; ++i) w.integer(100000 + i);
             w.nil();
           })},
          {"200-leaf config", term_of([](Writer w) { config(w); })}};
}

// ---- The port's work

// A table role with one dict, as it stands behind the pipe.
class Port {
 public:
  Port() {
    ask(Op::create, term_of([](etf::Writer w) { w.binary(kDict); }));
  }

  void ask(Op op, const Bytes& body) {
    reply_.clear();
    dispatcher_.handle({1, op, 0, 5}, body, reply_);
    check(reply_.size() >= 8 && static_cast<Op>(reply_[1]) != Op::error);
  }
  static Bytes get_body() {
    return term_of([](etf::Writer w) { w.tuple(2).binary(kDict).text("some key"); });
  }
  static Bytes set_body(const Value& value) {
    return term_of([&](etf::Writer w) {
      w.tuple(3).binary(kDict).text("some key").raw(ByteSpan(value.term).subspan(1));
    });
  }

 private:
  static const Bytes kDict;

  std::unique_ptr<table::Table> table_ = *table::Table::anonymous();
  server::Reaper reaper_{*table_, std::chrono::milliseconds(0)};
  server::Outbox outbox_;
  server::ChangeFeed feed_{*table_, outbox_, kMaxFrame};
  server::TableRole role_{*table_, reaper_, feed_, {value::NoneAtom::none, kMaxFrame, 0}};
  server::Dispatcher dispatcher_{role_, kMaxFrame};
  Bytes reply_;
};

const Bytes Port::kDict(16, 1);

// Nanoseconds of one, over about so many seconds.
template <class Operation>
double time_of(double seconds, const Operation& operation) {
  using Clock = std::chrono::steady_clock;
  constexpr int kBatch = 16;
  long count = 0;
  const auto begin = Clock::now();
  std::chrono::duration<double> spent{};
  while (spent.count() < seconds) {
    for (int i = 0; i < kBatch; ++i) operation();
    count += kBatch;
    spent = Clock::now() - begin;
  }
  return 1e9 * spent.count() / static_cast<double>(count);
}

Bytes pickle_of(const Value& value) {
  Bytes pickle;
  check(value::to_pickle(ByteSpan(value.term).subspan(1), pickle).ok());
  return pickle;
}

double time_of_conversion(double seconds, const Value& value) {
  Bytes pickle, term;
  return time_of(seconds, [&] {
    pickle.clear();
    term.clear();
    check(value::to_pickle(ByteSpan(value.term).subspan(1), pickle).ok());
    check(value::to_etf(pickle, {}, term).ok());
    keep(term);
  });
}

// ---- The way through Python objects

// The pickles as lines of digits, in a file that goes with this.
class PickleFile {
 public:
  explicit PickleFile(const std::vector<Value>& values) {
    const int fd = mkstemp(path_.data());
    check(fd >= 0);
    close(fd);
    std::ofstream file(path_);
    for (const Value& value : values) {
      for (const std::uint8_t byte : pickle_of(value)) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        file << digits;
      }
      file << '\n';
    }
  }
  ~PickleFile() { unlink(path_.c_str()); }
  PickleFile(const PickleFile&) = delete;
  PickleFile& operator=(const PickleFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/pyport-values-XXXXXX";
};

std::vector<double> python_way(const std::string& command, std::size_t values) {
  FILE* const output = popen(command.c_str(), "r");
  check(output != nullptr);
  std::vector<double> times(values);
  for (double& time : times) check(std::fscanf(output, "%lf", &time) == 1);
  check(pclose(output) == 0);
  return times;
}

// ---- All of it

struct Row {
  std::vector<double> get, set, converted, python, ratio;
};

void one_round(Port& port, const std::vector<Value>& values, double seconds, const std::string& command,
               std::vector<Row>& rows) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Bytes set = Port::set_body(values[i]), get = Port::get_body();
    rows[i].set.push_back(time_of(seconds, [&] { port.ask(Op::set, set); }));
    rows[i].get.push_back(time_of(seconds, [&] { port.ask(Op::get, get); }));
    rows[i].converted.push_back(time_of_conversion(seconds, values[i]));
  }
  const std::vector<double> python = python_way(command, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    rows[i].python.push_back(python[i]);
    rows[i].ratio.push_back(rows[i].converted.back() / python[i]);
  }
}

int run(const std::string& python, const std::string& script, bool quick) {
  const std::vector<Value> values = all_values();
  const PickleFile file(values);
  const double seconds = quick ? 0.005 : 0.1;
  const std::string command =
      "'" + python + "' '" + script + "' " + file.path() + " " + std::to_string(seconds);
  Port port;
  std::vector<Row> rows(values.size());
  for (int round = 0; round < (quick ? 3 : 9); ++round) one_round(port, values, seconds, command, rows);
  std::printf("\n## The port program's own work (C++, no pipe), nanoseconds\n\n");
  std::printf(
      "| value           |    get |    set | term to pickle to term |    by Python objects | ratio |\n");
  std::printf(
      "|-----------------|-------:|-------:|-----------------------:|---------------------:|------:|\n");
  for (std::size_t i = 0; i < values.size(); ++i)
    std::printf("| %-15s | %6.0f | %6.0f | %22.0f | %20.0f | %5.2f |\n", values[i].name, median(rows[i].get),
                median(rows[i].set), median(rows[i].converted), median(rows[i].python),
                median(rows[i].ratio));
  std::printf("\n");
  return 0;
}

}  // namespace
}  // namespace pyport::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: values_bench PYTHON SCRIPT [--quick]\n");
    return 2;
  }
  return pyport::bench::run(argv[1], argv[2], argc > 3 && std::strcmp(argv[3], "--quick") == 0);
}
