#include "server/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "child.h"

namespace pyport::server {
namespace {

using test::Pipe;

struct OutputTest : ::testing::Test {
  void SetUp() override {
    fcntl(pipe.write_end(), F_SETFL, O_NONBLOCK);
    signal(SIGPIPE, SIG_IGN);
  }

  void append_open(std::size_t size, std::uint8_t byte) {
    Bytes& chunk = output.open_chunk();
    chunk.insert(chunk.end(), size, byte);
    expected.append(size, static_cast<char>(byte));
  }

  void add(std::size_t size, std::uint8_t byte) {
    output.add(Bytes(size, byte));
    expected.append(size, static_cast<char>(byte));
  }

  Pipe pipe;
  Output output;
  std::string expected;
};

TEST_F(OutputTest, KeepsTheOrderOfChunks) {
  append_open(3, 'a');
  append_open(3, 'b');
  add(5, 'c');
  append_open(2, 'd');
  add(0, 'e');
  add(1, 'f');
  EXPECT_EQ(output.pending(), 14u);
  EXPECT_EQ(output.flush(pipe.write_end()), Flush::done);
  EXPECT_TRUE(output.empty());
  EXPECT_EQ(pipe.read_exactly(expected.size()), expected);
}

TEST_F(OutputTest, GoesOnWhereAFullPipeStoppedIt) {
  for (int i = 0; i < 100; ++i) {
    append_open(30000, static_cast<std::uint8_t>('a' + i % 26));
    add(20000, static_cast<std::uint8_t>('A' + i % 26));
  }
  std::string got;
  int blocked = 0;
  while (output.flush(pipe.write_end()) == Flush::blocked) {
    ++blocked;
    got += pipe.read_some();
    if (blocked == 3) append_open(10, '!');  // more comes while the rest waits
  }
  got += pipe.read_exactly(expected.size() - got.size());
  EXPECT_GT(blocked, 3);
  EXPECT_TRUE(got == expected);
}

TEST_F(OutputTest, ReusesItsMemory) {
  append_open(1000, 'a');
  const std::uint8_t* data = output.open_chunk().data();
  ASSERT_EQ(output.flush(pipe.write_end()), Flush::done);
  append_open(1000, 'b');
  EXPECT_EQ(output.open_chunk().data(), data);
}

TEST_F(OutputTest, TellsAClosedPipeFromOtherFailures) {
  append_open(1, 'a');
  EXPECT_EQ(output.flush(-1), Flush::failed);
  pipe.close_read();
  EXPECT_EQ(output.flush(pipe.write_end()), Flush::closed);
}

}  // namespace
}  // namespace pyport::server
