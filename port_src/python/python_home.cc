#include "python/python_home.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "python/ask_version.h"
#include "python/python_api.h"

namespace pyport::python {
namespace {

namespace fs = std::filesystem;

const std::string kLinked = std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);

Error refused(const std::string& why) { return make_error(Errc::bad_config, "python: " + why); }

bool is_executable_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

// "3.13" of "3.13.0", "3.13.0.final.0" or "3.13t"; what follows the minor number goes to `rest`.
std::optional<std::string> major_minor(std::string_view text, std::string_view* rest = nullptr) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
    return at > start;
  };
  if (!digits() || at >= text.size() || text[at] != '.') return std::nullopt;
  ++at;
  if (!digits()) return std::nullopt;
  if (rest != nullptr) *rest = text.substr(at);
  return std::string(text.substr(0, at));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// The version that a pyvenv.cfg names: `version` as venv writes it, `version_info` as virtualenv does.
std::optional<std::string> venv_version(const fs::path& config) {
  std::ifstream file(config);
  for (std::string line; std::getline(file, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view key = trimmed(std::string_view(line).substr(0, equals));
    if (key != "version" && key != "version_info") continue;
    if (auto version = major_minor(trimmed(std::string_view(line).substr(equals + 1)))) return version;
  }
  return std::nullopt;
}

// The pyvenv.cfg that CPython will find for this executable: beside it or one folder up.
std::optional<fs::path> venv_config(const fs::path& executable) {
  const fs::path folder = executable.parent_path();
  for (const fs::path& candidate : {folder / "pyvenv.cfg", folder.parent_path() / "pyvenv.cfg"}) {
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored)) return candidate;
  }
  return std::nullopt;
}

// Version by the name of the file behind all symlinks, as in bin/python3.13; "3.13t" for a build
// without the GIL.
std::optional<std::string> named_version(const fs::path& executable) {
  std::error_code failure;
  const std::string name = fs::canonical(executable, failure).filename().string();
  if (failure || !name.starts_with("python")) return std::nullopt;
  std::string_view rest;
  auto version = major_minor(std::string_view(name).substr(6), &rest);
  if (!version || !(rest.empty() || rest == "t")) return std::nullopt;
  return *version + std::string(rest);
}

Result<PythonHome> checked(const fs::path& executable) {
  std::optional<std::string> version;
  if (const auto config = venv_config(executable)) version = venv_version(*config);
  if (!version) version = named_version(executable);
  if (!version) version = ask_version(executable.string());
  if (!version) return refused(executable.string() + " does not tell its version");
  if (*version != kLinked) {
    return refused(executable.string() + " is Python " + *version + ", pyport is linked to " + kLinked);
  }
  return PythonHome{executable.string()};
}

// The installation of the linked libpython: the nearest bin/python3.N above the library.
PythonHome linked_home() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&Py_GetVersion), &library) == 0 || library.dli_fname == nullptr)
    return {};
  // The loader may have come by a symlink: where /lib is one to /usr/lib, there is no bin above the former.
  std::error_code ignored;
  fs::path folder = fs::canonical(library.dli_fname, ignored).parent_path();
  for (; folder.has_relative_path(); folder = folder.parent_path()) {
    const fs::path candidate = folder / "bin" / ("python" + kLinked);
    if (is_executable_file(candidate)) return {candidate.string()};
  }
  return {};
}

}  // namespace

Result<PythonHome> find_python_home(const std::string& option) {
  if (option.empty()) return linked_home();
  std::error_code failure;
  const fs::path path = fs::absolute(option, failure).lexically_normal();
  if (fs::is_directory(path, failure)) {
    if (!fs::is_regular_file(path / "pyvenv.cfg", failure)) {
      return refused(option + " is no virtual environment: it has no pyvenv.cfg");
    }
    const fs::path executable = path / "bin" / "python";
    if (!is_executable_file(executable)) return refused(option + " has no bin/python that can be run");
    return checked(executable);
  }
  if (!fs::exists(path, failure)) return refused(option + " does not exist");
  if (!is_executable_file(path))
    return refused(option + " is neither a virtual environment nor an executable");
  return checked(path);
}

}  // namespace pyport::python
