# pyport_extension(): the module `_erlang` as an extension file, for Python processes that the port program has no
# part in. It is made of the same objects as the port program: of those the linker takes what PyInit__erlang needs,
# which is neither interpreters nor jobs. libpython is that of the process that loads it, so it is not linked.
function(pyport_extension)
  Python3_add_library(pyport_extension MODULE WITH_SOABI ${CMAKE_SOURCE_DIR}/port_src/python/extension.cc)
  add_dependencies(pyport_extension pyport_python)
  target_link_libraries(pyport_extension PRIVATE $<TARGET_FILE:pyport_python> pyport_value)
  # Nothing but PyInit__erlang is to be seen from outside: other extensions may have an ei or a pyport as well.
  set(map ${CMAKE_SOURCE_DIR}/cmake/extension.map)
  target_link_options(pyport_extension PRIVATE -Wl,--version-script=${map} -Wl,--exclude-libs,ALL)
  set_target_properties(pyport_extension PROPERTIES OUTPUT_NAME _erlang LINK_DEPENDS ${map}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/extension)
endfunction()

# pyport_install_extension(folder): keeps it in folder/python, beside the package `erlang`: pickles name the module
# `_erlang`, so that is what it must be found as. It is replaced in one step, as processes that have loaded the old one go
# on with that.
function(pyport_install_extension folder)
  set(name _erlang.${Python3_SOABI}${CMAKE_SHARED_MODULE_SUFFIX})
  set(to ${folder}/python)

  # That of a Python which pyport was built for before may know another layout of tables.
  file(GLOB present RELATIVE ${to} ${to}/_erlang.*)
  foreach(old IN LISTS present)
    if(NOT old STREQUAL name)
      file(REMOVE ${to}/${old})
    endif()
  endforeach()

  add_custom_command(OUTPUT ${to}/${name}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${to}
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:pyport_extension> ${to}/.${name}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${to}/.${name}.new ${to}/${name}
    DEPENDS pyport_extension VERBATIM)
  string(MD5 id ${folder})
  add_custom_target(pyport_extension_${id} ALL DEPENDS ${to}/${name})
endfunction()
