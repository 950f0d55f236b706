// Leaves the program when the node goes away while the thread that reads its requests has something else to
// do: the start of Python runs code of the user's, which may take as long as it likes.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <thread>

namespace pyport::server {

class HangUpWatch {
 public:
  // Watches the pipe `in` until the object goes. Without a thread or descriptor to spare nobody watches.
  explicit HangUpWatch(int in);
  ~HangUpWatch();
  HangUpWatch(const HangUpWatch&) = delete;
  HangUpWatch& operator=(const HangUpWatch&) = delete;

 private:
  void run(int in) const;

  int stop_ = -1;  // eventfd
  std::thread thread_;
};

}  // namespace pyport::server
