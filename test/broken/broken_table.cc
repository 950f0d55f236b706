// A table that is wrong in a small way, as PYPORT_BROKEN_TABLE in the environment says: `lost_update`,
// `stale_read` or `half_write`. The linearizability tests must find each.
//
// The port program is linked once more, as pyport_broken, with these two functions in place of Table::put and
// Table::get (the linker's --wrap): all else is the real one. A member function is called as a function whose
// first argument is the object.
//
// Thread safety: as table/table.h. No operation is atomic any more, of course.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "table/table.h"

namespace pyport::table {

Status real_put(Table* self, const Handle& handle, const KeyView& key, NewBlob blob,
                const NumberForm* numbers) __asm__("__real_" PYPORT_PUT);
Status broken_put(Table* self, const Handle& handle, const KeyView& key, NewBlob blob,
                  const NumberForm* numbers) __asm__("__wrap_" PYPORT_PUT);
Result<Blob> real_get(const Table* self, const Handle& handle,
                      const KeyView& key) __asm__("__real_" PYPORT_GET);
Result<Blob> broken_get(const Table* self, const Handle& handle,
                        const KeyView& key) __asm__("__wrap_" PYPORT_GET);

namespace {

bool fault_is(std::string_view name) {
  static const char* const fault = std::getenv("PYPORT_BROKEN_TABLE");
  return fault != nullptr && fault == name;
}

// True each `of`-th time.
bool now_and_then(unsigned of) {
  thread_local unsigned count = 0;
  return ++count % of == 0;
}

// Where the value before the present one is kept.
class Shadow {
 public:
  explicit Shadow(const KeyView& key) {
    const ByteSpan* bytes = std::get_if<ByteSpan>(&key);
    if (bytes != nullptr) name_.assign(bytes->begin(), bytes->end());
    name_ += " before";
  }
  KeyView key() const { return ByteSpan{reinterpret_cast<const std::uint8_t*>(name_.data()), name_.size()}; }

 private:
  std::string name_;
};

// The first `head` bytes of one value and what the other has after them.
Status put_mixed(Table* self, const Handle& handle, const KeyView& key, const BlobBytes& one,
                 std::size_t head, const BlobBytes& other) {
  const std::size_t size = std::max(head, other.size());
  Result<BlobWriter> writer = self->allocate(size);
  if (!writer) return writer.error();
  std::copy_n(other.bytes().begin(), other.size(), writer->bytes().begin());
  std::copy_n(one.bytes().begin(), head, writer->bytes().begin());
  return real_put(self, handle, key, std::move(*writer).finish(other.tag()), nullptr);
}

void wait_a_little() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace

Status broken_put(Table* self, const Handle& handle, const KeyView& key, NewBlob blob,
                  const NumberForm* numbers) {
  // Acknowledged, and never done.
  if (fault_is("lost_update") && now_and_then(5)) return ok_status();
  Result<Blob> old = real_get(self, handle, key);
  if (old && *old) {
    if (fault_is("stale_read")) {
      const Status kept = put_mixed(self, handle, Shadow(key).key(), *old, 0, *old);
      if (!kept) return kept;
    }
    // First half, then whole.
    if (fault_is("half_write")) {
      const Status half = put_mixed(self, handle, key, blob, blob.size() / 2, *old);
      if (!half) return half;
      wait_a_little();
    }
  }
  return real_put(self, handle, key, std::move(blob), numbers);
}

Result<Blob> broken_get(const Table* self, const Handle& handle, const KeyView& key) {
  // The value before, when there is one.
  if (fault_is("stale_read") && now_and_then(5)) {
    Result<Blob> before = real_get(self, handle, Shadow(key).key());
    if (before && *before) return before;
  }
  return real_get(self, handle, key);
}

}  // namespace pyport::table
