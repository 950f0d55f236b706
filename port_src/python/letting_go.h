// Lets go of a value that was found in the table, once Python has it.
//
// It may be pinned in the table, and to let go of that takes a lock of the table: this happens detached, and
// only when it is so. Small values are copies and cost nothing here.
//
// Thread safety: one object belongs to one thread, as a local variable.
#pragma once

#include <utility>

#include "python/attachment.h"
#include "python/gil.h"
#include "table/blob.h"
#include "table/snapshot.h"

namespace pyport::python {

// Of a table::Blob or a table::Snapshot.
template <class Held>
class LettingGoOf {
 public:
  // `held` outlives it.
  explicit LettingGoOf(Held& held) : held_(held), forks_(holds() ? Attachment::forks() : 0) {}
  ~LettingGoOf() REQUIRES(attached) {
    if (holds()) let_go();
  }
  LettingGoOf(const LettingGoOf&) = delete;
  LettingGoOf& operator=(const LettingGoOf&) = delete;

 private:
  bool holds() const {
    if constexpr (requires { held_.holds_blocks(); }) {
      return held_.holds_blocks();
    } else {
      return held_.holds_block();
    }
  }
  void let_go() REQUIRES(attached) {
    if (Attachment::forks() != forks_) {
      // The value's own Python code forked while it was loaded: in the child the pin is the parent's.
      (void)new Held(std::move(held_));
      return;
    }
    const Detached scope;
    const Held gone(std::move(held_));
  }

  Held& held_;
  const unsigned forks_;
};

using LettingGo = LettingGoOf<table::Blob>;

}  // namespace pyport::python
