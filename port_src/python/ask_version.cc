#include "python/ask_version.h"

#include "python/program_answer.h"

namespace pyport::python {
namespace {

constexpr char kQuestion[] =
    "import sys, sysconfig\n"
    "t = 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''\n"
    "print('%d.%d%s' % (sys.version_info[0], sys.version_info[1], t))\n";

}  // namespace

std::optional<std::string> ask_version(const std::string& executable) {
  return ask_program({executable, {"-I", "-c", kQuestion}}).line;
}

}  // namespace pyport::python
