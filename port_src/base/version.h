// Versions that the handshake reports.
#pragma once

#include <cstdint>

namespace pyport {

inline constexpr std::uint8_t kProtocolVersion = 1;
inline constexpr const char* kProgramVersion = PYPORT_VERSION;

}  // namespace pyport
