# llhttp: the HTTP/1 tokeniser behind daemon/net/http1.c, as the target tongban_llhttp.
#
# A system library ≥ 9.3 is preferred.  Debian 12 has none, but ships the generated C sources in its package node-llhttp; those are
# compiled from, in this order: -DTONGBAN_LLHTTP_DIR, an installed node-llhttp, the package fetched with apt into the build tree.
# No copy stands in our repository, so Debian's security fixes arrive with a rebuild.
set(TONGBAN_LLHTTP_DIR "" CACHE PATH "an unpacked /usr/share/llhttp of Debian's node-llhttp (llhttp.h beside it or in ../include/llhttp)")

add_library(tongban_llhttp INTERFACE)
set(TONGBAN_LLHTTP_SYSTEM FALSE)
if(NOT TONGBAN_LLHTTP_DIR)
  pkg_check_modules(LLHTTP QUIET IMPORTED_TARGET libllhttp>=9.3)
  if(LLHTTP_FOUND)
    set(TONGBAN_LLHTTP_SYSTEM TRUE)
    message(STATUS "llhttp: system library ${LLHTTP_VERSION}")
    target_link_libraries(tongban_llhttp INTERFACE PkgConfig::LLHTTP)
  endif()
endif()

# Downloads and unpacks Debian's package below the build tree; sets `out` to its /usr/share/llhttp or leaves it empty.
function(tongban_llhttp_fetch out)
  set(work ${PROJECT_BINARY_DIR}/llhttp)
  if(NOT EXISTS ${work}/usr/share/llhttp/llhttp.c)
    find_program(APT_GET apt-get)
    find_program(DPKG_DEB dpkg-deb)
    if(NOT APT_GET OR NOT DPKG_DEB)
      return()
    endif()
    file(MAKE_DIRECTORY ${work})
    execute_process(COMMAND ${APT_GET} download node-llhttp WORKING_DIRECTORY ${work} RESULT_VARIABLE failed
      OUTPUT_QUIET ERROR_VARIABLE reason)
    file(GLOB debs ${work}/node-llhttp_*.deb)
    if(failed OR NOT debs)
      message(STATUS "llhttp: apt-get download node-llhttp failed: ${reason}")
      return()
    endif()
    list(GET debs 0 deb)
    execute_process(COMMAND ${DPKG_DEB} -x ${deb} ${work} RESULT_VARIABLE failed)
    if(failed)
      return()
    endif()
  endif()
  set(${out} ${work}/usr/share/llhttp PARENT_SCOPE)
endfunction()

if(NOT TONGBAN_LLHTTP_SYSTEM)
  set(llhttp_dir ${TONGBAN_LLHTTP_DIR})
  if(NOT llhttp_dir AND EXISTS /usr/share/llhttp/llhttp.c)
    set(llhttp_dir /usr/share/llhttp)
  endif()
  if(NOT llhttp_dir)
    tongban_llhttp_fetch(llhttp_dir)
  endif()
  if(NOT llhttp_dir OR NOT EXISTS ${llhttp_dir}/llhttp.c)
    message(FATAL_ERROR "llhttp not found (looked in '${llhttp_dir}').  Install libllhttp-dev ≥ 9.3 or, on Debian 12, node-llhttp; or "
      "unpack that package elsewhere and give -DTONGBAN_LLHTTP_DIR=…/usr/share/llhttp; or let apt-get reach a mirror.")
  endif()
  find_path(llhttp_include llhttp.h NO_CACHE NO_DEFAULT_PATH
    PATHS ${llhttp_dir} ${llhttp_dir}/../include/llhttp ${llhttp_dir}/../../include/llhttp ${llhttp_dir}/../../include)
  if(NOT llhttp_include)
    message(FATAL_ERROR "llhttp.h not found near '${llhttp_dir}'")
  endif()
  message(STATUS "llhttp: sources in ${llhttp_dir}")
  # Not our code: compiled with its own warnings, only its header is visible to us.  Strict mode is the parser's own hard setting.
  add_library(tongban_llhttp_objects STATIC ${llhttp_dir}/api.c ${llhttp_dir}/http.c ${llhttp_dir}/llhttp.c)
  target_include_directories(tongban_llhttp_objects SYSTEM PUBLIC ${llhttp_include})
  target_compile_definitions(tongban_llhttp_objects PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(tongban_llhttp_objects PRIVATE -w)
  target_link_libraries(tongban_llhttp INTERFACE tongban_llhttp_objects)
endif()
