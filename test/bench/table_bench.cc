// The table alone, without a port: nanoseconds of one operation beside yardsticks measured in the same run,
// several processes at it, and how much memory it takes.
//
// Usage: table_bench [--quick]
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "table/audit.h"
#include "table/table.h"
#include "table_processes.h"
#include "table_rounds.h"
#include "wait_rounds.h"
#include "yardsticks.h"

namespace pyport::bench {
namespace {

using table::Handle;
using table::KeyView;
using table::Table;

struct Size {
  int rounds;
  int operations;
  std::int64_t many_keys;
  double seconds;
  int mixed;  // operations with mixed sizes
  int wakes;
};

constexpr std::size_t kValueBytes = 57;
constexpr std::size_t kIntBytes = 5;  // a small integer as the value layer writes it

void check(bool ok) {
  if (!ok) std::abort();
}

Handle handle_no(std::uint64_t n) {
  Handle handle;
  handle.bits.fill(static_cast<std::uint8_t>(n * 37));
  std::memcpy(handle.bits.data(), &n, sizeof n);
  return handle;
}

void put(Table& table, const Handle& dict, const KeyView& key, std::string_view value) {
  auto writer = table.allocate(value.size());
  check(writer.ok());
  std::memcpy(writer->bytes().data(), value.data(), value.size());
  check(table.put(dict, key, std::move(*writer).finish(1)).ok());
}

std::string_view bytes_of(const std::int64_t& key) {
  return {reinterpret_cast<const char*>(&key), sizeof key};
}

// ---- One operation

void head(const char* title) {
  std::printf("\n### %s\n\n| %-44s | %7s | %8s | %5s | %7s |\n|%s|--------:|---------:|------:|--------:|\n",
              title, "operation, ns", "table", "heap map", "ratio", "LMDB", std::string(46, '-').c_str());
}

void row(const char* name, const std::vector<double>& ns) {
  std::printf("| %-44s | %7.0f | %8.0f | %5.2f | ", name, ns[0], ns[1], ns[0] / ns[1]);
  if (ns.size() > 2) {
    std::printf("%7.0f |\n", ns[2]);
  } else {
    std::printf("%7s |\n", "-");
  }
}

struct Engines {
  Table& table;
  HeapTable heap;
#ifdef PYPORT_BENCH_LMDB
  LmdbTable lmdb;
#endif
};

using Bodies = std::vector<std::function<void(int)>>;

Bodies gets(Engines& engines, std::uint64_t dict, std::function<std::int64_t(int)> key) {
  const Handle handle = handle_no(dict);
  Bodies bodies;
  bodies.push_back([&engines, handle, key](int n) {
    for (int i = 0; i < n; ++i) keep(*engines.table.get(handle, key(i)));
  });
  bodies.push_back([&engines, dict, key](int n) {
    for (int i = 0; i < n; ++i) keep(engines.heap.get(dict, bytes_of(key(i))));
  });
#ifdef PYPORT_BENCH_LMDB
  bodies.push_back([&engines, dict, key](int n) {
    for (int i = 0; i < n; ++i) keep(engines.lmdb.get(dict, bytes_of(key(i))));
  });
#endif
  return bodies;
}

Bodies puts(Engines& engines, std::uint64_t dict, const std::string& value,
            std::function<std::int64_t(int)> key) {
  const Handle handle = handle_no(dict);
  Bodies bodies;
  bodies.push_back([&engines, handle, key, value](int n) {
    for (int i = 0; i < n; ++i) put(engines.table, handle, key(i), value);
  });
  bodies.push_back([&engines, dict, key, value](int n) {
    for (int i = 0; i < n; ++i) engines.heap.put(dict, bytes_of(key(i)), value);
  });
#ifdef PYPORT_BENCH_LMDB
  bodies.push_back([&engines, dict, key, value](int n) {
    for (int i = 0; i < n; ++i) engines.lmdb.put(dict, bytes_of(key(i)), value);
  });
#endif
  return bodies;
}

std::int64_t scattered(int i, std::int64_t keys) {
  return static_cast<std::int64_t>(
             (static_cast<std::uint64_t>(i) * 6364136223846793005u + 1442695040888963407u) >> 33) %
         keys;
}

void bench_operations(Engines& engines, const Size& size) {
  const std::string value(kValueBytes, 'v');
  const std::string integer(kIntBytes, 'i');
  const auto one = [](int) { return std::int64_t{7}; };
  const auto many = [&size](int i) { return scattered(i, size.many_keys); };
  for (std::uint64_t dict = 1; dict <= 4; ++dict) {
    check(engines.table.create(handle_no(dict)).ok());
    engines.heap.create(dict);
  }
  head("One thread");
  row("put, one key, 57 bytes", take_turns(size.rounds, size.operations, puts(engines, 1, value, one)));
  row("get, one key, 57 bytes", take_turns(size.rounds, size.operations, gets(engines, 1, one)));
  row("put, one key, an integer", take_turns(size.rounds, size.operations, puts(engines, 2, integer, one)));
  row("get, one key, an integer", take_turns(size.rounds, size.operations, gets(engines, 2, one)));
  const std::string keys = std::to_string(size.many_keys) + " keys, 57 bytes";
  const auto next = [n = std::int64_t{0}](int i) { return n + i; };
  row(("put of " + keys + ", new").c_str(),
      take_turns(1, static_cast<int>(size.many_keys), puts(engines, 3, value, next)));
  row(("put, one of " + keys).c_str(),
      take_turns(size.rounds, size.operations, puts(engines, 3, value, many)));
  row(("get, one of " + keys).c_str(), take_turns(size.rounds, size.operations, gets(engines, 3, many)));
}

// ---- Several processes

void bench_processes(Table& table, const Size& size) {
  const int count = std::thread::hardware_concurrency() >= 4 ? 4 : 2;
  for (std::uint64_t who = 0; who < 4; ++who) {
    check(table.create(handle_no(100 + who)).ok());
    put(table, handle_no(100 + who), std::int64_t{7}, std::string(kValueBytes, 'v'));
  }
  const auto begin = [&table](int) { check(table.after_fork().ok()); };
  const std::string value(kValueBytes, 'v');
  std::printf("\n### OS processes at one table, millions of operations a second\n\n");
  std::printf("| %-44s | %7s | %7d | %5s |\n|%s|--------:|--------:|------:|\n", "operation", "1", count,
              "ratio", std::string(46, '-').c_str());
  const auto measure = [&](const char* name, bool apart, bool writes) {
    const auto body = [&](int who) {
      const Handle dict = handle_no(100 + static_cast<std::uint64_t>(apart ? who : 0));
      if (writes) {
        put(table, dict, std::int64_t{7}, value);
      } else {
        keep(*table.get(dict, std::int64_t{7}));
      }
    };
    std::vector<double> alone, together;
    for (int round = 0; round < std::min(size.rounds, 5); ++round) {
      alone.push_back(throughput(1, size.seconds, begin, body));
      together.push_back(throughput(count, size.seconds, begin, body));
    }
    const double one = median(alone), all = median(together);
    std::printf("| %-44s | %7.2f | %7.2f | %5.2f |\n", name, one / 1e6, all / 1e6, all / one);
  };
  measure("get, a dict each", true, false);
  measure("put, a dict each", true, true);
  measure("get, all the same key", false, false);
  measure("put, all the same key", false, true);
  table.sweep();
}

// ---- Memory

void bench_overhead(const Size& size) {
  const auto table = *Table::anonymous();
  check(table->create(handle_no(1)).ok());
  const std::uint64_t before = table->stats().used;
  for (std::int64_t n = 0; n < size.many_keys; ++n) {
    char key[24];
    std::snprintf(key, sizeof key, "%010lld", static_cast<long long>(n));
    put(*table, handle_no(1), as_bytes(std::string_view(key, 10)), std::string(kValueBytes, 'v'));
  }
  const double each = static_cast<double>(table->stats().used - before) / static_cast<double>(size.many_keys);
  std::printf("| %-62s | %10.1f |\n", "overhead of an entry beyond 10-byte key and 57-byte value, bytes",
              each - kValueBytes - 10);
}

void bench_reuse(const Size& size) {
  const auto table = *Table::anonymous();
  std::uint64_t second = 0, last = 0;
  for (std::uint64_t round = 1; round <= 100; ++round) {
    check(table->create(handle_no(round)).ok());
    for (std::int64_t n = 0; n < size.many_keys / 20; ++n)
      put(*table, handle_no(round), n,
          std::string(static_cast<std::size_t>(scattered(static_cast<int>(n), 1000)), 'v'));
    last = table->audit().page_bytes;
    if (round == 2) second = last;
    for (std::int64_t n = 0; n < size.many_keys / 20; ++n) check(*table->erase(handle_no(round), n));
    const Handle dict = handle_no(round);
    table->destroy(std::span(&dict, 1));
    while (table->reclaim(1000)) {
    }
  }
  const double growth = static_cast<double>(last) / static_cast<double>(second) - 1;
  std::printf("| %-62s | %10.1f |\n", "growth of the file from the 2nd to the 100th fill and delete, %",
              100 * growth);
}

void bench_mixed_sizes(const Size& size) {
  const auto table = *Table::anonymous();
  check(table->create(handle_no(1)).ok());
  std::mt19937_64 random(5);
  std::uint64_t most = 0;
  for (int i = 0; i < size.mixed; ++i) {
    const auto key = static_cast<std::int64_t>(random() % 2000);
    if (random() % 3 == 0) {
      check(table->erase(handle_no(1), key).ok());
    } else {
      const std::size_t doubling = std::size_t{16} << (random() % 16);
      auto writer = table->allocate(doubling + random() % doubling);
      check(writer.ok() && table->put(handle_no(1), key, std::move(*writer).finish(0)).ok());
    }
    if (i % 64 == 0) most = std::max(most, table->stats(handle_no(1))->bytes);
  }
  const double lost = 1 - static_cast<double>(most) / static_cast<double>(table->audit().page_bytes);
  std::printf("| %-62s | %10.1f |\n",
              ("lost to fragmentation, 16 B to 1 MiB, " + std::to_string(size.mixed) + " sets and deletes, %")
                  .c_str(),
              100 * lost);
}

void bench_destroy(Engines& engines, const Size& size) {
  const auto begin = std::chrono::steady_clock::now();
  const Handle dict = handle_no(3);
  engines.table.destroy(std::span(&dict, 1));
  const std::chrono::duration<double, std::micro> ended = std::chrono::steady_clock::now() - begin;
  while (engines.table.reclaim(1000)) {
  }
  const std::chrono::duration<double, std::milli> reclaimed = std::chrono::steady_clock::now() - begin;
  std::printf(
      "\nThe end of a dict of %lld keys: destroy returns after %.1f us, its memory is back after %.0f ms.\n",
      static_cast<long long>(size.many_keys), ended.count(), reclaimed.count());
}

// ---- Waiting

void wake_row(const char* name, const WakeTimes& times) {
  std::printf("| %-44s | %7.1f | %7.1f | %7.1f | %7.1f |\n", name, times.median_us, times.p99_us,
              times.longest_us, times.cpu_us);
}

void bench_waits(Table& table, const Size& size) {
  const Handle dict = handle_no(900);
  check(table.create(dict).ok());
  const auto begin = [&] { check(table.after_fork().ok()); };
  table::Stamp seen = 0;
  const auto await = [&] { seen = table.wait_change(dict, std::int64_t{1}, seen)->stamp; };
  int ends[2];
  check(pipe(ends) == 0);
  const auto from_pipe = [&] {
    char byte = 0;
    check(read(ends[0], &byte, 1) == 1);
  };
  std::printf("\n### Waiting\n\n| %-44s | %7s | %7s | %7s | %7s |\n|%s%s\n",
              "told to another process, which sleeps, us", "median", "99 %", "longest", "CPU",
              std::string(46, '-').c_str(), "|--------:|--------:|--------:|--------:|");
  wake_row("a key of a dict",
           wake_times(size.wakes, begin, await, [&] { put(table, dict, std::int64_t{1}, "value"); }));
  wake_row("a pipe", wake_times(
                         size.wakes, [] {}, from_pipe, [&] { check(write(ends[1], "", 1) == 1); }));
  std::printf("\nA second of waiting in vain takes %.0f us of the CPU.\n",
              cost_of_waiting(table, dict, std::chrono::milliseconds(size.wakes * 2)));
}

void run(const Size& size) {
  const auto table = *Table::anonymous();
  std::printf("## The table alone (C++, no port)\n\nMedians of %d rounds of %d operations.\n", size.rounds,
              size.operations);
  {
    Engines engines{*table,
                    {}
#ifdef PYPORT_BENCH_LMDB
                    ,
                    {}
#endif
    };
    bench_operations(engines, size);
    bench_destroy(engines, size);
  }
  bench_processes(*table, size);
  bench_waits(*table, size);
  std::printf("\n### Memory\n\n| %-62s | %10s |\n|%s|-----------:|\n", "", "", std::string(64, '-').c_str());
  bench_overhead(size);
  bench_reuse(size);
  bench_mixed_sizes(size);
}

}  // namespace
}  // namespace pyport::bench

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  pyport::bench::run(quick ? pyport::bench::Size{3, 100000, 100000, 0.05, 100000, 50}
                           : pyport::bench::Size{9, 1000000, 1000000, 0.5, 10000000, 2000});
  return 0;
}
