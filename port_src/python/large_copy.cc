#include "python/large_copy.h"

#include <algorithm>
#include <cstring>

#include "python/ref.h"

namespace pyport::python {
namespace {

constexpr std::size_t kSample = 4096;

bool is_ascii(ByteSpan content) {
  std::uint8_t all = 0;
  for (const std::uint8_t byte : content) all |= byte;
  return all < 0x80;
}

// REQUIRES: nobody else knows of the object whose memory `to` is.
void copy_detached(void* to, ByteSpan content) REQUIRES(attached) {
  const Detached scope;
  std::memcpy(to, content.data(), content.size());
}

bool is_ascii_detached(ByteSpan content) REQUIRES(attached) {
  const Detached scope;
  return is_ascii(content);
}

}  // namespace

PyObject* bytes_of(ByteSpan content) {
  const auto size = static_cast<Py_ssize_t>(content.size());
  if (content.size() < kLargeCopy) return PyBytes_FromStringAndSize(as_text(content).data(), size);
  PyObject* const made = PyBytes_FromStringAndSize(nullptr, size);
  if (made != nullptr) copy_detached(PyBytes_AS_STRING(made), content);
  return made;
}

// What was copied is looked at, not what it was copied from.
PyObject* large_ascii(ByteSpan content) {
  if (!is_ascii(content.first(kSample))) return nullptr;
  Ref made = Ref::steal(PyUnicode_New(static_cast<Py_ssize_t>(content.size()), 127));
  if (!made) return nullptr;
  auto* const to = static_cast<std::uint8_t*>(PyUnicode_DATA(made.get()));
  copy_detached(to, content);
  if (is_ascii_detached({to, content.size()})) return made.release();
  std::fill_n(to, content.size(), std::uint8_t{'?'});  // a str that is none must not be met, even to be freed
  return nullptr;
}

}  // namespace pyport::python
