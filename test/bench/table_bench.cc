// The raw table: nanoseconds of one get and one put, alone and with two threads at it.
//
// Usage: table_bench [--quick]
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "table/table.h"

namespace {

using pyport::as_bytes;
using pyport::table::Blob;
using pyport::table::Handle;
using pyport::table::KeyView;
using pyport::table::Table;

constexpr std::size_t kValueBytes = 57;
constexpr std::int64_t kManyKeys = 1000000;

struct Size {
  int rounds;
  int operations;
};

Blob fresh_blob(Table& table) {
  auto writer = table.allocate(kValueBytes);
  if (!writer.ok()) std::abort();
  std::memset(writer->bytes().data(), 'v', kValueBytes);
  return std::move(*writer).finish(0);
}

Handle handle_no(std::uint8_t n) {
  Handle handle;
  handle.bits.fill(n);
  return handle;
}

void check(bool ok) {
  if (!ok) std::abort();
}

// Nanoseconds an operation, where each of `threads` threads does all the operations of one round.
double time_round(std::size_t threads, int operations, const std::function<void(std::size_t, int)>& body) {
  std::barrier start(static_cast<std::ptrdiff_t>(threads + 1));
  std::vector<std::thread> workers;
  for (std::size_t who = 0; who < threads; ++who) {
    workers.emplace_back([&, who] {
      start.arrive_and_wait();
      body(who, operations);
    });
  }
  start.arrive_and_wait();
  const auto begin = std::chrono::steady_clock::now();
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / operations;
}

void print_row(const char* name, double nanoseconds) {
  std::printf("| %-58s | %9.0f |\n", name, nanoseconds);
}

void measure(const char* name, std::size_t threads, Size size,
             const std::function<void(std::size_t, int)>& body) {
  std::vector<double> rounds;
  for (int i = 0; i < size.rounds; ++i) rounds.push_back(time_round(threads, size.operations, body));
  std::sort(rounds.begin(), rounds.end());
  print_row(name, rounds[rounds.size() / 2]);
}

void bench_hot_key(Table& table, Size size) {
  const KeyView key = as_bytes("some key");
  const auto dict_of = [](std::size_t who) { return handle_no(static_cast<std::uint8_t>(1 + who)); };
  const auto get = [&](const Handle& dict, int n) {
    for (int i = 0; i < n; ++i) check(table.get(dict, key).ok());
  };
  const auto put = [&](const Handle& dict, int n) {
    for (int i = 0; i < n; ++i) check(table.put(dict, key, fresh_blob(table)).ok());
  };
  const auto same = [&](auto operation) {
    return [&, operation](std::size_t, int n) { operation(dict_of(0), n); };
  };
  const auto apart = [&](auto operation) {
    return [&, operation](std::size_t who, int n) { operation(dict_of(who), n); };
  };
  measure("get, one key, one thread", 1, size, same(get));
  measure("put with a new blob, one key, one thread", 1, size, same(put));
  measure("get, two threads, a dict each", 2, size, apart(get));
  measure("put, two threads, a dict each", 2, size, apart(put));
  measure("get, two threads, the same key", 2, size, same(get));
  measure("put, two threads, the same key", 2, size, same(put));
  measure("one gets, one puts, the same key", 2, size,
          [&](std::size_t who, int n) { who == 0 ? get(dict_of(0), n) : put(dict_of(0), n); });
}

void bench_many_keys(Table& table, Size size) {
  const Handle dict = handle_no(9);
  check(table.create(dict).ok());
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t n = 0; n < kManyKeys; ++n) check(table.put(dict, n, fresh_blob(table)).ok());
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  print_row("put of a new key, 1,000,000 integer keys", took.count() / kManyKeys);
  measure("get of a random one of 1,000,000 keys", 1, size, [&](std::size_t, int n) {
    std::uint64_t random = 1;
    for (int i = 0; i < n; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      check(table.get(dict, static_cast<std::int64_t>((random >> 33) % kManyKeys)).ok());
    }
  });
  const auto destroying = std::chrono::steady_clock::now();
  table.destroy(std::span(&dict, 1));
  const std::chrono::duration<double, std::nano> ended = std::chrono::steady_clock::now() - destroying;
  print_row("destroy of that dict, until it returns", ended.count());
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const Size size = quick ? Size{3, 100000} : Size{9, 1000000};
  Table table;
  for (std::uint8_t n = 1; n <= 2; ++n) check(table.create(handle_no(n)).ok());
  std::printf("## The table alone (C++, no port), nanoseconds an operation\n\n");
  std::printf("%zu byte values; medians of %d rounds of %d operations a thread.\n\n", kValueBytes,
              size.rounds, size.operations);
  std::printf("| %-58s | %9s |\n|%s|%s:|\n", "operation", "ns", std::string(60, '-').c_str(),
              std::string(10, '-').c_str());
  bench_hot_key(table, size);
  bench_many_keys(table, size);
  return 0;
}
