// Kills a process at a named point of the table's code, and looks at what it left behind.
//
// A point is one call of table::crash_point: before and after each store that others may see. A child
// process counts them and kills itself, by SIGKILL, at the one that was asked for; then the parent goes on
// with the same table.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "helpers.h"
#include "table/crash_point.h"

namespace pyport::table {

// What a dict should hold: keys in order of insertion.
struct Model {
  std::vector<std::pair<Key, std::string>> entries;

  void put(const Key& key, const std::string& value) {
    for (auto& [known, old] : entries) {
      if (known == key) {
        old = value;
        return;
      }
    }
    entries.emplace_back(key, value);
  }
  void erase(const Key& key) {
    std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
  }
  bool operator==(const Model&) const = default;
};

// For messages: each key with the beginning and the size of its value.
inline std::string summary(const Model& model) {
  std::string text;
  for (const auto& [key, value] : model.entries) {
    const auto* number = std::get_if<std::int64_t>(&key);
    text += (number != nullptr ? std::to_string(*number) : std::get<std::string>(key)) + ": " +
            value.substr(0, 12) + " (" + std::to_string(value.size()) + "), ";
  }
  return text;
}

// What is in the dict, by keys() and get(); an error becomes an entry of its own.
inline Model contents(const Table& table, const Handle& handle) {
  Model found;
  const Result<std::vector<Key>> keys = table.keys(handle);
  if (!keys.ok()) return Model{{{Key("error"), std::to_string(static_cast<int>(keys.error().code))}}};
  for (const Key& key : *keys) found.entries.emplace_back(key, text_at(table, handle, view_of(key)));
  return found;
}

// The points that the present process passes; for a child, the one at which it dies.
class Points {
 public:
  static void record(std::set<std::string>& names) {
    names_ = &names;
    crash_hook = [](const char* name, bool) { names_->insert(name); };
  }
  static void kill_at(std::size_t number) {
    left_ = number;
    crash_hook = [](const char*, bool) {
      if (left_-- == 0) raise(SIGKILL);
    };
  }
  static void stop() { crash_hook = nullptr; }

 private:
  static inline std::set<std::string>* names_ = nullptr;
  static inline std::size_t left_ = 0;
};

enum class End { finished, killed, failed };

// Runs `work` in a child that dies at its point `number`. `work` runs after the child has its own place.
inline End run_and_kill(Table& table, std::size_t number, const std::function<bool(Table&)>& work,
                        bool at_attach = false) {
  const pid_t child = fork();
  if (child == 0) {
    if (at_attach) Points::kill_at(number);
    if (!table.after_fork().ok()) _exit(3);
    if (!at_attach) Points::kill_at(number);
    const bool good = work(table);
    Points::stop();
    _exit(good ? 0 : 4);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return End::failed;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL ? End::killed : End::failed;
  // A child that finished left its place without a word: as a process that exits does.
  return WEXITSTATUS(status) == 0 ? End::finished : End::failed;
}

}  // namespace pyport::table
