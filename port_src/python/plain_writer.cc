#include "python/plain_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <vector>

#include "value/pickle_writer.h"

namespace pyport::python {
namespace {

constexpr int kDeepest = 200;
constexpr std::size_t kLeastText = 2;  // shorter ones are as short as what would stand for them
constexpr Py_ssize_t kBatch = 1000;    // items behind one MARK, as in the pickle module
constexpr std::size_t kKept = std::size_t{256} << 10;

// The objects that may be met again, by address, with their places in the pickle's memo.
class Seen {
 public:
  static constexpr std::uint32_t kOpen = 0xffffffff;  // a container that is not complete

  struct Entry {
    PyObject* object;
    std::uint32_t run;
    std::uint32_t place;
  };

  void begin() {
    if (entries_.size() > kMostKept) entries_ = std::vector<Entry>();
    if (entries_.empty()) entries_.resize(kFirst);
    count_ = 0;
    if (++run_ == 0) entries_.assign(entries_.size(), Entry{}), run_ = 1;
  }
  // The entry of the object, and whether it is new. Valid until the next call.
  Entry& look_up(PyObject* object, bool& is_new) {
    if (count_ * 2 >= entries_.size()) grow();
    Entry& entry = place_for(object);
    is_new = entry.run != run_;
    if (is_new) {
      entry = {object, run_, kOpen};
      ++count_;
    }
    return entry;
  }

 private:
  static constexpr std::size_t kFirst = 64;
  static constexpr std::size_t kMostKept = 4096;

  Entry& place_for(PyObject* object) {
    const std::size_t mask = entries_.size() - 1;
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    std::size_t at = (address >> 4 ^ address >> 12) & mask;
    while (entries_[at].run == run_ && entries_[at].object != object) at = (at + 1) & mask;
    return entries_[at];
  }
  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const Entry& entry : old)
      if (entry.run == run_) place_for(entry.object) = entry;
  }

  std::vector<Entry> entries_;
  std::uint32_t run_ = 0;
  std::size_t count_ = 0;
};

struct Scratch {
  Bytes pickle;
  Seen seen;
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

// Each function gives false when the value is for the pickle module.
class PlainWriter {
 public:
  PlainWriter(Bytes& out, Seen& seen) : out_(out), write_(out_), seen_(seen) {}

  bool whole(PyObject* value) REQUIRES(attached) {
    write_.proto();
    if (!any(value)) return false;
    write_.op(value::kStop);
    out_.flush();
    return true;
  }

 private:
  bool any(PyObject* value) REQUIRES(attached) {
    PyTypeObject* const type = Py_TYPE(value);
    if (type == &PyUnicode_Type) return text(value);
    if (type == &PyLong_Type) return integer(value);
    if (type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type) return container(value, type);
    if (type == &PyFloat_Type) return floating(PyFloat_AS_DOUBLE(value));
    if (type == &PyBytes_Type) return bytes(value);
    if (value == Py_None) return write_.op(value::kNone), true;
    if (type == &PyBool_Type) return write_.op(value == Py_True ? value::kNewTrue : value::kNewFalse), true;
    return false;
  }

  bool integer(PyObject* value) REQUIRES(attached) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) return large_integer(value);
    write_.integer(static_cast<std::int64_t>(number));
    return true;
  }
  // Two's complement, lowest byte first.
  bool large_integer(PyObject* value) REQUIRES(attached) {
    constexpr int kHow = Py_ASNATIVEBYTES_LITTLE_ENDIAN;
    const Py_ssize_t size = PyLong_AsNativeBytes(value, nullptr, 0, kHow);
    if (size < 0) return PyErr_Clear(), false;
    Bytes digits(static_cast<std::size_t>(size));
    if (PyLong_AsNativeBytes(value, digits.data(), size, kHow) < 0) return PyErr_Clear(), false;
    write_.integer(digits);
    return true;
  }

  bool floating(double number) {
    const auto bits = std::bit_cast<std::uint64_t>(number);
    std::uint8_t big[8];
    for (int i = 0; i < 8; ++i) big[i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
    write_.number(big);
    return true;
  }

  bool text(PyObject* value) REQUIRES(attached) {
    Py_ssize_t size = 0;
    const char* const utf8 = PyUnicode_AsUTF8AndSize(value, &size);
    if (utf8 == nullptr) return PyErr_Clear(), false;
    return sized(value, as_bytes({utf8, static_cast<std::size_t>(size)}), true);
  }
  bool bytes(PyObject* value) REQUIRES(attached) {
    return sized(value,
                 as_bytes({PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))}),
                 false);
  }
  bool sized(PyObject* value, ByteSpan content, bool is_text) REQUIRES(attached) {
    if (content.size() > kMostInOne) return false;
    const bool again = content.size() >= kLeastText && Py_REFCNT(value) > 1;
    if (again && recall(value)) return true;
    is_text ? write_.text(content) : write_.bytes(content);
    if (again) memoize(value);
    return true;
  }

  bool container(PyObject* value, const PyTypeObject* type) REQUIRES(attached) {
    if (type == &PyTuple_Type && PyTuple_GET_SIZE(value) == 0) return write_.op(value::kEmptyTuple), true;
    const bool again = Py_REFCNT(value) > 1;
    if (again && recall(value)) return !cycle_;
    if (++depth_ > kDeepest) return false;
    const bool good = type == &PyDict_Type   ? dict(value, again)
                      : type == &PyList_Type ? list(value, again)
                                             : tuple(value, again);
    --depth_;
    return good;
  }

  // A list and a dict are made empty, so that they may be met inside themselves; but that is for pickle.
  bool list(PyObject* value, bool again) REQUIRES(attached) {
    write_.op(value::kEmptyList);
    const std::uint32_t place = again ? memo_size_++ : 0;
    if (again) write_.op(value::kMemoize);
    const Py_ssize_t size = PyList_GET_SIZE(value);
    for (Py_ssize_t begin = 0; begin < size; begin += kBatch) {
      const Py_ssize_t end = std::min(size, begin + kBatch);
      if (end - begin > 1) write_.op(value::kMark);
      for (Py_ssize_t i = begin; i < end; ++i)
        if (!any(PyList_GET_ITEM(value, i))) return false;
      write_.op(end - begin > 1 ? value::kAppends : value::kAppend);
    }
    if (again) complete(value, place);
    return true;
  }

  bool dict(PyObject* value, bool again) REQUIRES(attached) {
    write_.op(value::kEmptyDict);
    const std::uint32_t place = again ? memo_size_++ : 0;
    if (again) write_.op(value::kMemoize);
    PyObject *key = nullptr, *item = nullptr;
    Py_ssize_t at = 0, left = PyDict_GET_SIZE(value), in_batch = 0;
    const auto end_batch = [&](Py_ssize_t most) {
      if (in_batch > 0) write_.op(most > 1 ? value::kSetItems : value::kSetItem);
    };
    Py_ssize_t batch = 0;
    while (PyDict_Next(value, &at, &key, &item) != 0) {
      if (in_batch == batch) {
        end_batch(batch);
        batch = std::min(left, kBatch);
        in_batch = 0;
        if (batch > 1) write_.op(value::kMark);
      }
      if (!any(key) || !any(item)) return false;
      ++in_batch;
      --left;
    }
    end_batch(batch);
    if (again) complete(value, place);
    return true;
  }

  bool tuple(PyObject* value, bool again) REQUIRES(attached) {
    const auto size = static_cast<std::size_t>(PyTuple_GET_SIZE(value));
    if (value::PickleWriter::mark_needed(size)) write_.op(value::kMark);
    for (std::size_t i = 0; i < size; ++i)
      if (!any(PyTuple_GET_ITEM(value, static_cast<Py_ssize_t>(i)))) return false;
    write_.close_tuple(size);
    if (again) memoize(value);
    return true;
  }

  // True when the object was met before: it is written as what stands for it.
  bool recall(PyObject* object) {
    bool is_new = false;
    const Seen::Entry& entry = seen_.look_up(object, is_new);
    if (is_new) return false;
    cycle_ = cycle_ || entry.place == Seen::kOpen;
    std::uint8_t* const to = out_.room();
    if (entry.place <= 0xFF) {
      to[0] = value::kBinGet;
      to[1] = static_cast<std::uint8_t>(entry.place);
      out_.wrote(2);
    } else {
      to[0] = value::kLongBinGet;
      std::memcpy(to + 1, &entry.place, 4);
      out_.wrote(5);
    }
    return true;
  }
  void memoize(PyObject* object) {
    write_.op(value::kMemoize);
    complete(object, memo_size_++);
  }
  void complete(PyObject* object, std::uint32_t place) {
    bool is_new = false;
    seen_.look_up(object, is_new).place = place;
  }

  static constexpr std::size_t kMostInOne = 0xFFFFFFFF;

  value::Appender out_;
  value::PickleWriter write_;
  Seen& seen_;
  std::uint32_t memo_size_ = 0;
  int depth_ = 0;
  bool cycle_ = false;
};

}  // namespace

std::optional<ByteSpan> dump_plain(PyObject* value) {
  try {
    Scratch& mine = scratch();
    if (mine.pickle.capacity() > kKept) mine.pickle = Bytes();
    mine.pickle.clear();
    mine.seen.begin();
    if (!PlainWriter(mine.pickle, mine.seen).whole(value)) return std::nullopt;
    return ByteSpan(mine.pickle);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace pyport::python
