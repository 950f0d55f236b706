# One static library a layer, with the warnings and sanitizers that all of our code gets.

add_library(pyport_options INTERFACE)
target_include_directories(pyport_options INTERFACE ${CMAKE_SOURCE_DIR}/port_src)
target_compile_definitions(pyport_options INTERFACE PYPORT_VERSION="${PROJECT_VERSION}")
target_compile_options(pyport_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<BOOL:${PYPORT_WERROR}>:-Werror>)
# Cells are swapped by 16 bytes; every x86-64 processor that runs a Linux of today can.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(pyport_options INTERFACE -mcx16)
endif()
if(PYPORT_SANITIZE)
  target_compile_options(pyport_options INTERFACE -fsanitize=${PYPORT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(pyport_options INTERFACE -fsanitize=${PYPORT_SANITIZE})
endif()

# pyport_precompile(target [header...]): with PYPORT_PRECOMPILE the headers that most files read are read
# once, which halves the time of a build. A build without it shows that each file includes what it needs.
function(pyport_precompile target)
  if(PYPORT_PRECOMPILE)
    # With them g++ 12 sees writes beyond the end of strings that are concatenated, where there are none.
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
    endif()
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <chrono> <functional> <map>
      <memory> <optional> <span> <string> <string_view> <thread> <unordered_map> <variant> <vector> ${ARGN})
  endif()
endfunction()

# pyport_layer(name [deps...]): port_src/<name>/*.cc as pyport_<name>, using the named layers.
function(pyport_layer name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/port_src/${name}/*.cc)
  add_library(pyport_${name} STATIC ${sources})
  target_link_libraries(pyport_${name} PUBLIC pyport_options ${ARGN})
  pyport_precompile(pyport_${name})
endfunction()

# pyport_unit_test(name [deps...]): test/unit/<name>/*_test.cc as <name>_test, found by CTest.
function(pyport_unit_test name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/unit/${name}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE pyport_${name} ${ARGN} GTest::gtest_main)
  pyport_precompile(${name}_test <filesystem> <gtest/gtest.h>)
  target_compile_definitions(${name}_test PRIVATE
    PYPORT_GOLDEN_DIR="${CMAKE_SOURCE_DIR}/test/golden"
    PYPORT_PACKAGE_DIR="${CMAKE_SOURCE_DIR}/python"
    PYPORT_TEST_PYTHON="${Python3_EXECUTABLE}")
  include(GoogleTest)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60)
endfunction()
