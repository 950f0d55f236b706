#include "server/log_credit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace pyport::server {
namespace {

using namespace std::chrono_literals;

TEST(LogCredit, IsTakenOneByOne) {
  LogCredit credit(2, 1ms);
  EXPECT_TRUE(credit.take());
  EXPECT_TRUE(credit.take());
  EXPECT_FALSE(credit.take());
  EXPECT_EQ(credit.take_lost(), 1u);
  EXPECT_EQ(credit.take_lost(), 0u);
}

TEST(LogCredit, WaitingWriterGoesOnWhenCreditComes) {
  LogCredit credit(0, 1h);
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) writers.emplace_back([&] { EXPECT_TRUE(credit.take()); });
  credit.add(1);
  credit.add(2);
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(credit.take_lost(), 0u);
}

TEST(LogCredit, WaitsAtMostItsPatience) {
  LogCredit credit(0, 20ms);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(credit.take());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TEST(LogCredit, NobodyWaitsWhileLinesAreLost) {
  const auto start = std::chrono::steady_clock::now();
  LogCredit credit(0, 300ms);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(credit.take());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);  // 1000 x 300 ms otherwise
  EXPECT_EQ(credit.take_lost(), 1000u);
}

TEST(LogCredit, WaitsAgainAfterCreditCame) {
  LogCredit credit(0, 30ms);
  EXPECT_FALSE(credit.take());
  credit.add(1);
  EXPECT_TRUE(credit.take());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(credit.take());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST(LogCredit, NeverOverflows) {
  LogCredit credit(UINT32_MAX, 1ms);
  credit.add(UINT64_MAX);
  credit.add(UINT64_MAX);
  EXPECT_TRUE(credit.take());
}

}  // namespace
}  // namespace pyport::server
