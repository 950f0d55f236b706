// Whether the operations of a thread wait for those of others.
//
// Who must not be kept waiting, such as the thread of an event loop, makes an Impatient for a scope. In it an
// operation that finds a dict, the index or the heap locked for longer than a moment (some 50 us) gives
// Errc::busy and has changed nothing. What is given back is given back in any case.
//
// Thread safety: an object belongs to the thread that made it. Neither copied, moved nor nested.
#pragma once

namespace pyport::table {

class Impatient {
 public:
  Impatient() { here_ = true; }
  ~Impatient() { here_ = false; }
  Impatient(const Impatient&) = delete;
  Impatient& operator=(const Impatient&) = delete;

  // This thread is in the scope of one.
  static bool here() { return here_; }

 private:
  inline static thread_local bool here_ = false;
};

}  // namespace pyport::table
