// A SharedDict as text: which it is, how large, and some of its keys. It takes no lock, so that it never
// waits.
#include <string>

#include "python/dict_key.h"
#include "python/dict_name.h"
#include "python/ref.h"
#include "python/shared_dict_object.h"

namespace pyport::python {
namespace {

constexpr std::size_t kKeys = 4;
constexpr int kEllipsis = 0x2026;      // formats are ASCII
constexpr Py_ssize_t kKeyLength = 24;  // characters

// Null with an exception set.
Ref key_text(const table::Key& key) REQUIRES(attached) {
  const Ref object = key_object(key);
  Ref text = object ? Ref::steal(PyObject_Repr(object.get())) : Ref();
  if (!text || PyUnicode_GET_LENGTH(text.get()) <= kKeyLength) return text;
  const Ref begin = Ref::steal(PyUnicode_Substring(text.get(), 0, kKeyLength));
  return begin ? Ref::steal(PyUnicode_FromFormat("%U%c", begin.get(), kEllipsis)) : Ref();
}

// ", 3 keys: 'a', 'b', 'c'"
Ref content_text(const table::Glimpse& seen) REQUIRES(attached) {
  Ref text = Ref::steal(
      seen.size == 1 ? PyUnicode_FromString(", 1 key")
                     : PyUnicode_FromFormat(", %llu keys", static_cast<unsigned long long>(seen.size)));
  const char* before = ": ";
  for (const table::Key& key : seen.first) {
    const Ref one = text ? key_text(key) : Ref();
    if (!one) return Ref();
    text = Ref::steal(PyUnicode_FromFormat("%U%s%U", text.get(), before, one.get()));
    before = ", ";
  }
  if (!text || seen.first.empty() || seen.first.size() == seen.size) return text;
  return Ref::steal(PyUnicode_FromFormat("%U, %c", text.get(), kEllipsis));
}

// Empty when the dict is not to be had without waiting, or is no more.
Ref content_of(const SharedDictObject& dict) REQUIRES(attached) {
  const SharedUse& use = dict.use;
  if (!use->closed.load(std::memory_order_relaxed) && use->attachment->ready())
    if (const auto seen = use->attachment->table().glimpse(dict.handle, kKeys)) return content_text(*seen);
  return Ref::steal(PyUnicode_FromString(""));
}

}  // namespace

PyObject* dict_repr(PyObject* self) {
  const SharedDictObject& dict = shared_dict(self);
  std::string from = node_of(self);
  if (from.empty()) from = dict.use->attachment->path();
  const Ref place =
      Ref::steal(PyUnicode_DecodeFSDefaultAndSize(from.data(), static_cast<Py_ssize_t>(from.size())));
  const Ref content = place ? content_of(dict) : Ref();
  if (!content) return nullptr;
  return PyUnicode_FromFormat("<SharedDict %s%c of '%U'%U>", hex_of(dict.handle).substr(0, 8).c_str(),
                              kEllipsis, place.get(), content.get());
}

}  // namespace pyport::python
