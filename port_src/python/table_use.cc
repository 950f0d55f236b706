#include "python/table_use.h"

namespace pyport::python {
namespace {

constexpr std::size_t kPiece = 4096;  // entries of destroyed dicts that are freed at a time

bool take_place(Attachment& attachment) REQUIRES(attached) {
  const Status taken = [&]() REQUIRES(attached) {
    const Detached scope;
    return attachment.take_place();
  }();
  if (taken.ok()) return true;
  PyErr_Format(PyExc_OSError, "%s: %s", attachment.path().c_str(), taken.error().detail.c_str());
  return false;
}

}  // namespace

table::Table* table_of(const SharedUse& use) {
  if (use->closed.load(std::memory_order_relaxed)) {
    PyErr_SetString(PyExc_ValueError, "operation on a closed Table");
    return nullptr;
  }
  Attachment& attachment = *use->attachment;
  if (!attachment.ready() && !take_place(attachment)) return nullptr;
  return &attachment.table();
}

void tidy(table::Table& table) {
  table.sweep();
  while (table.reclaim(kPiece)) {
  }
}

bool is_short_of_room(const Error& error) {
  return error.code == Errc::table_full && (error.detail == "max_table_bytes" ||
                                            error.detail == "shared memory" || error.detail == "max_dicts");
}

}  // namespace pyport::python
