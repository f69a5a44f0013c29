# The Debian packages: `cmake --build build/release --target package` (./dev package) writes them to build/release/packages.
#
#   tongban-daemon   tongband, tongbanctl, units          tongban   the staff's program
#   tongban-verify   the auditor's program, by itself     tongban-common   translations, calendar, example catalogue, documentation
#
# Every install() rule names its package as COMPONENT; a file without one is in none.  What the maintainer scripts do stands in
# config/debian; what is installed where, and what remove and purge leave, in docs/how-to/install.md.
include(GNUInstallDirs)
find_program(GZIP gzip REQUIRED)
set(CPACK_PACKAGE_CONTACT "Tongban maintainers <maintainers@tongban.invalid>")

# tongban_man(component file…): manual pages, compressed as Debian wants them.
function(tongban_man component)
  foreach(page ${ARGN})
    get_filename_component(name ${page} NAME)
    string(REGEX MATCH "[0-9]$" section ${name})
    set(packed ${PROJECT_BINARY_DIR}/man/${name}.gz)
    add_custom_command(OUTPUT ${packed} DEPENDS ${page} VERBATIM
      COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/man
      COMMAND sh -c "\"$1\" -9n <\"$2\" >\"$3\"" sh ${GZIP} ${page} ${packed})
    list(APPEND all ${packed})
    install(FILES ${packed} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
  endforeach()
  add_custom_target(man_${component} ALL DEPENDS ${all})
endfunction()

tongban_man(daemon ${PROJECT_SOURCE_DIR}/daemon/tongband.8 ${PROJECT_SOURCE_DIR}/client/man/tongbanctl.8)
tongban_man(client ${PROJECT_SOURCE_DIR}/client/man/tongban.1)
tongban_man(verify ${PROJECT_SOURCE_DIR}/client/man/tongban-verify.1)

install(TARGETS tongband DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT daemon)
file(GLOB units ${PROJECT_SOURCE_DIR}/systemd/*.service ${PROJECT_SOURCE_DIR}/systemd/*.socket)
file(GLOB catalogs ${PROJECT_SOURCE_DIR}/systemd/*.catalog)
set(manager ${CMAKE_INSTALL_PREFIX}/lib)
install(FILES ${units} DESTINATION ${manager}/systemd/system COMPONENT daemon)
install(FILES ${catalogs} DESTINATION ${manager}/systemd/catalog COMPONENT daemon)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/tongban.sysusers DESTINATION ${manager}/sysusers.d RENAME tongban.conf COMPONENT daemon)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/tongban.tmpfiles DESTINATION ${manager}/tmpfiles.d RENAME tongban.conf COMPONENT daemon)
install(FILES ${PROJECT_SOURCE_DIR}/config/tongban.example.yaml ${PROJECT_SOURCE_DIR}/systemd/journald-tongban.conf
  DESTINATION ${CMAKE_INSTALL_DATADIR}/tongban COMPONENT common)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/calendar DESTINATION ${CMAKE_INSTALL_DATADIR}/tongban COMPONENT common)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/catalogue DESTINATION ${CMAKE_INSTALL_DATADIR}/tongban COMPONENT common
  PATTERN "*.py" EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tongban-common COMPONENT common)
foreach(extra prometheus grafana) # alert rules and dashboards, where the tree has them
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/config/${extra})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/${extra} DESTINATION ${CMAKE_INSTALL_DATADIR}/tongban COMPONENT common)
  endif()
endforeach()

# Debian's changelog and copyright in each package.
string(TIMESTAMP built "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH is heeded
configure_file(${PROJECT_SOURCE_DIR}/config/debian/changelog.in ${PROJECT_BINARY_DIR}/debian/changelog @ONLY)
execute_process(COMMAND ${GZIP} -9nfk ${PROJECT_BINARY_DIR}/debian/changelog)
set(names_common tongban-common)
set(names_daemon tongban-daemon)
set(names_client tongban)
set(names_verify tongban-verify)
foreach(component common daemon client verify)
  install(FILES ${PROJECT_SOURCE_DIR}/config/debian/copyright ${PROJECT_BINARY_DIR}/debian/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${names_${component}} COMPONENT ${component})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${names_${component}})
endforeach()

# The scripts of the package get their names and modes here.
foreach(script preinst postinst prerm postrm)
  file(COPY_FILE ${PROJECT_SOURCE_DIR}/config/debian/daemon.${script} ${PROJECT_BINARY_DIR}/debian/${script} ONLY_IF_DIFFERENT)
  file(CHMOD ${PROJECT_BINARY_DIR}/debian/${script} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
  list(APPEND scripts ${PROJECT_BINARY_DIR}/debian/${script})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tongban)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL common daemon client verify)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_COMMON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_COMMON_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_COMMON_DESCRIPTION "Tongban: translations, calendar, examples, documentation
What the programs of Tongban share: Chinese messages, the calendar of
working days, example catalogue and configuration, the documentation.")
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS
  "tongban-common (= ${PROJECT_VERSION}), systemd (>= 252), init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA "${scripts}")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SUGGESTS "tongban-verify")
set(CPACK_DEBIAN_DAEMON_DESCRIPTION "exchange of applications between county governments: the daemon
tongband stands in each office and carries applications that residents
hand in away from home to the office that decides them, with a ledger
that both sides can prove. tongbanctl is the operator's program.")
set(CPACK_DEBIAN_CLIENT_PACKAGE_DEPENDS "tongban-common (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_CLIENT_PACKAGE_SUGGESTS "tongban-verify")
set(CPACK_DEBIAN_CLIENT_DESCRIPTION "exchange of applications between county governments: for staff
tongban takes applications in at the window, shows the department what
waits for it, and hands results over; it talks to the tongband of the
office.")
set(CPACK_DEBIAN_VERIFY_PACKAGE_RECOMMENDS "tongban-common (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_VERIFY_DESCRIPTION "exchange of applications between county governments: for auditors
tongban-verify checks proofs of the ledgers offline: every entry, proof,
checkpoint and cosignature of a case, without trusting either office.")
include(CPack)
