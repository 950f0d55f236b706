// The waits that threads of an interpreter are in, so that they can be ended: by an interrupt, and by the end
// of the use of their table.
//
// Thread safety: REQUIRES an attached thread state of the interpreter, whose GIL guards the list. The lock
// of a table::WaitStop is a leaf that nobody holds for long; it may be taken with a thread state attached.
#pragma once

#include "python/attachment.h"
#include "python/gil.h"
#include "table/wait.h"

namespace pyport::python {

class Waits {
 public:
  // One wait, by the thread that makes this object, as long as that lives.
  class Noted {
   public:
    // All of them outlive it.
    Noted(Waits& waits, const TableUse& use, table::WaitStop& stop) REQUIRES(attached);
    ~Noted() REQUIRES(attached);
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;

   private:
    friend class Waits;
    Waits& waits_;
    const TableUse& use_;
    table::WaitStop& stop_;
    const unsigned long thread_;
    const unsigned forks_;
    Noted* next_;
  };

  // Ends those of a thread, as Python calls it.
  void stop_of_thread(unsigned long thread) REQUIRES(attached);
  void stop_of_use(const TableUse& use) REQUIRES(attached);

 private:
  template <class Matches>
  void stop(const Matches& matches) REQUIRES(attached);

  Noted* first_ GUARDED_BY(attached) = nullptr;
};

}  // namespace pyport::python
