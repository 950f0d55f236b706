#include "python/new_handle.h"

#include <sys/random.h>

namespace pyport::python {

table::Handle random_handle(bool is_list) {
  table::Handle handle;
  for (std::size_t done = 0; done < handle.bits.size();) {
    const ssize_t got = getrandom(handle.bits.data() + done, handle.bits.size() - done, 0);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  handle.bits[0] = static_cast<std::uint8_t>((handle.bits[0] & 0x3f) | (is_list ? 0xc0 : 0x80));
  return handle;
}

}  // namespace pyport::python
