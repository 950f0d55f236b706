// The whole program behind main().
//
// Thread safety: called once, by main().
#pragma once

namespace pyport::server {

// Serves the Erlang node on standard input and output until it goes away; --version and --help print
// and return 0. Exit statuses: server/process.h.
int run_program(int argc, char** argv);

}  // namespace pyport::server
