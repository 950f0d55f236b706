#include "python/waits.h"

namespace pyport::python {

Waits::Noted::Noted(Waits& waits, const TableUse& use, table::WaitStop& stop)
    : waits_(waits),
      use_(use),
      stop_(stop),
      thread_(PyThread_get_thread_ident()),
      forks_(Attachment::forks()),
      next_(waits.first_) {
  waits.first_ = this;
}

Waits::Noted::~Noted() {
  Noted** link = &waits_.first_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

template <class Matches>
void Waits::stop(const Matches& matches) {
  for (Noted* noted = first_; noted != nullptr; noted = noted->next_) {
    // In a forked child there are the notes of its parent's threads, but not the threads.
    if (noted->forks_ == Attachment::forks() && matches(*noted)) noted->stop_.stop();
  }
}

void Waits::stop_of_thread(unsigned long thread) {
  stop([thread](const Noted& noted) { return noted.thread_ == thread; });
}

void Waits::stop_of_use(const TableUse& use) {
  stop([&use](const Noted& noted) { return &noted.use_ == &use; });
}

}  // namespace pyport::python
