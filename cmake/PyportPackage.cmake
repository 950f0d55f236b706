# pyport_package(folder): keeps a copy of the Python package `erlang` in folder/python, file by file, so
# that a file which somebody removed there comes back with the next build.
function(pyport_package folder)
  file(MAKE_DIRECTORY ${folder})
  set(from ${CMAKE_SOURCE_DIR}/python/erlang)
  set(to ${folder}/python/erlang)
  file(GLOB_RECURSE names CONFIGURE_DEPENDS RELATIVE ${from} ${from}/*.py ${from}/*.pyi ${from}/py.typed)

  # What is no longer part of the package must not stay importable.
  file(GLOB_RECURSE present RELATIVE ${to} ${to}/*.py ${to}/*.pyi)
  foreach(name IN LISTS present)
    if(NOT name IN_LIST names)
      file(REMOVE ${to}/${name})
    endif()
  endforeach()

  set(copies)
  foreach(name IN LISTS names)
    add_custom_command(OUTPUT ${to}/${name}
      COMMAND ${CMAKE_COMMAND} -E copy ${from}/${name} ${to}/${name}
      DEPENDS ${from}/${name} VERBATIM)
    list(APPEND copies ${to}/${name})
  endforeach()
  string(MD5 id ${folder})
  add_custom_target(pyport_package_${id} ALL DEPENDS ${copies})
  add_dependencies(pyport pyport_package_${id})
endfunction()
