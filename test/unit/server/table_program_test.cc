// Role table of the program itself.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "port_program.h"
#include "server/process.h"

namespace pyport::server {
namespace {

using protocol::Op;
using test::Frame;
using test::Node;
using test::PortProgram;

Bytes dict() {
  return test::body([](etf::Writer w) { w.binary(Bytes(16, 1)); });
}
Bytes key() {
  return test::body([](etf::Writer w) { w.tuple(2).binary(Bytes(16, 1)).text("k"); });
}
Bytes key_and_value() {
  return test::body([](etf::Writer w) { w.tuple(3).binary(Bytes(16, 1)).text("k").integer(42); });
}
Bytes value() {
  return test::body([](etf::Writer w) { w.integer(42); });
}

void fill(PortProgram& program) {
  EXPECT_EQ(program.ask(Op::create, dict()).header.op, Op::ok);
  EXPECT_EQ(program.ask(Op::set, key_and_value()).header.op, Op::ok);
}

TEST(TableProgram, MakesTheFileForThisUserAlone) {
  Node node;
  PortProgram program;
  EXPECT_EQ(program.hello(hello_table(node)).header.op, Op::value);
  struct stat file {};
  ASSERT_EQ(stat(node.table().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST(TableProgram, RunsNoPython) {
  Node node;
  PortProgram program;
  EXPECT_EQ(
      program.hello(hello_table(node)).body, test::body([&](etf::Writer w) {
        w.map(5).atom("protocol").integer(1).atom("version").text(PYPORT_VERSION).atom("python").text("");
        w.atom("os_pid").integer(program.pid()).atom("interpreters").integer(0);
      }));
  const Bytes eval = test::body([](etf::Writer w) { w.tuple(3).integer(1).text("1").map(0); });
  EXPECT_EQ(program.ask(Op::eval, eval).body,
            test::body([](etf::Writer w) { w.tuple(2).atom("unknown_op").integer(0x21); }));
}

TEST(TableProgram, DictsOutliveIt) {
  Node node;
  {
    PortProgram first;
    first.hello(hello_table(node));
    fill(first);
    kill(first.pid(), SIGKILL);
    EXPECT_EQ(first.end_status(), -1);
  }
  PortProgram second;
  EXPECT_EQ(second.hello(hello_table(node)).header.op, Op::value);
  EXPECT_EQ(second.ask(Op::get, key()).body, value());
  EXPECT_EQ(second.ask(Op::create, dict()).header.op, Op::error) << "it is there";
}

TEST(TableProgram, EndOfInputWhileTheNodeLivesKeepsTheFile) {
  Node node;
  PortProgram program;
  program.hello(hello_table(node));
  fill(program);
  program.close_input();
  EXPECT_EQ(program.end_status(), kExitDone);
  EXPECT_TRUE(node.has_table());
}

TEST(TableProgram, EndOfTheNodeRemovesTheFile) {
  Node node;
  PortProgram program;
  program.hello(hello_table(node));
  fill(program);
  node.end();
  program.close_input();
  EXPECT_EQ(program.end_status(), kExitDone);
  EXPECT_FALSE(node.has_table());
}

// A node that halts closes its ports first.
TEST(TableProgram, NodeThatEndsAfterItsPortsRemovesTheFile) {
  Node node;
  PortProgram program;
  program.hello(hello_table(node));
  program.close_input();
  node.end();
  EXPECT_EQ(program.end_status(), kExitDone);
  EXPECT_FALSE(node.has_table());
}

TEST(TableProgram, FileThatIsNoTableIsRefused) {
  Node node;
  std::ofstream(node.table()) << "no table";
  PortProgram program;
  const Frame frame = program.hello(hello_table(node));
  EXPECT_EQ(frame.header.op, Op::error);
  EXPECT_NE(as_text(frame.body).find("bad_config"), std::string::npos);
  EXPECT_NE(as_text(frame.body).find("table: "), std::string::npos);
  EXPECT_EQ(program.end_status(), kExitRefused);
}

TEST(TableProgram, FolderThatIsNotThereIsRefused) {
  Node node;
  test::Pairs pairs = hello_table(node);
  pairs["table"] = test::text("/nowhere/table");
  PortProgram program;
  const Frame frame = program.hello(pairs);
  EXPECT_NE(as_text(frame.body).find("table: "), std::string::npos) << as_text(frame.body);
  EXPECT_EQ(program.end_status(), kExitRefused);
}

TEST(TableProgram, PythonSeesTheSameDicts) {
  Node node;
  PortProgram table, python;
  table.hello(hello_table(node));
  fill(table);
  EXPECT_EQ(python.hello(hello_python(node, "process")).header.op, Op::value);
  python.make_namespace();
  const auto handle = [](etf::Writer w) {
    w.tuple(3).atom("$pyport_dict").atom("shop@host").binary(Bytes(16, 1));
  };
  const auto run = [&](Op op, const char* code) {
    const Bytes body =
        test::body([&](etf::Writer w) { handle(w.tuple(3).integer(1).text(code).map(1).text("d")); });
    return python.ask(op, body);
  };
  EXPECT_EQ(run(Op::eval, "d['k']").body, value());
  EXPECT_EQ(run(Op::exec, "d['k'] = 43").header.op, Op::ok);
  EXPECT_EQ(table.ask(Op::get, key()).body, test::body([](etf::Writer w) { w.integer(43); }));
  kill(python.pid(), SIGKILL);
  EXPECT_EQ(table.ask(Op::sweep).header.op, Op::ok);
  EXPECT_EQ(table.ask(Op::get, key()).body, test::body([](etf::Writer w) { w.integer(43); }));
}

}  // namespace
}  // namespace pyport::server
