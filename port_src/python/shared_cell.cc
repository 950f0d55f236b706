#include "python/shared_cell.h"

#include <new>
#include <optional>
#include <utility>

#include "python/dict_key.h"
#include "python/method.h"
#include "python/ref.h"
#include "python/shared_dict_numbers.h"
#include "python/shared_dict_store.h"

namespace pyport::python {
namespace {

using table::CellChange;
using table::CellOp;
using table::CellOutcome;
using table::CellResult;
using table::Handle;
using table::HeldCell;
using table::Table;

struct SharedCell {
  PyObject_HEAD PyObject* dict;
  PyObject* key;
  const TableUse* use;  // the dict's
  HeldCell held;        // never empty
  unsigned forks;       // at which it was got: a child has to get its own
};

SharedCell& shared_cell(PyObject* self) { return *reinterpret_cast<SharedCell*>(self); }

// To let go of one takes a lock of the table. What a parent holds is not the child's to let go of.
void let_go(HeldCell held, unsigned forks) REQUIRES(attached) {
  if (!held) return;
  if (forks != Attachment::forks()) {
    (void)new HeldCell(std::move(held));
    return;
  }
  const Detached scope;
  held = HeldCell();
}

// Of a key that is a number, or is not there. Empty with an exception set.
HeldCell hold(PyObject* dict, PyObject* key) REQUIRES(attached) {
  const auto view = key_view(key);
  if (!view) return {};
  for (;;) {
    auto cell =
        on_table(dict, [&](Table& table, const Handle& handle) { return table.hold_cell(handle, *view); });
    if (!cell) return {};
    if (**cell) return **std::move(cell);
    if (!dict_change_number(dict, key, {CellOp::add, 0, 0})) return {};
  }
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  let_go(std::move(shared_cell(self).held), shared_cell(self).forks);
  shared_cell(self).held.~HeldCell();
  Py_CLEAR(shared_cell(self).dict);
  Py_CLEAR(shared_cell(self).key);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(shared_cell(self).dict);
  return 0;
}

// A child has to get its own.
bool hold_again(SharedCell& cell) REQUIRES(attached) {
  if (table_of(shared_dict(cell.dict).use) == nullptr) return false;
  if (cell.forks == Attachment::forks()) return true;
  HeldCell held = hold(cell.dict, cell.key);
  if (!held) return false;
  let_go(std::exchange(cell.held, std::move(held)), cell.forks);
  cell.forks = Attachment::forks();
  return true;
}

// The table may be used, and what is held is ours.
bool is_ready(const SharedCell& cell) {
  return !cell.use->closed.load(std::memory_order_relaxed) && cell.forks == Attachment::forks();
}
// The same is so now; false with an exception set.
bool make_ready(SharedCell& cell) REQUIRES(attached) { return is_ready(cell) || hold_again(cell); }

void raise_gone(const SharedCell& cell) REQUIRES(attached) {
  PyErr_Format(PyExc_RuntimeError, "the cell of key %R is gone: the key was deleted or has another value",
               cell.key);
}

// It was not to be had: true when it is now. False with an exception set: it is gone.
bool still_there(PyObject* self) REQUIRES(attached) {
  const SharedCell& cell = shared_cell(self);
  const auto view = key_view(cell.key);
  if (!view) return false;
  const auto is = on_table(
      cell.dict, [&](Table& table, const Handle& handle) { return table.is_held(handle, *view, cell.held); });
  if (!is) return false;
  if (!**is) raise_gone(cell);
  return **is;
}

// Where it cannot be changed without the lock. Nothing with an exception set.
std::optional<CellOutcome> change_locked(const SharedCell& cell, const CellChange& change)
    REQUIRES(attached) {
  const auto view = key_view(cell.key);
  if (!view) return std::nullopt;
  const auto done = on_table(cell.dict, [&](Table& table, const Handle& handle) {
    return table.change_held(handle, *view, cell.held, change);
  });
  if (!done) return std::nullopt;
  if (!**done) raise_gone(cell);
  return **done;
}

std::optional<CellOutcome> change(PyObject* self, const CellChange& change) REQUIRES(attached) {
  if (!make_ready(shared_cell(self))) return std::nullopt;
  auto outcome = shared_cell(self).held.change(change);
  if (!outcome) outcome = change_locked(shared_cell(self), change);
  if (!outcome || outcome->result == CellResult::done) return outcome;
  raise_for_outcome(*outcome, shared_cell(self).key);
  return std::nullopt;
}

PyObject* before(const std::optional<CellOutcome>& outcome) REQUIRES(attached) {
  return outcome ? PyLong_FromLongLong(outcome->before) : nullptr;
}

// Whatever is not as the fast path wants it. Not inlined there: it needs more registers.
[[gnu::noinline]] PyObject* operation_otherwise(PyObject* self, PyObject* operand, CellOp op)
    REQUIRES(attached) {
  const auto number = number_argument(operand);
  return number ? before(change(self, {op, *number, 0})) : nullptr;
}

template <CellOp kOp>
PyObject* operation(PyObject* self, PyObject* operand) REQUIRES(attached) {
  // What nearly always happens, with the operation known to the compiler.
  const SharedCell& cell = shared_cell(self);
  std::int64_t number = 0;
  CellOutcome outcome;
  if (is_small_number(operand, number) && is_ready(cell) && cell.held.try_change({kOp, number, 0}, outcome) &&
      outcome.result == CellResult::done)
    return PyLong_FromLongLong(outcome.before);
  return operation_otherwise(self, operand, kOp);
}

PyObject* compare_and_swap(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 2) {
    PyErr_Format(PyExc_TypeError, "cas() takes an expected and a new int, not %zd arguments", count);
    return nullptr;
  }
  const auto expected = number_argument(args[0]);
  const auto number = expected ? number_argument(args[1]) : std::nullopt;
  return number ? before(change(self, {CellOp::compare_and_swap, *number, *expected})) : nullptr;
}

[[gnu::noinline]] PyObject* load_otherwise(PyObject* self) REQUIRES(attached) {
  if (!make_ready(shared_cell(self))) return nullptr;
  for (;;) {
    if (const auto number = shared_cell(self).held.load()) return PyLong_FromLongLong(*number);
    if (!still_there(self)) return nullptr;
  }
}

PyObject* load(PyObject* self, PyObject*) REQUIRES(attached) {
  const SharedCell& cell = shared_cell(self);
  std::int64_t number = 0;
  if (is_ready(cell) && cell.held.try_load(number)) return PyLong_FromLongLong(number);
  return load_otherwise(self);
}

bool set(PyObject* self, PyObject* operand) REQUIRES(attached) {
  const auto number = number_argument(operand);
  return number && change(self, {CellOp::swap, *number, 0});
}

PyObject* store_number(PyObject* self, PyObject* operand) REQUIRES(attached) {
  if (!set(self, operand)) return nullptr;
  Py_RETURN_NONE;
}

PyObject* get_value(PyObject* self, void*) REQUIRES(attached) { return load(self, nullptr); }

int set_value(PyObject* self, PyObject* operand, void*) REQUIRES(attached) {
  if (operand != nullptr) return set(self, operand) ? 0 : -1;
  PyErr_SetString(PyExc_AttributeError, "the value of a cell cannot be deleted");
  return -1;
}

PyObject* repr(PyObject* self) REQUIRES(attached) {
  return PyUnicode_FromFormat("<SharedCell %R of %R>", shared_cell(self).key, shared_cell(self).dict);
}

constexpr char kDoc[] =
    "An integer of a SharedDict, held: changing it takes no look-up and no lock. It comes from "
    "SharedDict.cell().\n\n"
    "Each operation is one of the machine's kind, and gives the number before it. OverflowError when the "
    "number\n"
    "would not fit 64 bits, and RuntimeError when the key is gone or has another value, or the dict is "
    "destroyed.";

PyMethodDef kMethods[] = {
    {"add", operation<CellOp::add>, METH_O, "add($self, n, /)\n--\n\nAdds; gives the number before."},
    {"sub", operation<CellOp::sub>, METH_O, "sub($self, n, /)\n--\n\nSubtracts; gives the number before."},
    {"bor", operation<CellOp::bor>, METH_O, "bor($self, n, /)\n--\n\nSets bits; gives the number before."},
    {"bxor", operation<CellOp::bxor>, METH_O,
     "bxor($self, n, /)\n--\n\nFlips bits; gives the number before."},
    {"band", operation<CellOp::band>, METH_O,
     "band($self, n, /)\n--\n\nKeeps bits; gives the number before."},
    {"swap", operation<CellOp::swap>, METH_O, "swap($self, n, /)\n--\n\nStores; gives the number before."},
    {"cas", fast_method<compare_and_swap>(), METH_FASTCALL,
     "cas($self, expected, new, /)\n--\n\nStores new if the number is the expected one; gives the number "
     "before."},
    {"load", load, METH_NOARGS, "load($self, /)\n--\n\nThe number."},
    {"store", store_number, METH_O, "store($self, n, /)\n--\n\nStores a number."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef kAttributes[] = {{"value", get_value, set_value, "The number.", nullptr},
                             {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kAttributes},
                        {Py_tp_repr, reinterpret_cast<void*>(repr)},
                        {0, nullptr}};

PyType_Spec kSpec = {
    "erlang.SharedCell", sizeof(SharedCell), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    kSlots};

}  // namespace

bool add_shared_cell(PyObject* module, ModuleState& state) {
  state.shared_cell_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.shared_cell_type != nullptr && PyModule_AddType(module, state.shared_cell_type) == 0;
}

PyObject* dict_cell(PyObject* dict, PyObject* key) {
  HeldCell held = hold(dict, key);
  if (!held) return nullptr;
  PyTypeObject* const type = state_of(dict).shared_cell_type;
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) {
    let_go(std::move(held), Attachment::forks());
    return nullptr;
  }
  SharedCell& cell = shared_cell(self);
  cell.dict = Py_NewRef(dict);
  cell.key = Py_NewRef(key);
  cell.use = shared_dict(dict).use.get();
  new (&cell.held) HeldCell(std::move(held));
  cell.forks = Attachment::forks();
  return self;
}

}  // namespace pyport::python
