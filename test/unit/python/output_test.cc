#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

LogRecord logged(const std::string& text) {
  return port().sink.wait_log([&](const LogRecord& record) { return record.text == text; });
}

TEST(Output, PrintArrivesLineByLine) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "print('first line')\nprint('second', 'line')"), "<done>");
  const LogRecord record = logged("first line");
  EXPECT_EQ(record.stream, LogStream::out);
  EXPECT_EQ(record.level, LogLevel::notice);
  EXPECT_EQ(record.logger, "");
  EXPECT_GE(record.interpreter, 1U);
  EXPECT_LE(record.interpreter, kInterpreters);
  logged("second line");
}

TEST(Output, StandardErrorIsAStreamOfItsOwn) {
  EXPECT_EQ(exec(new_namespace(), "import sys\nprint('to stderr', file=sys.stderr)"), "<done>");
  EXPECT_EQ(logged("to stderr").stream, LogStream::err);
}

TEST(Output, WhatHasNoLineEndIsSentAtTheJobsEnd) {
  const NamespaceId ns = new_namespace();
  const RequestId id =
      submit(ns, ExecJob{"import sys\nsys.stdout.write('no '); sys.stdout.write('end')", {}});
  wait(id);
  logged("no end");
  EXPECT_EQ(exec(ns, "raise SystemExit(print('before exit', end=''))").substr(0, 10), "SystemExit");
  logged("before exit");
}

TEST(Output, FlushSendsAtOnce) {
  const NamespaceId ns = new_namespace();
  const RequestId id = submit(ns, ExecJob{"print('flushed', end='', flush=True)\nwhile True: pass", {}});
  logged("flushed");
  port().runtime->cancel(id);
  wait(id);
}

TEST(Output, LongLinesAreCutBetweenCharacters) {
  EXPECT_EQ(exec(new_namespace(), "print('cut' + '\\u20ac' * 40000)"), "<done>");
  const std::string first =
      port().sink.wait_log([](const LogRecord& r) { return r.text.starts_with("cut"); }).text;
  EXPECT_LE(first.size(), 65536U);
  EXPECT_GE(first.size(), 65532U);
  EXPECT_EQ((first.size() - 3) % 3, 0U);
  const std::size_t rest = 3 + 40000 * 3 - first.size();
  port().sink.wait_log(
      [&](const LogRecord& r) { return r.text.size() == rest && r.text.starts_with("\xe2\x82\xac"); });
}

TEST(Output, SurrogatesAreWrittenOut) {
  EXPECT_EQ(exec(new_namespace(), "print('odd \\udc80')"), "<done>");
  logged("odd \\udc80");
}

TEST(Output, BytesByTheBuffer) {
  EXPECT_EQ(exec(new_namespace(),
                 "import sys\nsys.stdout.buffer.write(b'raw \\xe2\\x82')\n"
                 "sys.stdout.buffer.write(b'\\xac \\xff\\n')"),
            "<done>");
  logged("raw \xe2\x82\xac \\xff");
}

TEST(Output, StreamsLookLikeStreams) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(
      eval(ns,
           "str([(s.fileno(), s.isatty(), s.encoding, s.errors, s.writable(), s.closed) for s in "
           "(__import__('sys').stdout, __import__('sys').stderr)])"),
      "[(1, False, 'utf-8', 'backslashreplace', True, False), (2, False, 'utf-8', 'backslashreplace', True, "
      "False)]");
  EXPECT_EQ(exec(ns, "import sys\nsys.stdout.close()\nprint('still open')"), "<done>");
  logged("still open");
  EXPECT_EQ(
      exec(ns,
           "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as f: print('caught')\n"
           "assert f.getvalue() == 'caught\\n'\nprint('back again')"),
      "<done>");
  logged("back again");
}

TEST(Output, ChildrenWriteToTheOperatingSystemsStreams) {
  EXPECT_EQ(exec(new_namespace(),
                 "import subprocess, sys\n"
                 "r = subprocess.run([sys.executable, '-c', 'print(1+1)'], capture_output=True)\n"
                 "assert r.stdout == b'2\\n', r\n"
                 "subprocess.run(['true'], stdout=sys.stdout, stderr=sys.stderr, check=True)"),
            "<done>");
}

TEST(Logging, LevelsAndNames) {
  EXPECT_EQ(exec(new_namespace(), R"(
import logging
log = logging.getLogger('shop.cart')
log.setLevel(1)
for level in (logging.DEBUG, logging.INFO, 25, logging.WARNING, logging.ERROR, logging.CRITICAL):
    log.log(level, 'at %d', level)
)"),
            "<done>");
  const std::pair<int, LogLevel> levels[] = {{10, LogLevel::debug},  {20, LogLevel::info},
                                             {25, LogLevel::notice}, {30, LogLevel::warning},
                                             {40, LogLevel::error},  {50, LogLevel::critical}};
  for (const auto& [number, level] : levels) {
    const LogRecord record = logged("at " + std::to_string(number));
    EXPECT_EQ(record.stream, LogStream::log);
    EXPECT_EQ(record.level, level);
    EXPECT_EQ(record.logger, "shop.cart");
  }
}

TEST(Logging, InfoIsTheDefaultLevel) {
  EXPECT_EQ(exec(new_namespace(), "import logging\nlogging.debug('too quiet')\nlogging.info('loud enough')"),
            "<done>");
  EXPECT_EQ(logged("loud enough").logger, "root");
  for (const LogRecord& record : port().sink.logs()) EXPECT_NE(record.text, "too quiet");
}

TEST(Logging, ExceptionsComeWithTheirTraceback) {
  EXPECT_EQ(
      exec(new_namespace(), "import logging\ntry: 1 / 0\nexcept Exception: logging.exception('it broke')"),
      "<done>");
  const auto fits = [](const LogRecord& record) { return record.text.starts_with("it broke\nTraceback"); };
  const std::string text = port().sink.wait_log(fits).text;
  EXPECT_TRUE(text.ends_with("ZeroDivisionError: division by zero")) << text;
  EXPECT_NE(text.find("1 / 0"), std::string::npos) << "the text's line is shown: " << text;
}

TEST(Logging, BasicConfigDoesNotDisturbUnlessForced) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(
      exec(ns,
           "import logging, sys\nlogging.basicConfig(format='mine %(message)s')\nlogging.warning('ours')"),
      "<done>");
  EXPECT_EQ(logged("ours").stream, LogStream::log);
  EXPECT_EQ(exec(ns,
                 "root = logging.getLogger(); before = root.handlers[:]\n"
                 "logging.basicConfig(format='mine %(message)s', force=True)\nlogging.warning('theirs')\n"
                 "root.handlers[:] = before"),
            "<done>");
  EXPECT_EQ(logged("mine theirs").stream, LogStream::err);
  EXPECT_EQ(exec(ns, "logging.warning('ours again')"), "<done>");
  EXPECT_EQ(logged("ours again").stream, LogStream::log);
}

TEST(Output, UnhandledExceptionsOfThreads) {
  EXPECT_EQ(exec(new_namespace(),
                 "import threading\nt = threading.Thread(target=lambda: [][1], name='side')\n"
                 "t.start(); t.join()"),
            "<done>");
  EXPECT_EQ(logged("IndexError: list index out of range").stream, LogStream::err);
}

TEST(Output, UnraisableExceptions) {
  EXPECT_EQ(exec(new_namespace(), "class C:\n  def __del__(self): raise ValueError('in del')\nC()"),
            "<done>");
  EXPECT_EQ(logged("ValueError: in del").stream, LogStream::err);
}

TEST(Output, DaemonThreadsOutliveTheJob) {
  const NamespaceId ns = new_namespace();
  const table::Handle dict = new_dict();
  EXPECT_EQ(exec(ns,
                 "import threading\ndef side(d=d):\n  while not d.get('stop'): pass\n  print('thread ends')\n"
                 "threading.Thread(target=side, daemon=True).start()",
                 p_dict({{"d", p_handle(dict)}})),
            "<done>");
  EXPECT_EQ(exec(ns, "d['stop'] = 1", p_dict({{"d", p_handle(dict)}})), "<done>");
  logged("thread ends");
}

}  // namespace
}  // namespace pyport::python
