# `cpack -G DEB`: one binary package that puts every file where Debian expects it.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rollcall)
set(CPACK_PACKAGE_CONTACT "Rollcall maintainers <maintainers@rollcall.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "faithful, auditable copy of a Luzmo organization in PostgreSQL")
set(CPACK_PACKAGE_DESCRIPTION "Rollcall keeps a copy of the members of a Luzmo organization and their roles
in PostgreSQL, with every change recorded. It polls the Luzmo Core API as a
service or from a timer, writes what changed, and never changes anything in
Luzmo. Views for reports and the full history come with it.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian/before_packing.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA)
foreach(script conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/${script})
endforeach()

include(CPack)
