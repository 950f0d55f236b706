// The end of the node, as this program sees it, and the table's file, which must not outlive the node.
//
// The end of the input alone does not tell: a node whose py_port was restarted, or whose pyport was stopped,
// lives on. So the node's process is looked at, for a while, since its descriptors are closed before it is
// gone.
//
// Thread safety: remember_node() once, before what may call the other; that one from any thread, and from
// a signal handler.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string_view>

namespace pyport::server {

// `patience`: how long after the end of the input the node may take to die.
void remember_node(pid_t node, std::string_view table_file, std::chrono::milliseconds patience);

// Removes the table's file when the node has died or dies within the patience; with `wait` false, only when
// it has died. Does nothing before remember_node(), or when the file is gone. Async-signal-safe.
void remove_table_of_dead_node(bool wait) noexcept;

}  // namespace pyport::server
