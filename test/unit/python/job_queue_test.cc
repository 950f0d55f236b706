#include "python/job_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace pyport::python {
namespace {

Job job(RequestId id, NamespaceId ns = 1, bool no_reply = false) {
  Job made;
  made.id = id;
  made.ns = ns;
  made.no_reply = no_reply;
  return made;
}

RequestId taken_id(JobQueue& queue) {
  auto item = queue.take(false);
  const auto* queued = item ? std::get_if<QueuedJob>(&*item) : nullptr;
  return queued == nullptr ? 0 : queued->job.id;
}

std::vector<RequestId> ids(const std::vector<Job>& jobs) {
  std::vector<RequestId> all;
  for (const Job& one : jobs) all.push_back(one.id);
  return all;
}

TEST(JobQueue, InOrder) {
  JobQueue queue(10);
  for (RequestId id : {7U, 8U, 9U}) ASSERT_TRUE(queue.push(job(id)).ok());
  EXPECT_EQ(queue.load().waiting, 3U);
  for (RequestId id : {7U, 8U, 9U}) {
    EXPECT_EQ(taken_id(queue), id);
    EXPECT_TRUE(queue.load().busy);
    queue.finished();
  }
  EXPECT_FALSE(queue.take(false).has_value());
  EXPECT_FALSE(queue.load().busy);
}

TEST(JobQueue, RunningJobsDoNotCountForTheLimit) {
  JobQueue queue(1);
  ASSERT_TRUE(queue.push(job(1)).ok());
  EXPECT_EQ(queue.push(job(2)).error().code, Errc::overloaded);
  EXPECT_EQ(taken_id(queue), 1U);
  EXPECT_TRUE(queue.push(job(3)).ok());
  EXPECT_EQ(queue.push(job(4)).error().code, Errc::overloaded);
}

TEST(JobQueue, ARunningJobIsGivenUpUntilItEnds) {
  JobQueue queue(10);
  for (RequestId id : {1U, 2U}) ASSERT_TRUE(queue.push(job(id)).ok());
  EXPECT_EQ(taken_id(queue), 1U);
  EXPECT_FALSE(queue.load().given_up);
  queue.cancel(1);
  EXPECT_TRUE(queue.load().given_up);
  queue.finished();
  EXPECT_FALSE(queue.load().given_up);
  EXPECT_EQ(taken_id(queue), 2U);
  EXPECT_FALSE(queue.load().given_up) << "the next one is another job";
}

TEST(JobQueue, CancelTakesAWaitingJobOut) {
  JobQueue queue(2);
  ASSERT_TRUE(queue.push(job(1)).ok());
  ASSERT_TRUE(queue.push(job(2)).ok());
  const JobQueue::Cancelled cancelled = queue.cancel(1);
  EXPECT_EQ(ids(cancelled.waiting), std::vector<RequestId>{1});
  EXPECT_EQ(cancelled.running, 0U);
  EXPECT_TRUE(queue.push(job(3)).ok()) << "its place is free again";
  EXPECT_EQ(taken_id(queue), 2U);
  EXPECT_FALSE(queue.running_cancelled());
}

TEST(JobQueue, CancelNamesTheRunningJobOnceOnly) {
  JobQueue queue(2);
  ASSERT_TRUE(queue.push(job(1)).ok());
  EXPECT_EQ(taken_id(queue), 1U);
  const Serial first = queue.cancel(1).running;
  EXPECT_NE(first, 0U);
  EXPECT_TRUE(queue.running_cancelled());
  queue.finished();
  EXPECT_EQ(queue.cancel(1).running, 0U) << "it has ended";
  ASSERT_TRUE(queue.push(job(1)).ok());
  EXPECT_EQ(taken_id(queue), 1U);
  EXPECT_FALSE(queue.running_cancelled()) << "request ids come again";
  EXPECT_NE(queue.cancel(1).running, first);
}

TEST(JobQueue, CancelOfAnUnknownJob) {
  JobQueue queue(2);
  const JobQueue::Cancelled cancelled = queue.cancel(5);
  EXPECT_TRUE(cancelled.waiting.empty());
  EXPECT_EQ(cancelled.running, 0U);
}

TEST(JobQueue, DropKeepsCastsBeforeTheDrop) {
  JobQueue queue(10);
  ASSERT_TRUE(queue.push(job(1, 1)).ok());
  ASSERT_TRUE(queue.push(job(2, 1, true)).ok());
  ASSERT_TRUE(queue.push(job(3, 2)).ok());
  const JobQueue::Cancelled cancelled = queue.drop({1}, {1});
  EXPECT_EQ(ids(cancelled.waiting), std::vector<RequestId>{1});
  EXPECT_EQ(taken_id(queue), 2U);
  queue.finished();
  EXPECT_EQ(taken_id(queue), 3U);
  queue.finished();
  const auto last = queue.take(false);
  ASSERT_TRUE(last && std::holds_alternative<DropNamespace>(*last));
  EXPECT_EQ(std::get<DropNamespace>(*last).ns, 1U);
}

TEST(JobQueue, DropInterruptsARunningCallButNoCast) {
  JobQueue queue(10);
  ASSERT_TRUE(queue.push(job(1, 1)).ok());
  ASSERT_TRUE(queue.push(job(2, 1, true)).ok());
  EXPECT_EQ(taken_id(queue), 1U);
  EXPECT_NE(queue.drop({1}, {}).running, 0U);
  queue.finished();
  EXPECT_EQ(taken_id(queue), 2U);
  EXPECT_EQ(queue.drop({1}, {}).running, 0U);
  EXPECT_FALSE(queue.running_cancelled());
}

TEST(JobQueue, CloseGivesBackWhatWaits) {
  JobQueue queue(10);
  ASSERT_TRUE(queue.push(job(1)).ok());
  queue.drop({2}, {2});
  EXPECT_EQ(ids(queue.close()), std::vector<RequestId>{1});
  EXPECT_EQ(queue.push(job(2)).error().code, Errc::shutting_down);
  EXPECT_FALSE(queue.take(false).has_value());
}

TEST(JobQueue, TakeWaitsForAJob) {
  JobQueue queue(10);
  RequestId got = 0;
  std::thread taker([&] {
    auto item = queue.take(true);
    got = std::get<QueuedJob>(*item).job.id;
  });
  ASSERT_TRUE(queue.push(job(5)).ok());
  taker.join();
  EXPECT_EQ(got, 5U);
}

TEST(JobQueue, TheRunningJobIsKnownByItsSerial) {
  JobQueue queue(10);
  EXPECT_EQ(queue.running(0), std::nullopt);
  for (RequestId id : {7U, 7U}) ASSERT_TRUE(queue.push(job(id)).ok());
  const Serial first = std::get<QueuedJob>(*queue.take(false)).serial;
  EXPECT_EQ(queue.running(first), 7U);
  queue.finished();
  EXPECT_EQ(queue.running(first), std::nullopt);
  const Serial second = std::get<QueuedJob>(*queue.take(false)).serial;
  EXPECT_EQ(queue.running(first), std::nullopt) << "the next job of the same request id";
  EXPECT_EQ(queue.running(second), 7U);
  EXPECT_EQ(queue.running(0), std::nullopt);
}

}  // namespace
}  // namespace pyport::python
