#include "python/prepared.h"

#include "python/dict_key.h"
#include "python/pickle_place.h"
#include "python/plain_writer.h"
#include "python/shared_dict_object.h"
#include "python/type_name.h"

namespace pyport::python {

PrepareAll::~PrepareAll() {
  if (stored_) return;
  for (const Prepared& one : all_) take_back(self_, one.nested);
}

bool PrepareAll::add(PyObject* key, PyObject* value) {
  const auto view = key_view(key);
  if (!view) return false;
  Prepared one;
  one.key = Ref::borrow(key);
  one.view = *view;
  if (!prepare(one, value, {&one.view})) return false;
  all_.push_back(std::move(one));
  return true;
}

bool PrepareAll::add_value(PyObject* value, const Place& place) {
  Prepared one;
  if (!prepare(one, value, place)) return false;
  all_.push_back(std::move(one));
  return true;
}

bool PrepareAll::prepare(Prepared& one, PyObject* value, const Place& place) {
  if (const auto plain = dump_plain(value)) {
    one.plain.assign(plain->begin(), plain->end());
    return true;
  }
  one.nested = nest(self_, value, place);
  if (one.nested.kind != Nested::Kind::ordinary) return one.nested.kind == Nested::Kind::child;
  auto parts = PickleParts::of(state_of(self_), value, shared_dict(self_).use);
  if (!parts) {
    tell_place(state_of(self_), value);
    return false;
  }
  one.parts.emplace(*std::move(parts));
  one.type = type_name(Py_TYPE(value));
  return true;
}

}  // namespace pyport::python
