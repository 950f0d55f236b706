#include "python/module_definition.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/mutex.h"
#include "base/utf8.h"
#include "python/extension_probe.h"
#include "python/program_answer.h"

namespace pyport::python {
namespace {

constexpr char kDefinitionFunction[] = "PyModuleDef_Init";

// What tells one version of a file from another.
using Version = std::tuple<dev_t, ino_t, off_t, time_t, long>;

Version version_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

// A file that is open for reading.
class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Nothing when it is no regular file that can be read.
  std::optional<struct stat> status() const {
    struct stat found {};
    if (fd_ < 0 || fstat(fd_, &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    return found;
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Whether it begins as a shared object does, and has the name of the function anywhere. The name must be in
// the string table of a module that calls it, which ends each name with a zero.
struct Screened {
  bool shared_object = false;
  bool may_define = false;
};

// Read rather than mapped: a file that is cut off meanwhile must not end the process.
Screened screen(const File& file) {
  constexpr std::size_t kChunk = 1 << 20;
  const std::string_view wanted(kDefinitionFunction, sizeof kDefinitionFunction);  // with the zero
  Screened found;
  std::string text;
  for (bool first = true;; first = false) {
    const std::size_t kept = std::min(text.size(), wanted.size() - 1);
    text.erase(0, text.size() - kept);
    text.resize(kept + kChunk);
    const ssize_t count = read(file.fd(), text.data() + kept, kChunk);
    if (count <= 0) return found;
    text.resize(kept + static_cast<std::size_t>(count));
    if (first) found.shared_object = text.starts_with(std::string_view(ELFMAG, SELFMAG));
    if (!found.shared_object) return found;
    found.may_define = text.find(wanted) != std::string::npos;
    if (found.may_define) return found;
  }
}

struct Asked {
  Declaration declaration;
  bool lasting = true;  // asking again would give the same
};

Asked ask(const std::string& python, const std::string& file, const std::string& module) {
  const ProgramAnswer answer =
      ask_program({"/proc/self/exe", {kProbeOption, python, file, module}, /*quiet=*/true});
  if (!answer.line) {
    if (answer.why == Unanswered::not_started)
      return {{OwnGil::unknown, "no process could be started"}, false};
    return {{OwnGil::unknown, "its init function crashes or does not end"}, true};
  }
  if (*answer.line == "declared") return {{OwnGil::declared, {}}, true};
  if (*answer.line == "not declared") return {{OwnGil::not_declared, {}}, true};
  return {{OwnGil::unknown, is_utf8(as_bytes(*answer.line)) ? *answer.line : "unreadable answer"}, true};
}

Asked look_up(const File& file, const std::string& python, const std::string& path,
              const std::string& module) {
  const Screened screened = screen(file);
  if (!screened.shared_object) return {{OwnGil::no_module, {}}, false};
  if (!screened.may_define) return {{OwnGil::not_declared, {}}, true};
  return ask(python, path, module);
}

// What was found out so far, for all interpreters of the process.
class Known {
 public:
  std::optional<Declaration> find(const std::string& path, const std::string& module,
                                  const Version& version) {
    MutexLock lock(mutex_);
    const auto found = declarations_.find({path, module});
    if (found == declarations_.end() || found->second.first != version) return std::nullopt;
    return found->second.second;
  }
  void add(const std::string& path, const std::string& module, const Version& version,
           const Declaration& what) {
    MutexLock lock(mutex_);
    declarations_.insert_or_assign({path, module}, std::pair(version, what));
  }

 private:
  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::pair<Version, Declaration>> declarations_
      GUARDED_BY(mutex_);
};

Known& known() {
  static Known* const all = new Known;  // Python's threads use it until the process ends
  return *all;
}

}  // namespace

Declaration own_gil_declaration(const std::string& python, const std::string& file,
                                const std::string& module) {
  const File opened(file);
  const auto status = opened.status();
  if (!status) return {OwnGil::no_module, {}};
  const Version version = version_of(*status);
  if (auto found = known().find(file, module, version)) return *std::move(found);
  Asked asked = look_up(opened, python, file, module);
  if (asked.lasting) known().add(file, module, version, asked.declaration);
  return std::move(asked.declaration);
}

}  // namespace pyport::python
