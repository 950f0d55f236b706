#include "python/plain_reader.h"

#include <bit>
#include <new>
#include <utility>

#include "python/breath.h"
#include "python/large_copy.h"
#include "python/small_stack.h"
#include "value/pickle_op.h"

namespace pyport::python {
namespace {

using value::Op;

constexpr std::uint8_t kOldestProtocol = 2;
constexpr std::uint8_t kNewestProtocol = 5;

// A machine with a stack and a memo, as pickle is one. Each step gives false when it cannot go on: with an
// exception set when it is about memory, else when this pickle is none of ours.
class PlainReader {
 public:
  PlainReader(ByteSpan pickle, NameCache& names)
      : at_(pickle.data()), end_(pickle.data() + pickle.size()), names_(names) {}
  ~PlainReader() REQUIRES(attached) {
    while (!stack_.empty()) Py_DECREF(stack_.pop());
    while (!memo_.empty()) Py_DECREF(memo_.pop());
  }
  PlainReader(const PlainReader&) = delete;
  PlainReader& operator=(const PlainReader&) = delete;

  std::optional<Ref> read() REQUIRES(attached) {
    if (!prologue()) return std::nullopt;
    while (at_ != end_) {
      const auto op = static_cast<Op>(*at_++);
      if (op == value::kStop) return result();
      if (!step(op)) break;
      breath_.after(1);
    }
    return failure();
  }

 private:
  static std::optional<Ref> failure() REQUIRES(attached) {
    if (PyErr_ExceptionMatches(PyExc_MemoryError) != 0) return Ref();
    PyErr_Clear();
    return std::nullopt;
  }

  std::optional<Ref> result() REQUIRES(attached) {
    if (at_ != end_ || stack_.size() != 1 || !marks_.empty()) return std::nullopt;
    return Ref::steal(stack_.pop());
  }

  bool prologue() {
    if (left() < 2 || at_[0] != value::kProto || at_[1] < kOldestProtocol || at_[1] > kNewestProtocol)
      return false;
    at_ += 2;
    return true;
  }

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool take_number(std::size_t bytes, std::uint64_t& number) {
    if (left() < bytes) return false;
    number = load_little(at_, bytes);
    at_ += bytes;
    return true;
  }
  // What a length of so many bytes announces.
  bool take_sized(std::size_t bytes, ByteSpan& content) {
    std::uint64_t size = 0;
    if (!take_number(bytes, size) || left() < size) return false;
    content = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }

  // Takes the reference over.
  bool push(PyObject* object) REQUIRES(attached) {
    if (object == nullptr) return false;
    stack_.push(object);
    return true;
  }
  // Nothing below the last mark is anybody's to take.
  std::size_t floor() { return marks_.empty() ? 0 : marks_.back(); }
  bool has(std::size_t objects) { return stack_.size() - floor() >= objects; }

  bool step(Op op) REQUIRES(attached) {
    switch (op) {
      case value::kNone:
        return push(Py_NewRef(Py_None));
      case value::kNewTrue:
        return push(Py_NewRef(Py_True));
      case value::kNewFalse:
        return push(Py_NewRef(Py_False));
      case value::kBinInt1:
        return integer(1);
      case value::kBinInt2:
        return integer(2);
      case value::kBinInt:
        return integer(4);
      case value::kLong1:
        return long_integer(1);
      case value::kLong4:
        return long_integer(4);
      case value::kBinFloat:
        return floating();
      case value::kShortBinUnicode:
        return text(1);
      case value::kBinUnicode:
        return text(4);
      case value::kBinUnicode8:
        return text(8);
      case value::kShortBinBytes:
        return bytes(1);
      case value::kBinBytes:
        return bytes(4);
      case value::kBinBytes8:
        return bytes(8);
      default:
        return step_of_container(op);
    }
  }

  bool step_of_container(Op op) REQUIRES(attached) {
    switch (op) {
      case value::kEmptyList:
        return push(PyList_New(0));
      case value::kEmptyDict:
        return push(PyDict_New());
      case value::kEmptyTuple:
        return push(PyTuple_New(0));
      case value::kMark:
        marks_.push(stack_.size());
        return true;
      case value::kTuple1:
        return has(1) && tuple(stack_.size() - 1);
      case value::kTuple2:
        return has(2) && tuple(stack_.size() - 2);
      case value::kTuple3:
        return has(3) && tuple(stack_.size() - 3);
      case value::kTuple:
        return !marks_.empty() && tuple(marks_.pop());
      case value::kAppend:
        return has(1) && append(stack_.size() - 1);
      case value::kAppends:
        return !marks_.empty() && append(marks_.pop());
      case value::kSetItem:
        return has(2) && set_items(stack_.size() - 2);
      case value::kSetItems:
        return !marks_.empty() && set_items(marks_.pop());
      default:
        return step_of_memo(op);
    }
  }

  bool step_of_memo(Op op) REQUIRES(attached) {
    std::uint64_t number = 0;
    switch (op) {
      case value::kMemoize:
        return memoize(memo_.size());
      case value::kBinPut:
        return take_number(1, number) && memoize(number);
      case value::kLongBinPut:
        return take_number(4, number) && memoize(number);
      case value::kBinGet:
        return take_number(1, number) && recall(number);
      case value::kLongBinGet:
        return take_number(4, number) && recall(number);
      case value::kFrame:
        return take_number(8, number);
      default:
        return false;
    }
  }

  // --- scalars

  bool integer(std::size_t bytes) REQUIRES(attached) {
    std::uint64_t number = 0;
    if (!take_number(bytes, number)) return false;
    return push(PyLong_FromLong(bytes == 4 ? static_cast<std::int32_t>(number) : static_cast<long>(number)));
  }

  bool long_integer(std::size_t bytes) REQUIRES(attached) {
    ByteSpan digits;
    if (!take_sized(bytes, digits)) return false;
    if (digits.empty()) return push(PyLong_FromLong(0));
    return push(PyLong_FromNativeBytes(digits.data(), digits.size(), Py_ASNATIVEBYTES_LITTLE_ENDIAN));
  }

  bool floating() REQUIRES(attached) {
    if (left() < 8) return false;
    const std::uint64_t bits = load_u64(at_);
    at_ += 8;
    return push(PyFloat_FromDouble(std::bit_cast<double>(bits)));
  }

  bool text(std::size_t bytes) REQUIRES(attached) {
    ByteSpan content;
    if (!take_sized(bytes, content)) return false;
    const bool is_name = content.size() <= NameCache::kLongest && at_place_of_key();
    return push(is_name ? names_.string(content) : string_of_utf8(content));
  }

  // What comes next is a key, or, in rare cases, might be one.
  bool at_place_of_key() REQUIRES(attached) {
    const std::size_t size = stack_.size();
    const std::size_t first = marks_.empty() ? size : marks_.back();
    return first != 0 && (size - first) % 2 == 0 && PyDict_CheckExact(stack_[first - 1]);
  }

  bool bytes(std::size_t bytes) REQUIRES(attached) {
    ByteSpan content;
    if (!take_sized(bytes, content)) return false;
    return push(bytes_of(content));
  }

  // --- containers, of all that lies on the stack from `first` on

  bool tuple(std::size_t first) REQUIRES(attached) {
    const std::size_t size = stack_.size() - first;
    PyObject* const made = PyTuple_New(static_cast<Py_ssize_t>(size));
    if (made == nullptr) return false;
    for (std::size_t i = 0; i < size; ++i)
      PyTuple_SET_ITEM(made, static_cast<Py_ssize_t>(i), stack_[first + i]);
    stack_.shrink(first);
    return push(made);
  }

  // The container that takes them, below; null when it is not there or of another type.
  PyObject* below(std::size_t first, bool (*is_it)(PyObject*)) REQUIRES(attached) {
    if (first == floor()) return nullptr;
    PyObject* const object = stack_[first - 1];
    return is_it(object) ? object : nullptr;
  }

  bool append(std::size_t first) REQUIRES(attached) {
    PyObject* const list = below(first, [](PyObject* object) { return PyList_CheckExact(object) != 0; });
    if (list == nullptr) return false;
    if (stack_.size() == first + 1) {
      const Ref item = Ref::steal(stack_.pop());
      return PyList_Append(list, item.get()) == 0;
    }
    if (PyList_GET_SIZE(list) == 0 && Py_REFCNT(list) == 1) return fill_list(first);
    // All at once: the list grows by one step.
    return tuple(first) && PyList_Extend(list, Ref::steal(stack_.pop()).get()) == 0;
  }

  // The empty list, which only the stack refers to, becomes one that was made for so many items.
  bool fill_list(std::size_t first) REQUIRES(attached) {
    const std::size_t size = stack_.size() - first;
    PyObject* const made = PyList_New(static_cast<Py_ssize_t>(size));
    if (made == nullptr) return false;
    for (std::size_t i = 0; i < size; ++i)
      PyList_SET_ITEM(made, static_cast<Py_ssize_t>(i), stack_[first + i]);
    stack_.shrink(first);
    const Ref empty = Ref::steal(std::exchange(stack_.back(), made));
    return true;
  }

  bool set_items(std::size_t first) REQUIRES(attached) {
    PyObject* const dict = below(first, [](PyObject* object) { return PyDict_CheckExact(object) != 0; });
    if (dict == nullptr || (stack_.size() - first) % 2 != 0) return false;
    bool good = true;
    for (std::size_t i = first; i < stack_.size() && good; i += 2)
      good = PyDict_SetItem(dict, stack_[i], stack_[i + 1]) == 0;
    drop_to(first);
    return good;
  }

  void drop_to(std::size_t size) REQUIRES(attached) {
    while (stack_.size() > size) Py_DECREF(stack_.pop());
  }

  // --- memo

  // Pickle numbers them one after the other.
  bool memoize(std::uint64_t number) REQUIRES(attached) {
    if (number != memo_.size() || !has(1)) return false;
    memo_.push(Py_NewRef(stack_.back()));
    return true;
  }
  bool recall(std::uint64_t number) REQUIRES(attached) {
    return number < memo_.size() && push(Py_NewRef(memo_[static_cast<std::size_t>(number)]));
  }

  const std::uint8_t* at_;
  const std::uint8_t* const end_;
  NameCache& names_;
  Breath breath_;
  SmallStack<PyObject*, 64> stack_;
  SmallStack<std::size_t, 16> marks_;
  SmallStack<PyObject*, 64> memo_;
};

}  // namespace

std::optional<Ref> load_plain(ByteSpan pickle, NameCache& names) {
  try {
    return PlainReader(pickle, names).read();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return Ref();
  }
}

}  // namespace pyport::python
