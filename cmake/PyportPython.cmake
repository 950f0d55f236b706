# Finds the CPython to embed and makes the target pyport_python_api. Python.h is seen by
# port_src/python alone, which is the only one to link that target.
if(PYPORT_PYTHON)
  set(Python3_EXECUTABLE ${PYPORT_PYTHON})
endif()
find_package(Python3 3.13 REQUIRED COMPONENTS Interpreter Development.Embed Development.Module)

execute_process(
  COMMAND ${Python3_EXECUTABLE} -c "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0, end='')"
  OUTPUT_VARIABLE PYPORT_NO_GIL COMMAND_ERROR_IS_FATAL ANY)
if(PYPORT_NO_GIL)
  message(FATAL_ERROR "${Python3_EXECUTABLE} is a free-threaded build; pyport needs the GIL build")
endif()

add_library(pyport_python_api INTERFACE)
target_link_libraries(pyport_python_api INTERFACE Python3::Python)
message(STATUS "pyport: Python ${Python3_VERSION} (${Python3_EXECUTABLE})")
