// Asks another program for one line of text.
//
// Thread safety: may be called from any thread. REQUIRES: no thread state attached, as it waits.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pyport::python {

struct ProgramQuestion {
  std::string program;                 // path
  std::vector<std::string> arguments;  // without the program's own name
  bool quiet = false;                  // its standard error goes nowhere
  std::chrono::milliseconds limit{10000};
};

enum class Unanswered { not_started, silent };  // silent: it ended, or its time was over

struct ProgramAnswer {
  std::optional<std::string> line;  // first line of its standard output, without the line end; not empty
  Unanswered why = Unanswered::silent;
};

// Runs the program until it has answered or its time is over, and ends it.
ProgramAnswer ask_program(const ProgramQuestion& question);

}  // namespace pyport::python
