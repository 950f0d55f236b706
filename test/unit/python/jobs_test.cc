#include <fstream>

#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

TEST(Call, FunctionOfAModule) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(call(ns, "os.path", "join", p_list({p_text("a"), p_text("b")})), "a/b");
  EXPECT_EQ(call(ns, "builtins", "str", p_list({p_int(42)})), "42");
}

TEST(Call, DottedFunction) {
  EXPECT_EQ(call(new_namespace(), "string", "Formatter.__name__.upper"), "FORMATTER");
}

TEST(Call, KeywordArguments) {
  EXPECT_EQ(call(new_namespace(), "json", "dumps", p_list({"](" + p_int(1) + p_int(2) + "e"}),
                 p_dict({{"indent", "N"}, {"separators", p_text("-") + p_text("=") + "\x86"}})),
            "[1-2]");
}

TEST(Call, FunctionOfTheNamespace) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "def twice(x): return str(2 * x)"), "<done>");
  EXPECT_EQ(call(ns, "__main__", "twice", p_list({p_int(21)})), "42");
}

TEST(Call, MissingModuleOrFunction) {
  const NamespaceId ns = new_namespace();
  const auto no_module = exception_of(wait(submit(ns, CallJob{"no_such_module", "f", p_list({}), {}})));
  EXPECT_EQ(no_module.type, "ModuleNotFoundError");
  EXPECT_EQ(no_module.message, "No module named 'no_such_module'");
  const auto no_function = exception_of(wait(submit(ns, CallJob{"math", "no_such", p_list({}), {}})));
  EXPECT_EQ(no_function.type, "AttributeError");
  EXPECT_EQ(exception_of(wait(submit(ns, CallJob{"math", "pi", p_list({}), {}}))).type, "TypeError");
  EXPECT_EQ(exception_of(wait(submit(ns, CallJob{"", "pi", p_list({}), {}}))).type, "ValueError");
}

TEST(Call, ArgumentsThatCannotBeLoaded) {
  const auto outcome = wait(submit(new_namespace(), CallJob{"builtins", "str", {'x', 'y'}, {}}));
  EXPECT_EQ(exception_of(outcome).type, "_pickle.UnpicklingError");
}

TEST(Eval, Expressions) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(eval(ns, "str(1 + 2)"), "3");
  EXPECT_EQ(eval(ns, "\n\t  str(\n1\n)  \n"), "1") << "white space around it";
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"x = 1", {}}))).type, "SyntaxError");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"", {}}))).type, "SyntaxError");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{std::string("1\0", 2) + "2", {}}))).type, "SyntaxError");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"'\xff'", {}}))).type, "UnicodeDecodeError");
}

TEST(Exec, IndentedCode) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "\n      def f():\n          return 'deep'\n\n      y = f()\n"), "<done>");
  EXPECT_EQ(eval(ns, "y"), "deep");
}

TEST(Variables, AreGlobalsWhileTheJobRuns) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(eval(ns, "str([x + i for i in range(2)])", p_dict({{"x", p_int(5)}})), "[5, 6]");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"x", {}}))).type, "NameError") << "gone after it";
}

TEST(Variables, TheNamespacesOwnComesBack) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "x = 'own'"), "<done>");
  EXPECT_EQ(eval(ns, "x", p_dict({{"x", p_text("given")}})), "given");
  EXPECT_EQ(eval(ns, "x"), "own");
  EXPECT_EQ(exec(ns, "1 / 0", p_dict({{"x", p_text("given")}})).substr(0, 17), "ZeroDivisionError");
  EXPECT_EQ(eval(ns, "x"), "own") << "after an exception too";
}

TEST(Variables, WhatTheCodeBindsStays) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "x = x + 1", p_dict({{"x", p_int(5)}})), "<done>");
  EXPECT_EQ(eval(ns, "str(x)"), "6");
  EXPECT_EQ(exec(ns, "y = y", p_dict({{"y", p_text("kept")}})), "<done>");
  EXPECT_EQ(eval(ns, "y"), "kept") << "bound anew to the same object";
  EXPECT_EQ(exec(ns, "z = 5", p_dict({{"z", p_int(5)}})), "<done>");
  EXPECT_EQ(eval(ns, "str(z)"), "5") << "small ints are one object";
}

TEST(Variables, WhatTheCodeDeletesIsGone) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "x = 'own'"), "<done>");
  EXPECT_EQ(exec(ns, "del x", p_dict({{"x", p_int(5)}})), "<done>");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"x", {}}))).type, "NameError");
}

TEST(Variables, BadOnesAreRefusedWhole) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"1", p_list({})}))).type, "TypeError");
  const Bytes odd = p_whole("}(" + p_text("a") + p_int(1) + p_int(2) + p_int(3) + "u");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"1", odd}))).type, "TypeError");
  EXPECT_EQ(exception_of(wait(submit(ns, EvalJob{"a", {}}))).type, "NameError");
}

TEST(Values, TypeOfOpaqueOnes) {
  const auto outcome = wait(submit(new_namespace(), EvalJob{"__import__('datetime').date(2020, 1, 2)", {}}));
  ASSERT_TRUE(std::holds_alternative<ValueOutcome>(outcome)) << shown(outcome);
  EXPECT_FALSE(std::get<ValueOutcome>(outcome).plain);
  EXPECT_EQ(std::get<ValueOutcome>(outcome).type, "datetime.date");
}

TEST(Values, PlainOnesHaveNoType) {
  const auto outcome = wait(submit(new_namespace(), EvalJob{"[1, {'a': (2.5, None, b'x')}]", {}}));
  ASSERT_TRUE(std::holds_alternative<ValueOutcome>(outcome)) << shown(outcome);
  EXPECT_TRUE(std::get<ValueOutcome>(outcome).plain);
  EXPECT_EQ(std::get<ValueOutcome>(outcome).type, "");
}

TEST(Values, ClassesOfTheNamespaceArePickledAndFoundAgain) {
  const NamespaceId ns = new_namespace();
  EXPECT_EQ(exec(ns, "class Point:\n    def __init__(self): self.x = 'kept'\n"), "<done>");
  const auto made = wait(submit(ns, EvalJob{"Point()", {}}));
  ASSERT_TRUE(std::holds_alternative<ValueOutcome>(made)) << shown(made);
  EXPECT_EQ(std::get<ValueOutcome>(made).type, "__main__.Point");
  const Bytes& pickle = std::get<ValueOutcome>(made).pickle;
  const std::string nested = "c_erlang\nobject\n" + p_text("__main__.Point") +
                             p_bytes(std::string(pickle.begin(), pickle.end())) + "\x86R";
  EXPECT_EQ(eval(ns, "point.x + ' ' + str(type(point) is Point)", p_dict({{"point", nested}})), "kept True");
  const auto elsewhere = exception_of(wait(submit(new_namespace(), EvalJob{"p", p_dict({{"p", nested}})})));
  EXPECT_EQ(elsewhere.type, "AttributeError") << "another namespace has no such class";
}

TEST(Values, UnpicklableOnes) {
  const NamespaceId ns = new_namespace();
  const auto outcome = wait(submit(ns, EvalJob{"(x for x in ())", {}}));
  ASSERT_TRUE(is_error(outcome, Errc::bad_term)) << shown(outcome);
  EXPECT_EQ(std::get<Error>(outcome).detail, "unpicklable: cannot pickle 'generator' object");
  const auto inside = wait(submit(ns, EvalJob{"{'users': [1, {7: (x for x in ())}]}", {}}));
  ASSERT_TRUE(is_error(inside, Errc::bad_term)) << shown(inside);
  EXPECT_EQ(std::get<Error>(inside).path, (Path{"users", 2, 7}));
  EXPECT_EQ(exec(ns, "class Bad:\n  def __reduce__(self): raise SystemExit('no')"), "<done>");
  const auto bad = wait(submit(ns, EvalJob{"Bad()", {}}));
  ASSERT_TRUE(is_error(bad, Errc::bad_term)) << shown(bad);
  EXPECT_EQ(std::get<Error>(bad).detail, "unpicklable: no");
}

// ---- RUN

class RunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "pyport_run_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  static std::string run(const std::string& path, std::vector<std::string> argv = {}) {
    return shown(wait(submit(new_namespace(), RunJob{path, std::move(argv)})));
  }
  std::string folder_;
};

TEST_F(RunTest, AsTheCommandWould) {
  file("neighbour_module.py", "word = 'neighbour'\n");
  const std::string path =
      file("script.py",
           "import sys, __main__\n"
           "import neighbour_module\n"
           "assert __name__ == '__main__' and __main__.__file__ == __file__ == sys.argv[0]\n"
           "print(neighbour_module.word, sys.argv[1:], __main__.sys is sys)\n");
  EXPECT_EQ(run(path, {"a", "b c"}), "<done>");
  wait_printed("neighbour ['a', 'b c'] True");
}

TEST_F(RunTest, NothingIsLeftBehind) {
  const NamespaceId ns = new_namespace();
  const std::string before = eval(ns, "repr((__import__('sys').argv, __import__('sys').path))");
  const std::string path = file("script.py", "import sys\nsys.argv.append('x')\nleft = 1\n1 / 0\n");
  EXPECT_EQ(shown(wait(submit(ns, RunJob{path, {"a"}}))).substr(0, 17), "ZeroDivisionError");
  EXPECT_EQ(eval(ns, "repr((__import__('sys').argv, __import__('sys').path))"), before);
  EXPECT_EQ(eval(ns, "str('left' in globals())"), "False");
}

TEST_F(RunTest, ExitCodes) {
  EXPECT_EQ(run(file("none.py", "raise SystemExit")), "<done>");
  EXPECT_EQ(run(file("zero.py", "import sys; sys.exit(0)")), "<done>");
  EXPECT_EQ(run(file("three.py", "import sys; sys.exit(3)")).substr(0, 13), "SystemExit: 3");
  EXPECT_EQ(run(file("text.py", "import sys; sys.exit('bad input')")).substr(0, 21), "SystemExit: bad input");
}

TEST_F(RunTest, TracebackNamesTheFile) {
  const std::string path = file("fails.py", "# first\ndef f():\n    raise KeyError('k')\nf()\n");
  const auto outcome = exception_of(wait(submit(new_namespace(), RunJob{path, {}})));
  EXPECT_EQ(outcome.type, "KeyError");
  ASSERT_GE(outcome.traceback.size(), 4U);
  EXPECT_EQ(outcome.traceback[1], "  File \"" + path + "\", line 4, in <module>");
  EXPECT_EQ(outcome.traceback[2], "    f()");
}

TEST_F(RunTest, ACodingLineCounts) {
  EXPECT_EQ(run(file("latin.py", "# -*- coding: latin-1 -*-\nassert len('\xe4') == 1\n")), "<done>");
}

TEST_F(RunTest, MissingFile) {
  EXPECT_EQ(exception_of(wait(submit(new_namespace(), RunJob{folder_ + "/none.py", {}}))).type,
            "FileNotFoundError");
}

}  // namespace
}  // namespace pyport::python
