# Finds ei, OTP's C library for the external term format, through the erl on PATH.
find_program(ERL_EXECUTABLE erl REQUIRED)
execute_process(
  COMMAND ${ERL_EXECUTABLE} -noshell -eval "io:format(\"~s\", [code:lib_dir(erl_interface)]), halt()."
  OUTPUT_VARIABLE PYPORT_EI_DIR COMMAND_ERROR_IS_FATAL ANY)
find_path(EI_INCLUDE_DIR ei.h PATHS ${PYPORT_EI_DIR}/include REQUIRED NO_DEFAULT_PATH)
find_library(EI_LIBRARY ei PATHS ${PYPORT_EI_DIR}/lib REQUIRED NO_DEFAULT_PATH)

add_library(pyport_ei INTERFACE)
target_include_directories(pyport_ei SYSTEM INTERFACE ${EI_INCLUDE_DIR})
target_link_libraries(pyport_ei INTERFACE ${EI_LIBRARY} Threads::Threads)
message(STATUS "pyport: ei ${EI_LIBRARY}")
