#include "base/utf8.h"
#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

ExceptionOutcome raised(NamespaceId ns, std::string code) {
  return exception_of(wait(submit(ns, ExecJob{std::move(code), {}})));
}
ExceptionOutcome raised(std::string code) { return raised(new_namespace(), std::move(code)); }

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Exceptions, BuiltinTypesAreBare) {
  const auto outcome = raised("raise KeyError('k')");
  EXPECT_EQ(outcome.type, "KeyError");
  EXPECT_TRUE(outcome.builtin);
  EXPECT_EQ(outcome.message, "'k'");
}

TEST(Exceptions, OthersAreQualified) {
  const auto outcome = raised("import json; json.loads('{')");
  EXPECT_EQ(outcome.type, "json.decoder.JSONDecodeError");
  EXPECT_FALSE(outcome.builtin);
  EXPECT_EQ(raised("class Outer:\n  class Inner(Exception): pass\nraise Outer.Inner").type,
            "__main__.Outer.Inner");
  const auto fake = raised("class KeyError(Exception): __module__ = 'builtins'\nraise KeyError");
  EXPECT_FALSE(fake.builtin) << "only what builtins has is one of them";
}

TEST(Exceptions, BaseExceptionsToo) {
  EXPECT_EQ(raised("raise SystemExit(3)").type, "SystemExit");
  EXPECT_EQ(raised("raise KeyboardInterrupt").type, "KeyboardInterrupt");
  EXPECT_EQ(raised("raise GeneratorExit").type, "GeneratorExit");
}

TEST(Exceptions, TracebackShowsTheTextsLines) {
  const auto outcome = raised("\n    def inner(x):\n        return 1 / x\n\n    inner(0)\n");
  EXPECT_EQ(joined(outcome.traceback),
            "Traceback (most recent call last):\n"
            "  File \"<exec>\", line 5, in <module>\n"
            "    inner(0)\n"
            "    ~~~~~^^^\n"
            "  File \"<exec>\", line 3, in inner\n"
            "    return 1 / x\n"
            "           ~~^~~\n"
            "ZeroDivisionError: division by zero\n");
}

TEST(Exceptions, FunctionsKeepTheirOwnText) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "def f():\n    raise ValueError('from the first text')"), "<done>");
  const auto outcome = raised(ns, "# another text\nf()");
  EXPECT_NE(joined(outcome.traceback).find("    raise ValueError('from the first text')"), std::string::npos);
}

TEST(Exceptions, SyntaxErrorsShowTheLine) {
  const auto outcome = raised("x = 1\ny = (");
  EXPECT_EQ(outcome.type, "SyntaxError");
  EXPECT_EQ(outcome.message, "'(' was never closed (<exec>, line 2)");
  EXPECT_EQ(joined(outcome.traceback),
            "  File \"<exec>\", line 2\n"
            "    y = (\n"
            "        ^\n"
            "SyntaxError: '(' was never closed\n");
}

TEST(Exceptions, ChainedCausesAreTold) {
  const auto text =
      joined(raised("try:\n  {}['a']\nexcept KeyError as e:\n  raise ValueError('v') from e").traceback);
  EXPECT_NE(text.find("KeyError: 'a'"), std::string::npos) << text;
  EXPECT_NE(text.find("direct cause"), std::string::npos) << text;
  const auto group = joined(raised("raise ExceptionGroup('g', [ValueError(1), KeyError(2)])").traceback);
  EXPECT_NE(group.find("ValueError: 1"), std::string::npos) << group;
}

TEST(Exceptions, NoFrameOfOursIsShown) {
  for (const char* code :
       {"print(object.__new__(type('T', (), {'__str__': lambda s: 1/0})))", "import sys\nsys.stdout.write(3)",
        "import sys\nsys.stdout.buffer.write('text')"}) {
    const auto text = joined(raised(code).traceback);
    EXPECT_EQ(text.find("/erlang/"), std::string::npos) << text;
    EXPECT_NE(text.find("<exec>"), std::string::npos) << text;
  }
}

TEST(Exceptions, BrokenStr) {
  const auto outcome = raised("class E(Exception):\n  def __str__(self): raise KeyError\nraise E");
  EXPECT_EQ(outcome.type, "__main__.E");
  EXPECT_EQ(outcome.message, "<no message: str() of the exception raised KeyError>");
  const auto exits = raised("class E(Exception):\n  def __str__(self): raise SystemExit\nraise E");
  EXPECT_EQ(exits.type, "__main__.E");
  EXPECT_NE(exits.message, "");
}

TEST(Exceptions, BrokenNames) {
  const auto outcome = raised("class E(Exception): pass\nE.__module__ = 3\nraise E('m')");
  EXPECT_EQ(outcome.message, "m");
  EXPECT_FALSE(outcome.builtin);
}

TEST(Exceptions, TextIsValidUtf8) {
  const auto outcome = raised("raise ValueError('lone \\udc80 \\u20ac')");
  EXPECT_EQ(outcome.message, "lone ? \xe2\x82\xac");
  for (const std::string& line : outcome.traceback) EXPECT_TRUE(is_utf8(as_bytes(line))) << line;
}

TEST(Exceptions, EndlessRecursion) {
  const auto outcome = raised("def f(): f()\nf()");
  EXPECT_EQ(outcome.type, "RecursionError");
  EXPECT_NE(joined(outcome.traceback).find("Previous line repeated"), std::string::npos);
  EXPECT_EQ(raised("class E(Exception):\n  def __str__(self): return str(self)\nraise E").type, "__main__.E");
}

TEST(Exceptions, AskingForTooMuchMemory) { EXPECT_EQ(raised("bytearray(1 << 60)").type, "MemoryError"); }

TEST(Exceptions, TheObjectIsReleasedBeforeTheNextJob) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns,
                 "import weakref, gc\ngc.disable()\nrefs = []\nclass E(Exception):\n"
                 "  def __init__(self): refs.append(weakref.ref(self))\ndef f(): raise E"),
            "<done>");
  for (const char* code :
       {"raise E", "f()", "try:\n  f()\nexcept E as e:\n  raise", "raise KeyError from E()"}) {
    raised(ns, code);
    EXPECT_EQ(eval(ns, "str(refs.pop()())"), "None") << code;
  }
  EXPECT_EQ(exec(ns, "gc.enable()"), "<done>");
}

TEST(Exceptions, ValuesAreReleasedToo) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns,
                 "import weakref\nclass C: pass\ndef make():\n  global ref\n  c = C(); ref = weakref.ref(c)\n"
                 "  return c"),
            "<done>");
  wait(submit(ns, EvalJob{"make()", {}}));
  EXPECT_EQ(eval(ns, "str(ref())"), "None");
}

TEST(Exceptions, ManyTextsAreBounded) {
  const NamespaceId ns = new_namespace();
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(raised(ns, "raise ValueError(" + std::to_string(i) + ")").message, std::to_string(i));
  }
  EXPECT_EQ(eval(ns, "str(sum(name.startswith('<exec ') for name in __import__('linecache').cache) <= 128)"),
            "True");
}

}  // namespace
}  // namespace pyport::python
