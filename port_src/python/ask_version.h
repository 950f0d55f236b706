// Asks a Python executable for its version by running it.
//
// Thread safety: may be called from any thread.
#pragma once

#include <optional>
#include <string>

namespace pyport::python {

// "3.13", "3.13t" for a build without the GIL; nothing when it does not say so within ten seconds.
std::optional<std::string> ask_version(const std::string& executable);

}  // namespace pyport::python
