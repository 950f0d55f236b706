#include "server/program.h"

int main(int argc, char** argv) { return pyport::server::run_program(argc, argv); }
