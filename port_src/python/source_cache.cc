#include "python/source_cache.h"

#include <utility>

namespace pyport::python {
namespace {

constexpr std::size_t kMaxSources = 128;
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

Ref text_object(std::string_view text) REQUIRES(attached) {
  return Ref::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
}

}  // namespace

bool SourceCache::init(PyObject* remember, PyObject* forget) {
  const Ref builtins = Ref::steal(PyImport_ImportModule("builtins"));
  if (builtins) compile_ = Ref::steal(PyObject_GetAttrString(builtins.get(), "compile"));
  remember_ = Ref::borrow(remember);
  forget_ = Ref::borrow(forget);
  return bool(compile_);
}

Ref SourceCache::expression(std::string_view text) { return compiled("eval", text); }

Ref SourceCache::statements(std::string_view text) { return compiled("exec", text); }

Ref SourceCache::compile(const char* mode, std::string_view text, PyObject* name) {
  const Ref source = text_object(text);
  if (!source) return Ref();
  const Ref remembered =
      Ref::steal(PyObject_CallFunctionObjArgs(remember_.get(), name, source.get(), nullptr));
  if (!remembered) return Ref();
  // Flags 0, and none inherited from the code that runs.
  return Ref::steal(PyObject_CallFunction(compile_.get(), "OOsii", source.get(), name, mode, 0, 1));
}

Ref SourceCache::compiled(const char* mode, std::string_view text) {
  std::string key = std::string(mode) + ":" + std::string(text);
  const auto found = sources_.find(key);
  if (found != sources_.end()) return Ref::borrow(found->second.code.get());
  const auto number = static_cast<unsigned long long>(++last_number_);
  Ref name = Ref::steal(PyUnicode_FromFormat("<%s %llu>", mode, number));
  if (!name || !evict()) return Ref();
  Ref code = compile(mode, text, name.get());
  // Code that does not compile is kept too, under a key that no text has: the SyntaxError shows its lines.
  if (!code) key = std::to_string(number);
  bytes_ += key.size();
  order_.push_back(key);
  sources_.emplace(std::move(key), Source{Ref::borrow(code.get()), std::move(name)});
  return code;
}

bool SourceCache::evict() {
  while (!order_.empty() && (order_.size() >= kMaxSources || bytes_ > kMaxBytes)) {
    const auto oldest = sources_.find(order_.front());
    const Source source = std::move(oldest->second);
    bytes_ -= order_.front().size();
    sources_.erase(oldest);
    order_.pop_front();
    const Ref forgotten = Ref::steal(PyObject_CallOneArg(forget_.get(), source.name.get()));
    if (!forgotten) return false;
  }
  return true;
}

}  // namespace pyport::python
